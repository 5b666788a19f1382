"""Loads scenarios: from the library by name, or from a file; every error says file, line and what is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import MAXYEAR, timedelta
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Any

import msgspec
import yaml

from seatrial.scenarios.document import Document
from seatrial.scenarios.fleet import Fleet
from seatrial.scenarios.overriding import set_over
from seatrial.scenarios.schema import MINUTES, TARGETS, Scenario, World
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.units import format_duration

LIBRARY = "seatrial.scenarios.library"
WORLDS = "seatrial.scenarios.worlds"


class Loaded(msgspec.Struct, frozen=True):
    """A scenario with what is needed to explain and repeat it."""

    scenario: Scenario
    """The scenario."""
    document: Document
    """Its text and lines."""
    world: World
    """Its network, with the scenario's own changes."""
    text: str
    """What was read, changes included, as YAML."""
    settings: Mapping[str, str]
    """What was set over the file's values, by dotted name."""
    fleet: Fleet
    """The partners of its network."""
    written: str = ""
    """What was read before anything was set over it; empty: the same as the text."""

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def origin(self) -> str:
        """SHA-256 of the text before anything was set over it: two runs with other settings are of one scenario."""
        return hashlib.sha256((self.written or self.text).encode()).hexdigest()

    @contextmanager
    def located(self, path: str) -> Iterator[None]:
        """Errors from inside name file and line of the value at a path of the scenario."""
        with self.document.located(path):
            yield


def load_scenario(name: str | Path, settings: Mapping[str, str] | None = None) -> Loaded:
    """Load a scenario by its library name or from a file; `settings` replaces values by dotted name.

    Raises BadInput with file, line, value and known names.
    """
    return _finish(Document.read(_find(str(name))), dict(settings or {}))


def parse_scenario(text: str, source: str = "scenario") -> Loaded:
    """Load a scenario from a text."""
    return _finish(Document.parse(text, source), {})


def library() -> tuple[str, ...]:
    """Names of all scenarios that come with Seatrial; those of a set begin with its name: `fidelity/calm`."""
    inner = (path.parent.name + "/" + path.stem for path in Path(str(files(LIBRARY))).glob("*/*.yaml"))
    return tuple(sorted((*(path.stem for path in _yaml(LIBRARY)), *inner)))


def worlds() -> tuple[str, ...]:
    """Names of all worlds that come with Seatrial."""
    return tuple(sorted(path.name.removesuffix(".yaml") for path in _yaml(WORLDS)))


def world_named(name: str) -> World:
    """A world that comes with Seatrial, without a scenario's changes."""
    base = _world_document(name)
    return base.convert(base.plain, World)


def _world_document(name: str, where: str = "") -> Document:
    path = Path(str(files(WORLDS))) / f"{name}.yaml"
    if not path.is_file():
        raise UnknownName("unknown world", value=name, known=worlds(), where=where)
    return Document.read(path)


def _yaml(package: str) -> list[Path]:
    return [Path(str(each)) for each in files(package).iterdir() if each.name.endswith(".yaml")]


def _find(name: str) -> Path:
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise BadInput("no such scenario file", value=name, hint="give a path, or a name from `seatrial list`")
        return path
    found = Path(str(files(LIBRARY))) / f"{name}.yaml"
    if not found.is_file():
        raise UnknownName("unknown scenario", value=name, known=library(), hint="or give the path of a .yaml file")
    return found


def _finish(document: Document, settings: dict[str, str]) -> Loaded:
    written = _text(document) if settings else ""
    for key, value in settings.items():
        set_over(document, key, value)
    scenario = document.convert(document.plain, Scenario)
    _check(scenario, document)
    world = _world(scenario, document)
    return Loaded(scenario, document, world, _text(document), settings, Fleet(world, document), written)


def _text(document: Document) -> str:
    return yaml.safe_dump(document.plain, sort_keys=False, allow_unicode=True)


def _check(scenario: Scenario, document: Document) -> None:
    """What no type says."""
    _check_times(scenario, document)
    for team, minutes in scenario.minutes_per_exception.items():
        where = document.where(f"$.minutes_per_exception.{team}")
        if team not in MINUTES:
            raise UnknownName("unknown team", value=team, known=MINUTES, where=where)
        if not 0 <= minutes < inf:
            raise BadInput("an exception costs 0 minutes or more", value=minutes, where=where)
    for step, target in scenario.service_targets.items():
        where = document.where(f"$.service_targets.{step}")
        if step not in TARGETS:
            raise UnknownName("unknown step", value=step, known=TARGETS, where=where)
        if not 0 < target < inf:
            raise BadInput("a step takes more than no time", value=target, where=where, hint=f"{step}: 1 d")


def _check_times(scenario: Scenario, document: Document) -> None:
    """How long it lasts, and what is judged of that."""
    if not 0 < scenario.duration < inf:
        raise BadInput(
            "a run needs time", value=scenario.duration, where=document.where("$.duration"), hint="duration: 1 d"
        )
    if not _ends(scenario):
        value = f"{scenario.start}, {format_duration(scenario.duration + scenario.calm)} later"
        what = f"the run has to end before the year {MAXYEAR}"
        raise BadInput(what, value=value, where=document.where("$.start"))
    if "grace" in document.plain and scenario.grace >= scenario.duration + scenario.calm:
        what = "nothing could ever be owed: the grace is as long as the run"
        hint = f"the run lasts {format_duration(scenario.duration + scenario.calm)}; such as grace: 0 s"
        value = format_duration(scenario.grace)
        raise BadInput(what, value=value, where=document.where("$.grace"), hint=hint)
    if not 0 < scenario.time_scale < inf:
        where = document.where("$.time_scale")
        raise BadInput(
            "business time needs a scale above 0", value=scenario.time_scale, where=where, hint="time_scale: 60"
        )


def _ends(scenario: Scenario) -> bool:
    """Whether the calendar reaches to its end, and a little further: promises are made for days to come."""
    try:
        return (scenario.start + timedelta(seconds=scenario.duration + scenario.calm)).year < MAXYEAR
    except OverflowError:
        return False


def _world(scenario: Scenario, document: Document) -> World:
    base = _world_document(scenario.world, document.where("$.world"))
    base.convert(base.plain, World)
    for name, changes in scenario.partners.items():
        if name not in base.plain["partners"] and "kind" not in changes:
            where, hint = document.where(f"$.partners.{name}"), "or give the `kind` of a new one"
            raise UnknownName("unknown partner", value=name, known=base.plain["partners"], where=where, hint=hint)
        base.plain["partners"][name] = _merge(base.plain["partners"].get(name, {}), changes)
        document.convert({"name": "", "about": "", "partners": {name: base.plain["partners"][name]}}, World)
    return base.convert(base.plain, World)


def _merge(base: Any, changes: Any) -> Any:
    """Mappings are merged; a mapping with another `kind`, and everything else, is replaced."""
    if not isinstance(base, dict) or not isinstance(changes, dict):
        return changes
    if "kind" in changes and changes["kind"] != base.get("kind"):
        return changes
    return {**base, **{key: _merge(base.get(key), value) for key, value in changes.items()}}
