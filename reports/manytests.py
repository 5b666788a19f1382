"""Many tests at once: what is left of a surprise when one has looked in many places."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.reports.scipystats import scipy_stats


def holm(chances: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjustment: rejecting what is at most α errs anywhere with at most α, however the tests hang together."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    adjusted, least = [0.0] * len(chances), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, chances[place] * (len(chances) - rank)))
        adjusted[place] = least
    return tuple(adjusted)


def benjamini_hochberg(chances: Sequence[float]) -> tuple[float, ...]:
    """Benjamini and Hochberg's adjustment: of what is at most α, on average at most the share α is found by chance."""
    if not chances:
        return ()
    return tuple(float(each) for each in scipy_stats().false_discovery_control(list(chances), method="bh"))
