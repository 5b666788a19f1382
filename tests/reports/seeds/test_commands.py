"""`seatrial gate`, `compare` and `stats`: exit codes, files, and bad input without a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from click.testing import CliRunner, Result

import seatrial
from seatrial.cli import main
from seatrial.overview import overview, trial_names
from seatrial.reports.fleet import Fleet, fleet_of
from seatrial.reports.gate import GateVerdict
from seatrial.reports.muster import muster
from seatrial.reports.verdict import Outcome
from seatrial.sim.errors import BadInput
from seatrial.sim.runfolder import RunFolder

Written = Callable[..., Path]


def told(*arguments: object, code: int = 0, **env: str) -> Result:
    result = CliRunner(env=env).invoke(main, [*map(str, arguments)])
    assert "Traceback" not in result.output
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def now(written: Written, tmp_path: Path) -> Path:
    """Eight runs that passed."""
    for seed in range(8):
        written(f"now/storm/ours/seed-{seed}", seed)
    return tmp_path / "now"


def test_a_green_gate_ends_with_0(now: Path) -> None:
    """It says how many runs passed, how many checks were held, and what false-alarm rate was kept."""
    shown = told("gate", now).stdout
    assert shown.startswith("✓ PASSED")
    assert "storm × ours: 8 of 8 runs passed on their own" in shown
    assert "12 of 12 checks held" in shown
    assert "false alarm: in at most 1 % of gates" in shown
    assert "duplicates.total" in told("gate", now, "--all").stdout


def test_a_gate_with_too_few_runs_ends_with_4(written: Written, tmp_path: Path) -> None:
    """Three seeds are no evidence."""
    for seed in range(3):
        written(f"few/seed-{seed}", seed)
    assert "3 of at least 7 runs" in told("gate", tmp_path / "few", code=4, COLUMNS="200").stdout


def test_a_crashed_run_ends_with_3(now: Path) -> None:
    """Nobody knows how it would have ended."""
    (now / "seed-9").mkdir()
    (now / "seed-9" / "suite-error.json").write_text('{"error": "boom"}')
    shown = told("gate", now, code=3)
    assert "! HARNESS ERROR" in shown.stdout
    assert "the harness failed: boom" in shown.stderr


def _changed(path: Path, **values: object) -> None:
    path.write_bytes(msgspec.json.encode({**msgspec.json.decode(path.read_bytes()), **values}))


def test_runs_that_a_check_does_not_name_are_counted(now: Path) -> None:
    """Of eight runs in which the integration died the first five are named."""
    died = {"code": "INTEGRATION_DIED", "title": "it ended", "gravity": "violation"}
    for path in now.rglob("verdict.json"):
        _changed(path, outcome="violated", findings=[died])
        note = msgspec.json.decode((path.parent / "manifest.json").read_bytes())["verdict"]
        _changed(path.parent / "manifest.json", verdict={**note, "verdict": "violated", "findings": 1})
    assert "(seed 0, 1, 2, 3, 4 and 3 more)" in told("gate", now, code=1, COLUMNS="400").stdout


def test_an_edited_run_ends_with_2(now: Path) -> None:
    """Its folder and the contradiction are named."""
    (now / "storm/ours/seed-3/readings.json").write_text("[]")
    said = told("gate", now, code=2).stderr
    assert "seed-3: readings.json and the readings in verdict.json differ · it was edited by hand" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gate", "nowhere"], "no such folder"),
        (["gate", "NOW", "--alarm-rate", "0%"], "between 0 % and 100 %, without both"),
        (["gate", "NOW", "--keep", "most"], "--keep: not a share"),
        (["gate", "NOW", "--budget", "recovery.max=+1%"], "a budget needs a baseline"),
        (["gate", "NOW", "--baseline", "NOW", "--budget", "recovery.max"], "not a budget"),
        (["gate", "NOW", "--baseline", "NOW", "--budget", "recovery.mx=+1%"], "did you mean 'recovery.max'"),
        (["gate", "NOW", "--json", "/proc/no/such"], "cannot write this file"),
        (["compare", "NOW"], "two sides are compared"),
        (["compare", "NOW", "NOW", "--base", "x"], "--base"),
        (["compare", "NOW", "--by", "integration"], "the runs do not differ in integration"),
        (["stats", "NOW", "--measure", "recovery.mx"], "did you mean 'recovery.max'"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_to_do(now: Path, arguments: list[str], words: str) -> None:
    """In one sentence."""
    assert words in told(*(str(now) if each == "NOW" else each for each in arguments), code=2).stderr


def test_a_gate_writes_what_it_is_asked_for(now: Path, tmp_path: Path) -> None:
    """JUnit, Markdown and JSON, in folders that are made."""
    out = tmp_path / "out"
    told(
        "gate",
        now,
        "--junit",
        out / "g.xml",
        "--summary",
        out / "g.md",
        "--json",
        out / "g.json",
        GITHUB_STEP_SUMMARY="",
    )
    assert [suite.get("tests") for suite in ET.parse(out / "g.xml").getroot()] == ["12"]
    assert (out / "g.md").read_text(encoding="utf-8").startswith("## ✅ Seatrial gate: passed")
    assert json.loads((out / "g.json").read_text(encoding="utf-8"))["outcome"] == "passed"


def test_the_step_summary_of_github_is_appended_to(now: Path, tmp_path: Path) -> None:
    """Where the variable is set and no --summary is given; what other steps wrote stays."""
    step = tmp_path / "step.md"
    step.write_text("# before\n")
    told("gate", now, GITHUB_STEP_SUMMARY=str(step))
    assert step.read_text(encoding="utf-8").startswith("# before\n## ✅ Seatrial gate: passed")
    told("gate", now, "--summary", tmp_path / "other.md", GITHUB_STEP_SUMMARY=str(step))
    assert step.read_text(encoding="utf-8").count("Seatrial gate") == 1


def test_annotations_begin_their_line(now: Path) -> None:
    """A crash is an error that GitHub shows beside the change."""
    (now / "seed-9").mkdir()
    (now / "seed-9" / "suite-error.json").write_text('{"error": "50% of it\\nfailed"}')
    lines = told("gate", now, "--annotations", code=3).stdout.splitlines()
    (line,) = (line for line in lines if line.startswith("::"))
    assert line.startswith("::error title=Seatrial%3A run crashed::")
    assert "50%25 of it%0Afailed" in line


def test_the_same_runs_are_equal_side_by_side(now: Path, tmp_path: Path) -> None:
    """Table, JSON and Markdown."""
    shown = told("compare", now, now, "--json", tmp_path / "c.json", "--markdown", tmp_path / "c.md").stdout
    assert "equal" in shown
    assert "worse" not in shown.replace("better, worse or changed", "")
    found = json.loads((tmp_path / "c.json").read_text())
    assert {each["judgement"] for each in found["differences"] if each["pairs"]} == {"equal"}
    assert (tmp_path / "c.md").read_text(encoding="utf-8").startswith("## ")


def test_a_page_of_two_sides_tells_what_is_worse_before_all_else(now: Path, written: Written, tmp_path: Path) -> None:
    """After the verdicts and before the causes; the runs with the worst verdicts stand side by side."""
    for seed in range(8):
        written(f"then/storm/theirs/seed-{seed}", seed, integration="theirs")
    told("compare", tmp_path / "then", now, "--page", tmp_path / "both.html")
    page = unescape((tmp_path / "both.html").read_text(encoding="utf-8"))
    assert "storm: ours against theirs" in page
    assert "over 8 pairs by seed" in page
    assert page.index('id="verdict"') < page.index('id="comparison"') < page.index('id="readings"')
    assert 'href="#comparison"' in page
    told("stats", now, "--page", tmp_path / "one.html")
    assert 'id="comparison"' not in (tmp_path / "one.html").read_text(encoding="utf-8")


def test_one_tree_is_compared_by_integration(now: Path, written: Written) -> None:
    """The others are held against the base."""
    for seed in range(8):
        written(f"now/storm/theirs/seed-{seed}", seed, integration="theirs")
    assert "storm: ours against theirs" in told("compare", now, "--by", "integration", "--base", "theirs").stdout


def test_stats_say_value_interval_and_method(now: Path, tmp_path: Path) -> None:
    """For the headlines, or for what is named."""
    shown = told("stats", now, COLUMNS="200").stdout
    assert "passed" in shown
    assert "exact binomial (Clopper-Pearson)" in shown
    names = [line.split(" ")[0] for line in shown.splitlines()]
    assert names.index("passed") < names.index("duplicates.total") < names.index("recovery.max")
    told("stats", now, "--measure", "recovery.*", "--json", tmp_path / "s.json")
    assert list(json.loads((tmp_path / "s.json").read_text())) == ["storm × ours"]


def test_a_page_shows_one_run_of_each_trial_with_intervals_over_its_seeds(
    now: Path, written: Written, tmp_path: Path
) -> None:
    """Side by side, and beside each reading what all seeds of the trial say."""
    for seed in (1, 2, 3):
        written(f"now/storm/theirs/seed-{seed}", seed, integration="theirs")
    told("stats", now, "--page", tmp_path / "pages" / "all.html")
    page = unescape((tmp_path / "pages" / "all.html").read_text(encoding="utf-8"))
    assert "seed 0 of 8, 8 of which passed" in page
    assert "seed 1 of 3, 3 of which passed" in page
    assert "95 % interval of 8 seeds" in page


def test_a_trial_is_named_by_its_digest_only_where_nothing_else_tells_it(made) -> None:
    """Two scenarios differ in their names, and that is enough; two texts of one name do not."""
    apart = [("storm", "aaaaaaaaaaaa"), ("calm", "bbbbbbbbbbbb")]
    same = [("storm", "aaaaaaaaaaaa"), ("storm", "bbbbbbbbbbbb")]
    for told, words in ((apart, ["calm", "storm"]), (same, ["ours · aaaaaaaa", "ours · bbbbbbbb"])):
        runs = [made(1, {"orders.placed": 1.0}, scenario=name, scenario_digest=digest) for name, digest in told]
        assert sorted(trial_names(list(fleet_of(runs).series())).values()) == words


def test_the_worst_run_of_a_trial_is_on_the_page(now: Path) -> None:
    """A violated one before an inconclusive one before one that passed; of several, that with the lowest seed."""
    outcomes = {2: Outcome.INCONCLUSIVE, 4: Outcome.VIOLATED, 6: Outcome.VIOLATED}
    runs = tuple(
        msgspec.structs.replace(run, verdict=msgspec.structs.replace(run.verdict, outcome=outcomes[run.seed]))
        if run.seed in outcomes
        else run
        for run in muster([now]).runs
    )
    (shown,) = overview(Fleet(runs=runs))
    assert (shown.name, shown.facts.seed) == ("ours", 4)


def test_a_trial_of_one_seed_has_no_intervals(written: Written, tmp_path: Path) -> None:
    """One seed is one history: nothing is said about others."""
    written("now/seed-1", 1)
    assert [run.estimates for run in overview(muster([tmp_path / "now"]))] == [{}]


def test_a_page_needs_evidence(written: Written, tmp_path: Path) -> None:
    """Runs that kept their judgement only cannot be shown: the error says which, and how to get one."""
    for seed in range(2):
        RunFolder.open(written(f"now/seed-{seed}", seed)).drop_evidence()
    said = told("stats", tmp_path / "now", "--page", tmp_path / "page.html", code=2).stderr
    assert "no run of a trial has kept its evidence" in said
    assert "--no-evidence" in said
    assert not (tmp_path / "page.html").exists()


def test_from_python_it_is_one_call(now: Path) -> None:
    """`seatrial.gate` and `seatrial.compare` take folders."""
    verdict = seatrial.gate(now, baseline=[now], budgets={"orders.completed_share": "-1pp"})
    assert isinstance(verdict, GateVerdict)
    assert (verdict.outcome, verdict.exit_code) == (Outcome.PASSED, 0)
    assert seatrial.compare(now, str(now)).side == ""
    with pytest.raises(BadInput, match="alarm_rate"):
        seatrial.gate(now, alarm_rate=0.0)


def test_without_scipy_the_extra_is_named(now: Path) -> None:
    """The core does not bring it: the error says how to get it."""
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        f"from seatrial.cli import main; sys.argv = ['seatrial', 'gate', {str(now)!r}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "pip install 'seatrial[stats]'" in done.stderr


def test_the_same_runs_give_the_same_json(now: Path, tmp_path: Path) -> None:
    """Nothing in it depends on the moment or on chance."""
    for name in ("one", "two"):
        told("gate", now, "--baseline", now, "--json", tmp_path / name)
        told("stats", now, "--json", tmp_path / f"{name}-stats")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one-stats").read_bytes() == (tmp_path / "two-stats").read_bytes()
    assert msgspec.json.decode((tmp_path / "one").read_bytes())["outcome"] == "passed"
