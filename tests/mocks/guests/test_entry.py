"""The function that is the integration: how it is named, found and refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from os import utime
from pathlib import Path
from typing import Any

import pytest

from seatrial.mocks.guests.entry import entry_of, is_entry, name_of
from seatrial.sim.errors import BadInput, UnknownName

SOURCE = """
async def main(sea): ...
def plain(): ...
class Program:
    async def __call__(self, sea): ...
program = Program()
answer = 42
"""


@contextmanager  # it is written elsewhere, and says of what it makes that it is `wrapped`
def wrapped(sea: object) -> Iterator[None]:
    yield


class Program:
    def run(self, sea: object) -> None: ...


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody else's code, which is where the command is run from."""
    (tmp_path / "theirs_at_sea.py").write_text(SOURCE)
    (tmp_path / "broken_at_sea.py").write_text("x = 1\nraise RuntimeError('no licence')\n")
    (tmp_path / "exits_at_sea.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "stops_at_sea.py").write_text("class Stop(BaseException): ...\nraise Stop('mine')\n")
    (tmp_path / "reads_at_sea.py").write_text("import os\nhost = os.environ['NO_SUCH_HOST']\n")
    (tmp_path / "asks_deep_at_sea.py").write_text("import json\n\njson.loads('{')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    return tmp_path


@pytest.mark.parametrize("written", ["theirs_at_sea:main", "theirs_at_sea.py:main", "theirs_at_sea:program"])
def test_a_function_is_found_by_module_or_file(package: Path, written: str) -> None:
    """Both ways lead to it, and reports call it as it was asked for."""
    entry = entry_of(written)
    assert (entry.name, entry.wants_sea, entry.again) == (written, True, written)
    assert is_entry(written)


def test_a_function_may_want_nothing(package: Path) -> None:
    """It is called without the sea then."""
    assert not entry_of("theirs_at_sea:plain").wants_sea


def test_a_function_is_called_by_its_own_name() -> None:
    """Module and function; another process finds it by file, unless it lives inside another function."""

    def inner(sea: object) -> None: ...

    assert name_of(entry_of) == "seatrial.mocks.guests.entry:entry_of"
    assert entry_of(inner).again == ""
    assert entry_of(Program().run).again == ""  # another process has no such object
    assert entry_of(wrapped).again == f"{__file__}:wrapped"  # not where its decorator stands
    assert not is_entry("resilient")


def test_a_file_is_executed_once_and_again_when_it_was_changed(package: Path) -> None:
    """As an import would: what it registers or opens is there once. Who edits it between two runs gets the new one."""
    file = package / "counts_at_sea.py"
    file.write_text("def main(): ...\n")
    first, second = entry_of("counts_at_sea.py:main"), entry_of("counts_at_sea.py:main")
    assert first.function is second.function
    file.write_text("def main(sea): ...\n")
    utime(file, (1.0, 1.0))
    assert entry_of("counts_at_sea.py:main").wants_sea


@pytest.mark.parametrize(
    ("written", "kind", "said"),
    [
        ("nowhere_at_sea:main", BadInput, "cannot be imported"),
        ("nowhere_at_sea.py:main", BadInput, "no such file"),
        ("theirs_at_sea:mian", UnknownName, "did you mean 'main'"),
        ("theirs_at_sea:answer", BadInput, "no function"),
        ("theirs_at_sea:", BadInput, "package.module:function"),
        (":main", BadInput, "package.module:function"),
        ("broken_at_sea:main", BadInput, "no licence"),
        ("broken_at_sea.py:main", BadInput, "broken_at_sea.py:2"),
        ("exits_at_sea:main", BadInput, r"calls sys\.exit\(0\) when it is imported.*__main__.*exits_at_sea.py:2"),
        ("exits_at_sea.py:main", BadInput, r"calls sys\.exit\(0\) when it is imported.*__main__.*exits_at_sea.py:2"),
        ("stops_at_sea.py:main", BadInput, r"Stop\('mine'\), at .*stops_at_sea.py:2"),
        ("reads_at_sea.py:main", BadInput, "NO_SUCH_HOST.*reads_at_sea.py:2"),
        ("asks_deep_at_sea:main", BadInput, "asks_deep_at_sea.py:3"),
    ],
)
def test_what_cannot_be_found_says_why(package: Path, written: str, kind: type[BadInput], said: str) -> None:
    """The error names what was written, what is there, and where an import failed."""
    with pytest.raises(kind, match=said) as caught:
        entry_of(written)
    assert written.rpartition(":")[0] in str(caught.value)


def two(sea: object, more: object) -> None: ...
def by_name(*, sea: object) -> None: ...
def generator() -> Any:
    yield 1


def configured(argv: list[str] | None = None) -> None: ...
def optional(sea: object = None) -> None: ...
def anything(*args: object) -> None: ...


class Command:
    def __call__(self, *args: object, **options: object) -> None: ...


@pytest.mark.parametrize(
    ("function", "wants"),
    [(configured, False), (optional, True), (anything, True), (Command(), False), (partial(anything, 1), True)],
)
def test_an_argument_with_a_default_is_not_for_the_sea(function: Callable[..., Any], wants: bool) -> None:
    """`argv`, or what a command of click takes, stays as it is written; what is named `sea`, or needed, is the sea."""
    assert entry_of(function).wants_sea is wants


@pytest.mark.parametrize("written", ["theirs_at_sea:main", "theirs_at_sea.py:main", "theirs_at_sea:program"])
def test_a_function_has_a_file(package: Path, written: str) -> None:
    """Whatever it was asked for by."""
    found = Path(entry_of(written).file)
    assert found.is_absolute()
    assert found.name == "theirs_at_sea.py"
    assert entry_of(optional).file == str(Path(__file__).resolve())


@pytest.mark.parametrize("function", [two, by_name, generator])
def test_a_function_that_wants_more_is_refused(function: Callable[..., Any]) -> None:
    """It is called with the sea or with nothing, and it runs: a generator does not."""
    with pytest.raises(BadInput, match="integration"):
        entry_of(function)


def test_a_prepared_function_is_a_function() -> None:
    """`functools.partial` fills in what the sea does not give."""
    assert entry_of(partial(two, more=1)).wants_sea
