"""A carrier's tariff: services with prices, and offers that hold for a while."""

from __future__ import annotations

from collections import deque

import msgspec

from seatrial.mocks.messages.carrier import GetRates, Rate
from seatrial.sim.errors import BadInput, Rejected
from seatrial.sim.quantities import Count, Factor, OneOrMore, Seconds

_REMEMBERED = 3600.0
"""Seconds for which a carrier still knows that an offer has expired."""


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to send a parcel."""

    name: str
    """Name of the service."""
    price: Count
    """Price of a parcel at home in minor units."""
    per_unit: Count = 0
    """Price of each unit in it in minor units."""
    days: OneOrMore = 2
    """Days in transit at home."""


class Tariff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a carrier charges. Raises BadInput without services, and where two have one name."""

    services: tuple[Service, ...] = (Service("standard", 395, 2, 2), Service("express", 795, 4, 1))
    """Services on offer."""
    home: str = "United Kingdom"
    """Country at whose prices and times parcels travel."""
    abroad_price: Factor = 2.5
    """Factor on the price for every other country, known or not."""
    abroad_days: Count = 3
    """Days more in transit for every other country."""
    hold: Seconds = Seconds(600)
    """Time for which an offer can be bought; technical time, never scaled: it is there for calls, which are not."""

    def __post_init__(self) -> None:
        """Look at the services: an offer is bought by the name of one."""
        if not self.services:
            raise BadInput("services are empty", hint="give at least one: {name: parcel, price: 395}")
        names = [service.name for service in self.services]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise BadInput("services have one name", value=twice, hint="give each a `name` of its own")


class _Offer(msgspec.Struct, frozen=True, gc=False):
    parcel_no: str
    rate: Rate


class Offers:
    """Offers made, until some time after they expired."""

    __slots__ = ("_carrier", "_count", "_hold", "_made", "_order", "_remembered", "_tariff")

    def __init__(self, carrier: str, tariff: Tariff, pace: float) -> None:
        self._carrier = carrier
        self._tariff = tariff
        self._hold = tariff.hold * pace
        self._remembered = _REMEMBERED * pace
        self._count = 0
        self._made: dict[str, _Offer] = {}
        self._order: deque[Rate] = deque()

    def make(self, request: GetRates, now: float) -> tuple[Rate, ...]:
        """One offer for each service, cheapest first."""
        while self._order and self._order[0].expires_at < now - self._remembered:
            del self._made[self._order.popleft().rate_id]
        rates = [self._offer(service, request, now) for service in self._tariff.services]
        for rate in rates:
            self._made[rate.rate_id] = _Offer(request.parcel_no, rate)
        self._order.extend(rates)
        rates.sort(key=lambda rate: (rate.price, rate.days))
        return tuple(rates)

    def take(self, rate_id: str, parcel_no: str, now: float) -> Rate:
        """The offer that somebody wants to buy. Rejected: 404 `unknown_rate`, 422 `rate_expired`."""
        offer = self._made.get(rate_id)
        if offer is None or offer.parcel_no != parcel_no:
            raise Rejected("unknown_rate", f"no rate {rate_id!r} was offered for parcel {parcel_no!r}", status=404)
        if now >= offer.rate.expires_at:
            told = f"rate {rate_id} expired at {offer.rate.expires_at:.0f} s; ask for a new one"
            raise Rejected("rate_expired", told)
        return offer.rate

    def _offer(self, service: Service, request: GetRates, now: float) -> Rate:
        tariff = self._tariff
        price, days = service.price + service.per_unit * request.units, service.days
        if request.country != tariff.home:
            price, days = round(price * tariff.abroad_price), days + tariff.abroad_days
        self._count += 1
        return Rate(f"{self._carrier}-Q{self._count}", service.name, price, days, now + self._hold)
