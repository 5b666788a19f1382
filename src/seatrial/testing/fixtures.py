"""What the pytest plugin asks for: trials and partners for a test, and bad input as a failure without a traceback."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from os.path import relpath
from pathlib import Path
from shlex import quote
from typing import Any, Final

import pytest

from seatrial.sim.errors import SeatrialError
from seatrial.testing.course import Course, course_of, helm_of, loaded_of
from seatrial.testing.keeping import Logged, LoggedTrial, logged_trial
from seatrial.testing.partners import Partners, partners_at_hand
from seatrial.testing.trial import NothingSailed
from seatrial.testing.words import partners_lines

MARK: Final = "seatrial"


@contextmanager
def trial_for(item: Any, config: pytest.Config) -> Iterator[LoggedTrial]:
    """The trial of a test, by its markers and the command line."""
    with _taught():
        course = _course(item)
        helm = helm_of(str(config.getoption("seatrial_replay")), str(config.getoption("seatrial_seeds")))
    place = config.rootpath / config.getini("seatrial_dir")
    command = f"pytest {quote(_as_called(item, config))}"
    with logged_trial(course, helm, Logged(place, item.nodeid, command, Path.cwd(), _folders(item))) as logged:
        yield logged
        if not logged.trial.called:
            warn_of(item, "asked for `sea` and never called sea.run(...)")


@contextmanager
def partners_for(item: Any) -> Iterator[Partners]:
    """The partners of a test: those of its marker's scenario, or the small world."""
    with ExitStack() as stack:
        with _taught():
            course = _course(item)
            loaded = loaded_of(course, _folders(item)) if course.scenario else None
            partners = stack.enter_context(partners_at_hand(loaded, course.seeds[0]))
        yield partners


def warn_of(item: Any, what: str) -> None:
    """The test may pass, and that says nothing."""
    file, line, _ = item.reportinfo()
    warnings.warn_explicit(NothingSailed(f"{item.name} {what}"), None, str(file), (line or 0) + 1)


def told_of(found: LoggedTrial | Partners, properties: list[tuple[str, object]]) -> str:
    """The report section of a failing test; empty: there is nothing to say. `properties` are those of its report."""
    try:
        return found.told(properties) if isinstance(found, LoggedTrial) else "\n".join(partners_lines(found))
    except Exception as error:  # noqa: BLE001 (the test has failed: that is told, whatever else goes wrong)
        return f"nothing more can be told of it: {error!r}"


def _as_called(item: Any, config: pytest.Config) -> str:
    """How the test is named from where whoever reads it stands."""
    file, separator, name = item.nodeid.partition("::")
    return f"{relpath(config.rootpath / file)}{separator}{name}"


def _folders(item: Any) -> tuple[Path, ...]:
    """A scenario lies beside its test, or is named from the root."""
    return (item.path.parent, item.config.rootpath)


def _course(item: Any) -> Course:
    """The nearest marker takes precedence over those of class and module."""
    course = Course()
    for mark in reversed(list(item.iter_markers(MARK))):
        course = course_of(mark.args, mark.kwargs, course)
    return course


@contextmanager
def _taught() -> Iterator[None]:
    try:
        yield
    except SeatrialError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
