"""A world that stands for development by hand: partners up, faults on request, nobody judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from seatrial.control import furnish
from seatrial.mocks.books.channel import Channel
from seatrial.mocks.control.room import NAME, ControlRoom
from seatrial.mocks.control.words import OrderWish
from seatrial.mocks.wire.receiver import Stranger
from seatrial.mocks.wire.shop import Shop
from seatrial.mocks.wire.waterfront import Waterfront, wire_evidence
from seatrial.reports.facts import Facts
from seatrial.reports.saved import keep_facts
from seatrial.scenarios.embark import Expedition, embark
from seatrial.scenarios.loader import Loaded, library, load_scenario, parse_scenario, worlds
from seatrial.scenarios.storm import check_crashes, rules_of
from seatrial.scenarios.walkin import WalkIn
from seatrial.sim.errors import BadInput, HarnessError, UnknownName
from seatrial.sim.fault import Rule
from seatrial.sim.manifest import About, Phase
from seatrial.sim.runfolder import RunFolder
from seatrial.sim.waits import after
from seatrial.sim.world import World
from seatrial.stop_signals import stop_signals
from seatrial.wire_briefing import MAILBOX, fresh

HIGHEST_PORT: Final = 65_535
_BY_HAND: Final = "none"
"""The integration of a run folder of which nobody knows who integrates."""
_WORLD: Final = """\
name: {world}
asks: What does the integration do while somebody works on it?
start: {start}
duration: 3650 d
calm: 0 s
world: {world}
demand: {{kind: synthetic, arrivals: {{kind: poisson, rate: 200/h}}}}
"""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to serve, and how."""

    loaded: Loaded
    """The world, as a scenario."""
    seed: int
    """Seed of all chance."""
    time_scale: float
    """Seconds of business time in a real second."""
    rules: Loaded | None = None
    """Scenario whose faults are armed."""
    ports: dict[str, int] = {}
    """Ports asked for, by name of a partner, or `control`."""
    base_port: int = 0
    """First of consecutive ports; 0: any that are free."""
    webhooks: str = ""
    """Where webhooks go: the partner's name is added to it."""
    orders: float = 0.0
    """Orders per second of business time that somebody places."""
    out: Path | None = None
    """Run folder; none: the evidence is dropped."""


class Served(msgspec.Struct, frozen=True):
    """A world that is up."""

    waterfront: Waterfront
    """Its partners."""
    room: ControlRoom
    """Its control room."""
    mailbox: Path
    """Folder of the mailboxes."""

    @property
    def page(self) -> str:
        """Address of the live page, with its token."""
        return self.room.address(self.base)

    @property
    def base(self) -> str:
        """Base URL of the control API."""
        assert self.waterfront.harbour is not None
        return self.waterfront.harbour.url(NAME)

    def environment(self) -> dict[str, str]:
        """The variables by which an integration finds everything."""
        own = {
            "SEATRIAL_CONTROL_URL": self.page,
            "SEATRIAL_OBSERVER_URL": f"{self.base}/observer?token={self.room.token}",
            "SEATRIAL_MAILBOX": str(self.mailbox),
        }
        return {**self.waterfront.environment(), **own}


def world_of(name: str) -> Loaded:
    """A world by its name, or that of a scenario, by name or file, without its demand. Raises BadInput."""
    if name in worlds():
        start = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
        return parse_scenario(_WORLD.format(world=name, start=start.isoformat(sep=" ")), name)
    if name not in library() and not name.endswith((".yaml", ".yml")):
        hint = "or give the path of a scenario's .yaml file"
        raise UnknownName("unknown world", value=name, known=(*worlds(), *library()), hint=hint)
    return load_scenario(name)


def ports_of(partners: Mapping[str, object], plan: Plan) -> dict[str, int]:
    """Every port that is fixed: the control room's first, then partners in their order. Raises BadInput."""
    names = [NAME, *partners]
    for name in plan.ports:
        if name not in names:
            raise UnknownName("nobody of this name listens", value=name, known=names, where="--port")
    last = plan.base_port + len(names) - 1
    if plan.base_port and last > HIGHEST_PORT:
        hint = f"{len(names)} ports are needed; {HIGHEST_PORT - len(names) + 1} is the highest first one"
        raise BadInput("too few ports above it", value=plan.base_port, where="--base-port", hint=hint)
    consecutive = {name: plan.base_port + place for place, name in enumerate(names)} if plan.base_port else {}
    ports = consecutive | dict(plan.ports)
    wanted = [port for port in ports.values() if port]
    twice = next((port for port in wanted if wanted.count(port) > 1), None)
    if twice is not None:
        both = [name for name, port in ports.items() if port == twice]
        raise BadInput("two want one port", value=twice, where="--port", hint=f"{' and '.join(both)}: choose another")
    return ports


async def serve(plan: Plan, up: Callable[[Served], None]) -> None:
    """Have a world stand until somebody interrupts; `up` is called once it takes requests.

    Raises BadInput before anything listens, HarnessError for a port that is taken and for whatever goes wrong later.
    """
    with TemporaryDirectory(prefix="seatrial-") as passing:
        await _stand(plan, up, ((plan.out or Path(passing)) / MAILBOX).resolve())


async def _stand(plan: Plan, up: Callable[[Served], None], mailbox: Path) -> None:
    stop, wrong = asyncio.Event(), list[BaseException]()

    def failed(error: BaseException) -> None:
        wrong.append(error)
        stop.set()

    expedition = _embarked(plan)
    world = expedition.world
    waterfront = Waterfront(world, Stranger(), failed, ports_of(world.partners, plan))
    shop = _shop(waterfront, expedition)
    room = furnish(waterfront, plan.loaded.scenario.name, failed, crashable=False, stray=shop.stray)
    folder = None
    try:
        await waterfront.open()
        folder = _folder(plan)
        waterfront.open_mailboxes(fresh(mailbox))
        if plan.webhooks:
            waterfront.subscribe(plan.webhooks)
        _set_out(plan, expedition, room)
        waterfront.trade()
        up(Served(waterfront, room, mailbox))
        await _until_interrupted(stop)
    finally:
        await room.end()
        await waterfront.close()
        _finish(world, folder)
    if wrong:
        raise wrong[0] if isinstance(wrong[0], HarnessError) else HarnessError(f"the harness failed: {wrong[0]!r}")


def _embarked(plan: Plan) -> Expedition:
    path = plan.out
    loaded = plan.loaded
    bare = msgspec.structs.replace(loaded, scenario=msgspec.structs.replace(loaded.scenario, faults=()))

    return embark(
        bare,
        plan.seed,
        loaded.scenario.integration,
        lambda env: wire_evidence(env, path, keep=path is not None),
        plan.time_scale,
    )


def _shop(waterfront: Waterfront, expedition: Expedition) -> Shop:
    """Whoever develops is the shopper: each channel has its shop at its own port, below /shop."""
    shop = Shop(expedition.world.ground, _channels(expedition.world), expedition.season.habits)
    for name in _channels(expedition.world):
        waterfront.offices[name].side_doors["shop"] = partial(shop.handle, name)
    return shop


def _channels(world: World) -> dict[str, Channel]:
    return {name: each for name, each in world.partners.items() if isinstance(each, Channel)}


def _rules(plan: Plan, world: World) -> tuple[Rule, ...]:
    if plan.rules is None:
        return ()
    check_crashes(plan.rules)
    return rules_of(plan.rules, world.partners)


def _set_out(plan: Plan, expedition: Expedition, room: ControlRoom) -> None:
    """Time has not begun: arm what is to be armed, and let the first shopper come."""
    world = expedition.world
    world.fear(_rules(plan, world))
    world.begin_chaos(expedition.voyage)
    if plan.orders:
        _trickle(world, plan.orders)
    room.begin()


def _trickle(world: World, rate: float) -> None:
    """Somebody buys now and then, at one channel or the other."""
    walk_in = WalkIn(world.ground.assortment, world.dice, "SHOP")
    channels = list(_channels(world).values())
    draw = world.dice.stream("serve", "orders")

    def buy() -> None:
        channel = channels[int(draw.random() * len(channels))]
        channel.place(walk_in.complete(OrderWish(channel.name), channel))
        after(world.env, draw.expovariate(rate), buy)

    if channels:
        after(world.env, draw.expovariate(rate), buy)


async def _until_interrupted(stop: asyncio.Event) -> None:
    loop, numbers = asyncio.get_running_loop(), stop_signals()
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _folder(plan: Plan) -> RunFolder | None:
    if plan.out is None:
        return None
    scenario = plan.loaded.scenario
    started = scenario.start.replace(tzinfo=scenario.start.tzinfo or UTC).isoformat()
    about = About(
        scenario=scenario.name,
        scenario_digest=plan.loaded.digest,
        seed=plan.seed,
        integration=_BY_HAND,
        started=started,
        settings=dict(plan.loaded.settings),
    )
    folder = RunFolder.create(plan.out, about=about)
    folder.keep("scenario.yaml", plan.loaded.text)
    facts = Facts(
        scenario=scenario.name, seed=plan.seed, integration=_BY_HAND, started=started, unjudged=True,
        replay="seatrial serve {scenario} --seed {seed}",
    )  # fmt: skip
    keep_facts(facts, folder)
    return folder


def _finish(world: World, folder: RunFolder | None) -> None:
    """The last word, where a folder keeps the evidence."""
    evidence, now = world.evidence, world.env.now
    evidence.phase("chaos", "end")
    evidence.close()
    if folder is not None:
        phases = (Phase("chaos", 0.0, now),)
        folder.finish(rows=evidence.rows_written, parts=evidence.parts_written, digest=evidence.digest(), phases=phases)
