"""Where a fault may strike: every place of a world that fits a kind of fault, by the same checks as a run has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

import msgspec

from seatrial.scenarios.complaints import read_written
from seatrial.scenarios.embark import populated
from seatrial.scenarios.loader import Loaded
from seatrial.scenarios.schema import RuleSpec
from seatrial.scenarios.targets import check_direction, check_target
from seatrial.sim.call import DEPENDENCY, REQUEST, WEBHOOK, Call
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Answer, Deliver, Twice
from seatrial.sim.fault import Fault
from seatrial.sim.partner import Partner

EVERYWHERE = "*"
"""The widest target."""
_LATER, _LAST = 3600.0, 0.999
"""A moment and a draw at which faults are at their worst."""
_ERRORS = 300
"""HTTP status from which on a sender knows that its webhook was not taken."""


class Place(msgspec.Struct, frozen=True):
    """Somewhere that a fault may strike."""

    at: str
    """The target, as a rule writes it."""
    direction: str = ""
    """Where it strikes; empty: where the fault strikes by itself."""


class Chart:
    """The places of one world, by kind of fault. Dependencies are left out: they are only on the wire."""

    def __init__(self, partners: Mapping[str, Partner]) -> None:
        self._partners = partners
        self._known: dict[str, tuple[Place, ...]] = {}

    @classmethod
    def of(cls, loaded: Loaded) -> Chart:
        """The chart of a scenario's world."""
        world, _ = populated(loaded, 1, lambda env: Evidence(lambda: env.now))
        return cls(world.partners)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Faults that may strike somewhere here, by name."""
        return tuple(name for name in Catalogue("faults").names() if self.places(name))

    @property
    def targets(self) -> tuple[str, ...]:
        """Every target, the widest first."""
        partners = self._partners.values()
        kinds = dict.fromkeys(each.kind for each in partners)
        works = (f"{each.name}.{name}" for each in partners for name in _names(each))
        return tuple(dict.fromkeys((EVERYWHERE, *kinds, *self._partners, *works)))

    def places(self, kind: str) -> tuple[Place, ...]:
        """Where a kind of fault may strike so that an integration can be blamed for what comes of it."""
        if kind not in self._known:
            self._known[kind] = tuple(self._places(kind, Catalogue("faults").get(kind)))
        return self._known[kind]

    def is_fair(self, rule: RuleSpec) -> bool:
        """Whether somebody could come through a rule: what it keeps from the integration unnoticed can be asked for."""
        fault = _made(rule)
        direction = rule.direction or fault.direction
        if direction == REQUEST and _comes_late(fault):
            return self._is_bearable(rule.at)
        if direction != WEBHOOK or not _swallows(fault):
            return True
        place, _, event = rule.at.partition(".")
        struck = (each for each in self._partners.values() if _is_at(each, place))
        return not any(fnmatchcase(name, event or EVERYWHERE) for each in struck for name in each.told_once)

    def _places(self, name: str, kind: type[Fault]) -> Iterator[Place]:
        if kind.direction == DEPENDENCY:
            return
        fault = kind()
        for direction in _possible(name, fault):
            for at in self.targets:
                if _fits(name, fault, at, direction, self._partners):
                    yield Place(at, "" if direction == fault.direction else direction)

    def _is_bearable(self, at: str) -> bool:
        """Whether every partner that is struck knows a write again that comes a second time, or too late."""
        place, _, operation = at.partition(".")
        struck = [each for each in self._partners.values() if _is_at(each, place)]
        return all(_guarded(each, operation or EVERYWHERE) for each in struck)


def _is_at(partner: Partner, place: str) -> bool:
    return fnmatchcase(partner.name, place) or fnmatchcase(partner.kind, place)


def _made(rule: RuleSpec) -> Fault:
    return msgspec.convert(rule.params, Catalogue("faults").get(rule.fault), dec_hook=read_written)


def _comes_late(fault: Fault) -> bool:
    """Whether a request may be carried out when its sender has given up and looked, or a second time."""
    fate = fault.decide(Call("", "", REQUEST, "", "", 1), _LATER, lambda _: _LAST)
    return isinstance(fate, Twice) or (isinstance(fate, Deliver) and fate.before > 0)


def _swallows(fault: Fault) -> bool:
    """Whether somebody between says yes to a webhook that the integration then never sees."""
    fate = fault.decide(Call("", "", WEBHOOK, "", "", 1), 0.0, lambda _: 0.0)
    return isinstance(fate, Answer) and fate.status < _ERRORS


def _possible(name: str, fault: Fault) -> Iterator[str]:
    """Its own direction; one that strikes requests may also strike webhooks, where a run would let it."""
    for direction in (REQUEST, WEBHOOK) if fault.direction == REQUEST else (fault.direction,):
        try:
            check_direction(name, fault, direction)
        except BadInput:
            continue
        yield direction


def _fits(name: str, fault: Fault, at: str, direction: str, partners: Mapping[str, Partner]) -> bool:
    try:
        check_target(name, fault, at, direction, partners)
    except BadInput:
        return False
    return True


def _names(partner: Partner) -> Sequence[str]:
    operations = (each.name for each in partner.operations.values())
    return (*operations, *map(str, partner.events), *partner.works)


def _guarded(partner: Partner, operation: str) -> bool:
    documents = (each for each in partner.operations.values() if each.write and each.document)
    return all(partner.conduct.guard(each) is not None for each in documents if fnmatchcase(each.name, operation))
