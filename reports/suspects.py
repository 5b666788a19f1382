"""Suspects: which limits of zero a run may have broken, told from a glance at it.

A run that the judge finds violated by one of them is always suspected of it: a law compares the two. The other way
round it may be wrong; so whoever is suspected goes before the judge, and nobody is condemned here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from seatrial.reports.documents import FLOW
from seatrial.reports.glance import STATED, Doc, Glance, Happening
from seatrial.reports.obligations import HANDLING

Check = Callable[[Glance, float], bool]
_ROUNDING: Final = 1e-5
"""Seconds by which a moment may move where it is rounded to microseconds."""
_HANDLING: Final = HANDLING / 1_000_000
_PER_PARCEL: Final = ("label", "shipment_confirmation", "shipment", "invoice")
_GONE: Final = ("order.cancelled", "order.rejected", "cancellation.accepted")
_ENDS: Final = (*_GONE, "order.backordered", "shipment.dispatched")


def suspects(glance: Glance, until: float, names: Iterable[str]) -> tuple[str, ...]:
    """Which of these limits of zero may be broken; `until` is the second after which nothing is owed any more."""
    return tuple(name for name in names if _CHECKS[name](glance, until + _ROUNDING))


def _doubled(*documents: str) -> Check:
    def check(glance: Glance, _until: float) -> bool:
        return any(count > 1 and doc[0] in documents for doc, count in glance.live.items())

    return check


def _lost(*documents: str) -> Check:
    def check(glance: Glance, until: float) -> bool:
        if any(glance.created.get(doc, 0) == 0 and doc[0] in documents for doc in glance.acknowledged):
            return True
        owed = (doc for doc in _missing(glance, until) if doc[0] in documents)
        return any(True for _ in owed)

    return check


def _missing(glance: Glance, until: float) -> Iterator[Doc]:
    """What is owed and not there."""
    live = glance.live
    released = {glance.order_of[doc] for doc, count in live.items() if doc[0] == "fulfilment" and count > 0}
    owes = (doc for time, doc in _owed(glance) if time <= until and live.get(doc, 0) < 1)
    return (doc for doc in owes if doc[0] != "fulfilment" or doc[1] not in released)


def _owed(glance: Glance) -> Iterator[tuple[float, Doc]]:
    """Every document that is owed because of what happened, with the second at which it falls due."""
    events = glance.events
    gone = {each.correlation for name in _GONE for each in events[name]}
    waiting = {each.correlation for each in events["order.backordered"]}
    for placed in events["order.placed"]:
        if placed.correlation not in gone:
            yield placed.time, ("sales_order", placed.key)
            if placed.correlation not in waiting:
                yield placed.time, ("fulfilment", placed.key)
    for taken in events["fulfilment.accepted"]:
        if glance.live.get(("fulfilment", taken.key), 0) > 0:
            yield taken.time + _HANDLING, ("parcel", taken.key)
    yield from _owed_for_parcels(events["shipment.dispatched"])
    yield from _owed_for_returns(events)
    for accepted in events["cancellation.accepted"]:
        if accepted.amount > 0:
            yield accepted.time, ("refund", f"{accepted.correlation}/cancel")


def _owed_for_parcels(left: list[Happening]) -> Iterator[tuple[float, Doc]]:
    for parcel in left:
        for document in _PER_PARCEL:
            yield parcel.time, (document, parcel.key)
        yield parcel.time, ("notification", f"{parcel.correlation}/shipped/{parcel.key}")


def _owed_for_returns(events: Mapping[str, list[Happening]]) -> Iterator[tuple[float, Doc]]:
    announced = {each.key for each in events["return.requested"]}
    for looked_at in (*events["stock.restocked"], *events["stock.scrapped"]):
        if looked_at.key in announced:
            yield looked_at.time, ("credit_memo", looked_at.key)
            yield looked_at.time, ("refund", looked_at.key)


def _unexpected(glance: Glance, _until: float) -> bool:
    """Something lives that nobody asked for, and that nothing accounts for."""
    alone = [doc for doc, count in glance.live.items() if count > 0 and doc[0] in FLOW and doc not in glance.attempted]
    if not alone:
        return False
    due = {doc for _, doc in _owed(glance)}
    released = {glance.order_of[doc] for doc, count in glance.live.items() if doc[0] == "fulfilment" and count > 0}
    return any(doc not in due and not (doc[0] == "parcel" and glance.order_of[doc] in released) for doc in alone)


def _unanswered(wish: str, *answers: str) -> Callable[[Glance, float], bool]:
    def check(glance: Glance, until: float) -> bool:
        answered = {each.key for name in answers for each in glance.events[name]}
        return any(each.key not in answered and each.time <= until for each in glance.events[wish])

    return check


def _overshipped(glance: Glance, _until: float) -> bool:
    each = glance.units.values()
    return any(line["shipped"] and abs(line["shipped"]) > abs(line["placed"]) - abs(line["cancelled"]) for line in each)


def _over_refunded(glance: Glance, _until: float) -> bool:
    cost: dict[str, int] = {}
    for placed in glance.events["order.placed"]:
        cost.setdefault(placed.correlation, placed.amount)
    return any(sum(given.values()) > cost.get(order, 0) for order, given in glance.refunds.items())


def _untraceable(glance: Glance, _until: float) -> bool:
    placed = {each.correlation for each in glance.events["order.placed"]}
    left = {each.key for each in glance.events["shipment.dispatched"]}
    entered = {glance.order_of[doc] for doc in glance.created if doc[0] == "sales_order"}
    posted = {key for document, key in glance.created if document == "shipment"}
    alive = (doc for doc, count in glance.live.items() if doc[0] == "invoice" and count > 0)
    return any(
        doc[1] not in left or doc[1] not in posted or not {glance.order_of[doc]} <= placed & entered for doc in alive
    )


def _unfinished(glance: Glance, until: float) -> bool:
    """An order went to people, or came to no end."""
    ended = {each.correlation for name in _ENDS for each in glance.events[name]} - glance.dead_letters
    return any(each.correlation not in ended and each.time <= until for each in glance.events["order.placed"])


def _overstated(glance: Glance, _until: float) -> bool:
    """Somebody was told of more units than were in the parcel."""
    parcels = {left.key: left.quantity for left in reversed(glance.events["shipment.dispatched"])}  # the first counts
    return any(glance.stated[document, key] > units for key, units in parcels.items() for document in STATED)


def _booked_wrong(glance: Glance, _until: float) -> bool:
    """The ERP's book is not what lies on the shelves."""
    shelves = {**dict.fromkeys(glance.booked, 0), **glance.on_hand}
    return any(units != glance.booked.get(shelf, 0) for shelf, units in shelves.items())


def _listed_too_much(glance: Glance, _until: float) -> bool:
    """A channel offers more than the network can promise."""
    free: dict[str, int] = {}
    for (_, sku), units in glance.on_hand.items():
        free[sku] = free.get(sku, 0) + units
    for (_, sku), units in glance.allocated.items():
        free[sku] = free.get(sku, 0) - units
    return any(units > free.get(sku, 0) for (_, sku), units in glance.listed.items())


_CHECKS: Final[Mapping[str, Check]] = {
    "duplicates.total": _doubled(*FLOW),
    "lost.total": _lost(*FLOW),
    "unexpected.total": _unexpected,
    "unanswered.cancellations": _unanswered("cancellation.requested", "cancellation.accepted", "cancellation.refused"),
    "unanswered.returns": _unanswered("return.requested", "return.authorised", "return.refused"),
    "overshipped.units": _overshipped,
    "money.over_refunded": _over_refunded,
    "audit.untraceable": _untraceable,
    "conservation.unexplained": lambda glance, _: any(glance.balance.values()),
    "conservation.negative": lambda glance, _: glance.below_zero > 0,
    "conservation.overallocated": lambda glance, _: glance.overallocated > 0,
    "drift.erp.left": _booked_wrong,
    "drift.listing.left": _listed_too_much,
    "failure_rate.integration": _unfinished,
    "overstated.units": _overstated,
    **{f"duplicates.{document}": _doubled(document) for document in FLOW},
    **{f"lost.{document}": _lost(document) for document in FLOW},
}
KNOWN: Final = frozenset(_CHECKS)
"""Limits that a glance can tell of, where they are zero; of any other only its measure can."""
