"""Fates: the closed set of things that can happen to a call.

A fault only chooses a fate; the link, the transport, the proxy, the webhook sender and the partners carry it out. In
the decision log a fate goes by the name of its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from seatrial.sim.call import DEPENDENCY, INSIDE, REQUEST, WEBHOOK


class Deliver(msgspec.Struct, frozen=True, tag=True):
    """The call goes through, later."""

    before: float = 0.0
    """Seconds added before the receiver acts."""
    after: float = 0.0
    """Seconds added between its work and its reply."""


class Twice(msgspec.Struct, frozen=True, tag=True):
    """The receiver gets the call twice; the sender sees the first reply."""

    gap: float = 0.0
    """Seconds between the two copies; 0: the same instant."""


class Behind(msgspec.Struct, frozen=True, tag=True):
    """The message is held back until later ones of the same sender have overtaken it."""

    others: int
    """Number of later messages that go first."""
    at_most: float
    """Seconds after which it goes in any case."""


class Refuse(msgspec.Struct, frozen=True, tag=True):
    """The connection is refused; the receiver sees nothing."""


class Drop(msgspec.Struct, frozen=True, tag=True):
    """The call vanishes before the receiver; the sender waits for its timeout."""


class LoseReply(msgspec.Struct, frozen=True, tag=True):
    """The receiver commits and its reply is lost."""

    how: Literal["silence", "reset"] = "silence"
    """What the sender sees: nothing until its timeout, or a reset connection."""


class Answer(msgspec.Struct, frozen=True, tag=True):
    """Somebody else answers; the receiver sees nothing."""

    status: int
    """HTTP status."""
    body: Literal["error", "html", "empty", "malformed"] = "error"
    """What it says: the partner's error shape, an HTML page, nothing, or JSON that does not parse."""
    code: str = ""
    """Error code."""
    retry_after: str = ""
    """Value of the Retry-After header as sent: seconds or nonsense; empty: no header."""
    retry_date: float = 0.0
    """Seconds from the answer to the HTTP date that the Retry-After header names instead; 0: it names none."""


class Garble(msgspec.Struct, frozen=True, tag=True):
    """The receiver commits; its reply arrives unreadable."""

    how: Literal["malformed", "truncated"] = "malformed"
    """JSON that does not parse, or a body cut short."""
    share: float = 0.5
    """Share of a truncated body that arrives."""


class Drip(msgspec.Struct, frozen=True, tag=True):
    """The reply arrives in drops."""

    seconds: float
    """Time from its first byte to its last."""


class Throttle(msgspec.Struct, frozen=True, tag=True):
    """What passes is slow: so many bytes a second, each way."""

    rate: float
    """Bytes per second."""


class Reset(msgspec.Struct, frozen=True, tag=True):
    """The connection is reset."""

    after_commit: bool = False
    """Whether the receiver has done its work by then."""


class Stale(msgspec.Struct, frozen=True, tag=True):
    """A read is answered from an old copy."""

    age: float
    """Age of the copy in seconds."""


class Shorten(msgspec.Struct, frozen=True, tag=True):
    """Work inside a partner is done only in part."""

    share: float
    """Share of the units that is missing, above 0 up to 1."""


class Crash(msgspec.Struct, frozen=True, tag=True):
    """The integration's process dies while this call is under way; its tasks are gone, its durable state is not."""

    down_for: float
    """Seconds until it is started again."""
    after_commit: bool = True
    """Whether the partner has done its work by then."""


class Freeze(msgspec.Struct, frozen=True, tag=True):
    """The integration's process stands still and goes on later; the call goes through, and its reply waits."""

    lasts: float
    """Seconds until it goes on."""


Fate = (
    Deliver
    | Twice
    | Behind
    | Refuse
    | Drop
    | LoseReply
    | Answer
    | Garble
    | Drip
    | Throttle
    | Reset
    | Stale
    | Shorten
    | Crash
    | Freeze
)
"""Everything that can happen to a call; no fate (None) means that it goes through unharmed."""
MAY_MEET: Mapping[str, tuple[type[Any], ...]] = MappingProxyType(
    {
        REQUEST: (Deliver, Twice, Refuse, Drop, LoseReply, Answer, Garble, Drip, Reset, Stale, Crash, Freeze),
        WEBHOOK: (Deliver, Twice, Behind, Refuse, Drop, LoseReply, Answer, Reset, Crash, Freeze),
        INSIDE: (Shorten,),
        DEPENDENCY: (Deliver, Throttle, Drop, Refuse, Reset),
    }
)
"""Fates that can be carried out in each direction."""
