"""Signals by which somebody wants a run on real sockets to stop, in order."""

from __future__ import annotations

import signal
from typing import Final

_HANG_UP: Final = "SIGHUP"
"""There is no such thing on every system."""


def stop_signals() -> tuple[signal.Signals, ...]:
    """Ctrl-C, SIGTERM, and a terminal that goes away, unless whoever started us wants us to outlive that (nohup)."""
    asked = (signal.SIGINT, signal.SIGTERM)
    hang_up = [each for each in signal.Signals if each.name == _HANG_UP]
    return (*asked, *(each for each in hang_up if signal.getsignal(each) is not signal.SIG_IGN))
