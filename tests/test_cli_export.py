"""`seatrial export`: whole files or none, to a file or to stdout."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import seatrial
from seatrial.cli import main
from seatrial.sim.catalogue import Catalogue

SCENARIO = """\
name: probe
asks: Can others read it?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 6 h
demand: {kind: synthetic, arrivals: {kind: constant, rate: 20/h}, skus: 20}
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("runs")
    (place / "probe.yaml").write_text(SCENARIO, encoding="utf-8")
    seatrial.run(place / "probe.yaml", out=place / "run")
    return place / "run"


def told(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [*map(str, arguments)])
    assert "Traceback" not in result.output
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("name", Catalogue("formats").names())
def test_stdout_and_file_get_the_same(name: str, kept: Path, tmp_path: Path) -> None:
    """Byte for byte, in every format; the file lies in a folder that is made for it."""
    out = tmp_path / "new" / "run.out"
    assert f"bytes in {out}" in told("export", kept, "--format", name, "--out", out).stderr
    assert told("export", kept, "--format", name).stdout_bytes == out.read_bytes()
    assert list(out.parent.iterdir()) == [out]


def test_an_incomplete_run_is_exported_and_says_so(kept: Path, tmp_path: Path) -> None:
    """What can be read is written; stderr says what is missing."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_bytes((kept / "run.json").read_bytes())
    (tmp_path / "run" / "part-00000.parquet").write_bytes((kept / "part-00000.parquet").read_bytes())
    result = told("export", tmp_path / "run", "--format", "csv")
    assert len(list(csv.reader(io.StringIO(result.stdout)))) == seatrial.open_run(kept).rows + 1
    assert "the run is incomplete: there is no manifest.json" in result.stderr


def test_bad_input_is_refused(kept: Path, tmp_path: Path) -> None:
    """An unknown format is told its nearest, a folder is no file, a folder without a run no run."""
    assert "did you mean 'chrome'" in told("export", kept, "--format", "crome", code=2).stderr
    assert "this is a folder" in told("export", kept, "--format", "csv", "--out", tmp_path, code=2).stderr
    told("export", tmp_path, "--format", "csv", code=2)
    (tmp_path / "file").touch()
    assert "--out" in told("export", kept, "--format", "csv", "--out", tmp_path / "file" / "x", code=2).stderr


def test_a_failed_export_leaves_nothing(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full: an error of the harness, no file, and the one that was there before stays."""
    out = tmp_path / "run.csv"
    out.write_text("before", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Catalogue("formats").get("csv"), "write", full)
    assert "No space left on device" in told("export", kept, "--format", "csv", "--out", out, code=3).stderr
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("run.csv", "before")]


def test_a_reader_may_go_away(kept: Path) -> None:
    """`seatrial export ... | head` ends without a word."""
    ask = f"from seatrial.cli import main; main(['export', {str(kept)!r}, '--format', 'jsonl'])"
    with subprocess.Popen([sys.executable, "-c", ask], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["number"] == 0
        process.stdout.close()
        assert process.stderr.read() == b""


def test_formats_are_listed() -> None:
    """Each with what it is, and with how its files end."""
    listed = told("list", "formats").stdout
    assert [name for name in Catalogue("formats").names() if name not in listed] == []
    assert "files end with: .otlp.jsonl" in told("list", "formats", "otlp").stdout
