"""Laws of the signals that end a run on real sockets in order."""

from __future__ import annotations

import signal

import pytest

from seatrial.stop_signals import stop_signals

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no hanging up on this system")


@pytest.mark.parametrize("outlives", [False, True])
def test_a_terminal_that_goes_away_ends_a_run_unless_nohup_was_said(outlives: bool) -> None:
    """Ctrl-C and SIGTERM always do."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if outlives else signal.SIG_DFL)
    try:
        assert (signal.SIGHUP in stop_signals()) is not outlives
        assert {signal.SIGINT, signal.SIGTERM} <= set(stop_signals())
    finally:
        signal.signal(signal.SIGHUP, before)
