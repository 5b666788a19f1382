"""The course of a test: which scenario it sails, with what under test, by which seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os.path import relpath
from pathlib import Path
from typing import Any, Final

import msgspec

from seatrial.mocks.guests.entry import Under
from seatrial.scenarios.loader import Loaded, load_scenario
from seatrial.sim.decisions import Decisions, read_decisions
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.suite_seeds import seeds_of

Seeds = str | int | Iterable[int]
"""How many from 1, a text such as `1-20` or `3,7,9`, or each by itself."""
MARKER: Final = "@pytest.mark.seatrial"
REPLAY: Final = "--seatrial-replay"
SEEDS: Final = "--seatrial-seeds"


class Course(msgspec.Struct, frozen=True):
    """What a test sails, where it says nothing else."""

    scenario: str = ""
    """Name of the library, or a file."""
    seeds: tuple[int, ...] = (1,)
    """Seeds, in their order."""
    integration: Under = ""
    """What is under test; empty: the scenario's own."""
    settings: Mapping[str, str] = {}
    """Values of the scenario to replace, by dotted name."""
    fail_fast: bool = False
    """Whether the first seed that is violated is the last."""
    twice: bool = True
    """Whether code of yours runs twice by the first seed, and has to do the same."""


class Helm(msgspec.Struct, frozen=True):
    """What the command line says about every course."""

    seeds: tuple[int, ...] = ()
    """Seeds in place of those of the test; empty: its own."""
    decisions: Decisions | None = None
    """The strikes to make again; none: dice and windows decide."""
    replays: bool = False
    """Whether this session replays one run."""


def course_of(args: Sequence[Any], fields: Mapping[str, Any], base: Course | None = None) -> Course:
    """A course as a marker writes it, on top of another. Raises BadInput that names the argument."""
    if len(args) > 1:
        hint = f"write {MARKER}('lost-erp-replies', seeds=20)"
        raise BadInput("a test sails one scenario", value=args, hint=hint, where=MARKER)
    return changed(base or Course(), fields if not args else {"scenario": args[0], **fields}, MARKER)


def changed(course: Course, fields: Mapping[str, Any], where: str) -> Course:
    """A course with other values. Raises BadInput; `where` is where they were written."""
    for name in fields:
        if name not in Course.__struct_fields__:
            raise UnknownName("no such argument", value=name, known=Course.__struct_fields__, where=where)
    try:
        return msgspec.structs.replace(course, **{name: _checked(name, value) for name, value in fields.items()})
    except BadInput as error:
        raise error.at(where) from error


def loaded_of(course: Course, folders: Iterable[Path] = ()) -> Loaded:
    """The scenario of a course. Raises BadInput that names a setting as a test writes it.

    A file is looked for in these folders, one after the other, and then from where pytest was started.
    """
    try:
        return load_scenario(_found(course.scenario, folders), course.settings)
    except BadInput as error:
        for key, value in course.settings.items():
            if error.where == f"--set {key}={value}":
                where = f"settings={ {key: value} }"
                raise type(error)(
                    error.what, value=error.value, known=error.known, hint=error.hint, where=where
                ) from error
        raise


def _found(scenario: str, folders: Iterable[Path]) -> str:
    files = [folder / scenario for folder in folders] if scenario.endswith((".yaml", ".yml")) else []
    return next((relpath(file) for file in files if file.is_file()), scenario)


def helm_of(replay: str, seeds: str) -> Helm:
    """What the command line says. Raises BadInput that names the option."""
    try:
        chosen = _seeds(seeds) if seeds else ()
    except BadInput as error:
        raise error.at(SEEDS) from error
    if not replay:
        return Helm(chosen)
    if replay.isdecimal():
        return Helm((int(replay),), replays=True)
    try:
        decisions = read_decisions(Path(replay))
    except BadInput as error:
        hint = error.hint or "give a seed, or a run folder that a failing test has left behind"
        raise BadInput(error.what, value=error.value, known=error.known, hint=hint, where=REPLAY) from error
    return Helm((decisions.origin.seed,), decisions, replays=True)


def _checked(name: str, value: Any) -> Any:
    match name:
        case "seeds":
            return _seeds(value)
        case "scenario":
            if not isinstance(value, str | Path) or not str(value):
                raise _bad("`scenario` is a name or a file", value, "`seatrial list scenarios` shows all names")
            return str(value)
        case "settings":
            if not isinstance(value, Mapping):
                raise _bad("`settings` is a mapping", value, "write settings={'duration': '2 d'}")
            return {str(key): str(each) for key, each in value.items()}
        case "integration":
            if not isinstance(value, str) and not callable(value):
                raise _bad("`integration` is a name or a function", value, "`seatrial list integrations` shows all")
            return value
        case _:
            if not isinstance(value, bool):
                raise _bad(f"`{name}` is True or False", value, "")
            return value


def _seeds(given: Any) -> tuple[int, ...]:
    if isinstance(given, bool) or not isinstance(given, str | int | Iterable):
        raise BadInput("not seeds", value=given, hint="write seeds=20, seeds='1-20' or seeds=[3, 7, 9]")
    try:
        return seeds_of(given)
    except BadInput as error:
        raise BadInput(error.what, value=error.value, known=error.known, hint=error.hint) from error


def _bad(what: str, value: object, hint: str) -> BadInput:
    return BadInput(what, value=value, hint=hint)
