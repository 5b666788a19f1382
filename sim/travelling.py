"""Rules as they travel between processes: the fault by its name, its parameters as JSON."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from seatrial.sim.catalogue import Catalogue, snake_case
from seatrial.sim.errors import HarnessError
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.quantities import Seconds, Share, read_quantity


class RuleOnWire(msgspec.Struct, frozen=True):
    """A rule as it travels; a rule that comes back from it is the same."""

    name: str
    """Name of the rule."""
    fault: str
    """Kind of the fault, as a scenario writes it."""
    params: msgspec.Raw
    """The fault's parameters, as JSON."""
    at: str
    """Where it strikes."""
    direction: str
    """`request`, `webhook`, `inside` or `dependency`; empty: where this fault strikes by itself."""
    key: str
    """Pattern of the business key or of the order number."""
    headers: Mapping[str, str]
    """Headers that must be there."""
    start: float
    """Second of the run from which it is armed."""
    stop: float | None
    """Second of the run until which it is armed; None: for ever."""
    probability: float
    """Share of the matching calls that it strikes."""
    first: int
    """Strike only the first n attempts."""
    nth: int
    """Strike only attempt n."""
    every: int
    """Strike every nth matching call."""
    until: int
    """Stop after it struck n times."""


def rule_on_wire(rule: Rule) -> RuleOnWire:
    """A rule, ready to travel."""
    return RuleOnWire(
        name=rule.name,
        fault=snake_case(type(rule.fault).__name__),
        params=msgspec.Raw(msgspec.json.encode(rule.fault, enc_hook=float)),
        at=rule.at,
        direction=rule.direction,
        key=rule.key,
        headers=dict(rule.headers),
        start=float(rule.start),
        stop=None if rule.stop == float("inf") else float(rule.stop),
        probability=float(rule.probability),
        first=rule.first,
        nth=rule.nth,
        every=rule.every,
        until=rule.until,
    )


def rule_of(told: RuleOnWire) -> Rule:
    """The rule that travelled. Raises UnknownName for a fault that is not installed here."""
    kind = Catalogue("faults").get(told.fault)
    fault: object = msgspec.json.decode(told.params, type=kind, dec_hook=read_quantity)
    if not isinstance(fault, Fault):
        raise HarnessError(f"{told.fault} is no fault but a {kind.__name__}")
    return Rule(
        name=told.name,
        fault=fault,
        at=told.at,
        direction=told.direction,
        key=told.key,
        headers=dict(told.headers),
        start=Seconds(told.start),
        stop=Seconds("inf" if told.stop is None else told.stop),
        probability=Share(told.probability),
        first=told.first,
        nth=told.nth,
        every=told.every,
        until=told.until,
    )
