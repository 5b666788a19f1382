"""Laws of the signals that end what is under way in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from threading import Thread

import pytest

from seatrial.mocks.guests.interrupts import Stopped
from seatrial.stop_signals import stop_signals, terminable

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


OTHERS = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def nobody_hears() -> Iterator[None]:
    """Signals as a shell hands them to a command."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in OTHERS}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", OTHERS)
def test_each_means_what_ctrl_c_means(number: signal.Signals, nobody_hears: None) -> None:
    """Whoever hears Ctrl-C at that moment hears it; afterwards it is as it was."""
    heard: list[int] = []
    with terminable():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
        signal.raise_signal(number)
    assert heard == [signal.SIGINT]
    assert signal.getsignal(number) is signal.SIG_DFL


def test_whoever_is_deaf_to_ctrl_c_can_be_stopped(nobody_hears: None) -> None:
    """As in the background of a shell's script; and it does not pass for an interruption that code raised itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with terminable(), pytest.raises(Stopped):
        signal.raise_signal(signal.SIGTERM)


def test_what_somebody_hears_already_stays_his(nobody_hears: None) -> None:
    """And so does what we are to outlive; in another thread nothing is changed."""
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with terminable():
        for number in OTHERS:
            signal.raise_signal(number)
    assert heard == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    found: list[object] = []

    def look() -> None:
        with terminable():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.SIG_DFL]
