"""The one tree of errors: what happened, the value, what is known, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MANY = 60
"""Known names up to which an error lists them all."""
_NEAR = 4
"""Names that it suggests where there are more."""


class SeatrialError(Exception):
    """Any error that Seatrial raises on purpose; its text is meant for people.

    `exit_code` is what the command line ends with: 2 bad input, 3 harness error.
    """

    exit_code = 3


class BadInput(SeatrialError):
    """Something the user gave cannot be used.

    The text reads: where · what · the value · the known names or the limit · what to do.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, value: object = None, known: Iterable[str] = (), hint: str = "", where: str = ""
    ) -> None:
        self.what = what
        self.value = value
        self.known = tuple(known)
        self.hint = hint
        self.where = where
        self.part = ""
        super().__init__(self._text())

    def at(self, where: str) -> BadInput:
        """The same error, located: `where` is a file and line, a scenario field or a command-line option."""
        located = type(self)(self.what, value=self.value, known=self.known, hint=self.hint, where=self.where or where)
        located.part = self.part
        return located

    def inside(self, part: str) -> BadInput:
        """The same error, of a part of what was looked at: `part` is the path from there, such as `.orders[3]`."""
        closer = self.at("")
        closer.part = part + self.part
        return closer

    def _text(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.value is not None:
            parts[0] += f": {self.value!r}"
        if self.known:
            near = get_close_matches(str(self.value), self.known, n=_NEAR if len(self.known) > _MANY else 1)
            if near:
                parts.append("did you mean " + " or ".join(repr(name) for name in near) + "?")
            if len(self.known) <= _MANY:
                parts.append("known: " + ", ".join(self.known))
            elif not near:
                parts.append(f"{len(self.known)} are known, such as " + ", ".join(self.known[:_NEAR]))
        if self.hint:
            parts.append(self.hint)
        return " · ".join(parts)


class UnknownName(BadInput):
    """A name that no fault, partner, operation, measure, control or setting has."""


class HarnessError(SeatrialError):
    """The harness itself could not do its work; this says nothing about the integration under test."""


class Elsewhere(HarnessError):
    """A voyage was begun by a script that another process only imports, to find the code under test in it."""


class CallError(SeatrialError):
    """A call to a partner did not end in a usable reply; what the caller knows is in the subclass.

    `outcome` is the word that the evidence uses. `may_have_committed` tells whether the partner may have done the
    work all the same: the question on which every safe retry turns. `retry_header` is what the Retry-After header says
    word for word, where somebody else than the partner's own policies wrote it. `code` is the partner's own word for
    why it refused.
    """

    retry_header = ""
    code = ""
    outcome = "failed"
    status = 0
    may_have_committed = True


class Refused(CallError):
    """Nobody accepted the connection: the partner has certainly not seen the request."""

    outcome = "refused"
    may_have_committed = False


class TimedOut(CallError):
    """No reply within the caller's timeout; the partner may have committed."""

    outcome = "timed_out"


class Disconnected(CallError):
    """The connection was reset before a reply; the partner may have committed."""

    outcome = "reset"


class Unreadable(CallError):
    """A reply arrived that is not the document it should be: an HTML page, half a body, nothing.

    `body` is its beginning, as text.
    """

    outcome = "unreadable"

    def __init__(self, text: str, *, status: int = 200, body: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.body = body


class Rejected(CallError):
    """The partner answered with an error of its own.

    `status` is the HTTP status, `code` the partner's error code, `retry_after` the seconds that it asks to wait
    (None: not said), `pointer` the id of a document that already exists under the same key.
    """

    outcome = "rejected"

    def __init__(
        self, code: str, text: str = "", *, status: int = 422, retry_after: float | None = None, pointer: str = ""
    ) -> None:
        super().__init__(text or code)
        self.code = code
        self.status = status
        self.retry_after = retry_after
        self.pointer = pointer
        self.may_have_committed = status >= 500
