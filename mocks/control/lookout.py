"""The lookout: reads the log as it is written and keeps the business picture, without disturbing anybody."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from seatrial.mocks.control.orderwatch import OrderWatch
from seatrial.mocks.control.parcelwatch import ParcelWatch
from seatrial.mocks.control.picture import Limits, Picture, Seen, Switch, Time, Traffic, Webhooks
from seatrial.mocks.control.stockwatch import StockWatch
from seatrial.mocks.control.trafficwatch import TrafficWatch
from seatrial.sim.live_evidence import LiveEvidence
from seatrial.sim.paced import PacedClock
from seatrial.sim.rows import WIDTH, Cells
from seatrial.sim.world import World

Handler = Callable[[Cells, int], None]
REMEMBERED: Final = 180
"""Points of each trend."""


class Lookout:
    """Counts what happens as it happens; a picture costs about as much as there are partners and SKUs that moved."""

    def __init__(self, world: World, clock: PacedClock, title: str, limits: Limits | None = None) -> None:
        evidence = world.evidence
        assert isinstance(evidence, LiveEvidence)
        limits = limits or Limits()
        self._world = world
        self._clock = clock
        self._title = title
        self._evidence = evidence
        self._orders = OrderWatch()
        self._parcels = ParcelWatch(limits)
        self._stock = StockWatch(limits)
        self._traffic = TrafficWatch(clock.pace)
        self._exceptions: dict[str, int] = {}
        self.phase = ""
        self.trends: dict[str, deque[float]] = {name: deque(maxlen=REMEMBERED) for name in _TRENDS}
        self._events = self._handlers_of_events()
        self._kinds: dict[object, Handler] = {
            "call": self._call,
            "event": self._event,
            "commit": self._orders.commit,
            "stock": self._stock.stock,
            "webhook": self._parcels.webhook,
            "note": self._traffic.note,
            "phase": self._phase,
        }
        evidence.watch(self._take)

    def look(self, rules: tuple[Switch, ...] = ()) -> Picture:
        """The picture of now."""
        self._evidence.hand_over()
        now, traffic = self._clock.now(), self._traffic
        partners = tuple(traffic.traffic(each, now) for each in self._world.partners.values())
        return Picture(
            title=self._title,
            time=self._time(now),
            flow=self._orders.flow,
            waiting=self._orders.waiting(now),
            shipments=self._parcels.shipments(now),
            returns=self._parcels.returns(now),
            stock=self._stock.read(now),
            exceptions={team: count for team, count in self._exceptions.items() if count},
            duplicates={name: count for name, count in self._orders.duplicates.items() if count},
            webhooks=self._webhooks(partners),
            told=traffic.told,
            partners=partners,
            rules=rules,
        )

    def remember(self, picture: Picture) -> None:
        """Add a point to every trend."""
        for name, read in _TRENDS.items():
            self.trends[name].append(read(picture))

    def recent(self, most: int, after: int = 0) -> list[Seen]:
        """The last calls, newest first."""
        self._evidence.hand_over()
        return self._traffic.recent(most, after)

    @property
    def calls(self) -> int:
        """Number of the last call."""
        self._evidence.hand_over()
        return self._traffic.calls

    def _time(self, now: float) -> Time:
        day, clock = self._world.ground.day, self._clock
        return Time(round(now, 3), day.wall(now).isoformat(), clock.pace, clock.frozen, self.phase)

    def _webhooks(self, partners: tuple[Traffic, ...]) -> Webhooks:
        posts = [(name, each.post.subscription()) for name, each in self._world.partners.items() if each.events]
        return Webhooks(
            retrying=sum(each.retrying for each in partners),
            lost=sum(subscription.lost for _, subscription in posts),
            disabled=tuple(name for name, subscription in posts if not subscription.active),
        )

    def _take(self, cells: Cells) -> None:
        kinds = self._kinds
        for row, kind in enumerate(cells[1::WIDTH]):
            handler = kinds.get(kind)
            if handler is not None:
                handler(cells, row * WIDTH)

    def _call(self, cells: Cells, at: int) -> None:
        self._traffic.call(cells, at)
        self._parcels.call(cells, at)

    def _event(self, cells: Cells, at: int) -> None:
        for handler in self._events.get(cells[at + 3], ()):
            handler(cells, at)

    def _handlers_of_events(self) -> dict[object, tuple[Handler, ...]]:
        found: dict[object, tuple[Handler, ...]] = {}
        own: dict[str, Handler] = {"exception.opened": self._case, "exception.closed": self._case}
        for handlers in (self._orders.handlers, self._parcels.handlers, self._stock.handlers, own):
            for event, handler in handlers.items():
                found[event] = (*found.get(event, ()), handler)
        return found

    def _case(self, cells: Cells, at: int) -> None:
        """The team stands where documents have their number."""
        team, step = cells[at + 11], 1 if cells[at + 3] == "exception.opened" else -1
        self._exceptions[team] = self._exceptions.get(team, 0) + step

    def _phase(self, cells: Cells, at: int) -> None:
        if cells[at + 5] in ("chaos", "calm"):
            self.phase = cells[at + 5] if cells[at + 8] == "begin" else ""


_TRENDS: Final[dict[str, Callable[[Picture], float]]] = {
    "waiting": lambda picture: picture.waiting.orders,
    "shipments": lambda picture: picture.shipments.missing,
    "returns": lambda picture: picture.returns.unposted,
    "listings": lambda picture: picture.stock.listings_overdue,
    "drift": lambda picture: picture.stock.erp + picture.stock.listing,
    "exceptions": lambda picture: sum(picture.exceptions.values()),
    "duplicates": lambda picture: sum(picture.duplicates.values()),
    "webhooks": lambda picture: picture.webhooks.retrying,
    "told": lambda picture: picture.told.dead_letters + picture.told.dropped,
    "rate": lambda picture: round(sum(each.rate for each in picture.partners), 2),
    "placed": lambda picture: picture.flow.placed,
}
"""What the page draws a line of."""
TRENDS: Final = tuple(_TRENDS)
