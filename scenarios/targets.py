"""Targets: whether what a rule aims at is there, and whether its fault can strike there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final, get_args, get_type_hints

from seatrial.sim.call import INSIDE, REQUEST, WEBHOOK
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.fate import MAY_MEET
from seatrial.sim.fault import Fault
from seatrial.sim.partner import Partner

_PLACES: Final[Mapping[str, str]] = {
    REQUEST: "operation",
    WEBHOOK: "event",
    INSIDE: "work",
}
"""What a direction has for a target."""


def check_direction(name: str, fault: Fault, direction: str) -> None:
    """Raises BadInput where nothing that the fault decides can happen to a call in this direction."""
    fates = get_args(get_type_hints(type(fault).decide)["return"]) or (get_type_hints(type(fault).decide)["return"],)
    possible = [way for way, met in MAY_MEET.items() if any(fate in met for fate in fates)]
    if direction not in possible:
        hint = f"leave `direction` out: it strikes {fault.direction} by itself"
        raise BadInput(f"{name} cannot strike in this direction", value=direction, known=possible, hint=hint)


def check_target(name: str, fault: Fault, at: str, direction: str, partners: Mapping[str, Partner]) -> None:
    """Raises UnknownName for a partner, operation or event that is not there, BadInput where nothing can be struck."""
    place, _, operation = at.partition(".")
    here = [each for each in partners.values() if fnmatchcase(each.name, place) or fnmatchcase(each.kind, place)]
    if not here:
        known = sorted({*partners, *(each.kind for each in partners.values())})
        raise UnknownName("unknown partner", value=place, known=known)
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
