"""Lesser storms: every way to take something away from one, the biggest pieces first.

No way leads back: one that adds something, such as a moment, takes away what weighs more, such as all strikes but one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from seatrial.scenarios.order_list import ListedOrder
from seatrial.scenarios.schema import RuleSpec
from seatrial.scenarios.writing_out import needed
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.decisions import Decided
from seatrial.sim.quantities import Seconds, Share
from seatrial.storm_values import bearable, too_long
from seatrial.storms import Storm

Way = Callable[[Storm], Iterator[Storm]]
_STRIKES: Final = 6
"""Strikes of a rule that are tried alone, from its first ones and its last ones."""
_MOMENT: Final = 0.001
_ANY: Final = "*"
replace = msgspec.structs.replace


def lesser(strikes: Sequence[Decided]) -> tuple[Way, ...]:
    """The ways, in the order in which they pay; `strikes` are what the storm's rules did when it was sailed."""
    return (
        fewer_rules,
        fewer_orders,
        earlier,
        partial(one_strike, strikes=strikes),
        partial(nearer, strikes=strikes),
        simpler,
        shorter_windows,
        fewer_lines,
        in_order,
        sooner_over,
        usual_items,
    )


def fewer_rules(storm: Storm) -> Iterator[Storm]:
    """Without one of its rules, without all of them first."""
    if len(storm.rules) > 1:
        yield replace(storm, rules=())
    for place in reversed(range(len(storm.rules))):
        yield replace(storm, rules=(*storm.rules[:place], *storm.rules[place + 1 :]))


def fewer_orders(storm: Storm) -> Iterator[Storm]:
    """Without half of its orders, a quarter ... one."""
    orders = storm.demand.orders
    size = len(orders) // 2
    while size and len(orders) > 1:
        for first in range(0, len(orders), size):
            left = (*orders[:first], *orders[first + size :])
            if left:
                yield _ordered(storm, left)
        size //= 2


def one_strike(storm: Storm, strikes: Sequence[Decided]) -> Iterator[Storm]:
    """With one strike in the place of all that a rule did."""
    for place, rule in enumerate(storm.rules):
        if rule.times == 1 and rule.key != _ANY:
            continue
        mine = [each for each in strikes if _is_of(each, rule, storm)]
        for strike in [*mine[:_STRIKES], *mine[_STRIKES:][-_STRIKES:]]:
            yield from (_with(storm, place, single) for single in _single(rule, strike) if single != rule)


def nearer(storm: Storm, strikes: Sequence[Decided]) -> Iterator[Storm]:
    """With a rule aimed at no more than what it struck: an operation, a partner."""
    for place, rule in enumerate(storm.rules):
        mine = [each for each in strikes if _is_of(each, rule, storm)]
        places = dict.fromkeys(f"{each.partner}.{each.operation}" for each in mine)
        partners = dict.fromkeys(each.partner for each in mine)
        if "." not in rule.at:
            yield from (_with(storm, place, replace(rule, at=at)) for at in places)
        if rule.at == _ANY:
            yield from (_with(storm, place, replace(rule, at=at)) for at in partners)


def simpler(storm: Storm) -> Iterator[Storm]:
    """With a rule that says less: no parameter, no probability, no counting. A delay does not become longer than the
    calm after it bears.
    """
    for place, rule in enumerate(storm.rules):
        held = too_long(Catalogue("faults").get(rule.fault), bearable(float(storm.calm)))
        for name in (each for each in rule.params if each not in held):
            left = {key: value for key, value in rule.params.items() if key != name}
            yield _with(storm, place, replace(rule, params=left))
        if rule.probability < 1:
            yield _with(storm, place, replace(rule, probability=Share(1)))
        if rule.name or rule.every != 1:
            yield _with(storm, place, replace(rule, name="", every=1))
        for name in ("first", "nth", "times"):
            if getattr(rule, name) > 1:
                yield _with(storm, place, replace(rule, **{name: 1}))
        if rule.nth and rule.times:
            yield _with(storm, place, replace(rule, nth=0))


def shorter_windows(storm: Storm) -> Iterator[Storm]:
    """With a rule in force for less time: half of it; for one that strikes once, without a window to remember."""
    for place, rule in enumerate(storm.rules):
        begin, end = float(rule.start), float(storm.duration if rule.until is None else rule.until)
        if rule.times == 1 or (rule.nth and rule.key != _ANY):
            if begin or rule.until is not None:
                yield _with(storm, place, replace(rule, start=Seconds(0), until=None))
            continue
        half = round((end - begin) / 2, 1)
        if 0.1 <= half < round(end - begin, 3):
            yield _with(storm, place, replace(rule, until=Seconds(round(begin + half, 3))))
            yield _with(storm, place, replace(rule, start=Seconds(round(end - half, 3)), until=Seconds(end)))


def fewer_lines(storm: Storm) -> Iterator[Storm]:
    """With an order that asks for less: fewer lines, one unit, no second thoughts."""
    orders = storm.demand.orders
    for place, order in enumerate(orders):
        for less in _less(order):
            yield _ordered(storm, (*orders[:place], less, *orders[place + 1 :]))


def earlier(storm: Storm) -> Iterator[Storm]:
    """With orders that come one a second from the beginning: whatever they meet, they meet it before faults end."""
    orders = storm.demand.orders
    early = tuple(replace(each, at=Seconds(float(place))) for place, each in enumerate(orders))
    if any(new.at < old.at for new, old in zip(early, orders, strict=True)) and float(len(orders)) < storm.duration:
        yield _ordered(storm, early)


def in_order(storm: Storm) -> Iterator[Storm]:
    """With tasks in the order in which they came, and with the plainest seed."""
    if storm.interleave != "fifo":
        yield replace(storm, interleave="fifo")
    yield from (replace(storm, seed=seed) for seed in (1, 2, 3) if seed < storm.seed)


def sooner_over(storm: Storm) -> Iterator[Storm]:
    """With less time for orders and faults; the calm stays as long as it was, for everybody needs it."""
    last = max(float(order.at) for order in storm.demand.orders)
    ends = (float(rule.until or rule.start) for rule in storm.rules)
    least = max(last, *ends, 0.0) + _MOMENT
    for length in (round(least + 1), round((least + storm.duration) / 2)):
        if least <= length < storm.duration:
            yield replace(storm, duration=Seconds(float(length)))


def usual_items(storm: Storm) -> Iterator[Storm]:
    """With nothing special about the items: the usual price and stock."""
    if storm.demand.items:
        yield replace(storm, demand=replace(storm.demand, items={}))


def _less(order: ListedOrder) -> Iterator[ListedOrder]:
    if order.cancel_after is not None:
        yield replace(order, cancel_after=None)
    if order.back:
        yield replace(order, back={})
    for sku in list(order.lines) if len(order.lines) > 1 else ():
        lines = {key: units for key, units in order.lines.items() if key != sku}
        yield replace(order, lines=lines, back={key: units for key, units in order.back.items() if key != sku})
    if any(units > 1 for units in order.lines.values()):
        yield replace(order, lines=dict.fromkeys(order.lines, 1), back=dict.fromkeys(order.back, 1))


def _ordered(storm: Storm, orders: tuple[ListedOrder, ...]) -> Storm:
    return replace(storm, demand=needed(replace(storm.demand, orders=orders)))


def _with(storm: Storm, place: int, rule: RuleSpec) -> Storm:
    return replace(storm, rules=(*storm.rules[:place], rule, *storm.rules[place + 1 :]))


def _is_of(strike: Decided, rule: RuleSpec, storm: Storm) -> bool:
    """Whether a strike is one of a rule's; a second rule of the same kind and aim carries a number after its name."""
    same = sum(each.fault == rule.fault and each.at == rule.at for each in storm.rules)
    return strike.rule == f"{rule.fault}@{rule.at}" or (same > 1 and strike.rule.startswith(f"{rule.fault}@{rule.at}#"))


def _single(rule: RuleSpec, strike: Decided) -> Iterator[RuleSpec]:
    """Rules that strike once, where and when a strike did; the plainest first."""
    at = f"{strike.partner}.{strike.operation}"
    rest: dict[str, Any] = {"at": at, "probability": Share(1), "first": 0, "every": 1, "nth": 0, "times": 1}
    open_window: dict[str, Any] = {"start": Seconds(0), "until": None}
    if strike.key:
        yield replace(rule, **rest, **open_window, key=strike.key)
        if strike.attempt > 1:
            yield replace(rule, **{**rest, "nth": strike.attempt}, **open_window, key=strike.key)
    else:
        yield replace(rule, **rest, **open_window)
    if rule.times == 1 and float(rule.probability) == 1 and rule.every == 1:  # no moment for what strikes once already
        yield replace(rule, **rest, key=strike.key or rule.key)
    else:
        moment = max(0.0, round(strike.at - _MOMENT, 3))
        yield replace(rule, **rest, start=Seconds(moment), until=None, key=strike.key or rule.key)
