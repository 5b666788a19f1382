"""The door to scipy: the core of Seatrial works without it, statistics over seeds do not."""

from __future__ import annotations

from types import ModuleType

from seatrial.sim.errors import BadInput


def scipy_stats() -> ModuleType:
    """`scipy.stats`. Raises BadInput that names the extra where scipy is not installed."""
    try:
        from scipy import stats
    except ImportError as error:
        hint = "pip install 'seatrial[stats]'"
        raise BadInput("statistics over seeds need scipy, which is not installed", hint=hint) from error
    module: ModuleType = stats
    return module
