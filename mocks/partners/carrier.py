"""Carriers: offers that expire, labels, and parcels on their way from the dock to the door."""

from __future__ import annotations

import msgspec

from seatrial.mocks.books.journey import Journey, Network, Timetable, Trouble
from seatrial.mocks.books.label_book import LabelBook, SoldLabel
from seatrial.mocks.books.tariff import Offers, Tariff
from seatrial.mocks.messages.carrier import (
    BuyLabel,
    FindLabel,
    GetRates,
    Label,
    LabelVoided,
    Milestone,
    Rates,
    Stage,
    Tracking,
    TrackParcel,
    VoidLabel,
)
from seatrial.sim.cargo import CUSTOMERS, Cargo, Parcel, ReturnedGoods
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import Rejected
from seatrial.sim.ground import Ground
from seatrial.sim.moments import parse_time_of_day
from seatrial.sim.operation import operation
from seatrial.sim.partner import Partner
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.waits import after

EVENT_OF: dict[Stage, str] = {
    "picked_up": "shipment.picked_up",
    "in_transit": "shipment.in_transit",
    "exception": "shipment.excepted",
    "out_for_delivery": "shipment.out_for_delivery",
    "delivered": "shipment.delivered",
    "return_to_sender": "shipment.returned_to_sender",
}
"""Event of each milestone on the road."""
NO_LABEL = Label("", "", 0)


class Carrier(Partner):
    """Sells labels and carries parcels.

    A label is *sold*; it can be *voided* until the first scan. A parcel is *picked_up*, *in_transit*, perhaps held up
    by an *exception*, *out_for_delivery*, and in the end *delivered* or *return_to_sender*. A parcel whose label is
    unknown, voided or on its second trip is not carried: it goes back. Raises Rejected with the codes named at each
    operation.
    """

    kind = "carrier"
    events = dict.fromkeys(EVENT_OF.values(), Milestone)

    class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """How a carrier works."""

        tariff: Tariff = Tariff()
        """What it charges."""
        line_haul: str = "20:00"
        """Time of day at which trucks leave for other depots."""
        vans: str = "07:00"
        """Time of day at which vans leave for the doors."""
        depart_every: Seconds = Seconds(0)
        """Interval at which trucks and vans leave, in place of these times of day; 0: at the times of day."""
        spread: Seconds = Seconds(2 * 3600)
        """Time over which the departures of trucks and vans are spread."""
        tour: Seconds = Seconds(8 * 3600)
        """Time that a van is out."""
        exceptions: Share = Share(0.02)
        """Share of the parcels that meet an obstacle and arrive late."""
        delay: Seconds = Seconds(86_400)
        """Time that an obstacle costs."""
        refusals: Share = Share(0.003)
        """Share of the parcels that cannot be handed over and go back to their sender."""
        way_back: Seconds = Seconds(2 * 86_400)
        """Time that an undelivered parcel takes back to its warehouse."""
        keep: Seconds = Seconds(2 * 86_400)
        """Time for which a label can be looked up after the end of its journey."""

    def __init__(self, name: str, ground: Ground, conduct: Conduct, settings: Settings) -> None:
        super().__init__(name, ground, conduct)
        self.settings = settings
        self._offers = Offers(name, settings.tariff, ground.pace)
        self._labels = LabelBook(settings.keep)
        trouble = Trouble(settings.exceptions, settings.refusals, settings.delay)
        line_haul, vans = parse_time_of_day(settings.line_haul), parse_time_of_day(settings.vans)
        timetable = Timetable(line_haul, vans, settings.depart_every, settings.spread, settings.tour)
        self._network = Network(ground.day, timetable, trouble)
        self._chance = ground.dice.keyed("journey", name)
        self._sold = 0

    def arrive(self, cargo: Cargo) -> None:
        """Pick a parcel up."""
        if not isinstance(cargo, Parcel):
            super().arrive(cargo)
            return
        label = self._labels.tracked(cargo.tracking_no)
        if label is None or label.journey is not None or label.voided:
            self._turn_away(cargo)
            return
        # Keyed by what it is, not by its number: a fault elsewhere changes numbers, and must change no other journey.
        what = f"{cargo.order_no}/{cargo.goods[0][0] if cargo.goods else ''}"
        label.journey = self._network.plan(self.now, label.days, self._chance(what))
        self._reach(label, cargo, label.journey, 0)

    @property
    def pending(self) -> int:
        """Webhooks and parcels that are not done with."""
        return super().pending + self._labels.under_way

    # what can be asked

    @operation("GET", "/rates", key="parcel_no")
    def get_rates(self, request: GetRates) -> Rates:
        """Offers for a parcel.

        Rejected: 422 `invalid_units`.
        """
        if request.units < 1:
            raise Rejected("invalid_units", f"a parcel of {request.units} units; at least 1")
        return Rates(self._offers.make(request, self.now))

    @operation("POST", "/labels", key="parcel_no", document="label")
    def buy_label(self, request: BuyLabel) -> Label:
        """Buy a label at an offered rate.

        Rejected: 404 `unknown_rate`, 422 `rate_expired`.
        """
        rate = self._offers.take(request.rate_id, request.parcel_no, self.now)
        self._sold += 1
        number, tracking_no, price = f"{self.name}-L{self._sold}", f"{self.name}-T{self._sold}", rate.price
        parcel_no, order_no = request.parcel_no, request.order_no
        self._labels.add(SoldLabel(number, tracking_no, price, order_no, parcel_no, rate.days, self.now))
        self.committed("label", parcel_no, order_no, number, amount=price)
        self.happened("label.purchased", parcel_no, order_no, 0, price)
        self.happened("shipment.label_created", parcel_no, order_no)
        return Label(number, tracking_no, price)

    @operation("GET", "/labels/{parcel_no}", key="parcel_no")
    def find_label(self, request: FindLabel) -> Label:
        """The live label of a parcel, the oldest of several, past the one named in `besides`; empty where there is
        none.
        """
        until = self.visible_until
        for label in self._labels.of(request.parcel_no):
            if not label.voided and label.sold_at <= until and label.tracking_no != request.besides:
                return label.reply()
        return NO_LABEL

    @operation("POST", "/labels/{label_id}/void", key="parcel_no")
    def void_label(self, request: VoidLabel) -> LabelVoided:
        """Give a label back; again changes nothing.

        Rejected: 404 `unknown_label`, 409 `already_scanned`.
        """
        label = self._label(request)
        if label.journey is not None:
            raise Rejected("already_scanned", f"label {label.id} is on a parcel on its way", status=409)
        if not label.voided:
            self._labels.end(label, self.now)
            self.reversed("label", label.parcel_no, label.order_no, label.id, amount=label.price)
            self.happened("label.voided", label.parcel_no, label.order_no, 0, label.price)
        return LabelVoided(label.id)

    @operation("GET", "/tracking/{tracking_no}", key="tracking_no")
    def track_parcel(self, request: TrackParcel) -> Tracking:
        """Last milestone of a parcel; `unknown` where the carrier does not know it, or no more."""
        label = self._labels.tracked(request.tracking_no)
        return label.tracking(min(self.now, self.visible_until)) if label is not None else Tracking()

    # what happens

    def _label(self, request: VoidLabel) -> SoldLabel:
        for label in self._labels.of(request.parcel_no):
            if label.id == request.label_id:
                return label
        text = f"parcel {request.parcel_no!r} has no label {request.label_id!r}"
        raise Rejected("unknown_label", text, status=404)

    def _reach(self, label: SoldLabel, parcel: Parcel, journey: Journey, step: int) -> None:
        """A parcel is at a milestone; on to the next, to the door, or back."""
        self._tell(journey.stages[step], label.parcel_no, label.order_no, label.tracking_no)
        env, following = self.env, step + 1
        if following < len(journey.times):
            after(env, max(0.0, journey.times[following] - env.now), self._reach, label, parcel, journey, following)
            return
        self._labels.end(label, env.now)
        if journey.stages[step] == "delivered":
            self.ground.road.send(CUSTOMERS, parcel)
        else:
            after(env, self.settings.way_back, self._bring_back, parcel)

    def _turn_away(self, parcel: Parcel) -> None:
        """A parcel that cannot travel: its label is unknown here, voided or already used."""
        self._tell("return_to_sender", parcel.parcel_no, parcel.order_no, parcel.tracking_no)
        after(self.env, self.settings.way_back, self._bring_back, parcel)

    def _bring_back(self, parcel: Parcel) -> None:
        self.ground.road.send(parcel.origin, ReturnedGoods("", parcel.order_no, parcel.goods))

    def _tell(self, stage: Stage, parcel_no: str, order_no: str, tracking_no: str) -> None:
        event = EVENT_OF[stage]
        self.happened(event, parcel_no, order_no)
        self.publish(event, parcel_no, order_no, Milestone(order_no, parcel_no, tracking_no, stage))
