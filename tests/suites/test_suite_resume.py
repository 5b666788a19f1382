"""What is there is not made again; what is half there, of another text or of somebody else is told apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import seatrial
import seatrial.suite_job
from seatrial.suite_log import Suite, load_suite

Command = Callable[..., Result]


@pytest.fixture
def out(alone: None, rough: Path, scenario: Path, tmp_path: Path) -> Path:
    """The folder of a suite of two runs."""
    folder = tmp_path / "out"
    assert two(scenario, folder).exit_code == 1
    return folder


def two(scenario: Path, out: Path, **options: object) -> Suite:
    given: dict[str, object] = {"integrations": ["idle"], "seeds": 2, "jobs": 1, "out": out, **options}
    return seatrial.suite(scenario, **given)  # type: ignore[arg-type]


def made(suite: Suite) -> list[int]:
    """Seeds that were not there already."""
    return [run.seed for run in suite.runs if not run.resumed]


def place(out: Path, seed: int) -> Path:
    return out / "set-probe" / "idle" / f"seed-{seed}"


def test_finished_runs_are_not_made_again(out: Path, scenario: Path) -> None:
    """The same suite again makes nothing, says the same, and knows how long the runs took."""
    first, second = load_suite(out), two(scenario, out)
    assert made(second) == []
    assert [(run.digest, run.outcome, run.findings, run.why, run.seconds) for run in second.runs] == [
        (run.digest, run.outcome, run.findings, run.why, run.seconds) for run in first.runs
    ]
    assert second.exit_code == 1
    assert made(two(scenario, out, seeds=3)) == [3]


def test_again_makes_them_anew(out: Path, scenario: Path) -> None:
    """`--again` makes finished runs anew, to the same digests."""
    first, second = load_suite(out), two(scenario, out, again=True)
    assert made(second) == [1, 2]
    assert [run.digest for run in second.runs] == [run.digest for run in first.runs]


GUEST = "import asyncio\n\n\nasync def main(sea):\n    await asyncio.sleep(1e9)\n"


@pytest.mark.parametrize(
    ("named", "changed"),
    [
        ("{0}/alone.py:main", "alone.py"),
        ("{0}/alone.py:main", "beside.py"),
        ("parcels_of_ours.hold.crane:main", "parcels_of_ours/rope.py"),
    ],
)
def test_changed_code_is_run_again(
    alone: None, named: str, changed: str, scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of a guest is of its file and those beside it, or of its whole package, as that was."""
    package = tmp_path / "parcels_of_ours"
    (package / "hold").mkdir(parents=True)
    ours = [package / name for name in ("__init__.py", "hold/crane.py", "rope.py")]
    for file in (tmp_path / "alone.py", tmp_path / "beside.py", *ours):
        file.write_text(GUEST, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    guest, out = named.format(tmp_path), tmp_path / "out"
    first = two(scenario, out, integrations=[guest])
    assert made(first) == [1, 2]
    assert made(two(scenario, out, integrations=[guest])) == []
    (tmp_path / changed).write_text(f"{GUEST}# another\n", encoding="utf-8")
    assert made(two(scenario, out, integrations=[guest])) == [1, 2]


def lose_last_word(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def lose_evidence(folder: Path) -> None:
    part = folder / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-9])


def lose_everything_but_evidence(folder: Path) -> None:
    for file in folder.glob("*.json"):
        file.unlink()


def lose_verdict(folder: Path) -> None:
    (folder / "verdict.json").write_text("{", encoding="utf-8")


def lose_readings(folder: Path) -> None:
    (folder / "readings.json").unlink()


def whitewash(folder: Path) -> None:
    told = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    (folder / "verdict.json").write_text(json.dumps({**told, "outcome": "passed"}), encoding="utf-8")


def crash(folder: Path) -> None:
    (folder / "suite-error.json").write_text("{}", encoding="utf-8")


def grow_old(folder: Path) -> None:
    for name in ("run.json", "manifest.json"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(f'"{seatrial.__version__}"', '"0.0.1"'), encoding="utf-8")


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no last word": (lose_last_word, "1 incomplete"),
    "truncated evidence": (lose_evidence, "1 incomplete"),
    "only evidence": (lose_everything_but_evidence, "1 incomplete"),
    "a broken verdict": (lose_verdict, "1 damaged or edited"),
    "no readings": (lose_readings, "1 never judged"),
    "a verdict edited by hand": (whitewash, "1 damaged or edited"),
    "a crash": (crash, "1 the harness failed last time"),
    "another version": (grow_old, "1 made with version 0.0.1"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE.values(), ids=DAMAGE)
def test_a_run_that_is_not_whole_is_told_and_made_again(
    damage: Callable[[Path], None], words: str, out: Path, scenario: Path, seatrial_suite: Command
) -> None:
    """Whatever is wrong with it: it is never counted, and afterwards it is as it was."""
    before = load_suite(out)
    damage(place(out, 2))
    told = seatrial_suite(scenario, "--integration", "idle", "--seeds", 2, "--jobs", 1, "--out", out)
    assert f"1 run to be made again: {words}" in told.stderr
    after = load_suite(out)
    assert made(after) == [2]
    assert [run.digest for run in after.runs] == [run.digest for run in before.runs]


def test_other_settings_and_another_text_are_other_runs(out: Path, scenario: Path, seatrial_suite: Command) -> None:
    """A finished run of what the scenario was is not one of what it is."""
    arguments = ("--integration", "idle", "--seeds", "1", "--jobs", 1, "--out", out)
    told = seatrial_suite(scenario, *arguments, "--set", "calm=3 h")
    assert "1 run to be made again: 1 other settings" in told.stderr
    assert load_suite(out).runs[0].settings == {"calm": "3 h"}
    scenario.write_text(scenario.read_text(encoding="utf-8").replace("calm: 2 h", "calm: 1 h"), encoding="utf-8")
    told = seatrial_suite(scenario, *arguments)
    assert "1 run to be made again: 1 other settings" in told.stderr
    assert made(load_suite(out)) == [1]


def test_what_a_suite_lacks_is_made_again(out: Path, scenario: Path) -> None:
    """Who wants rows or pages gets them; who does not want them takes what is there."""
    assert made(two(scenario, out, seeds=1, evidence=False)) == []
    assert made(two(scenario, out, seeds=1, evidence=False, again=True)) == [1]
    assert made(two(scenario, out, seeds=1, evidence=False)) == []
    assert made(two(scenario, out, seeds=1)) == [1]
    assert made(two(scenario, out, seeds=1, pages=True)) == [1]
    assert made(two(scenario, out, seeds=1)) == []


def test_a_folder_of_somebody_else_is_refused(out: Path, scenario: Path, seatrial_suite: Command) -> None:
    """Photos, or another run, in the place of a run: nothing is run and nothing is touched."""
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    third = place(out, 3)
    third.mkdir()
    (third / "cat.jpg").write_text("meow", encoding="utf-8")
    told = seatrial_suite(scenario, "--integration", "idle", "--seeds", 4, "--out", out)
    assert told.exit_code == 2
    assert "cat.jpg" in told.stderr
    (third / "cat.jpg").unlink()
    third.rmdir()
    place(out, 1).rename(third)
    told = seatrial_suite(scenario, "--integration", "idle", "--seeds", 4, "--out", out)
    assert told.exit_code == 2
    assert "the folder holds another run: set/probe · idle · seed 1" in told.stderr
    third.rename(place(out, 1))
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == before


def test_a_damaged_file_of_the_suite_costs_nothing(out: Path, scenario: Path) -> None:
    """The runs are what counts: `suite.json` is written anew."""
    (out / "suite.json").write_text("{", encoding="utf-8")
    assert made(two(scenario, out)) == []
    assert [run.seed for run in load_suite(out).runs] == [1, 2]


def test_a_run_that_fails_before_it_begins_is_not_its_earlier_self(
    out: Path, scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a finished run is made anew and the harness fails at once, its old result does not stand for the new."""

    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(seatrial.suite_job, "sail", full)
    crashed = two(scenario, out, again=True)
    assert [(run.outcome, run.why) for run in crashed.runs] == [("harness error", "MemoryError")] * 2
    assert not list(out.rglob("manifest.json"))
    assert crashed.exit_code == 3
