"""Laws of a frozen process: no step while it stands still, everything in order afterwards, nobody else waits for it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import ClassVar, Literal

import msgspec
import polars as pl
import pytest

from seatrial.sim.assortment import Assortment
from seatrial.sim.call import REQUEST, WEBHOOK
from seatrial.sim.client import Client
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import CallError
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Crash, Fate, Freeze
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.integration import Integration, Surroundings
from seatrial.sim.latency import Constant
from seatrial.sim.notice import Notice
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner
from seatrial.sim.policies.webhooks import Webhooks
from seatrial.sim.quantities import Seconds
from seatrial.sim.world import Voyage, World, clock_of

FROZEN = 100.0


class Said(msgspec.Struct, frozen=True):
    text: str


class Say(Request[Said], frozen=True):
    text: str


class Hall(Partner):
    """Says again what it hears, and tells everybody."""

    kind = "hall"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct
    events: ClassVar[Mapping[str, type[msgspec.Struct]]] = {"order.created": Said}

    def start(self) -> None:
        self.heard: list[tuple[float, str]] = []

    @operation("POST", "/echoes", key="text")
    def say(self, request: Say) -> Said:
        """Hear it."""
        self.heard.append((self.now, request.text))
        self.post.send("order.created", request.text, "", Said(request.text))
        return Said(request.text)


class Bound(Fault, frozen=True):
    """Chooses one fate."""

    fate: Fate = Freeze(FROZEN)

    def decide(self, call: object, now: float, dice: Draw) -> Fate:
        return self.fate


Log = list[tuple[float, str]]
Work = Callable[["Sleeper", Client], Awaitable[None]]


class Sleeper:
    """An integration that writes down when it took a step."""

    def __init__(self, around: Surroundings, work: Work, log: Log) -> None:
        self.log = log
        self.now = around.now
        self._around = around
        self._work = work

    def note(self, text: str) -> None:
        self.log.append((self.now(), text))

    async def run(self) -> None:
        await self._work(self, self._around.clients["hall"])
        await asyncio.Event().wait()

    async def receive(self, notice: Notice) -> None:
        self.note(f"hook {notice.key}")


class Sea:
    """A hall one second away, webhooks two, and an integration; the first call about `freeze` meets the fate."""

    def __init__(
        self,
        work: Work,
        fate: Fate | None = None,
        direction: str = REQUEST,
        interleave: Literal["fifo", "seeded"] = "fifo",
    ) -> None:
        self.work = work
        self.interleave: Literal["fifo", "seeded"] = interleave
        goods = Assortment("GBP", {})
        self.world = World(1, datetime(2026, 3, 2, tzinfo=UTC), goods, lambda env: Evidence(clock_of(env)))
        hooks = Webhooks(latency=Constant(Seconds(2)), timeout=Seconds(5), retries=(Seconds(10), Seconds(200)))
        conduct = Conduct(latency=Constant(Seconds(2)), webhooks=hooks)
        self.hall = Hall("hall", self.world.ground, conduct)
        self.world.add(self.hall)
        at = "hall.say" if direction == REQUEST else "hall.order.created"
        rule = Rule("freeze", Bound(fate or Freeze(FROZEN)), at=at, direction=direction, key="freeze", first=1)
        self.world.fear([rule])
        self.log: Log = []

    def launch(self, around: Surroundings) -> Integration:
        return Sleeper(around, self.work, self.log)

    def sail(self) -> Log:
        self.world.run(self.launch, Voyage(1000.0, 1000.0, self.interleave))
        return self.log

    def rows(self, kind: str, *columns: str) -> list[tuple[object, ...]]:
        found = self.world.evidence.frame().filter(pl.col("kind") == kind).select("time", *columns).rows()
        return [(time / 1e6, *rest) for time, *rest in found]


async def tell(sleeper: Sleeper, hall: Client, text: str, timeout: float = 30.0) -> None:
    try:
        await hall.call(Say(text), timeout=timeout)
        sleeper.note(text)
    except CallError as error:
        sleeper.note(f"{text} {error.outcome}")


async def tick(sleeper: Sleeper, every: float = 7.0) -> None:
    for number in range(40):
        await asyncio.sleep(every)
        sleeper.note(f"tick {number}")


@pytest.mark.parametrize("interleave", ["fifo", "seeded"])
def test_no_task_takes_a_step_while_the_process_is_frozen(interleave: Literal["fifo", "seeded"]) -> None:
    """Between freeze and thaw nothing of the integration happens: no timer, no reply, no webhook, no child's step."""

    async def work(sleeper: Sleeper, hall: Client) -> None:
        async with asyncio.TaskGroup() as group:
            for every in (0.3, 1.0, 7.0):
                group.create_task(tick(sleeper, every))
            await asyncio.sleep(10)
            for text in ("freeze", "other", "third"):
                group.create_task(tell(sleeper, hall, text))

    sea = Sea(work, interleave=interleave)
    log = sea.sail()
    assert [when for when, _ in log if 10.0 < when < 10.0 + FROZEN] == []
    assert len([text for _, text in log if "tick" in text]) == 3 * 40
    assert {"freeze", "other", "third"} <= {text for _, text in log}
    assert sea.rows("note", "operation") == [(10.0, "freeze"), (10.0 + FROZEN, "thaw")]


def test_what_came_due_meanwhile_happens_at_the_thaw_in_its_order() -> None:
    """Timers and replies come in the order in which they were due; what was due later comes when it was due."""

    async def work(sleeper: Sleeper, hall: Client) -> None:
        async def nap(seconds: float) -> None:
            await asyncio.sleep(seconds)
            sleeper.note(f"nap {seconds:g}")

        async with asyncio.TaskGroup() as group:
            for seconds in (150.0, 40.0, 1.0, 20.0, 3.0, 100.0):
                group.create_task(nap(seconds))
            group.create_task(tell(sleeper, hall, "freeze"))

    log = [entry for entry in Sea(work).sail() if "hook" not in entry[1]]
    told = ["nap 1", "freeze", "nap 3", "nap 20", "nap 40", "nap 100"]
    assert log == [*((FROZEN, text) for text in told), (150.0, "nap 150")]


def test_a_call_under_way_reaches_its_partner_all_the_same() -> None:
    """The partner works at its time; a caller whose time was up by then learns that at the thaw, one that was answered
    in time has its reply."""

    async def work(sleeper: Sleeper, hall: Client) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(tell(sleeper, hall, "freeze"))
            group.create_task(tell(sleeper, hall, "short", timeout=1.5))

    sea = Sea(work)
    log = [entry for entry in sea.sail() if "hook" not in entry[1]]
    assert sea.hall.heard == [(1.0, "freeze"), (1.0, "short")]
    assert log == [(FROZEN, "freeze"), (FROZEN, "short timed_out")]
    assert sea.rows("call", "key", "outcome") == [(FROZEN, "freeze", "ok"), (FROZEN, "short", "timed_out")]


def test_webhooks_wait_and_their_senders_do_not() -> None:
    """A webhook to a frozen process is tried again by its sender's clock; whatever arrived is taken at the thaw."""

    async def work(sleeper: Sleeper, hall: Client) -> None:
        await tell(sleeper, hall, "freeze")

    sea = Sea(work)
    log = sea.sail()
    assert [(at, outcome) for at, _, outcome in sea.rows("webhook", "key", "outcome")] == [
        (6.0, "failed"),  # sent at 1, five seconds of patience
        (21.0, "failed"),  # again after ten
        (222.0, "ok"),  # and after two hundred; the process goes on at 100
    ]
    assert [entry for entry in log if "hook" in entry[1]] == [(FROZEN, "hook freeze")] * 2 + [(222.0, "hook freeze")]


def test_a_webhook_can_be_what_freezes_the_process() -> None:
    """Aimed at a webhook, the freeze is there when it arrives."""

    async def work(sleeper: Sleeper, hall: Client) -> None:
        await asyncio.gather(tell(sleeper, hall, "freeze"), tick(sleeper))

    sea = Sea(work, direction=WEBHOOK)
    log = sea.sail()
    assert sea.rows("note", "operation") == [(1.0, "freeze"), (1.0 + FROZEN, "thaw")]
    assert not [when for when, _ in log if 1.0 < when < 1.0 + FROZEN]


def test_the_longer_of_two_freezes_counts() -> None:
    """A second freeze of a frozen process ends it no earlier, and a later end is the end."""

    async def work(sleeper: Sleeper, hall: Client) -> None:
        await asyncio.gather(*(tell(sleeper, hall, "freeze") for _ in range(2)), tick(sleeper))

    sea = Sea(work)
    sea.world.fear([Rule("longer", Bound(Freeze(FROZEN)), at="hall.order.created", direction=WEBHOOK, until=1)])
    log = sea.sail()
    assert sea.rows("note", "operation") == [(0.0, "freeze"), (1.0 + FROZEN, "thaw")]  # the webhook is sent at 1
    assert not [when for when, _ in log if when <= FROZEN]


def test_a_frozen_process_can_die() -> None:
    """A crash ends a freeze: the new life is not frozen, and who knocked at the old one hears that it died."""

    async def work(sleeper: Sleeper, hall: Client) -> None:
        await asyncio.gather(tell(sleeper, hall, "freeze"), tell(sleeper, hall, "freeze"), tick(sleeper))

    sea = Sea(work)
    sea.world.fear([Rule("crash", Bound(Crash(20.0)), at="hall.order.created", direction=WEBHOOK, until=1)])
    log = sea.sail()
    assert [name for _, name in sea.rows("note", "operation")][:3] == ["freeze", "crash", "restart"]
    (restart,) = [float(str(at)) for at, name in sea.rows("note", "operation") if name == "restart"]
    assert (restart, min(when for when, _ in log)) == (22.0, 24.0)  # dies at 2; alive, its first reply takes two


def test_the_harness_itself_is_not_frozen() -> None:
    """The run ends when it should, although the integration stands still beyond its end."""

    async def work(sleeper: Sleeper, hall: Client) -> None:
        await tell(sleeper, hall, "freeze")

    sea = Sea(work, fate=Freeze(1e6))
    assert sea.sail() == []
    assert [at for at, _ in sea.rows("phase", "key")][-1] == 2000.0


PROGRAM = """
import seatrial
run = seatrial.run("integration-crash", seed=3, integration="resilient", settings={
    "duration": "2 h", "calm": "4 h", "faults.0.fault": "integration_freeze", "faults.0.with": "{lasts: 2 min}"})
print(run.digest, [rule.fired for rule in run.verdict.coverage])
"""


@pytest.mark.slow
def test_a_freeze_has_one_history() -> None:
    """The same seed gives the same digest, whatever hashes Python makes."""
    said = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert "[0]" not in said[0]
