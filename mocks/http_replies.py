"""Replies as an HTTP client in this process gets them: responses, or the errors that its library raises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec

from seatrial.mocks.http_client import Garbled, HungUp
from seatrial.mocks.http_flavour import Flavour
from seatrial.sim.envelopes import BUSINESS_TIME, GARBLED, RETRY_AFTER
from seatrial.sim.errors import CallError, Disconnected, Refused, Rejected, TimedOut, Unreadable
from seatrial.sim.http_face import HTML, JSON, Face, denial_of

__tracebackhide__ = True  # a test that fails shows its own lines and the client's

_BUSINESS_TIME: Final = BUSINESS_TIME.encode()
_RETRY_AFTER: Final = RETRY_AFTER.encode()


class Told(msgspec.Struct, frozen=True, gc=False):
    """A reply, before a library makes a response of it."""

    status: int
    """HTTP status."""
    body: bytes
    """Its bytes."""
    kind: str = JSON
    """Content type."""
    retry_after: str = ""
    """Value of the Retry-After header."""


def response(flavour: Flavour, told: Told, now: float, took: float) -> Any:
    """A whole response at this second of the run; `took` seconds are what the client will say that it took."""
    body = told.body
    headers = _headers(told.kind, len(body), now, told.retry_after)
    return flavour.whole(told.status, headers, body, timedelta(seconds=took))


def failed(flavour: Flavour, face: Face, error: CallError, took: float) -> Any:
    """What the client sees of a call that did not end in the partner's document: a response, or what it raises."""
    now = face.partner.now
    match error:
        case Rejected():
            return response(flavour, _denial(error), now, took)
        case Garbled():
            return _garbled(flavour, face, error, took)
        case Unreadable():
            kind = HTML if error.body.startswith("<") else JSON if error.body else ""
            return response(flavour, Told(error.status, error.body.encode(), kind, error.retry_header), now, took)
        case HungUp():
            raise flavour.protocol_error("Server disconnected without sending a response.") from None
        case Disconnected():
            raise flavour.read_error(str(error)) from None
        case Refused():
            raise flavour.connect_error(str(error)) from None
        case TimedOut():
            raise flavour.read_timeout(str(error)) from None
    raise error


def _garbled(flavour: Flavour, face: Face, error: Garbled, took: float) -> Any:
    """The partner's own reply, of which less arrives than was announced, or JSON that does not parse."""
    now, reply, fate = face.partner.now, error.reply, error.fate
    whole = _denial(reply) if isinstance(reply, Rejected) else Told(200, face.reply(reply))
    if fate.how == "malformed":
        return response(flavour, msgspec.structs.replace(whole, body=GARBLED), now, took)
    announced = len(whole.body)
    arrives = whole.body[: min(announced - 1, int(announced * fate.share))]
    headers = _headers(whole.kind, announced, now, whole.retry_after)
    return flavour.response(whole.status, headers=headers, stream=flavour.broken_stream(arrives, announced))


def _denial(error: Rejected) -> Told:
    said = denial_of(error)
    return Told(said.status, said.body, JSON, said.retry_after)


def _headers(kind: str, length: int, now: float, retry_after: str) -> list[tuple[bytes, bytes]]:
    """The headers of a reply in the bytes that the libraries keep."""
    headers = [(b"content-length", b"%d" % length), (_BUSINESS_TIME, b"%.6f" % now)]
    if kind:
        headers.append((b"content-type", kind.encode()))
    if retry_after:
        headers.append((_RETRY_AFTER, retry_after.encode("latin-1")))
    return headers
