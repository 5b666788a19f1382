"""The law of shrinking: whatever is taken away, less is left, so that nothing comes round again."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from seatrial.scenarios.order_list import ListedOrder
from seatrial.scenarios.schema import RuleSpec
from seatrial.search_lesser import lesser, one_strike, shorter_windows
from seatrial.sim.decisions import Decided
from seatrial.sim.fate import LoseReply
from seatrial.sim.quantities import Seconds
from seatrial.storms import Storm
from seatrial.strategies import storms

Rank = tuple[float, ...]
Aim = tuple[RuleSpec, tuple[str, str]]
"""A rule, and where it may strike: partner and operation."""
ASKED = (("marketplace", "sign_in"), ("marketplace", "list_changes"), ("erp", "create_sales_order"))
PLACES = tuple(".".join(each) for each in ASKED)
KEYS = ("", "SF-000001", "SF-000002")
ANY = storms("open-water", orders=4, integration="naive")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
rough = settings(deadline=None, phases=[Phase.generate], suppress_health_check=SLOW)


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Seconds | None]:
    """Any of a rule, the narrowest as well."""
    begin = draw(st.sampled_from([0.0, 0.016, 3.0]))
    length = draw(st.sampled_from([None, 0.05, 0.1, 0.15, 4.0]))
    return {"start": Seconds(begin), "until": None if length is None else Seconds(round(begin + length, 3))}


@st.composite
def met(draw: st.DrawFn) -> tuple[Storm, tuple[Decided, ...]]:
    """A storm, also as one is that was made smaller, and what its rules may have struck."""
    storm = draw(ANY)
    counts = st.sampled_from([0, 1, 3])
    narrowed = tuple(
        msgspec.structs.replace(
            rule,
            **draw(windows()),
            times=draw(counts),
            key=draw(st.sampled_from(["*", *KEYS[1:]])),
            at=draw(st.sampled_from(["*", "marketplace", rule.at, *PLACES])),
        )
        for rule in storm.rules
    )
    storm = msgspec.structs.replace(storm, rules=narrowed)
    aims = [(rule, place) for rule in storm.rules for place in ASKED if aims_at(rule, place)]
    return storm, tuple(draw(st.lists(strikes(aims), max_size=4))) if aims else ()


def aims_at(rule: RuleSpec, place: tuple[str, str]) -> bool:
    """Whether a rule may strike what a partner is asked there."""
    return any(fnmatchcase(name, rule.at) for name in (place[0], ".".join(place)))


def strikes(aims: list[Aim]) -> st.SearchStrategy[Decided]:
    """Any strike of a rule at one of these places."""
    return st.builds(
        _strike,
        st.sampled_from(aims),
        st.sampled_from(KEYS),
        st.integers(1, 2),
        st.sampled_from([0.0, 0.017, 4.0]),
    )


def _strike(aim: Aim, key: str, attempt: int, at: float) -> Decided:
    rule, (partner, operation) = aim
    name = f"{rule.fault}@{rule.at}"
    return Decided(name, rule.fault, "request", partner, operation, key, attempt, 1, at, LoseReply())


def rank(storm: Storm) -> Rank:
    """How much there is of a storm. What one way adds is of less weight than what it takes away."""
    orders = storm.demand.orders
    late = sum(order.at > place for place, order in enumerate(orders))
    rules = zip(*(_of_rule(rule, float(storm.duration)) for rule in storm.rules), strict=True)
    of_rules = [float(sum(each)) for each in rules] or [0.0] * 10
    odd = float(bool(storm.demand.items))
    of_orders = (float(len(orders)), float(sum(map(_of_order, orders))), odd, float(late))
    rest = (float(storm.duration), float(storm.interleave != "fifo"), float(storm.seed))
    return (float(len(storm.rules)), *of_orders, *of_rules, *rest)


def _of_order(order: ListedOrder) -> float:
    return (order.cancel_after is not None) + len(order.back) + 10 * len(order.lines) + sum(order.lines.values())


def _of_rule(rule: RuleSpec, duration: float) -> Iterator[float]:
    yield rule.times or 1_000_000
    yield rule.key == "*"
    yield 2 if rule.at == "*" else "." not in rule.at
    yield len(rule.params)
    yield rule.probability < 1
    yield bool(rule.name) + rule.every
    yield rule.first
    yield rule.nth
    is_open = not rule.start and rule.until is None
    once = rule.times == 1 or bool(rule.nth and rule.key != "*")
    yield once and not is_open
    yield 0 if once else float(duration if rule.until is None else rule.until) - float(rule.start)


@rough
@given(met())
def test_whatever_is_taken_away_leaves_less(drawn: tuple[Storm, tuple[Decided, ...]]) -> None:
    """Shrinking is a strict order: no way leads back to a storm that was left."""
    storm, struck = drawn
    for way in lesser(struck):
        for smaller in way(storm):
            assert rank(smaller) < rank(storm), (way, smaller)


@rough
@given(met())
def test_who_strikes_once_gets_no_window(drawn: tuple[Storm, tuple[Decided, ...]]) -> None:
    """What a rule has at the end is what it needs: a window that is added could not be taken away again."""
    storm, struck = drawn
    once = msgspec.structs.replace(
        storm, rules=tuple(msgspec.structs.replace(rule, start=Seconds(0), until=None, times=1) for rule in storm.rules)
    )
    plain = [rule for rule in once.rules if float(rule.probability) == 1 and rule.every == 1]
    for way in (lambda storm: one_strike(storm, struck), shorter_windows):
        for smaller in way(once):
            added = [new for new, old in zip(smaller.rules, once.rules, strict=True) if old in plain and new.start]
            assert not added
