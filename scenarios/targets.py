"""Targets: whether what a rule aims at is there, and whether its fault can strike there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final

from seatrial.sim.call import DEPENDENCY, INSIDE, REQUEST, WEBHOOK
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.fate import MAY_MEET, Crash, Freeze
from seatrial.sim.fault import Fault, fates_of
from seatrial.sim.partner import Partner

_PLACES: Final[Mapping[str, str]] = {
    REQUEST: "operation",
    WEBHOOK: "event",
    INSIDE: "work",
    DEPENDENCY: "connection",
}
"""What a direction has for a target."""
_AIMS: Final[Mapping[str, str]] = {
    REQUEST: "a request to a partner",
    WEBHOOK: "a webhook of a partner",
    INSIDE: "inside a partner",
    DEPENDENCY: "a dependency",
}
"""What a fault strikes, in words."""
METHODS: Final = ("*", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""Methods of a call of an endpoint that is not ours; `*` for any."""
CONNECTION: Final = "connection"
"""What is struck of a dependency."""


def direction_of(said: str, by_itself: str, at: str, dependencies: Collection[str]) -> str:
    """Where a rule strikes: where it says, else at a dependency that it names, else where its fault does by itself."""
    return said or (DEPENDENCY if at.partition(".")[0] in dependencies else by_itself)


def check_direction(name: str, fault: Fault, direction: str) -> None:
    """Raises BadInput where nothing that the fault decides can happen to a call in this direction."""
    possible = [way for way, met in MAY_MEET.items() if _fits(fates_of(type(fault)), met, way)]
    if direction not in possible:
        hint = f"by itself it strikes {_AIMS[fault.direction]}"
        raise BadInput(f"{name} cannot strike in this direction", value=direction, known=possible, hint=hint)


def _fits(fates: Sequence[type[Any]], met: Collection[type[Any]], way: str) -> bool:
    """A plain connection knows no requests: a fault that may answer has nothing to answer there."""
    return (all if way == DEPENDENCY else any)(fate in met for fate in fates)


def check_dependency(at: str, known: Collection[str]) -> None:
    """Raises UnknownName for a dependency that is not there, BadInput where something within it is aimed at."""
    place, _, part = at.partition(".")
    if not known:
        hint = "write `dependencies: {database: {address: '127.0.0.1:5432'}}`"
        raise BadInput("the scenario has no dependencies", value=at, hint=hint)
    if place != DEPENDENCY and not any(fnmatchcase(name, place) for name in known):
        raise UnknownName("unknown dependency", value=place, known=sorted(known))
    if part and not fnmatchcase(CONNECTION, part):
        raise BadInput("a dependency is struck connection by connection", value=at, hint=f"write {place}")


def check_crash(name: str, kind: type[Fault]) -> None:
    """Raises BadInput for a fault that kills or freezes the integration, where it is not ours."""
    if may_crash(kind):
        hint = "start the integration with `seatrial wire ... -- COMMAND` instead of attaching to it"
        raise BadInput("nobody here can kill or freeze an integration that runs by itself", value=name, hint=hint)


def check_target(name: str, fault: Fault, at: str, direction: str, partners: Mapping[str, Partner]) -> None:
    """Raises UnknownName for a partner, operation or event that is not there, BadInput where nothing can be struck."""
    place, _, operation = at.partition(".")
    here = [each for each in partners.values() if fnmatchcase(each.name, place) or fnmatchcase(each.kind, place)]
    if not here:
        known = sorted({*partners, *(each.kind for each in partners.values())})
        raise UnknownName("unknown partner", value=place, known=known)
    if direction == REQUEST and any(each.open_ended for each in here):
        _check_call(place, operation)
        return
    there = dict(found for each in here for found in _targets(each, direction))
    if not there:
        known = sorted(each.name for each in partners.values() if any(_targets(each, direction)))
        raise BadInput(f"{name} strikes a partner's {_PLACES[direction]}, and here is none", value=at, known=known)
    hit = {target: access for target, access in there.items() if fnmatchcase(target, operation or "*")}
    if not hit:
        raise _unknown_target(place, operation, direction, sorted(there))
    if fault.wants and fault.wants not in hit.values() and direction == REQUEST:
        known = sorted(f"{place}.{target}" for target, access in there.items() if access == fault.wants)
        raise BadInput(f"{name} strikes a {fault.wants}, and this is none", value=at, known=known)


def _check_call(place: str, operation: str) -> None:
    """Calls of an endpoint that is not ours are named by method and path, whatever these are."""
    method, _, path = operation.partition(" ")
    if operation and operation != "*" and not (path.startswith(("/", "*")) and method in METHODS):
        hint = f"write {place}, or a method and a path such as {place}.GET /v1/*"
        raise BadInput("an endpoint's calls are named by method and path", value=operation, hint=hint)


def may_crash(kind: type[Fault]) -> bool:
    """Whether a fault may kill the integration, or stop it where it stands."""
    return any(fate in (Crash, Freeze) for fate in fates_of(kind))


def _targets(partner: Partner, direction: str) -> Iterator[tuple[str, str]]:
    """What of a partner can be struck in a direction, and whether it reads or writes."""
    if direction == REQUEST:
        yield from ((each.name, each.access) for each in partner.operations.values())
    elif direction == WEBHOOK:
        yield from ((str(event), "") for event in partner.events)
    else:
        yield from ((work, "") for work in partner.works)


def _unknown_target(place: str, operation: str, direction: str, known: Sequence[str]) -> UnknownName:
    near = get_close_matches(operation, known, n=1)
    hint = f"write {place}.{near[0]}" if near else ""
    return UnknownName(f"unknown {_PLACES[direction]} of {place}", value=operation, known=known, hint=hint)
