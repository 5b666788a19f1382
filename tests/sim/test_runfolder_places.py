"""Where a run may be written and what is said to who points elsewhere: files of others are never touched."""

from __future__ import annotations

from errno import ENOSPC
from pathlib import Path

import pytest

from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.manifest import MANIFEST, START, About
from seatrial.sim.parts import UNFINISHED, part_name
from seatrial.sim.runfolder import RunFolder


def earlier_run(path: Path, rows: int = 5) -> RunFolder:
    folder = RunFolder.create(path, about=About(scenario="calm-day"))
    log = Evidence(lambda: 0.0, path, part_rows=2)
    for _ in range(rows):
        log.note("retry")
    log.close()
    return folder.finish(rows=log.rows_written, parts=log.parts_written, digest=log.digest())


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()}


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    """A path that does not exist yet is made; an empty folder is used as it is."""
    RunFolder.create(tmp_path / "runs" / "of" / "today")
    (tmp_path / "empty").mkdir()
    RunFolder.create(tmp_path / "empty")
    assert list(files(tmp_path / "empty")) == list(files(tmp_path / "runs/of/today")) == [START]


def test_a_rerun_replaces_the_run_and_nothing_else(tmp_path: Path) -> None:
    """Evidence and kept files of the earlier run go; the user's own files stay, also those with a part-like name."""
    run = earlier_run(tmp_path / "run")
    run.keep("report.html", "<p>of the earlier run</p>")
    (run.path / (part_name(9) + UNFINISHED)).write_bytes(b"PAR1")
    mine = {name: f"{name} is mine".encode() for name in ("notes.txt", "part-list.csv", "part-00000.parquet.bak")}
    for name, content in mine.items():
        (run.path / name).write_bytes(content)
    again = RunFolder.create(run.path, about=About(scenario="peak-week"))
    left = files(again.path)
    assert RunFolder.open(run.path).about.scenario == "peak-week"
    assert left.pop(START)
    assert left == mine


@pytest.mark.parametrize("lost", [(MANIFEST,), (START,), (START, MANIFEST)])
def test_an_incomplete_run_is_replaced_too(tmp_path: Path, lost: tuple[str, ...]) -> None:
    """What is left of a run that never ended makes way for the next."""
    run = earlier_run(tmp_path / "run")
    for name in lost:
        (run.path / name).unlink()
    RunFolder.create(run.path)
    assert list(files(run.path)) == [START]


def test_a_folder_of_others_is_refused_untouched(tmp_path: Path) -> None:
    """A folder with files and no run is bad input that names some of them; nothing is written."""
    (tmp_path / "thesis.tex").write_text("mine")
    before = files(tmp_path)
    with pytest.raises(BadInput, match=r"thesis\.tex.*--out DIR"):
        RunFolder.create(tmp_path)
    assert files(tmp_path) == before


def test_force_lets_a_run_lie_beside_files_of_others(tmp_path: Path) -> None:
    """With `force` the run is written between them, and they stay."""
    (tmp_path / "thesis.tex").write_text("mine")
    RunFolder.create(tmp_path, force=True)
    earlier_run(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


@pytest.mark.parametrize("name", [MANIFEST, START, part_name(3)])
def test_force_never_overwrites_a_namesake(tmp_path: Path, name: str) -> None:
    """A file of somebody else under one of our names is refused even with `force`."""
    (tmp_path / name).write_text('{"name": "a web application"}')
    before = files(tmp_path)
    with pytest.raises(BadInput):
        RunFolder.create(tmp_path, force=True)
    assert files(tmp_path) == before


@pytest.mark.parametrize("place", ["file", "file/run", "/proc/seatrial"])
def test_an_unwritable_place_is_bad_input(tmp_path: Path, place: str) -> None:
    """A path where no folder can be made is refused with its reason and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"cannot write a run folder here .*choose a folder"):
        RunFolder.create(tmp_path / place)


def test_a_file_beside_the_evidence_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full in the middle leaves what was there before, and no half of anything."""
    run = RunFolder.create(tmp_path / "run")
    run.keep("facts.json", "before")
    before, write = files(run.path), Path.write_text

    def full(path: Path, text: str, encoding: str) -> int:
        write(path, text[:1], encoding)
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    for name in ("facts.json", "readings.json"):
        with pytest.raises(HarnessError, match=f"cannot write .*{name} · No space left on device"):
            run.keep(name, "after")
    assert files(run.path) == before


def test_a_wrong_path_says_what_is_there(tmp_path: Path) -> None:
    """A missing folder names the runs beside it, a folder of runs those in it, a file its folder."""
    run = earlier_run(tmp_path / "calm-day-7")
    with pytest.raises(BadInput, match=r"no such run folder.*did you mean.*calm-day-7"):
        RunFolder.open(tmp_path / "calm-day-8")
    with pytest.raises(BadInput, match=r"there are runs in it.*calm-day-7"):
        RunFolder.open(tmp_path)
    with pytest.raises(BadInput, match=r"this is a file.*give its folder"):
        RunFolder.open(run.path / MANIFEST)
    (tmp_path / "src").mkdir()
    with pytest.raises(BadInput, match=r"holds no evidence.*it holds nothing"):
        RunFolder.open(tmp_path / "src")
    (tmp_path / "friday.yaml").write_text("")
    with pytest.raises(BadInput, match=r"this is a file.*give the folder that `seatrial run"):
        RunFolder.open(tmp_path / "friday.yaml")
    for number in range(9):
        (tmp_path / "src" / f"{number}.py").write_text("")
    with pytest.raises(BadInput, match=r"0\.py.*7\.py and 1 more"):
        RunFolder.open(tmp_path / "src")


def test_a_run_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """A layout from the future is not guessed at."""
    run = earlier_run(tmp_path / "run")
    word = (run.path / MANIFEST).read_text().replace('"format": 1', '"format": 99')
    (run.path / MANIFEST).write_text(word)
    with pytest.raises(BadInput, match="later version"):
        RunFolder.open(run.path)


@pytest.mark.parametrize("name", [MANIFEST, START, part_name(0), "../outside.html", "pages/one.html", "/tmp/x"])
def test_a_kept_file_has_a_plain_name_of_its_own(tmp_path: Path, name: str) -> None:
    """Nothing is kept over the evidence or outside the folder."""
    with pytest.raises(ValueError, match="plain names"):
        earlier_run(tmp_path / "run").keep(name, "")


def test_a_kept_file_that_cannot_be_written_is_a_harness_error(tmp_path: Path) -> None:
    """The disk's refusal names the file; the evidence beside it stays."""
    run = earlier_run(tmp_path / "run")
    (run.path / "report.html").mkdir()
    with pytest.raises(HarnessError, match=r"report\.html"):
        run.keep("report.html", "page")
    assert RunFolder.open(run.path).complete


def test_a_last_word_that_cannot_be_written_leaves_an_incomplete_run(tmp_path: Path) -> None:
    """Without its last word the run stays what it was: incomplete and readable."""
    folder = RunFolder.create(tmp_path / "run")
    (folder.path / MANIFEST).mkdir()
    with pytest.raises(HarnessError, match=MANIFEST):
        folder.finish(rows=0, parts=0, digest="")
    assert not RunFolder.open(folder.path).complete
