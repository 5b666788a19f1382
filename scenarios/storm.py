"""From the faults of a scenario to rules: every name, place and window is checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase

import msgspec

from seatrial.scenarios.loader import Loaded
from seatrial.scenarios.schema import RuleSpec
from seatrial.sim.call import INSIDE, REQUEST
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.partner import Partner
from seatrial.sim.quantities import Seconds


def rules_of(loaded: Loaded, partners: Mapping[str, Partner]) -> tuple[Rule, ...]:
    """The rules of a scenario, in the order written. Raises BadInput with file and line."""
    taken: dict[str, int] = {}
    return tuple(_rule(loaded, index, spec, partners, taken) for index, spec in enumerate(loaded.scenario.faults))


def _rule(loaded: Loaded, index: int, spec: RuleSpec, partners: Mapping[str, Partner], taken: dict[str, int]) -> Rule:
    path = f"$.faults[{index}]"
    fault = _fault(loaded, path, spec)
    direction = spec.direction or fault.direction
    _check_target(loaded, path, spec.at, direction, partners)
    stop = _window(loaded, path, spec)
    name = spec.name or f"{spec.fault}@{spec.at}"
    taken[name] = taken.get(name, 0) + 1
    if taken[name] > 1:
        if spec.name:
            raise BadInput("two rules have one name", value=name, where=loaded.document.where(f"{path}.name"))
        name = f"{name}#{taken[name]}"
    return Rule(
        name=name,
        fault=fault,
        at=spec.at,
        direction=direction,
        key=spec.key,
        headers=spec.headers,
        start=spec.start,
        stop=stop,
        probability=spec.probability,
        first=spec.first,
        nth=spec.nth,
        every=max(1, spec.every),
        until=spec.times,
    )


def _fault(loaded: Loaded, path: str, spec: RuleSpec) -> Fault:
    try:
        kind = Catalogue("faults").get(spec.fault)
    except UnknownName as error:
        raise error.at(loaded.document.where(f"{path}.fault")) from error
    known = [field.name for field in msgspec.structs.fields(kind)]
    for name in spec.params:
        if name not in known:
            where = loaded.document.where(f"{path}.with.{name}")
            raise UnknownName(f"{spec.fault} has no such parameter", value=name, known=known, where=where)
    fault = loaded.document.convert(spec.params, kind, f"{path}.with")
    assert isinstance(fault, Fault)
    return fault


def _window(loaded: Loaded, path: str, spec: RuleSpec) -> Seconds:
    chaos = float(loaded.scenario.duration)
    stop = Seconds(chaos if spec.until is None else min(float(spec.until), chaos))
    if float(spec.start) >= chaos or (spec.until is not None and spec.until <= spec.start):
        raise BadInput(
            "the fault's window lies outside the run",
            value=f"from {float(spec.start):g} s until {float(stop):g} s",
            hint=f"the chaos phase lasts {chaos:g} s; choose 0 <= from < until within it",
            where=loaded.document.where(f"{path}.from"),
        )
    return stop


def _check_target(loaded: Loaded, path: str, at: str, direction: str, partners: Mapping[str, Partner]) -> None:
    """Whether the target names anything. Work inside partners has no table of names: only the partner is checked."""
    where = loaded.document.where(f"{path}.at")
    place, _, operation = at.partition(".")
    here = [each for each in partners.values() if fnmatchcase(each.name, place) or fnmatchcase(each.kind, place)]
    if not here:
        known = sorted({*partners, *(each.kind for each in partners.values())})
        raise UnknownName("unknown partner", value=place, known=known, where=where)
    if not operation or direction == INSIDE:
        return
    known = sorted({name for each in here for name in _names(each, direction)})
    if not any(fnmatchcase(name, operation) for name in known):
        what = "unknown operation" if direction == REQUEST else "unknown event"
        near = get_close_matches(operation, known, n=1)
        hint = f"write {place}.{near[0]}" if near else ""
        raise UnknownName(f"{what} of {place}", value=operation, known=known, where=where, hint=hint)


def _names(partner: Partner, direction: str) -> Iterator[str]:
    if direction == REQUEST:
        yield from (each.name for each in partner.operations.values())
    else:
        yield from (str(event) for event in partner.events)
