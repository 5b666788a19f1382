"""The run folder: begun, incomplete or complete, and readable in each state."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.sim.digest import digest_of
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.manifest import MANIFEST, START, About, Phase, VerdictNote
from seatrial.sim.parts import UNFINISHED, part_name
from seatrial.sim.runfolder import RunFolder

ABOUT = About(scenario="peak-week", seed=7, integration="naive", started="2011-12-01T00:00:00", settings={"a.b": "3"})


def sail(path: Path, rows: int = 25) -> tuple[RunFolder, Evidence]:
    """A run of parts of ten rows that has written its evidence, but not its last word."""
    folder = RunFolder.create(path, about=ABOUT)
    evidence = Evidence(lambda: 1.0, folder.path, part_rows=10)
    for number in range(rows):
        evidence.event("order.placed", "store", f"W{number}", f"W{number}")
    evidence.close()
    return folder, evidence


def finish(path: Path, rows: int = 25) -> RunFolder:
    folder, log = sail(path, rows)
    phases = (Phase("chaos", 0.0, 3600.0), Phase("calm", 3600.0, 7200.0))
    return folder.finish(rows=log.rows_written, parts=log.parts_written, digest=log.digest(), phases=phases)


@pytest.mark.parametrize("rows", [0, 9, 10, 25])
def test_a_finished_run_is_complete_and_reads_as_it_was_written(tmp_path: Path, rows: int) -> None:
    """After its last word a run opens complete, with its rows, its phases and what it was."""
    finish(tmp_path / "run", rows)
    run = RunFolder.open(tmp_path / "run")
    assert run.complete
    assert run.manifest is not None
    assert run.about == ABOUT
    assert [phase.name for phase in run.manifest.phases] == ["chaos", "calm"]
    assert run.frame()["key"].to_list() == [f"W{number}" for number in range(rows)]
    assert run.scan().collect().equals(run.frame())


def test_the_digest_on_disk_is_the_digest_of_the_run(tmp_path: Path) -> None:
    """What the writer computed, what the manifest says, and what a reader computes anew are one digest."""
    run = finish(tmp_path / "run")
    assert run.manifest is not None
    assert run.digest() == run.manifest.digest == digest_of([run.frame()])


def test_an_altered_part_shows_in_the_digest(tmp_path: Path) -> None:
    """A part rewritten with one cell changed no longer has the digest of the manifest."""
    run = finish(tmp_path / "run")
    part = run.path / part_name(1)
    page = run.frame().slice(10, 10)
    page.with_columns(page["quantity"] + 1).write_parquet(part)
    assert run.manifest is not None
    assert RunFolder.open(run.path).digest() != run.manifest.digest


def test_a_run_without_its_last_word_says_so_and_can_be_read(tmp_path: Path) -> None:
    """Until the manifest is there a run is incomplete; what it is and its rows can be read all the same."""
    sail(tmp_path / "run")
    run = RunFolder.open(tmp_path / "run")
    assert not run.complete
    assert f"no {MANIFEST}" in run.why_incomplete
    assert run.damage == ""
    assert (run.about, run.frame().height) == (ABOUT, 25)


def test_a_run_that_only_began_can_be_opened(tmp_path: Path) -> None:
    """A run stopped before its first part opens as an incomplete run without rows."""
    begun = RunFolder.create(tmp_path / "run", about=ABOUT)
    run = RunFolder.open(tmp_path / "run")
    assert (begun.complete, run.complete, run.frame().height, run.about) == (False, False, 0, ABOUT)


@pytest.mark.parametrize("left", [0, 1, 100, -1])
@pytest.mark.parametrize("ended", [True, False])
def test_a_truncated_part_is_skipped_and_said(tmp_path: Path, left: int, ended: bool) -> None:
    """Rows up to a part that lost its end can be read; the part is named."""
    path = (finish(tmp_path / "run") if ended else sail(tmp_path / "run")[0]).path
    part = path / part_name(2)
    part.write_bytes(part.read_bytes()[:left])
    run = RunFolder.open(path)
    assert not run.complete
    assert part_name(2) in run.why_incomplete
    assert part_name(2) in run.damage
    assert run.frame()["number"].to_list() == list(range(20))
    assert digest_of([run.frame()]) == run.digest()


def test_a_missing_part_ends_what_can_be_read(tmp_path: Path) -> None:
    """A gap in the parts is named, and rows after it are not taken for the rows before it."""
    path = finish(tmp_path / "run").path
    (path / part_name(1)).unlink()
    run = RunFolder.open(path)
    assert "part-00001.parquet is missing" in run.why_incomplete
    assert "10 of 25 rows" in run.why_incomplete
    assert run.frame().height == 10
    (path / part_name(2)).unlink()
    assert "part-00001.parquet is missing" in RunFolder.open(path).why_incomplete


def test_a_part_of_other_columns_is_no_part(tmp_path: Path) -> None:
    """A Parquet file under a part's name that holds something else is skipped, and not for damage."""
    path = finish(tmp_path / "run").path
    run = RunFolder.open(path)
    run.frame().select("number", "time").tail(5).write_parquet(path / part_name(2))
    assert "has not the columns of this version" in RunFolder.open(path).why_incomplete


@pytest.mark.parametrize("name", [START, MANIFEST])
@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", '{"rows": "many"}'])
def test_a_damaged_description_costs_no_rows(tmp_path: Path, name: str, text: str) -> None:
    """With its start or its last word spoilt a run can still be read; without the last word it is incomplete."""
    path = finish(tmp_path / "run").path
    (path / name).write_text(text, encoding="latin-1")
    run = RunFolder.open(path)
    assert run.frame().height == 25
    assert run.about == ABOUT
    assert run.complete == (name == START)
    assert run.complete or MANIFEST in run.why_incomplete
    assert run.damage == run.why_incomplete


def test_parts_alone_are_a_run(tmp_path: Path) -> None:
    """Parts that lost both descriptions still read as an incomplete run."""
    path = finish(tmp_path / "run").path
    (path / START).unlink()
    (path / MANIFEST).unlink()
    run = RunFolder.open(path)
    assert (run.complete, run.frame().height, run.about.scenario) == (False, 25, "")


def test_a_part_still_being_written_is_no_part(tmp_path: Path) -> None:
    """A file under its unfinished name is left out of what is read."""
    path = sail(tmp_path / "run")[0].path
    (path / (part_name(3) + UNFINISHED)).write_bytes(b"PAR1")
    assert RunFolder.open(path).frame().height == 25


def test_a_part_without_those_before_it_is_not_read(tmp_path: Path) -> None:
    """Rows whose beginning is lost are not taken for the beginning."""
    path = sail(tmp_path / "run", 10)[0].path
    (path / part_name(0)).rename(path / "part-100000.parquet")
    run = RunFolder.open(path)
    assert "part-00000.parquet is missing" in run.why_incomplete
    assert run.frame().is_empty()


def test_a_part_that_was_exchanged_is_damage(tmp_path: Path) -> None:
    """All parts are there and hold other rows than the last word counts: none of them is called missing."""
    run = finish(tmp_path / "run")
    run.frame().head(3).write_parquet(run.path / part_name(2))
    assert RunFolder.open(run.path).damage == "23 of 25 rows can be read: its parts are not those that it wrote"


def test_a_judgement_is_added_to_the_last_word(tmp_path: Path) -> None:
    """The verdict in short is kept with the run, and changes nothing of its identity."""
    run = finish(tmp_path / "run")
    note = VerdictNote("violated", 2, {"duplicates": 3.0})
    judged = run.judge(note)
    reopened = RunFolder.open(run.path).manifest
    assert reopened == judged.manifest
    assert reopened is not None
    assert run.manifest is not None
    assert (reopened.verdict, reopened.digest) == (note, run.manifest.digest)


def test_a_run_without_its_last_word_is_not_judged(tmp_path: Path) -> None:
    """An incomplete run takes no verdict."""
    sail(tmp_path / "run")
    with pytest.raises(HarnessError, match="only a run that has ended"):
        RunFolder.open(tmp_path / "run").judge(VerdictNote("passed"))


def test_the_last_word_is_the_same_for_the_same_run(tmp_path: Path) -> None:
    """Two runs of the same rows write the same manifest to the byte."""
    words = [(finish(tmp_path / name).path / MANIFEST).read_bytes() for name in ("one", "two")]
    assert words[0] == words[1]


def test_evidence_can_be_dropped_once_it_was_judged(tmp_path: Path) -> None:
    """Such a run is complete and says that its rows are gone; who wants to read them is refused."""
    folder = finish(tmp_path)
    with pytest.raises(HarnessError, match="only a judged run"):
        folder.drop_evidence()
    dropped = folder.judge(VerdictNote("passed")).drop_evidence()
    assert dropped.complete
    assert list(tmp_path.glob("*.parquet")) == []
    for read in (dropped.scan, dropped.frame, dropped.digest):
        with pytest.raises(BadInput, match="was not kept"):
            read()
    assert not RunFolder.create(tmp_path).complete
