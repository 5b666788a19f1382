"""What the caller of a partner can see of a call, in words that every interpreter of fates shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import httpx
import msgspec
from counter import Asking, Counter, Entered, Look, Seen
from polars import DataFrame

from seatrial.sim.call import REQUEST, Call
from seatrial.sim.dice import Dice
from seatrial.sim.envelopes import excerpt, failure_of
from seatrial.sim.errors import CallError, Rejected, Unreadable
from seatrial.sim.fate import Fate
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.rulebook import ArmedRule

SEED, START = 11, 1000.0
STRUCK = "MP-*"
"""Orders that the rule is about."""


class Bound(Fault, frozen=True):
    """A fault that chooses one fate, also one that no fault of the catalogue chooses today."""

    fate: Fate

    def decide(self, call: Call, now: float, dice: Draw) -> Fate:
        return self.fate


class AsksLikeHttpx(Protocol):
    """The two methods of an httpx client that callers use."""

    async def get(self, path: str, /, **options: Any) -> httpx.Response: ...

    async def post(self, path: str, /, **options: Any) -> httpx.Response: ...


class Sight(msgspec.Struct, frozen=True):
    """What the caller saw, how often the partner did the work, and how long that took."""

    outcome: str
    """The word of the evidence: what a caller can know."""
    reply: object = None
    """The document."""
    status: int = 0
    """HTTP status; 0: none arrived."""
    body: str = ""
    """What arrived: `document`, `refusal`, `html`, `empty`, `malformed`, `half`; empty: nothing."""
    worked: int = 0
    """How often the partner did the work."""
    retry_after: float | None = None
    """Seconds that the reply asks to wait."""
    down_for: float = 0.0
    """Seconds for which the caller's process is down."""
    frozen_for: float = 0.0
    """Seconds for which it stands still."""
    waited: float = 0.0
    """Seconds that the caller waited."""
    raised: str = ""
    """What its client raised; empty: nothing, or it has errors of its own."""


class Log(msgspec.Struct, frozen=True):
    """What the evidence says of a call."""

    calls: list[dict[str, Any]]
    """Its rows of the kind `call`."""
    faults: list[dict[str, Any]]
    """Its rows of the kind `fault`."""
    fired: int
    """Strikes that were counted."""
    mattered: int
    """Strikes that somebody noticed."""


class Interpreter(Protocol):
    """Carries out what faults decide, for one call. A new interpreter is one class with these."""

    unit: float
    """Seconds of its clock in one unit of a fate's durations: small where time is real."""
    trip: float
    """Round trip, in seconds of its clock."""
    timeout: float
    """Timeout of the caller, in seconds of its clock."""
    slack: float
    """Seconds by which what it shows may be later than declared: nothing in virtual time."""
    bears_drops: bool
    """Whether the caller's timeout is the longest silence that it bears; else it is that of the whole call."""
    speaks_http: bool
    """Whether what the caller's client raises is httpx's."""
    refuses: bool
    """Whether nobody accepts a refused connection; else it is accepted and reset at once."""
    cannot: tuple[type, ...]
    """Fates that others carry out for it."""

    def sight(self, fault: Fault, request: Asking, history: Sequence[float] = ()) -> Sight:
        """What is seen of a first call that the fault may strike, if it is about MP-1; `history` are the seconds before
        the call at which the partner has worked already.
        """
        ...

    def log(self) -> Log:
        """What the evidence says of the last call."""
        ...


def storm(fault: Fault) -> Rule:
    """The rule of every call: it strikes first attempts on the orders of one channel."""
    return Rule("storm", fault, direction=REQUEST, key=STRUCK, first=1)


def fate_of(fault: Fault, now: float = START) -> Fate | None:
    """What the rule has in store: a second one of the same seed decides the same."""
    armed = ArmedRule(storm(fault), Dice(SEED))
    if not armed.aims_at("erp", Counter.kind, "enter", REQUEST, "write"):
        return None  # a fault that wants a read leaves a write alone
    decision = armed.decide(Call("erp", "enter", REQUEST, "MP-1", "MP-1", 1, sent_at=now, quantity=10), now)
    return None if decision is None else decision.fate


def log_of(rows: DataFrame, fired: int, mattered: int) -> Log:
    """What these rows of evidence say."""
    return Log(rows.filter(kind="call").rows(named=True), rows.filter(kind="fault").rows(named=True), fired, mattered)


async def asked_by_httpx(
    client: AsksLikeHttpx | httpx.AsyncClient, request: Asking, wall: Callable[[], datetime]
) -> Sight:
    """What a client of httpx sees of a call; `wall` gives the time by which it reads dates."""
    headers = {"X-Attempt": "1"}
    try:
        if isinstance(request, Look):
            response = await client.get(f"/orders/{request.order_no}", headers=headers)
        else:
            response = await client.post("/orders", json={"order_no": request.order_no}, headers=headers)
    except httpx.RemoteProtocolError:
        return Sight("unreadable", body="half", raised="RemoteProtocolError")
    except httpx.TransportError as error:
        return Sight(OUTCOMES[type(error)], raised=type(error).__name__)
    assert "x-business-time" in response.headers
    assert response.http_version == "HTTP/1.1"
    if response.is_success:
        try:
            reply = msgspec.json.decode(response.content, type=Seen if isinstance(request, Look) else Entered)
        except (msgspec.DecodeError, msgspec.ValidationError):
            return sight_of(Unreadable("", status=response.status_code, body=excerpt(response.content)))
        return Sight("ok", reply, response.status_code, "document")
    error = failure_of(response.status_code, response.content, response.headers.get("retry-after", ""), wall())
    return sight_of(error)


OUTCOMES = {httpx.ConnectError: "refused", httpx.ReadTimeout: "timed_out", httpx.ReadError: "reset"}


def sight_of(error: CallError) -> Sight:
    """What an error of a call tells."""
    if isinstance(error, Rejected):
        return Sight("rejected", status=error.status, body="refusal", retry_after=error.retry_after)
    if isinstance(error, Unreadable):
        page = "html" if error.body.startswith("<") else "malformed"
        return Sight("unreadable", status=error.status, body=page if error.body else "empty")
    return Sight(error.outcome)
