"""A package of an extra that is not installed: whoever asks for it reads what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from seatrial.cli import main
from seatrial.cli_doctor import _extras
from seatrial.extras import extra_with

FUNCTION = "async def main(sea): ...\n"


@pytest.mark.parametrize(
    ("module", "extra"),
    [("httpx", "guest"), ("uvicorn", "wire"), ("hypothesis", "search"), ("scipy.stats", "stats"), ("elsewhere", "")],
)
def test_a_module_is_brought_by_an_extra(module: str, extra: str) -> None:
    """The first extra of the installation that has its package; what none has is not ours."""
    assert extra_with(module) == extra


def test_the_doctor_names_extras_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs all of them: it is no failure, and it says how to get one."""
    monkeypatch.setattr("seatrial.cli_doctor.is_installed", lambda name: name != "greenlet")
    (found,) = _extras()
    assert not found.advice
    assert "wire" in found.seen.partition(" · ")[0]
    assert found.seen.endswith("not installed: guest (pip install 'seatrial[NAME]')")


@pytest.mark.parametrize("command", ["run", "suite", "search"])
def test_code_of_others_without_its_extra_is_bad_input(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 and the extra `guest`, before anything runs and before a folder is made."""
    (tmp_path / "mine.py").write_text(FUNCTION, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seatrial.mocks.guests.extra.find_spec", lambda _: None)
    result = CliRunner().invoke(main, [command, "open-water", "--integration", "mine.py:main"])
    assert result.exit_code == 2, result.output
    assert "pip install 'seatrial[guest]'" in result.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize("arguments", [("serve",), ("wire", "calm-day", "--", "true")])
def test_a_command_without_its_extra_is_bad_input(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """A missing package of an extra is nothing that nobody foresaw."""
    ask = "import sys; sys.modules['uvicorn'] = None; from seatrial.cli import main; main()"
    told = subprocess.run(
        [sys.executable, "-c", ask, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode == 2, told.stderr
    assert "uvicorn is not installed · it needs the extra `wire`: pip install 'seatrial[wire]'" in told.stderr
    assert list(tmp_path.iterdir()) == []
