"""From faults as they are written to rules: every name, place and window is checked before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import inf, isinf

import msgspec

from seatrial.scenarios.document import Document, Fields
from seatrial.scenarios.loader import Loaded
from seatrial.scenarios.schema import RuleSpec
from seatrial.scenarios.targets import (
    check_crash,
    check_dependency,
    check_direction,
    check_target,
    direction_of,
    may_crash,
)
from seatrial.sim.call import DEPENDENCY
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.partner import Partner
from seatrial.sim.quantities import Seconds
from seatrial.sim.units import format_duration


def rules_of(loaded: Loaded, partners: Mapping[str, Partner]) -> tuple[Rule, ...]:
    """The rules of a scenario, in the order written. Raises BadInput with file and line."""
    scenario = loaded.scenario
    writer = _Writer(loaded.document, partners, float(scenario.duration), scenario.dependencies)
    taken: dict[str, int] = {}
    return tuple(writer.rule(f"$.faults[{index}]", spec, taken) for index, spec in enumerate(scenario.faults))


def rule_of(
    fields: Mapping[str, object],
    partners: Mapping[str, Partner],
    *,
    now: float = 0.0,
    taken: Iterable[str] = (),
    crashable: bool = True,
    dependencies: Collection[str] = (),
) -> Rule:
    """One rule for a world that runs, from the fields of a scenario's fault; its window opens now or later.

    `taken` are the names in use; `crashable` says whether the integration is ours to kill. Raises BadInput that names
    the field.
    """
    document = Fields(fields)
    spec = document.convert(fields, RuleSpec)
    if spec.name and spec.name in taken:
        hint = "disarm that rule, or give this one another name"
        raise BadInput("a rule of this name is armed", value=spec.name, where="name", hint=hint)
    if spec.until is not None and spec.until <= now:
        hint = f"the run is at {format_duration(now)}; leave `until` out and give a `ttl`"
        raise BadInput("the window is over", value=format_duration(spec.until), where="until", hint=hint)
    rule = _Writer(document, partners, inf, dependencies).rule("$", spec, dict.fromkeys(taken, 1))
    if not crashable:
        with document.located("$.fault"):
            check_crash(spec.fault, type(rule.fault))
    return msgspec.structs.replace(rule, start=Seconds(max(float(rule.start), now)))


def check_crashes(loaded: Loaded) -> None:
    """Raises BadInput for a fault of a scenario that kills or freezes the integration, where it is not ours."""
    for index, spec in enumerate(loaded.scenario.faults):
        with loaded.located(f"$.faults[{index}].fault"):
            check_crash(spec.fault, Catalogue("faults").get(spec.fault))


def crashes() -> tuple[str, ...]:
    """Names of the faults that kill or freeze the integration."""
    catalogue = Catalogue("faults")
    return tuple(name for name in catalogue.names() if may_crash(catalogue.get(name)))


class _Writer:
    """Makes rules of what is written in a document, for a world that has faults until second `end`."""

    def __init__(
        self,
        document: Document,
        partners: Mapping[str, Partner],
        end: float,
        dependencies: Collection[str] = (),
    ) -> None:
        self._document = document
        self._dependencies = dependencies
        self._partners = partners
        self._end = end

    def rule(self, path: str, spec: RuleSpec, taken: dict[str, int]) -> Rule:
        """One rule; `taken` counts the names so far."""
        located = self._document.located
        fault = self._fault(path, spec)
        direction = direction_of(spec.direction, fault.direction, spec.at, self._dependencies)
        with located(f"{path}.{'direction' if spec.direction else 'fault'}"):
            check_direction(spec.fault, fault, direction)
        with located(f"{path}.at"):
            if direction == DEPENDENCY:
                check_dependency(spec.at, self._dependencies)
            else:
                check_target(spec.fault, fault, spec.at, direction, self._partners)
        self._check_counts(path, spec)
        stop = self._window(path, spec)
        return Rule(
            name=self._name(path, spec, taken),
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

    def _name(self, path: str, spec: RuleSpec, taken: dict[str, int]) -> str:
        name = spec.name or f"{spec.fault}@{spec.at}"
        count = taken[name] = taken.get(name, 0) + 1
        if count == 1:
            return name
        if spec.name:
            raise BadInput("two rules have one name", value=name, where=self._document.where(f"{path}.name"))
        while f"{name}#{count}" in taken:
            count += 1
        return f"{name}#{count}"

    def _fault(self, path: str, spec: RuleSpec) -> Fault:
        document = self._document
        with document.located(f"{path}.fault"):
            kind = Catalogue("faults").get(spec.fault)
        known = kind.__struct_fields__  # type: ignore[attr-defined]
        for name in spec.params:
            if name not in known:
                where = document.where(f"{path}.with.{name}")
                raise UnknownName(f"{spec.fault} has no such parameter", value=name, known=known, where=where)
        fault: object = document.convert(spec.params, kind, f"{path}.with")
        assert isinstance(fault, Fault)
        return fault

    def _window(self, path: str, spec: RuleSpec) -> Seconds:
        end = self._end
        stop = Seconds(end if spec.until is None else min(float(spec.until), end))
        if float(spec.start) >= end or (spec.until is not None and spec.until <= spec.start):
            late = float(spec.start) >= end
            until = "" if spec.until is None else f" until {format_duration(spec.until)}"
            bound = "" if isinf(end) else f"the chaos phase lasts {format_duration(end)}; "
            raise BadInput(
                "the fault's window lies outside the run" if late else "the fault's window ends before it begins",
                value=f"from {format_duration(spec.start)}{until}",
                hint=f"{bound}choose 0 s <= from < until{' within it' if bound else ''}",
                where=self._document.where(f"{path}.{'from' if late else 'until'}"),
            )
        return stop

    def _check_counts(self, path: str, spec: RuleSpec) -> None:
        where = self._document.where
        for name, count, least in (
            ("first", spec.first, 0),
            ("nth", spec.nth, 0),
            ("every", spec.every, 1),
            ("times", spec.times, 0),
        ):
            if count < least:
                raise BadInput(f"`{name}` counts from {least} up", value=count, where=where(f"{path}.{name}"))
        if spec.first and spec.nth:
            raise BadInput(
                "`first` and `nth` together", value=spec.nth, where=where(f"{path}.nth"), hint="give one of them"
            )
