"""The decision log: every strike is written with what its call is known by, and can be made again from there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim.call import REQUEST, WEBHOOK, Call
from seatrial.sim.decisions import DECISIONS, Decided, DecisionLog, Decisions, Origin, Replay, read_decisions
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import (
    Answer,
    Behind,
    Crash,
    Deliver,
    Drip,
    Drop,
    Fate,
    Freeze,
    Garble,
    LoseReply,
    Refuse,
    Reset,
    Shorten,
    Stale,
    Twice,
)
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.occurrences import Occurrences
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.rulebook import Rulebook

FATES: tuple[Fate, ...] = (
    Deliver(0.1, 1 / 3), Twice(Seconds(2.5)), Behind(2, 60.0), Refuse(), Drop(), LoseReply("reset"),
    Answer(429, "html", "slow", "7", 1.5), Garble("truncated", 0.3), Drip(4.0), Reset(True), Stale(9.0), Shorten(0.5),
    Crash(60.0, False), Freeze(30.0),
)  # fmt: skip
ORIGIN = Origin("storm", "abc", 7, {"duration": "1 d"})


class Bound(Fault, frozen=True):
    fate: Fate

    def decide(self, call: Call, now: float, dice: Draw) -> Fate:
        return self.fate


def strike(fate: Fate = Drop(), occurrence: int = 1, rule: str = "r") -> Decided:  # noqa: B008 (frozen)
    return Decided(rule, "drop", REQUEST, "erp", "enter", "MP-1/ü", 1, occurrence, 0.1, fate)


def log_of(path: Path, *strikes: Decided) -> Path:
    log = DecisionLog(path / DECISIONS, ORIGIN)
    for each in strikes:
        log.write(each)
    log.close()
    log.close()
    return path / DECISIONS


def call(key: str, attempt: int = 1, operation: str = "enter", direction: str = REQUEST) -> Call:
    return Call("erp", operation, direction, key, key, attempt)


class Sea:
    """A rulebook with one lane, whose strikes are kept."""

    def __init__(self, *rules: Rule, replay: Decisions | None = None) -> None:
        self.now = 0.0
        self.kept: list[Decided] = []
        self.rulebook = Rulebook((), Dice(3), Evidence(lambda: self.now), lambda: self.now)
        for rule in rules:
            self.rulebook.arm(rule)
        self.replay = None if replay is None else Replay(replay)
        if self.replay is not None:
            self.rulebook.follow(self.replay)
        self.rulebook.keep(self.kept.append)

    def ask(self, asked: Call, at: float = 0.0) -> str:
        self.now = at
        lane = self.rulebook.lane("erp", "counter", asked.operation, asked.direction)
        decision = self.rulebook.decide(lane, asked) if lane else None
        return decision.rule if decision else ""


def kept(sea: Sea) -> Decisions:
    return Decisions(Path("log"), ORIGIN, tuple(sea.kept))


@given(st.lists(st.text(max_size=3), max_size=3000))
def test_occurrences_are_counted_as_a_counter_counts_them(names: list[str]) -> None:
    """Every name has its own count, from 1, however many names there are."""
    occurrences, counter = Occurrences(), Counter[str]()
    for name in names:
        counter[name] += 1
        assert occurrences.count(name) == counter[name]


def test_there_is_no_end_to_counting() -> None:
    """A name that is met often, and many names, are counted as well; each takes a few bytes."""
    occurrences = Occurrences()
    assert [occurrences.count("poll") for _ in range(9000)] == list(range(1, 9001))
    assert {occurrences.count(f"SF-{number}") for number in range(100_000)} == {1}
    assert {occurrences.count(f"SF-{number}") for number in range(100_000)} == {2}
    assert occurrences._slots.itemsize * len(occurrences._slots) < 27 * 100_000


@pytest.mark.parametrize("fate", FATES, ids=repr)
def test_a_strike_comes_back_from_the_log_as_it_was(fate: Fate, tmp_path: Path) -> None:
    """Every fate with all its fields, every number to its last digit."""
    read = read_decisions(log_of(tmp_path, strike(fate)))
    assert (read.origin, read.strikes, read.cut) == (ORIGIN, (strike(fate),), False)


def test_a_log_is_found_in_its_folder(tmp_path: Path) -> None:
    """A run folder will do for the log in it."""
    log_of(tmp_path, strike())
    assert read_decisions(tmp_path).strikes == (strike(),)


def test_a_last_line_that_broke_off_is_left_out(tmp_path: Path) -> None:
    """The log of a run that was killed can be replayed up to there; it says that it breaks off."""
    log = log_of(tmp_path, strike(), strike(occurrence=2))
    log.write_bytes(log.read_bytes()[:-9])
    read = read_decisions(log)
    assert (read.strikes, read.cut) == ((strike(),), True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no decision log"),
        ("hello\n", "no decision log"),
        ('{"kind":"other"}\n', "no decision log"),
        ('{"kind":"seatrial decisions","format":99}\n', "later version"),
        ('{"kind":"seatrial decisions"}\nnonsense\n{}\n', f"{DECISIONS}:2: the decision log is damaged"),
        ('{"kind":"seatrial decisions"}\n{"rule":"r"}\n', "damaged .*missing required field"),
    ],
)
def test_what_is_no_sound_log_is_bad_input(text: str, says: str, tmp_path: Path) -> None:
    """Foreign, too new, damaged: the error says which, and in which line."""
    (tmp_path / DECISIONS).write_text(text)
    with pytest.raises(BadInput, match=says):
        read_decisions(tmp_path)


def test_where_there_is_no_log_the_error_says_so(tmp_path: Path) -> None:
    """A folder without one, and a path that is not there."""
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BadInput, match="nothing to replay"):
            read_decisions(path)


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    """A log that cannot be written is an error of the harness."""
    with pytest.raises(HarnessError, match="cannot write decisions"):
        DecisionLog(tmp_path / "no" / DECISIONS, ORIGIN)


def test_a_strike_is_kept_with_what_its_call_is_known_by() -> None:
    """Calls that look alike are told apart by how often such a call was asked about, struck or not."""
    sea = Sea(Rule("third", Bound(Drop()), every=3))
    assert [sea.ask(call("", operation="poll"), at) for at in range(4)] == ["", "", "third", ""]
    (line,) = sea.kept
    assert (line.rule, line.fault, line.operation, line.occurrence, line.at) == ("third", "bound", "poll", 3, 2.0)


def test_a_replay_strikes_the_same_calls_without_dice_windows_and_counters() -> None:
    """At other times and in another order, the same calls are struck by the same rules, and counted as before."""
    rules = (
        Rule("night", Bound(Drop()), key="MP-*", start=Seconds(10), stop=Seconds(20)),
        Rule("often", Bound(Twice()), probability=Share(0.5)),
        Rule("late", Bound(Refuse()), nth=2),
    )
    calls = [
        (call(f"{kind}-{number}", attempt), number)
        for kind in ("MP", "SF")
        for number in range(25)
        for attempt in (1, 2)
    ]
    first = Sea(*rules)
    seen = {(asked.key, asked.attempt): first.ask(asked, at) for asked, at in calls}
    again = Sea(*rules, replay=kept(first))
    assert {(asked.key, asked.attempt): again.ask(asked, 1e6) for asked, _ in reversed(calls)} == seen
    assert set(seen.values()) == {"", "night", "often", "late"}
    assert again.replay is not None
    assert not again.replay.left
    assert [each.fired for each in again.rulebook.coverage] == [each.fired for each in first.rulebook.coverage]
    assert {(each.identity, each.fate) for each in again.kept} == {(each.identity, each.fate) for each in first.kept}


def test_calls_that_do_not_happen_again_leave_their_decisions() -> None:
    """What was never asked for again is counted by rule."""
    first = Sea(Rule("all", Bound(Drop())))
    for key in ("MP-1", "MP-2", "MP-3"):
        first.ask(call(key))
    again = Sea(Rule("all", Bound(Drop())), replay=kept(first))
    assert [again.ask(call("MP-2")), again.ask(call("MP-9"))] == ["all", ""]
    assert again.replay is not None
    assert again.replay.left == {"all": 2}


def test_a_repetition_that_was_spared_is_spared_again() -> None:
    """The same call with the same number, asked twice, was struck once: the first time, also in the replay."""
    first = Sea(Rule("once", Bound(Crash(60.0)), until=1))
    assert [first.ask(call("MP-1")), first.ask(call("MP-1"))] == ["once", ""]
    again = Sea(Rule("once", Bound(Crash(60.0)), until=1), replay=kept(first))
    assert [again.ask(call("MP-1")), again.ask(call("MP-1"))] == ["once", ""]


def test_rules_armed_by_hand_strike_again() -> None:
    """A rule that only the log knows strikes where it struck, in its own direction, and nowhere else."""
    by_hand = Decided("hand", "drop", WEBHOOK, "erp", "order.placed", "MP-1", 1, 1, 5.0, Drop())
    sea = Sea(replay=Decisions(Path("log"), ORIGIN, (by_hand,)))
    told = [call(key, operation="order.placed", direction=WEBHOOK) for key in ("MP-2", "MP-1")]
    assert [sea.ask(each) for each in told] == ["", "hand"]
    assert sea.ask(call("MP-1")) == ""
    assert [(each.rule, each.fired) for each in sea.rulebook.coverage] == [("hand", 1)]


def test_each_of_several_that_strike_takes_its_own_rules() -> None:
    """Where two places carry out faults on the same call, each replays those of its own rules."""
    both = Decisions(Path("log"), ORIGIN, (strike(rule="proxy"), strike(Stale(5.0), rule="world")))
    for name, other in (("proxy", "world"), ("world", "proxy")):
        sea = Sea(Rule(name, Bound(Drop())), replay=both.only({name}))
        assert sea.ask(call("MP-1/ü")) == name
        assert other not in {each.rule for each in sea.rulebook.coverage}
