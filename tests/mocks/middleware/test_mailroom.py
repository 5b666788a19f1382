"""Laws of the mailroom: each message once, each lane in order, and nothing given up without a person hearing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment

from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.files import MARK, Message, NotYet
from seatrial.mocks.middleware.mailroom import DELAYS, Mailroom
from seatrial.sim.errors import Refused
from seatrial.sim.integration import Surroundings
from seatrial.sim.loop import run_virtual
from seatrial.sim.quantities import Seconds
from seatrial.sim.store import MemoryStore
from seatrial.sim.waits import pause

WEEK = 7 * 86_400.0
WORK = 10.0  # seconds that a handler takes
AGAIN = float(Controls().again_after)


class Office:
    """A mailroom with one handler; `trouble` says how often a message fails before it goes well."""

    def __init__(self, **switches: object) -> None:
        self.env = Environment()
        self.controls = msgspec.structs.replace(Controls(), **switches)
        self.store = MemoryStore()
        self.trouble: dict[str, int] = {}
        self.begun: list[tuple[float, str, int]] = []
        self.done: list[str] = []
        self.busy: set[str] = set()
        self.buried: list[tuple[float, str]] = []
        self.notes: list[tuple[str, str]] = []
        self.deaf = False

    async def handle(self, message: Message) -> None:
        assert message.lane not in self.busy, "two at a time in one lane"
        self.busy.add(message.lane)
        try:
            self.begun.append((self.env.now, message.message_no, message.deliveries))
            await asyncio.sleep(WORK)
        finally:
            self.busy.discard(message.lane)
        if self.trouble.get(message.message_no, 0) > message.deliveries:
            raise Refused("not now") if message.deliveries % 2 else NotYet("not now")
        self.done.append(message.message_no)

    async def bury(self, message: Message) -> None:
        self.buried.append((self.env.now, message.message_no))
        if self.deaf:
            raise Refused("nobody at home")

    def note(
        self, name: str, key: str = "", correlation: str = "", team: str = "", quantity: int = 0, detail: str = ""
    ) -> None:
        self.notes.append((name, key))

    def run(self, main: Callable[[Mailroom], Awaitable[None]], stop_after: float = WEEK) -> None:
        """One life of the process; it is stopped after a week, whatever is still to be done."""
        around = Surroundings({}, self.store, self.note, lambda: self.env.now, lambda key: 0.5, lambda *_: None)

        async def life() -> None:
            async with asyncio.TaskGroup() as tasks:
                room = Mailroom(around, self.controls, tasks, {"news": self.handle})
                room.on_dead = self.bury
                await room.recover()
                await main(room)
                await pause(self.env, stop_after)
                raise asyncio.CancelledError

        async def whole() -> None:
            await asyncio.wait([asyncio.create_task(life())])

        run_virtual(whole(), env=self.env)

    def moments(self, number: str) -> list[float]:
        return [at for at, key, _ in self.begun if key == number]


def message(number: str, lane: str = "MP-1", topic: str = "news") -> Message:
    return Message(number, topic, lane, "shop", MARK, 0.0)


def taking(*messages: Message, gap: float = 0.0) -> Callable[[Mailroom], Awaitable[None]]:
    async def main(room: Mailroom) -> None:
        for each in messages:
            await room.take(each)
            await asyncio.sleep(gap)

    return main


numbers = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["MP-1", "MP-2"])), max_size=12)


@given(numbers, st.sampled_from([0.0, 3.0, 40.0]))
def test_a_number_is_worked_on_once(told: Sequence[tuple[str, str]], gap: float) -> None:
    """However often it comes, at once, while it is worked on or after that."""
    office = Office()
    office.run(taking(*(message(number, lane) for number, lane in told), gap=gap))
    assert sorted(office.done) == sorted({number for number, _ in told})


def test_without_an_inbox_what_comes_twice_is_done_twice() -> None:
    """The control is what knows a message again."""
    office = Office(inbox=False)
    office.run(taking(message("a"), message("a")))
    assert office.done == ["a", "a"]


@given(st.lists(st.sampled_from(["MP-1", "MP-2", "MP-3"]), max_size=10))
def test_a_lane_is_worked_off_in_order_and_lanes_beside_each_other(lanes: list[str]) -> None:
    """Messages of a lane go one after the other as they came; another lane waits for none of them."""
    office = Office()
    office.run(taking(*(message(str(place), lane) for place, lane in enumerate(lanes))))
    for place, lane in enumerate(lanes):
        assert office.moments(str(place)) == [WORK * lanes[:place].count(lane)]


def test_a_message_of_no_concern_is_left_alone() -> None:
    """What nobody handles is neither kept nor worked on."""
    office = Office()
    office.run(taking(message("a", topic="gossip")))
    assert office.begun == []
    assert run_virtual(office.store.scan("inbox")) == []


def test_what_fails_comes_again_later_and_later() -> None:
    """Deliveries follow the delays, and say how many there were before."""
    office = Office()
    office.trouble["a"] = 3
    office.run(taking(message("a")))
    expected = list(accumulate((0.0, *(WORK + AGAIN * delay for delay in DELAYS[:3]))))
    assert office.begun == [(at, "a", place) for place, at in enumerate(expected)]
    assert office.done == ["a"]
    assert office.buried == []


def test_what_fails_holds_nobody_up() -> None:
    """The next message of the lane goes ahead while the failed one waits."""
    office = Office()
    office.trouble["a"] = 1
    office.run(taking(message("a"), message("b")))
    assert office.done == ["b", "a"]
    assert office.moments("b") == [WORK]


def test_what_keeps_failing_goes_to_people_once_and_is_replayed() -> None:
    """After `dead_after` deliveries people are told, once; then it is tried every `replay_every` until it goes well."""
    office = Office(dead_after=3, replay_every=Seconds(5000))
    office.trouble["a"] = 5
    office.run(taking(message("a")))
    tried = list(accumulate((0.0, *(WORK + AGAIN * delay for delay in DELAYS[:2]), *[WORK + 5000.0] * 3)))
    assert office.moments("a") == tried
    assert office.buried == [(tried[2] + WORK, "a")]
    assert office.done == ["a"]
    assert office.notes == [("dead_letter", "a"), *[("replayed", "a")] * 3]


def test_people_who_do_not_hear_hold_nothing_up() -> None:
    """A dead letter that could not be handed over is replayed all the same, and that nobody heard is noted."""
    office = Office(dead_after=1, replay_every=Seconds(5000))
    office.deaf, office.trouble["a"] = True, 1
    office.run(taking(message("a")))
    assert office.done == ["a"]
    assert ("exception_unheard", "a") in office.notes


def test_without_dead_letters_what_fails_is_dropped() -> None:
    """It is noted, and never comes again, not even when its sender repeats it."""
    office = Office(dead_letter=False)
    office.trouble["a"] = 1
    office.run(taking(message("a"), message("a"), gap=100.0))
    assert (len(office.begun), office.done, office.notes) == (1, [], [("dropped", "a")])


def test_a_new_life_takes_up_what_the_old_one_had_not_done() -> None:
    """After a crash open messages are worked on as a further delivery, in their order; finished ones are not."""
    office = Office()
    office.run(taking(*map(message, "abc")), stop_after=WORK + 1)
    assert office.done == ["a"]
    office.run(taking(*map(message, "abc")))
    assert office.done == ["a", "b", "c"]
    assert [(key, deliveries) for _, key, deliveries in office.begun[2:]] == [("b", 1), ("c", 1)]


def test_numbers_are_forgotten_after_a_while() -> None:
    """A finished number is known for `memory`; after that it takes no place, and would be new."""
    office = Office(memory=Seconds(1000))

    async def main(room: Mailroom) -> None:
        await room.take(message("a"))
        for wait in (500.0, 1000.0):
            await asyncio.sleep(wait)
            await room.forget()
            await room.take(message("a"))

    office.run(main)
    assert office.moments("a") == [0.0, 1500.0]
