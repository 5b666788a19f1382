"""The control channel between the world and the proxy before its partners: what the two tell each other, line by line.

The proxy calls the world on a loopback port and says `Hello`; the world answers with `Welcome`. From then on the world
arms and disarms rules, and the proxy reports every strike. Each message is one line of JSON with its `type`; the end of
the connection is the end of the proxy.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Generic, TypeVar

import msgspec

from seatrial.sim.call import REQUEST, Call
from seatrial.sim.decisions import Decided, plain_quantity
from seatrial.sim.errors import HarnessError
from seatrial.sim.travelling import RuleOnWire

LONGEST_LINE = 1 << 24
"""Bytes of a line at most."""


class Pier(msgspec.Struct, frozen=True):
    """A partner behind the proxy."""

    name: str
    """Name of the partner."""
    kind: str
    """Kind of the partner."""
    listen_port: int
    """Port on which the proxy stands for it."""
    upstream: str
    """Where it really is: `http://127.0.0.1:8101`."""
    by_token: bool = False
    """Whether its callers prove who they are by a token."""
    slow: float = 0.0
    """Seconds that a round trip takes at most without any fault (99 %): a later reply was delayed noticeably."""


class Mooring(msgspec.Struct, frozen=True):
    """A dependency of the integration behind the proxy."""

    name: str
    """Name of the dependency."""
    listen_port: int
    """Port on which the proxy stands for it."""
    host: str
    """Where it really is."""
    port: int
    """And on which port."""


class Message(msgspec.Struct, frozen=True, tag_field="type", tag=str.lower):
    """Base of all that is told."""


class Hello(Message, frozen=True):
    """The proxy's first word."""

    token: str
    """Proof that the world started it."""


class Ready(Message, frozen=True):
    """The proxy listens on all its ports and knows its rules."""


class Struck(Message, frozen=True):
    """A call met its fate, and this is how it ended; everything that the evidence wants to know."""

    partner: str
    """Name of the partner or dependency."""
    operation: str
    """Operation, or `connection` of a dependency."""
    document: str
    """Class of the document that the operation creates."""
    key: str
    """Business key."""
    order: str
    """Order number."""
    attempt: int
    """Attempt number from 1."""
    outcome: str
    """How the caller saw it end, in the words of the evidence."""
    status: int
    """HTTP status; 0: none was seen."""
    latency: float
    """Real seconds from the request to its end."""
    rule: str
    """Name of the rule."""
    fault: str
    """Kind of the fault."""
    mattered: bool
    """Whether anybody saw something that would not have been without it."""
    reached: bool
    """Whether the partner got the call, or will get it."""
    direction: str = REQUEST
    """`request`, or `dependency`."""
    trace: str = ""
    """What the caller says itself about which piece of work the call belongs to."""
    code: str = ""
    """Why the partner refused, in its own word."""

    @property
    def call(self) -> Call:
        """The call."""
        return Call(self.partner, self.operation, self.direction, self.key, self.order, self.attempt)


class Matched(Message, frozen=True, tag="coverage"):
    """How many calls each rule could have struck so far."""

    matched: Mapping[str, int]
    """Calls by name of the rule."""


class Noted(Message, frozen=True):
    """A decision, for the log of the run."""

    strike: Decided
    """The strike."""


class Unasked(Message, frozen=True):
    """Decisions of a replay that no call has asked for, at the end."""

    left: Mapping[str, int]
    """How many, by name of the rule."""


class Welcome(Message, frozen=True):
    """The world's first word: everything that the proxy has to know."""

    partners: tuple[Pier, ...]
    """Partners behind the proxy."""
    rules: tuple[RuleOnWire, ...]
    """Rules in force, in the order written."""
    seed: int
    """Seed of the run: the proxy throws the same dice."""
    pace: float
    """Seconds of the run in a real second."""
    business_now: float
    """Second of the run ..."""
    at: float
    """... at this moment of unix time."""
    dependencies: tuple[Mooring, ...] = ()
    """Dependencies behind the proxy."""
    frozen: bool = False
    """Whether business time stands still."""
    again: tuple[Decided, ...] | None = None
    """Strikes to be made again, in place of dice and windows; None: the rules decide."""


class Arm(Message, frozen=True):
    """Put a rule in force."""

    rule: RuleOnWire
    """The rule; its window is on the business clock."""


class Disarm(Message, frozen=True):
    """Take rules out of force; the proxy reports its coverage at once."""

    names: tuple[str, ...] = ()
    """Their names; empty: all of them."""


class Freeze(Message, frozen=True):
    """Business time stands still."""

    business_now: float
    """At this second of the run."""


class Thaw(Message, frozen=True):
    """Business time goes on."""

    business_now: float
    """From this second of the run ..."""
    at: float
    """... at this moment of unix time."""


class Ask(Message, frozen=True):
    """Answer when all that was told until now is in force, and all that was struck until now is reported."""

    number: int
    """Number of the question."""


class Settled(Message, frozen=True):
    """The answer."""

    number: int
    """Number of the question."""


class Farewell(Message, frozen=True):
    """The run is over: report what is left, and end."""


FromProxy = Hello | Ready | Struck | Matched | Noted | Unasked | Settled
"""What the proxy may say."""
FromWorld = Welcome | Arm | Disarm | Freeze | Thaw | Ask | Farewell
"""What the world may say."""
SaidT = TypeVar("SaidT")
TOLD_BY_PROXY: msgspec.json.Decoder[FromProxy] = msgspec.json.Decoder(FromProxy)
"""Reads what the proxy says."""
TOLD_BY_WORLD: msgspec.json.Decoder[FromWorld] = msgspec.json.Decoder(FromWorld)
"""Reads what the world says."""


class Ear(Generic[SaidT]):
    """Listens to one side of the channel until it ends. Raises HarnessError for a line that is no message."""

    def __init__(self, reader: asyncio.StreamReader, decoder: msgspec.json.Decoder[SaidT]) -> None:
        self._reader = reader
        self._decoder = decoder

    async def next(self) -> SaidT | None:
        """The next message; None where the other side has gone."""
        try:
            line = await self._reader.readline()
        except (ConnectionError, ValueError):
            return None
        if not line.endswith(b"\n"):
            return None
        try:
            return self._decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise HarnessError(f"the control channel carries something else: {line[:80]!r} · {error}") from error

    async def __aiter__(self) -> AsyncIterator[SaidT]:
        while (message := await self.next()) is not None:
            yield message


def say(writer: asyncio.StreamWriter, message: Message) -> None:
    """Send a message; whoever no longer listens is not told."""
    if not writer.is_closing():
        writer.write(msgspec.json.encode(message, enc_hook=plain_quantity) + b"\n")
