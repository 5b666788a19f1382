"""The partners of a test: a small world at its side, whose clock it moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.guests.extra import check_extra
from seatrial.mocks.guests.nearby import present
from seatrial.scenarios.loader import Loaded, parse_scenario
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.units import parse_duration
from seatrial.testing.basin import Basin
from seatrial.testing.channel import ChannelAtHand
from seatrial.testing.partner import PartnerAtHand
from seatrial.testing.strikes import Storm
from seatrial.testing.teaching import shown_at_the_test

if TYPE_CHECKING:
    from seatrial.testing.transport import BasinTransport

_SMALL: Final = """\
name: basin
asks: How does one client live with its partners?
start: 2026-03-02 00:00:00
duration: 3650 d
calm: 0 s
world: quick
demand: {kind: synthetic, skus: 20, arrivals: {kind: poisson, rate: 200/h}}
"""


class Partners(Mapping[str, PartnerAtHand]):
    """Every partner of a world by name: `partners["erp"]`.

    Raises UnknownName for a partner that is not there.
    """

    def __init__(self, basin: Basin) -> None:
        self._basin = basin
        self._at_hand: dict[str, PartnerAtHand] = {
            name: (ChannelAtHand if isinstance(each, Channel) else PartnerAtHand)(basin, name)
            for name, each in basin.world.partners.items()
        }

    @shown_at_the_test
    def __getitem__(self, name: str) -> PartnerAtHand:
        if name not in self._at_hand:
            raise UnknownName("no such partner in this world", value=name, known=sorted(self._at_hand))
        return self._at_hand[name]

    def __contains__(self, name: object) -> bool:
        return name in self._at_hand

    def __iter__(self) -> Iterator[str]:
        return iter(self._at_hand)

    def __len__(self) -> int:
        return len(self._at_hand)

    @property
    def now(self) -> float:
        """Seconds of virtual time that have passed."""
        return self._basin.now

    @property
    def skus(self) -> tuple[str, ...]:
        """What is sold."""
        return tuple(self._basin.world.ground.assortment.items)

    @property
    def urls(self) -> Mapping[str, str]:
        """Base URL by name of the partner."""
        return self._basin.urls

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that a program on real sockets would be started with."""
        return self._basin.environment

    @property
    def transport(self) -> BasinTransport:
        """All partners as a transport of httpx."""
        return next(iter(self._at_hand.values())).transport

    @shown_at_the_test
    def of_kind(self, kind: str) -> PartnerAtHand:
        """The partner of this name, or the first of this kind."""
        for each in self._at_hand.values():
            if kind == each.name or (kind not in self._at_hand and kind == each.kind):
                return each
        known = dict.fromkeys(each.kind for each in self._at_hand.values())
        raise UnknownName("no partner of this kind in this world", value=kind, known=known)

    @shown_at_the_test
    def channel(self, kind: str) -> ChannelAtHand:
        """The same for a sales channel. Raises BadInput for what is none."""
        found = self.of_kind(kind)
        if not isinstance(found, ChannelAtHand):
            known = [name for name, each in self._at_hand.items() if isinstance(each, ChannelAtHand)]
            raise BadInput("no sales channel", value=kind, known=known)
        return found

    @shown_at_the_test
    def pass_time(self, seconds: float | str) -> None:
        """Let virtual time pass, in seconds or as `2 h`: what the partners are doing goes on, webhooks arrive."""
        hint = "give seconds from 0 up, or a text like '2 h'"
        try:
            length = parse_duration(seconds) if isinstance(seconds, str) else float(seconds)
        except TypeError:
            raise BadInput("no time", value=seconds, hint=hint) from None
        if not 0 <= length < float("inf"):
            raise BadInput("time goes on, and ends", value=seconds, hint=hint)
        self._basin.pass_time(length)

    @shown_at_the_test
    def fault(self, fault: str, at: str = "*", *, may_miss: bool = False, **fields: object) -> Storm:
        """Have a fault strike while a `with` lasts; `at` is written as in a scenario: `erp.create_sales_order`."""
        return Storm(self._basin, fault, at, fields, may_miss=may_miss)


@contextmanager
def partners_at_hand(loaded: Loaded | None, seed: int) -> Iterator[Partners]:
    """Partners of a scenario's world, or of the small one: HTTP clients of this process find them meanwhile."""
    check_extra()
    from seatrial.mocks.guests.routing import routed

    basin = Basin(loaded or parse_scenario(_SMALL, "basin"), seed)
    try:
        with routed(), present(basin):
            yield Partners(basin)
    finally:
        basin.close()
