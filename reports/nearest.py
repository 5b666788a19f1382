"""Names in the evidence that come nearest to one that it does not know."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

import polars as pl

_NEAR: Final = 5
"""Names that an error shows."""
_LOOKED_AT: Final = 5_000
"""Names that are compared at most: comparing letters is slow."""


def nearest(name: str, known: pl.Series) -> list[str]:
    """The nearest names, the nearest first: among those that begin alike, where any do."""
    for begin in (name[:-2], name[:3], ""):
        alike = known.filter(known.str.starts_with(begin)).head(_LOOKED_AT)
        if alike.len():
            return get_close_matches(name, alike.to_list(), n=_NEAR, cutoff=0.0)
    return []
