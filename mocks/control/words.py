"""What the control room is told: orders to place, goods to put down, words of the integration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeVar

import msgspec

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.messages.orders import ChannelOrder, Customer, OrderLine
from seatrial.sim.envelopes import UNREADABLE
from seatrial.sim.errors import BadInput, Rejected, UnknownName
from seatrial.sim.events import EVENTS
from seatrial.sim.partner import Partner

_KindT = TypeVar("_KindT")
_LONGEST: Final = 400
"""Characters of a text that are kept."""
Whole = Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]


class OrderWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order to place; whatever is left out is made up."""

    channel: str
    """Name of the channel."""
    order_no: Annotated[str, msgspec.Meta(max_length=100)] = ""
    """Order number; empty: the next of its own row."""
    customer: Customer | None = None
    """Who buys."""
    currency: str = ""
    """ISO 4217 code; empty: that of the assortment."""
    lines: Annotated[tuple[OrderLine, ...], msgspec.Meta(max_length=1000)] = ()
    """What is bought; none: some items that are on offer."""


CompleteOrder = Callable[[OrderWish, Channel], ChannelOrder]
"""Makes a whole order of a wish. Raises BadInput."""


class Note(msgspec.Struct, frozen=True):
    """Something that the integration says about itself."""

    name: str
    """What: `retry`, `dead_letter`, ..."""
    key: str = ""
    """Business key."""
    correlation: str = ""
    """Order number."""
    team: str = ""
    """Business team."""
    quantity: Whole = 0
    """How much."""
    detail: str = ""
    """More about it."""


class Happened(msgspec.Struct, frozen=True):
    """A business event in the integration's own ledger."""

    name: str
    """One of `seatrial.sim.events`."""
    key: str = ""
    """Business key."""
    order_no: str = ""
    """Order number."""


class Words(msgspec.Struct, frozen=True):
    """What an integration tells its observer at once."""

    notes: tuple[Note, ...] = ()
    """Notes."""
    events: tuple[Happened, ...] = ()
    """Events."""


def decoded(body: bytes, kind: type[_KindT]) -> _KindT:
    """A body as what it should be. Raises Rejected 400 `bad_json`, 422 `invalid_request`."""
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise Rejected("invalid_request", str(error), status=422) from error
    except UNREADABLE as error:
        raise Rejected("bad_json", str(error), status=400) from error


def refused(error: BadInput) -> Rejected:
    """An error about somebody's input, as HTTP says it."""
    return Rejected("unknown_name" if isinstance(error, UnknownName) else "bad_input", str(error), status=422)


def channel_of(wish: OrderWish, partners: Mapping[str, Partner]) -> Channel:
    """The channel of a wish, once everything that it says makes sense. Raises BadInput, Rejected 409 `known_order`."""
    channels = {name: each for name, each in partners.items() if isinstance(each, Channel)}
    channel = channels.get(wish.channel)
    if channel is None:
        raise UnknownName("unknown channel", value=wish.channel, known=channels, where="channel")
    if wish.order_no and channel.orders.get(wish.order_no) is not None:
        raise Rejected("known_order", f"{wish.channel} knows an order {wish.order_no!r}", status=409)
    skus = [line.sku for line in wish.lines]
    for line in wish.lines:
        if not 0 < line.quantity <= 10**6 or not 0 <= line.unit_price <= 10**9 or skus.count(line.sku) > 1:
            hint = "each SKU once, with a quantity from 1 and a unit price from 0 in minor units"
            raise BadInput("a line makes no sense", value=line.sku, where="lines", hint=hint)
    return channel


def known_events(words: Words) -> None:
    """Raises UnknownName for an event that is in no table."""
    for event in words.events:
        if event.name not in EVENTS:
            raise UnknownName("unknown event", value=event.name, known=EVENTS, where="events")


def clipped(text: str) -> str:
    """As much of a text as is kept."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
