"""What somebody else says in a partner's place: an error, an HTML page, nothing, JSON that does not parse."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

import msgspec

from seatrial.sim.envelopes import RETRY_AFTER, refusal_of
from seatrial.sim.errors import Rejected
from seatrial.sim.fate import Answer
from seatrial.sim.http_face import FOREIGN_BODIES, HTML, JSON
from seatrial.sim.retryafter import write_retry_after

_KINDS: Final = {"html": HTML, "malformed": JSON, "empty": ""}


class Spoken(msgspec.Struct, frozen=True):
    """A reply that no partner gave."""

    status: int
    """HTTP status."""
    headers: tuple[tuple[str, str], ...]
    """Headers, without the length of the body."""
    body: bytes
    """The body."""
    outcome: str
    """What its reader makes of it, in the words of the evidence: `rejected` or `unreadable`."""
    code: str = ""
    """Why, in the word of a refusal."""


def spoken(answer: Answer, place: str, now: datetime) -> Spoken:
    """What is sent for the fate Answer; `now` is the real date, by which a date in Retry-After is read."""
    code = answer.code or "error"
    if answer.body == "error":
        text = f"{place}: {answer.status}"
        body, kind = refusal_of(Rejected(code, text, status=answer.status)), JSON
    else:
        body, kind = FOREIGN_BODIES[answer.body], _KINDS[answer.body]
    headers = [("date", format_datetime(now.astimezone(UTC), usegmt=True))]
    if kind:
        headers.append(("content-type", kind))
    wait = write_retry_after(answer.retry_after, answer.retry_date, now)
    if wait:
        headers.append((RETRY_AFTER, wait))
    is_refusal = answer.body == "error" and not 200 <= answer.status < 300
    ending = ("rejected", code) if is_refusal else ("unreadable", "")
    return Spoken(answer.status, tuple(headers), body, *ending)
