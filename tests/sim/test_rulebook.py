"""Laws of the rulebook: what a rule strikes depends on the rule and the call, and all of it is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.call import INSIDE, REQUEST, WEBHOOK, Call
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Deliver, Drop, Fate
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.rulebook import Coverage, Rulebook

KEYS = ["MP-1", "MP-2", "SF-1", "SF-2", "B2B-1"]


class Hit(Fault, frozen=True):
    """Strikes whatever it is asked about."""

    def decide(self, call: Call, now: float, dice: Draw) -> Fate | None:
        return Drop()


class Clocked(Fault, frozen=True):
    """Tells what time it was given."""

    def decide(self, call: Call, now: float, dice: Draw) -> Fate | None:
        return Deliver(before=now)


class Tossed(Fault, frozen=True):
    """Tells what it drew."""

    def decide(self, call: Call, now: float, dice: Draw) -> Fate | None:
        return Deliver(before=dice("toss"))


class Book:
    """A rulebook with a clock to set and its evidence in memory."""

    def __init__(self, *rules: Rule, seed: int = 7) -> None:
        self.now = 0.0
        self.evidence = Evidence(lambda: self.now)
        self.rulebook = Rulebook(rules, Dice(seed), self.evidence, lambda: self.now)

    def struck(self, call: Call, kind: str = "cloud_erp") -> tuple[str, Fate] | None:
        """Name of the rule and fate, or None."""
        lane = self.rulebook.lane(call.partner, kind, call.operation, call.direction)
        decision = self.rulebook.decide(lane, call)
        return None if decision is None else (decision.rule, decision.fate)

    def coverage(self, rule: str) -> Coverage:
        return next(each for each in self.rulebook.coverage if each.rule == rule)


def call(key: str = "MP-1", attempt: int = 1, operation: str = "enter_order", direction: str = REQUEST) -> Call:
    return Call("erp", operation, direction, key, key, attempt)


def name_of(asked: Call) -> str:
    return f"{asked.operation}/{asked.key}/{asked.attempt}"


calls = st.builds(
    call, st.sampled_from(KEYS), st.integers(1, 4), st.sampled_from(["enter_order", "post_invoice", "get_order"])
)
different_calls = st.lists(calls, unique_by=name_of)
chances = st.floats(0.05, 0.95).map(Share)


def decisions(rules: Sequence[Rule], asked: Sequence[Call]) -> dict[str, tuple[str, Fate] | None]:
    book = Book(*rules)
    return {name_of(each): book.struck(each) for each in asked}


@given(asked=different_calls, chance=chances, data=st.data())
def test_a_decision_does_not_depend_on_the_order_of_calls(
    asked: list[Call], chance: Share, data: st.DataObject
) -> None:
    """A rule with a probability decides on a call alike, whatever was asked before it."""
    rules = [Rule("r", Tossed(), probability=chance)]
    shuffled = data.draw(st.permutations(asked))
    assert decisions(rules, asked) == decisions(rules, shuffled)


@given(asked=different_calls, chance=chances, place=st.integers(0, 2))
def test_another_rule_changes_no_decision_but_its_own(asked: list[Call], chance: Share, place: int) -> None:
    """Where the new rule does not strike, the others decide as they did without it."""
    rules = [Rule("one", Tossed(), "erp.enter_order", probability=chance), Rule("two", Tossed(), probability=chance)]
    before = decisions(rules, asked)
    rules.insert(place, Rule("new", Hit(), key="SF-*", probability=Share(0.5)))
    for each, decision in decisions(rules, asked).items():
        assert decision == before[each] or decision == ("new", Drop())


@given(
    asked=st.lists(calls),
    counting=st.fixed_dictionaries(
        {},
        optional={
            "every": st.integers(2, 4),
            "until": st.integers(1, 4),
            "first": st.integers(1, 3),
            "nth": st.integers(1, 3),
        },
    ),
)
def test_a_rule_behind_changes_nothing_for_those_in_front(asked: list[Call], counting: dict[str, int]) -> None:
    """The first answer wins: what is written later is not asked, so rules that count do not notice it either."""
    front = Rule("front", Hit(), **counting)  # type: ignore[arg-type]
    alone, together = Book(front), Book(front, Rule("behind", Hit()))
    for each in asked:
        expected = alone.struck(each)
        assert together.struck(each) == (expected or ("behind", Drop()))


def test_two_rules_of_one_kind_throw_their_own_dice() -> None:
    """The name of a rule is part of its luck."""
    tosses = {name: Book(Rule(name, Tossed())).struck(call()) for name in ("a", "b")}
    assert tosses["a"] is not None
    assert tosses["b"] is not None
    assert tosses["a"][1] != tosses["b"][1]


def test_the_seed_decides() -> None:
    """Another seed is another history, the same seed the same one."""
    asked = [call(f"MP-{n}") for n in range(64)]
    rule = Rule("r", Hit(), probability=Share(0.5))
    histories = [[Book(rule, seed=seed).struck(each) is None for each in asked] for seed in (1, 1, 2)]
    assert histories[0] == histories[1] != histories[2]


def test_a_probability_is_the_share_that_is_struck() -> None:
    """Of many calls about the given share is struck."""
    book = Book(Rule("r", Hit(), probability=Share(0.2)))
    struck = sum(book.struck(call(f"MP-{n}")) is not None for n in range(5000))
    assert 900 < struck < 1100


@pytest.mark.parametrize(("now", "struck"), [(99.9, False), (100.0, True), (199.9, True), (200.0, False)])
def test_a_window_has_its_first_second_and_not_its_last(now: float, struck: bool) -> None:
    """A rule strikes from `start` on, until just before `stop`."""
    book = Book(Rule("r", Hit(), start=Seconds(100), stop=Seconds(200)))
    book.now = now
    assert (book.struck(call()) is not None) is struck


def test_a_fault_is_told_the_time_since_its_window_opened() -> None:
    """`now` counts from `start`, not from the start of the run."""
    book = Book(Rule("r", Clocked(), start=Seconds(100)))
    book.now = 130.0
    assert book.struck(call()) == ("r", Deliver(before=30.0))


@given(attempts=st.integers(1, 6), first=st.integers(1, 6))
def test_first_strikes_the_first_attempts_on_each_key(attempts: int, first: int) -> None:
    """`first: n` strikes attempts 1 to n on a business key, and each key has its own count."""
    book = Book(Rule("r", Hit(), first=first))
    struck = [(key, n) for n in range(1, attempts + 1) for key in KEYS if book.struck(call(key, n))]
    assert Counter(key for key, _ in struck) == dict.fromkeys(KEYS, min(first, attempts))
    assert all(n <= first for _, n in struck)


@given(attempts=st.integers(1, 6), nth=st.integers(1, 6))
def test_nth_strikes_one_attempt_on_each_key(attempts: int, nth: int) -> None:
    """`nth: n` strikes attempt n on a business key and no other."""
    book = Book(Rule("r", Hit(), nth=nth))
    struck = [n for n in range(1, attempts + 1) if book.struck(call("MP-1", n))]
    assert struck == [nth] * (nth <= attempts)


def test_attempts_are_counted_for_senders_that_do_not_number_them() -> None:
    """Three calls on one key that all say *attempt 1* are its attempts 1, 2 and 3."""
    book = Book(Rule("r", Hit(), nth=2))
    assert [book.struck(call()) is not None for _ in range(3)] == [False, True, False]
    assert [book.struck(call(operation="post_invoice")) is not None for _ in range(3)] == [False, True, False]


@given(asked=st.integers(0, 20), every=st.integers(1, 5))
def test_every_strikes_each_nth_matching_call(asked: int, every: int) -> None:
    """`every: n` strikes the calls n, 2n, 3n ... of those that it could strike."""
    book = Book(Rule("r", Hit(), every=every))
    struck = [n for n in range(1, asked + 1) if book.struck(call(f"MP-{n}"))]
    assert struck == list(range(every, asked + 1, every))


@given(asked=st.integers(0, 20), until=st.integers(1, 5))
def test_until_stops_a_rule_that_struck_often_enough(asked: int, until: int) -> None:
    """`until: n` is the number of strikes after which the rule rests."""
    book = Book(Rule("r", Hit(), until=until))
    struck = sum(book.struck(call(f"MP-{n}")) is not None for n in range(asked))
    assert struck == min(asked, until)


@pytest.mark.parametrize(
    ("at", "aims"),
    [
        ("*", True),
        ("erp", True),
        ("erp.enter_order", True),
        ("cloud_erp.enter_order", True),
        ("*.enter_order", True),
        ("erp.enter_*", True),
        ("cloud_erp", True),
        ("erp.post_invoice", False),
        ("north", False),
        ("enter_order", False),
    ],
)
def test_a_rule_aims_by_partner_kind_and_operation(at: str, aims: bool) -> None:
    """Partner, `partner.operation`, `kind.operation` and patterns of these are where a rule can stand."""
    assert (Book(Rule("r", Hit(), at)).struck(call()) is not None) is aims


@pytest.mark.parametrize("direction", [REQUEST, WEBHOOK, INSIDE])
def test_a_rule_strikes_in_one_direction(direction: str) -> None:
    """A direction that is said wins over the fault's own; no other is struck."""
    book = Book(Rule("r", Hit(), direction=direction))
    struck = [each for each in (REQUEST, WEBHOOK, INSIDE) if book.struck(call(direction=each))]
    assert struck == [direction]


@given(key=st.sampled_from(KEYS), order=st.sampled_from(KEYS), pattern=st.sampled_from([*KEYS, "MP-*", "*-1"]))
def test_a_key_pattern_matches_business_key_or_order_number(key: str, order: str, pattern: str) -> None:
    """A rule for an order also strikes the calls about its parcels and invoices."""
    book = Book(Rule("r", Hit(), key=pattern))
    struck = book.struck(Call("erp", "enter_order", REQUEST, key, order, 1)) is not None
    assert struck == (fnmatchcase(key, pattern) or fnmatchcase(order, pattern))


def test_headers_have_to_be_there() -> None:
    """Every header of the rule must match; a header that is missing is empty."""
    book = Book(Rule("r", Hit(), headers={"x-tenant": "acme*"}))
    tagged = Call("erp", "enter_order", REQUEST, "k", "k", 1, headers=MappingProxyType({"x-tenant": "acme-uk"}))
    assert book.struck(tagged) is not None
    assert book.struck(call()) is None


def test_the_first_answer_wins() -> None:
    """Of two rules that would strike, the one written first does."""
    book = Book(Rule("one", Hit()), Rule("two", Clocked()))
    assert book.struck(call()) == ("one", Drop())
    assert (book.coverage("one").fired, book.coverage("two").fired) == (1, 0)


@given(asked=st.lists(st.tuples(calls, st.booleans())), chance=chances)
def test_coverage_counts_armed_fired_and_mattered(asked: list[tuple[Call, bool]], chance: Share) -> None:
    """A rule could strike at least as often as it struck, and struck at least as often as it mattered."""
    book = Book(Rule("r", Hit(), at="erp.enter_order", probability=chance))
    mattered = 0
    for each, noticed in asked:
        lane = book.rulebook.lane(each.partner, "cloud_erp", each.operation, each.direction)
        decision = book.rulebook.decide(lane, each)
        if decision is not None:
            book.rulebook.settle(each, decision, noticed)
            mattered += noticed
    seen = book.coverage("r")
    assert seen.matched == sum(each.operation == "enter_order" for each, _ in asked)
    assert seen.matched >= seen.fired >= seen.mattered == mattered
    assert book.evidence.frame()["outcome"].to_list().count("mattered") == mattered


def test_a_strike_is_logged_with_its_key() -> None:
    """A decision that fired can be found in the evidence: by rule, fault, key and attempt."""
    book = Book(Rule("storm", Hit()))
    decision = book.rulebook.decide(book.rulebook.lane("erp", "cloud_erp", "enter_order", REQUEST), call("SF-1", 3))
    assert decision is not None
    book.rulebook.settle(call("SF-1", 3), decision, mattered=False)
    row = book.evidence.frame().row(0, named=True)
    known = {name: row[name] for name in ("kind", "partner", "operation", "key", "attempt", "outcome", "rule")}
    assert known == {
        "kind": "fault",
        "partner": "erp",
        "operation": "enter_order",
        "key": "SF-1",
        "attempt": 3,
        "outcome": "idle",
        "rule": "storm",
    }


def test_a_lane_follows_what_is_armed() -> None:
    """Rules may come and go in a running world; a lane that somebody holds shows them, and coverage outlives them."""
    book = Book()
    lane = book.rulebook.lane("erp", "cloud_erp", "enter_order", REQUEST)
    assert not lane
    book.rulebook.arm(Rule("one", Hit()))
    book.rulebook.arm(Rule("two", Hit()))
    assert book.struck(call()) == ("one", Drop())
    book.rulebook.disarm("one")
    assert [rule.rule.name for rule in lane] == ["two"]
    book.rulebook.disarm()
    assert not lane
    assert {each.rule: each.fired for each in book.rulebook.coverage} == {"one": 1, "two": 0}
