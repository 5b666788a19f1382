"""Auth: how callers identify themselves, and when a partner no longer knows them."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from seatrial.sim.call import NO_TOKEN, Call
from seatrial.sim.door import Gate
from seatrial.sim.errors import Rejected
from seatrial.sim.quantities import Seconds, check_above_zero

_FOR_EVER = Seconds("inf")


class _Policy(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of the kinds: data only; `gate` puts one to work."""

    by_token: ClassVar[bool] = False
    """Whether calls over HTTP prove a sign-in by a token."""


class NoAuth(_Policy, frozen=True, tag="none"):
    """Everybody may call."""

    @property
    def lifetime(self) -> Seconds:
        """Seconds for which a sign-in holds."""
        return _FOR_EVER

    def gate(self, pace: float = 1.0) -> Gate | None:
        """Nothing is checked."""
        return None


class StaticKey(_Policy, frozen=True, tag="static_key"):
    """Every call carries the same key, which does not expire; typed clients always have it, so nothing is refused."""

    header: str = "Authorization"
    """Header that carries the key where HTTP is spoken."""

    @property
    def lifetime(self) -> Seconds:
        """Seconds for which a sign-in holds."""
        return _FOR_EVER

    def gate(self, pace: float = 1.0) -> Gate | None:
        """Nothing is checked."""
        return None


class Bearer(_Policy, frozen=True, tag="bearer"):
    """A token holds for its lifetime from the sign-in, however often it is used; then 401 `token_expired`."""

    by_token: ClassVar[bool] = True
    lifetime: Seconds = Seconds(3600)
    """Seconds for which a token holds."""

    def __post_init__(self) -> None:
        """Look at the value: who signs in has to have something of it."""
        check_above_zero(self, "lifetime", endless=True)

    def gate(self, pace: float = 1.0) -> Gate:
        """Knows a token by the moment of its sign-in; the first of a run was given at its start."""
        return _Tokens(self.lifetime, pace)


class SessionToken(_Policy, frozen=True, tag="session"):
    """A session ends when it was idle for its lifetime (401 `session_expired`), or when the caller signs in anew and
    goes on with the older session (403 `session_ended`), as with SAP's CSRF token.
    """

    by_token: ClassVar[bool] = True
    lifetime: Seconds = Seconds(1800)
    """Seconds without a call after which a session ends."""

    def __post_init__(self) -> None:
        """Look at the value: who signs in has to have something of it."""
        check_above_zero(self, "lifetime", endless=True)

    def gate(self, pace: float = 1.0) -> Gate:
        """Remembers the last session and when it was last used."""
        return _Sessions(self.lifetime, pace)


Auth = NoAuth | StaticKey | Bearer | SessionToken
"""Every kind of auth."""


class _Tokens:
    __slots__ = ("_lifetime", "_pace")

    def __init__(self, lifetime: float, pace: float) -> None:
        self._lifetime = lifetime
        self._pace = pace

    def admit(self, call: Call, now: float) -> float:
        since = call.signed_in_at / self._pace
        if now >= since + self._lifetime or since < 0:
            raise _unproven(call) or Rejected("token_expired", status=401)
        return 0.0


class _Sessions:
    __slots__ = ("_lifetime", "_pace", "_since", "_used")

    def __init__(self, lifetime: float, pace: float) -> None:
        self._lifetime = lifetime
        self._pace = pace
        self._since = 0.0
        self._used = 0.0

    def admit(self, call: Call, now: float) -> float:
        since = call.signed_in_at / self._pace
        if since < self._since:
            raise _unproven(call) or Rejected("session_ended", "a newer sign-in ended this session", status=403)
        if now >= max(since, self._used) + self._lifetime:
            raise Rejected("session_expired", status=401)
        self._since, self._used = since, now
        return 0.0


def _unproven(call: Call) -> Rejected | None:
    """What is said to a caller that proves no sign-in at all."""
    if call.signed_in_at >= 0:
        return None
    missing = call.signed_in_at == NO_TOKEN
    code, is_what = ("token_missing", "no") if missing else ("token_unknown", "an unknown")
    hint = f"the call carries {is_what} token: POST /sign-in gives one, calls carry it as Authorization: Bearer TOKEN"
    return Rejected(code, hint, status=401)
