"""Laws of the load's plan and book: who places what and when, and how every order is accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.messages.orders import ChannelOrder, Customer, OrderLine
from seatrial.mocks.purchases import Habits, Purchase, StrayReturn
from seatrial.mocks.wire.load_book import LoadBook, ledger_of
from seatrial.mocks.wire.load_ledger import Ledger
from seatrial.mocks.wire.load_options import LoadOptions, read_options
from seatrial.mocks.wire.load_plan import Browsing, Demand, Lookahead, Timetable
from seatrial.mocks.wire.load_process import LoadOrder, launches, meaning
from seatrial.mocks.wire.load_report import Heard, PartReport, Placing
from seatrial.mocks.wire.load_tally import Counter, Durations, Tally
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput

NOBODY = Customer("", "", "", "", "", "", "")
seconds = st.floats(0, 1e6)
times = st.lists(st.floats(0, 100), max_size=60).map(sorted)
outcomes = st.sampled_from(["placed", "sold_out", "failed"])


def intents_at(moments):
    for number, at in enumerate(moments):
        if number % 5 == 4:
            yield StrayReturn(at, "north", ((str(number), 1),))
        else:
            order = ChannelOrder(str(number), "shop", at, NOBODY, "GBP", (OrderLine("A", 1, 1),), at)
            yield Purchase(at, "shop", order)


def demand(moments, until=80.0):
    return Demand(intents_at(moments), Habits(), until)


def placing(number, outcome: Any = "placed"):
    return Placing(str(number), "shop", outcome, 0.0, 0.0, 0.0)


@given(times, st.integers(1, 7))
def test_the_parts_are_the_whole(moments, parts):
    """What several generators place together is the demand: each intent once, and each part in the order of time."""
    whole = [intent for intent in intents_at(moments) if intent.at < 80]
    dealt = [list(demand(moments).dealt(part, parts)) for part in range(parts)]
    assert sorted((each for part in dealt for each in part), key=whole.index) == whole
    assert all(part == sorted(part, key=lambda each: each.at) for part in dealt)
    sizes = [len(part) for part in dealt]
    assert max(sizes) - min(sizes) <= 1


@given(times, st.integers(1, 9), st.lists(st.integers(0, 5), max_size=60))
def test_reading_ahead_changes_nothing(moments, most, spare):
    """However much time there is to read ahead, intents come out as they went in, and no more are held than may be."""
    ahead, spared, clock = Lookahead(intents_at(moments), most), iter(spare), iter(range(10_000))
    taken = []
    while (intent := ahead.take()) is not None:
        taken.append(intent)
        begin = next(clock)
        ahead.read(begin + next(spared, 0), lambda: next(clock))
        assert len(ahead._read) <= most
    assert taken == list(intents_at(moments))


def test_generators_hear_when_to_begin():
    """What the harness answers to a report tells the start, once it is known."""
    book = LoadBook()
    ledger = Ledger(0, 1, Counter(), lambda body: msgspec.json.decode(book.take(body)[1], type=Heard))
    assert ledger.report()
    assert (ledger.start, book.ready) == (0.0, True)
    book.start = 1e9
    ledger.report()
    assert ledger.start == 1e9


@pytest.mark.parametrize(("part", "parts"), [(-1, 2), (2, 2), (0, 0)])
def test_there_is_no_part_beyond_the_last(part, parts):
    """A part that does not exist is refused, so that no order is placed twice."""
    with pytest.raises(ValueError, match="no part"):
        demand([]).dealt(part, parts)


@given(st.floats(0, 2e9), st.floats(0.01, 1e5), seconds, seconds)
def test_business_time_is_scaled(start, scale, one, other):
    """Second 0 is due at the start, and so many seconds of the run pass in a real one."""
    table = Timetable(start, scale)
    assert table.due(0) == start
    assert table.due(one) - table.due(other) == pytest.approx((one - other) / scale, abs=1e-5)
    assert table.second(table.due(one)) == pytest.approx(one, abs=1e-5 * scale + 1e-6)


@given(st.floats(0, 4))
def test_pages_are_drawn_by_order(pages):
    """On average so many pages are looked at, and always the same number for the same order."""
    browsing, again = Browsing(Dice(1), pages), Browsing(Dice(1), pages)
    seen = [browsing.pages(str(number)) for number in range(2000)]
    assert seen == [again.pages(str(number)) for number in range(2000)]
    assert sum(seen) / 2000 == pytest.approx(pages, abs=0.06)


@given(st.lists(st.floats(1e-5, 1e4), min_size=1, max_size=200))
def test_percentiles_are_right_to_two_percent(values):
    """The tally's percentiles are those of the sorted values, within a step."""
    durations = Durations()
    for value in values:
        durations.add(value)
    spread, ordered = durations.spread(), sorted(values)
    assert (spread.count, spread.longest) == (len(values), ordered[-1])
    for share, got in ((0.50, spread.p50), (0.95, spread.p95), (0.99, spread.p99)):
        true = ordered[max(0, -int(-share * len(values) // 1) - 1)]
        assert true * 0.999 <= got <= true * 1.021


@given(
    st.dictionaries(st.integers(0, 40).map(str), outcomes, max_size=30),
    st.sets(st.integers(0, 60).map(str)),
    st.lists(st.booleans(), max_size=40),
)
def test_every_order_is_accounted_for(reported, sold, luck):
    """However often reports get lost, the book ends up with every order once, and the account adds up."""
    book, tries = LoadBook(), iter(luck)
    ledger = Ledger(0, 1, Counter(), lambda body: Heard() if next(tries, True) and book.take(body)[0] == 200 else None)
    for number, outcome in reported.items():
        ledger.enter(placing(number, outcome))
        ledger.report()
    ledger.state = "done"
    for _ in range(len(luck) + 1):
        ledger.report()
    assert book.outcomes == reported
    assert book.complete
    account = book.account(sold)
    assert account.placed + len(account.missing) == list(reported.values()).count("placed")
    assert account.failed + len(account.taken) == list(reported.values()).count("failed")
    assert set(account.missing) == {number for number, word in reported.items() if word == "placed"} - sold
    assert set(account.foreign) == sold - reported.keys()
    assert account.complete == (not account.missing and not account.foreign)
    assert not book.account(sold, sold).foreign


def test_the_last_report_comes_last():
    """A generator is done when all of its orders were told, however many these are."""
    told = []
    ledger = Ledger(0, 1, Counter(), lambda body: told.append(msgspec.json.decode(body, type=PartReport)) or Heard())
    for number in range(12_000):
        ledger.enter(placing(number))
    ledger.state = "done"
    assert ledger.report()
    assert [(len(each.orders), each.state) for each in told] == [(5000, "running"), (5000, "running"), (2000, "done")]


def test_the_book_waits_for_every_part():
    """A load is ready, finished and complete when all of its generators are."""
    book = LoadBook()
    news: Any = ((0, "ready"), (1, "ready"), (0, "done"))
    for part, state in news:
        assert not book.ready or part == 0
        book.enter(PartReport(part, 2, state, 3, (), Tally()))
    assert (book.ready, book.finished, book.due) == (True, False, 6)
    book.enter(PartReport(1, 2, "stopped", 4, (), Tally()))
    book.enter(PartReport(1, 2, "running", 2, (), Tally()))  # a report that was overtaken
    assert (book.finished, book.complete, book.due) == (True, False, 7)


def test_a_generator_that_died_is_not_waited_for():
    """When all processes have ended, whoever never said so was stopped."""
    book = LoadBook()
    book.enter(PartReport(0, 2, "done", 3, (), Tally()))
    book.close()
    assert (book.finished, book.complete, book.states) == (True, False, {0: "done", 1: "stopped"})


def test_nonsense_is_no_report():
    """What cannot be read is refused, and changes nothing."""
    book = LoadBook()
    assert book.take(b"{")[0] == 400
    assert book.take(b'{"kind": "part"}')[0] == 400
    assert not book.ready


def test_ledger_files_hold_every_order(tmp_path: Path):
    """Each generator has a file of its own; together they hold what the reports held, also when one broke off."""
    book = LoadBook()
    for part in range(2):
        ledger = Ledger(part, 2, Counter(), lambda body: None)
        ledger.write_to(ledger_of(tmp_path / "load.jsonl", part, 2))
        for number in range(part, 10, 2):
            ledger.enter(placing(number))
        ledger.close()
    with (tmp_path / "load-1.jsonl").open("ab") as file:
        file.write(b'{"order_no":"99","chan')
    book.read(tmp_path / "load.jsonl")
    assert book.outcomes.keys() == {str(number) for number in range(10)}


def test_a_disk_that_is_full_does_not_stop_the_load():
    """Where the ledger file cannot be written, the reports go on, and the generator says why."""
    ledger = Ledger(0, 1, Counter(), lambda body: Heard())
    ledger.write_to(Path("/dev/full"))
    for number in range(2000):
        ledger.enter(placing(number))
    assert ledger.report()
    ledger.close()
    assert "No space left" in ledger.lost_file


OPTIONS = LoadOptions(
    scenario="calm-day",
    seed=3,
    settings={"duration": "1 h"},
    start=1e9,
    time_scale=60.0,
    channels={"storefront": "http://127.0.0.1:1"},
    control_url="http://127.0.0.1:2",
    control_token="t",
    ledger="load.jsonl",
    parts=2,
    pages=0.5,
)


def test_options_survive_the_environment():
    """What is written to the environment is read back as it was."""
    names = {variable: name for name, variable in _variables().items()}
    written = {names[variable]: text for variable, text in OPTIONS.environment().items()}
    assert read_options(written) == OPTIONS


def _variables():
    from seatrial.mocks.wire.load_options import VARIABLES

    return VARIABLES


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({}, "SEATRIAL_LOAD_SCENARIO"),
        ({"scenario": "x", "start": "1", "channels": "{"}, "cannot be read"),
        ({"scenario": "x", "start": "soon", "channels": "{}"}, "cannot be read"),
        ({"scenario": "x", "start": "1", "channels": "{}", "time_scale": "0"}, "time_scale above 0"),
        ({"scenario": "x", "channels": "{}"}, "when to begin"),
        ({"scenario": "x", "start": "1", "channels": "{}", "pages": "-1"}, "pages from 0"),
    ],
)
def test_wrong_options_are_explained(written, says):
    """An option that is missing or makes no sense says so, and what to do."""
    with pytest.raises(BadInput, match=says):
        read_options(written)


def test_command_lines_stay_at_home():
    """One process without workers, else a master and its workers; all of them listen on loopback, with an end."""
    order = LoadOrder(options=OPTIONS, lasts=3600)
    (alone,) = launches(order, {"LOCUST_USERS": "99", "HOME": "/"}, 1e9 - 5)
    assert "--headless" in alone.argv
    assert alone.argv[alone.argv.index("--run-time") + 1] == str(5 + 60 + 120)
    assert "LOCUST_USERS" not in alone.environment
    assert alone.environment["HOME"] == "/"
    master, *workers = launches(msgspec.structs.replace(order, workers=2, guests=1, web_port=8089), {}, 1e9)
    assert [each.name for each in workers] == ["load-worker-0", "load-worker-1"]
    assert {master.argv[master.argv.index(flag) + 1] for flag in ("--web-host", "--master-bind-host")} == {"127.0.0.1"}
    assert master.argv[master.argv.index("--expect-workers") + 1] == "3"
    assert master.environment["SEATRIAL_LOAD_PARTS"] == "3"
    with pytest.raises(BadInput, match="0 workers or more"):
        launches(msgspec.structs.replace(order, workers=-1), {}, 0.0)


def test_exit_codes_have_a_meaning():
    """Only 0 says nothing."""
    assert meaning(0) == ""
    assert "signal 9" in meaning(-9)
    assert all(meaning(code) for code in (1, 2, 3))
