"""Exit codes of several runs together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_GRAVITY: Final = (0, 4, 1, 3)
"""The gravest last: an inconclusive run may still pass, a violated one never, and a harness error says that nobody
knows."""


def worst(codes: Iterable[int]) -> int:
    """The exit code of several runs: that of the worst."""
    return max(codes, key=_GRAVITY.index, default=0)
