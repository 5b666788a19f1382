"""From the faults of a scenario to rules: every name, place and window is checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from seatrial.scenarios.loader import Loaded
from seatrial.scenarios.schema import RuleSpec
from seatrial.scenarios.targets import check_direction, check_target
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.partner import Partner
from seatrial.sim.quantities import Seconds
from seatrial.sim.units import format_duration


def rules_of(loaded: Loaded, partners: Mapping[str, Partner]) -> tuple[Rule, ...]:
    """The rules of a scenario, in the order written. Raises BadInput with file and line."""
    taken: dict[str, int] = {}
    return tuple(_rule(loaded, index, spec, partners, taken) for index, spec in enumerate(loaded.scenario.faults))


def _rule(loaded: Loaded, index: int, spec: RuleSpec, partners: Mapping[str, Partner], taken: dict[str, int]) -> Rule:
    path = f"$.faults[{index}]"
    fault = _fault(loaded, path, spec)
    direction = spec.direction or fault.direction
    with loaded.located(f"{path}.{'direction' if spec.direction else 'fault'}"):
        check_direction(spec.fault, fault, direction)
    with loaded.located(f"{path}.at"):
        check_target(spec.fault, fault, spec.at, direction, partners)
    _check_counts(loaded, path, spec)
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
        every=spec.every,
        until=spec.times,
    )


def _fault(loaded: Loaded, path: str, spec: RuleSpec) -> Fault:
    with loaded.located(f"{path}.fault"):
        kind = Catalogue("faults").get(spec.fault)
    known = [field.name for field in msgspec.structs.fields(kind)]
    for name in spec.params:
        if name not in known:
            where = loaded.document.where(f"{path}.with.{name}")
            raise UnknownName(f"{spec.fault} has no such parameter", value=name, known=known, where=where)
    fault: object = loaded.document.convert(spec.params, kind, f"{path}.with")
    assert isinstance(fault, Fault)
    return fault


def _window(loaded: Loaded, path: str, spec: RuleSpec) -> Seconds:
    chaos = float(loaded.scenario.duration)
    stop = Seconds(chaos if spec.until is None else min(float(spec.until), chaos))
    if float(spec.start) >= chaos or (spec.until is not None and spec.until <= spec.start):
        late = float(spec.start) >= chaos
        until = "" if spec.until is None else f" until {format_duration(spec.until)}"
        raise BadInput(
            "the fault's window lies outside the run" if late else "the fault's window ends before it begins",
            value=f"from {format_duration(spec.start)}{until}",
            hint=f"the chaos phase lasts {format_duration(chaos)}; choose 0 s <= from < until within it",
            where=loaded.document.where(f"{path}.{'from' if late else 'until'}"),
        )
    return stop


def _check_counts(loaded: Loaded, path: str, spec: RuleSpec) -> None:
    for name, count, least in (
        ("first", spec.first, 0),
        ("nth", spec.nth, 0),
        ("every", spec.every, 1),
        ("times", spec.times, 0),
    ):
        if count < least:
            where = loaded.document.where(f"{path}.{name}")
            raise BadInput(f"`{name}` counts from {least} up", value=count, where=where)
    if spec.first and spec.nth:
        where = loaded.document.where(f"{path}.nth")
        raise BadInput("`first` and `nth` together", value=spec.nth, where=where, hint="give one of them")
