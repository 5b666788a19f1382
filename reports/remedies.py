"""Remedies: why each finding is damage, and which controls of an integration prevent it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final, NamedTuple


class Remedy(NamedTuple):
    """What is known of one kind of finding."""

    harm: str
    """Why it is damage: who pays."""
    controls: tuple[str, ...]
    """Controls that prevent it, the first line of defence first (see `docs/controls.md`)."""


CONTROLS: Final[Mapping[str, str]] = {
    "idempotency_key": "send a key with every write, and look whether the document is there before it is written again",
    "retry": "repeat what failed, with growing pauses and jitter; wait as long as Retry-After asks",
    "timeout": "wait seconds for a reply, not minutes",
    "breaker": "leave a partner alone for a while that keeps failing",
    "throttle": "stay below the rate that the partner allows",
    "dead_letter": "keep a message that failed, try it again later, and put it before people when that does not help",
    "reconciliation": "compare the partners' books from time to time and mend what differs",
    "fallback_carrier": "take the second carrier where the first one fails",
    "alternate_sourcing": "try the next warehouse where one says no",
    "inbox": "store a message before its sender is told that it was taken, and know it again when it comes twice",
    "outbox": "keep durably what others still have to be told",
    "ordering_guard": "ignore news that an order has already gone past",
    "reservation": "count orders that are not released yet, and give each channel its share of the stock",
    "strict_reading": "take a reply that is no document for an error, and read from there again",
}
"""What each control does, in one line."""
OF_MESSAGES: Final = frozenset({"inbox", "ordering_guard"})
"""Controls that know messages again: they prevent nothing where the reply to a call was hidden from its caller."""
_TWICE: Final = ("idempotency_key", "inbox", "ordering_guard")
_NEVER: Final = ("retry", "dead_letter", "reconciliation", "inbox")
_BOOKS: Final = ("reconciliation", "inbox", "outbox")
_TABLE: Final[Mapping[str, Remedy]] = {
    "DUPLICATE_SALES_ORDER": Remedy(
        "The customer's order stands in the ERP twice: it reserves stock twice, and whoever works from the ERP ships "
        "and bills it twice. Somebody has to find the second one and cancel it by hand.",
        _TWICE,
    ),
    "DUPLICATE_FULFILMENT": Remedy(
        "A warehouse works the same release twice: the goods leave twice, freight is paid twice, the stock is gone.",
        _TWICE,
    ),
    "DUPLICATE_PARCEL": Remedy("The same goods were packed and shipped twice; the second parcel is a gift.", _TWICE),
    "DUPLICATE_LABEL": Remedy("The carrier sold two labels for one parcel, and bills both.", _TWICE),
    "LABELS_TWICE": Remedy("The carrier sold two labels for one parcel, and bills both.", _TWICE),
    "DUPLICATE_INVOICE": Remedy(
        "The customer is billed twice for one parcel: revenue that is not there, a dunning letter to somebody who "
        "paid, and a credit memo that finance has to write.",
        _TWICE,
    ),
    "INVOICED_TWICE": Remedy("Revenue stands in the books twice; finance has to find and reverse it.", _TWICE),
    "DUPLICATE_REFUND": Remedy("Money went out twice, and seldom comes back.", _TWICE),
    "REFUNDED_TWICE": Remedy("Money went out twice, and seldom comes back.", _TWICE),
    "OVER_REFUNDED": Remedy("The shopper got more back than the order had cost.", (*_TWICE, "reconciliation")),
    "DUPLICATE_*": Remedy(
        "One business fact stands in a partner's books twice. Whoever works from these books does the work twice.",
        _TWICE,
    ),
    "LOST_ORDER": Remedy(
        "The shopper paid and nobody knows: no ERP entry, no goods, no invoice. It comes to light when somebody calls.",
        (*_NEVER, "strict_reading"),
    ),
    "UNRELEASED_ORDER": Remedy(
        "The order stands in the ERP and no warehouse has heard of it: it will never ship by itself.",
        (*_NEVER, "alternate_sourcing"),
    ),
    "UNPACKED_RELEASE": Remedy(
        "A warehouse took the work on and never finished it, and nobody asked.", ("reconciliation", "fallback_carrier")
    ),
    "MISSING_INVOICE": Remedy("Goods left and nobody was billed: revenue leaks.", (*_NEVER, "idempotency_key")),
    "SHIPPED_NOT_INVOICED": Remedy("Goods left and nobody was billed: revenue leaks.", (*_NEVER, "idempotency_key")),
    "UNPOSTED_SHIPMENT": Remedy(
        "The goods are gone and the ERP still counts them: its stock is wrong, and no invoice can follow.",
        (*_NEVER, "idempotency_key"),
    ),
    "UNCONFIRMED_SHIPMENT": Remedy(
        "The channel believes that nothing was shipped: late-shipment penalties, and payment that is not released.",
        _NEVER,
    ),
    "CUSTOMER_NOT_TOLD": Remedy("The customer does not know that a parcel is coming, and asks.", _NEVER),
    "MISSING_REFUND": Remedy("The shopper is owed money and does not get it: a chargeback, then a fine.", _NEVER),
    "CREDITED_NOT_REFUNDED": Remedy("The books say repaid, the shopper has nothing.", _NEVER),
    "REFUNDED_NOT_CREDITED": Remedy("Money went out that the books do not know of.", _NEVER),
    "MISSING_*": Remedy("A document that somebody relies on was never made.", _NEVER),
    "INVOICED_NOT_SHIPPED": Remedy(
        "The customer is billed for goods that never left.", ("ordering_guard", "reconciliation", "idempotency_key")
    ),
    "UNTRACEABLE_INVOICE": Remedy(
        "An auditor cannot follow the invoice back to an order and a shipment.", ("ordering_guard", "reconciliation")
    ),
    "UNANSWERED_*": Remedy("A shopper asked and got no answer: customer service gets the call.", _NEVER),
    "OVERSOLD": Remedy(
        "A shopper was sold what nobody has: back-order, cancellation, a refund, and a worse seller rating.",
        ("reservation", "outbox", "reconciliation"),
    ),
    "OVERSHIPPED": Remedy("More left the dock than was ordered.", _TWICE),
    "OVERSTATED": Remedy(
        "The customer was promised, and perhaps billed for, goods that never left: a claim, a credit memo, and a stock "
        "book below what lies on the shelf.",
        ("reconciliation",),
    ),
    "UNREAD_REQUEST": Remedy(
        "What was asked for was not done, and repeating it will not help: a field is missing or wrong.",
        ("dead_letter",),
    ),
    "OVERBOUGHT": Remedy("More was bought for a back-order than it needs, and lies on the shelf.", _TWICE),
    "OVERALLOCATED": Remedy("A warehouse promised units that its book does not have.", ("reservation", *_TWICE)),
    "NEGATIVE_STOCK": Remedy(
        "A book shows less than nothing: it was changed twice, or too late.", (*_TWICE, *_BOOKS[:1])
    ),
    "UNITS_UNEXPLAINED": Remedy("Units left a book without a reason: nobody can say where they are.", _BOOKS),
    "DRIFT_LEFT_ERP": Remedy(
        "Finance and purchasing count stock that is not there, or miss stock that is; it will not mend by itself.",
        _BOOKS,
    ),
    "DRIFT_LEFT_LISTING": Remedy(
        "Channels offer units that nobody has: the next orders are oversold.",
        ("outbox", "reservation", "reconciliation"),
    ),
    "UNEXPECTED_*": Remedy("A document lives that nobody asked for: somebody will act on it.", _TWICE),
    "INTEGRATION_DIED": Remedy(
        "The program under test ended, and nobody had ended it: from then on no order was worked on by anybody.",
        (),
    ),
    "NEVER_RECOVERED": Remedy(
        "The fault is over and its damage is not: backlog, waiting times or books never came back to what they were.",
        ("dead_letter", "reconciliation", "retry", "throttle"),
    ),
}
_LIMIT: Final = Remedy("A reading is outside what the scenario allows; its definition is in docs/measures.md.", ())


def remedy_of(code: str) -> Remedy:
    """Why a finding of this code is damage, and what prevents it: its own entry before a pattern."""
    found = _TABLE.get(code) or next((each for name, each in _TABLE.items() if fnmatchcase(code, name)), None)
    return found or _LIMIT
