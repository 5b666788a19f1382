"""What it costs user code to be at sea: httpx and httpx2 through the partners' transport, against MockTransport alone.

Both run on the run's clock. The partner's side is whole: route, typed request, link, policies, handler, evidence.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from statistics import median
from time import process_time
from typing import Any, ClassVar

import msgspec
from simpy import Environment

from seatrial.mocks.guests.routing import PARTNERS, routed
from seatrial.mocks.http_transport import PartnersTransport, url_of
from seatrial.sim.assortment import Assortment
from seatrial.sim.conduct import Conduct
from seatrial.sim.evidence import Evidence
from seatrial.sim.link import Link
from seatrial.sim.loop import relaxed_gc, run_virtual
from seatrial.sim.operation import Request, operation
from seatrial.sim.partner import Partner
from seatrial.sim.process import Incarnation
from seatrial.sim.world import World, clock_of

ROUNDS, CALLS = 9, 2_000
LIMIT = 0.9
START = datetime(2026, 3, 2, tzinfo=UTC)


class Entered(msgspec.Struct, frozen=True):
    id: str


class Enter(Request[Entered], frozen=True):
    order_no: str
    lines: tuple[str, ...]


class Erp(Partner):
    """A partner that does next to nothing, as the handler behind MockTransport does."""

    kind = "erp"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    @operation("POST", "/orders", key="order_no", document="sales_order")
    def enter(self, request: Enter) -> Entered:
        """Enter an order."""
        return Entered("SO-" + request.order_no)


def at_sea(_: Any) -> tuple[Environment, Any]:
    world = World(1, START, Assortment("GBP", {}), lambda env: Evidence(clock_of(env)))
    links = [Link(Erp("erp", world.ground, Conduct()))]
    return world.env, PartnersTransport(links, Incarnation(lambda _: None))


def ashore(library: Any) -> tuple[Environment, Any]:
    return Environment(), library.MockTransport(lambda _: library.Response(200, json={"id": "SO-1"}))


class AsGuest:
    """No transport at all: a client that knows nothing, as the code of a guest makes it."""

    def __init__(self, partners: PartnersTransport) -> None:
        self.partners = partners


def as_guest(library: Any) -> tuple[Environment, Any]:
    env, transport = at_sea(library)
    return env, AsGuest(transport)


async def calls(library: Any, transport: Any) -> float:
    """Calls in a second of the processor, which others on this machine do not slow."""
    given = {"transport": transport}
    if isinstance(transport, AsGuest):
        given = {}
        PARTNERS.set(transport.partners)
    async with library.AsyncClient(base_url=url_of("erp"), **given) as client:
        begin = process_time()
        for number in range(CALLS):
            order = {"order_no": f"{number}", "lines": ["a", "b"]}
            reply = await client.post("/orders", json=order, headers={"Idempotency-Key": f"K-{number}"})
            assert reply.json()["id"]
        return CALLS / (process_time() - begin)


def measured(library: Any, place: Callable[[Any], tuple[Environment, Any]]) -> float:
    env, transport = place(library)
    with relaxed_gc(), nullcontext() if place is ashore else routed():
        return float(run_virtual(calls(library, transport), env=env))


def main() -> int:
    """Print the figures; 1 if one of them misses its limit."""
    kept = True
    print(f"the transport, Python {sys.version.split()[0]}, {CALLS} calls, medians of {ROUNDS} rounds")
    for name in ("httpx", "httpx2"):
        try:
            library = importlib.import_module(name)
        except ModuleNotFoundError:
            print(f"  {name} is not installed")
            continue
        places = {"given the transport": at_sea, "as a guest": as_guest}
        rounds = [[measured(library, place) for place in (ashore, *places.values())] for _ in range(ROUNDS)]
        for number, how in enumerate(places, 1):
            kept = told(f"{name}, {how}", [(each[0], each[number]) for each in rounds]) and kept
    return 0 if kept else 1


def told(what: str, rounds: list[tuple[float, float]]) -> bool:
    """Print one figure; whether it is good enough."""
    bare, ours = (median(side) for side in zip(*rounds, strict=True))
    ratio = median(sea / shore for shore, sea in rounds)
    sign = "ok  " if ratio >= LIMIT else "MISS"
    print(f"  {sign} {ratio:6.2f} >= {LIMIT}  {what}: {ours:,.0f} of {bare:,.0f} calls/s")
    return ratio >= LIMIT


if __name__ == "__main__":
    sys.exit(main())
