"""Tokens as HTTP carries them: opaque to callers, and to their partner the moment of a sign-in."""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable
from typing import Final

from seatrial.sim.call import NO_TOKEN, UNKNOWN_TOKEN
from seatrial.sim.dice import Dice

SCHEME: Final = "bearer"
"""The scheme of the Authorization header, in lower case."""
_SHAPE: Final = struct.Struct(">dI")  # the moment, and what only this partner of this run writes beside it
_LETTERS: Final = 16
_SEALS: Final = 2**32
_KEPT: Final = 4096


class Tokens:
    """The tokens of one partner. They need no memory: a partner that starts anew knows those it gave before."""

    __slots__ = ("_known", "_seal")

    def __init__(self, dice: Dice, partner: str) -> None:
        self._seal: Callable[[str], int] = dice.keyed_int(_SEALS, "token", partner)
        self._known: dict[str, float] = {}

    def write(self, since: float) -> str:
        """The token of a sign-in at this second of the run; the first of a run is that of second 0."""
        return urlsafe_b64encode(_SHAPE.pack(since, self._seal(since.hex()))).decode()

    def read(self, authorization: str) -> float:
        """The moment of the sign-in behind an Authorization header, or `NO_TOKEN`, or `UNKNOWN_TOKEN`."""
        if not authorization:
            return NO_TOKEN
        since = self._known.get(authorization)
        if since is None:
            since = self._look_at(authorization)
            if since >= 0:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[authorization] = since
        return since

    def _look_at(self, authorization: str) -> float:
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != SCHEME or not token:
            return NO_TOKEN
        try:
            since, seal = _SHAPE.unpack(urlsafe_b64decode(token)) if len(token) == _LETTERS else (0.0, -1)
        except (Error, ValueError):
            return UNKNOWN_TOKEN
        return since if since >= 0 and seal == self._seal(since.hex()) else UNKNOWN_TOKEN
