"""The muster: finished, crashed, half-written, damaged, edited and doubled runs are told apart, each with a reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from seatrial.reports.fleet import Fleet
from seatrial.reports.muster import muster
from seatrial.sim.errors import BadInput

Written = Callable[..., Path]


def change(file: Path, edit: Callable[[dict], object]) -> None:
    """Edit a JSON file by hand."""
    document = msgspec.json.decode(file.read_bytes())
    edit(document)
    file.write_bytes(msgspec.json.encode(document))


def only_stray(fleet: Fleet, kind: str, words: str) -> None:
    assert [stray.kind for stray in fleet.strays] == [kind]
    assert words in fleet.strays[0].text
    assert fleet.runs == ()


def test_finished_runs_are_found_at_any_depth(written: Written, tmp_path: Path) -> None:
    """Each run counts under scenario, integration, settings and version, by seed."""
    written("a/storm/ours/seed-2", 2)
    written("a/storm/ours/seed-1", 1)
    written("a/storm/theirs/seed-1", 1, integration="theirs")
    written("a/storm/set/seed-1", 1, settings={"calm": "1 d"})
    fleet = muster([tmp_path / "a"])
    assert not fleet.strays
    found = {(trial.integration, trial.settings): list(runs) for trial, runs in fleet.series().items()}
    assert found == {("ours", ()): [1, 2], ("theirs", ()): [1], ("ours", (("calm", "1 d"),)): [1]}


def test_a_run_that_crashed_in_the_harness_is_told_with_its_error(tmp_path: Path) -> None:
    """The suite left `suite-error.json` where a manifest should be."""
    (tmp_path / "seed-3").mkdir()
    told = {"scenario": "storm", "integration": "ours", "seed": 3, "error": "ZeroDivisionError: division by zero"}
    (tmp_path / "seed-3" / "suite-error.json").write_bytes(msgspec.json.encode(told))
    only_stray(muster([tmp_path]), "crashed", "ZeroDivisionError: division by zero (storm × ours, seed 3)")


def test_a_crash_that_was_made_good_since_counts_as_a_run(written: Written, tmp_path: Path) -> None:
    """A manifest is the last word: what an earlier try left behind does not matter."""
    (written("seed-1", 1) / "suite-error.json").write_text("{}")
    assert len(muster([tmp_path]).runs) == 1


def test_a_half_written_run_is_unfinished(written: Written, tmp_path: Path) -> None:
    """Without a manifest nobody knows how it would have ended."""
    (written("seed-1", 1) / "manifest.json").unlink()
    only_stray(muster([tmp_path]), "unfinished", "there is no manifest.json")


def test_a_run_that_was_never_judged_is_unfinished(written: Written, tmp_path: Path) -> None:
    """Its evidence may be whole, but there is nothing to count."""
    (written("seed-1", 1) / "verdict.json").unlink()
    only_stray(muster([tmp_path]), "unfinished", "never judged")


@pytest.mark.parametrize("harm", [lambda part: part.unlink(), lambda part: part.write_bytes(part.read_bytes()[:-40])])
def test_evidence_that_was_lost_since_is_damage(written: Written, tmp_path: Path, harm) -> None:
    """A part that is gone or cut short is seen by the rows that the manifest promises."""
    harm(written("seed-1", 1) / "part-00000.parquet")
    only_stray(muster([tmp_path]), "damaged", "evidence was lost since the run: 0 of 2 rows can be read")


def test_rows_that_are_missing_from_a_whole_part_are_damage(written: Written, tmp_path: Path) -> None:
    """The number of rows in the manifest is held against those in the parts."""
    change(written("seed-1", 1) / "manifest.json", lambda told: told.update(rows=3))
    only_stray(muster([tmp_path]), "damaged", "2 of 3 rows can be read")


EDITS = {
    "verdict.json": [
        lambda told: told.update(outcome="violated" if told["outcome"] == "passed" else "passed"),
        lambda told: told["readings"][0].update(value=17),
        lambda told: told["limits"][0].update(judgement="broken"),
        lambda told: told["limits"][0].update(limit="<= many"),
        lambda told: told["facts"].update(seed=99),
        lambda told: told.pop("outcome"),
        lambda told: told["findings"].append({"code": "X", "title": "x", "gravity": "violation"}),
    ],
    "readings.json": [lambda told: told.pop(), lambda told: told[3].update(value="many")],
    "manifest.json": [
        lambda told: told["verdict"].update(findings=77),
        lambda told: told["verdict"]["readings"].update({"orders.placed": 5000}),
        lambda told: told.pop("rows"),
    ],
}


@pytest.mark.parametrize(
    ("file", "number"), [(file, number) for file, edits in EDITS.items() for number in range(len(edits))]
)
def test_json_that_was_edited_by_hand_is_not_believed(written: Written, tmp_path: Path, file: str, number: int) -> None:
    """What a run says in several places has to be the same in all of them."""
    change(written("seed-1", 1) / file, EDITS[file][number])
    fleet = muster([tmp_path])
    assert [stray.kind for stray in fleet.strays] == ["edited"], fleet
    assert not fleet.runs


@pytest.mark.parametrize("file", ["verdict.json", "readings.json", "manifest.json"])
@pytest.mark.parametrize("text", [b"", b"{", b"\x00\xff", b"[]", b"null"])
def test_files_that_are_no_json_are_told(written: Written, tmp_path: Path, file: str, text: bytes) -> None:
    """Garbage is told by the name of its file."""
    (written("seed-1", 1) / file).write_bytes(text)
    only_stray(muster([tmp_path]), "edited", file)


def test_the_same_run_counts_once(written: Written, tmp_path: Path) -> None:
    """A copy is left out, and said to be one."""
    shutil.copytree(written("a/seed-1", 1), tmp_path / "b" / "seed-1")
    fleet = muster([tmp_path / "a", tmp_path / "b"])
    assert (len(fleet.runs), fleet.strays) == (1, ())
    assert "seed 1 counts once" in fleet.notes[0]


def test_a_folder_that_is_given_twice_is_read_once(written: Written, tmp_path: Path) -> None:
    """A tree and a part of it overlap: that is no copy of a run, and nothing to be told."""
    written("a/storm/ours/seed-1", 1)
    fleet = muster([tmp_path / "a", tmp_path / "a" / "storm"])
    assert (len(fleet.runs), fleet.notes, fleet.strays) == (1, (), ())


def test_two_histories_of_one_seed_contradict_each_other(written: Written, tmp_path: Path) -> None:
    """One seed, one history: who has two cannot say which counts."""
    change(written("a/seed-1", 1) / "manifest.json", lambda told: told.update(digest="f" * 64))
    written("b/seed-1", 1)
    fleet = muster([tmp_path])
    assert [stray.kind for stray in fleet.strays] == ["conflict"]
    assert "another history of seed 1" in fleet.strays[0].text


def test_a_run_folder_of_a_later_version_is_told(written: Written, tmp_path: Path) -> None:
    """Nobody guesses at a layout that is not known yet."""
    change(written("seed-1", 1) / "manifest.json", lambda told: told.update(format=99))
    only_stray(muster([tmp_path]), "edited", "later version of Seatrial")


def test_no_runs_at_all_is_bad_input(tmp_path: Path) -> None:
    """An empty folder, a folder of others, a file and a path that is not there are refused."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("x")
    for path, words in (
        ("notes", "no runs at all"),
        ("notes/todo.txt", "this is a file"),
        ("nowhere", "no such folder"),
    ):
        with pytest.raises(BadInput, match=words):
            muster([tmp_path / path])
