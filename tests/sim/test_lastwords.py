"""Errors of others are told in one line, whatever they do when they are asked."""

from __future__ import annotations

import pytest

from seatrial.sim.lastwords import said


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


class Endless(Exception):
    def __str__(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return repr(self)


class Leaving(Exception):
    def __repr__(self) -> str:
        raise SystemExit(0)


class Nothing(Exception):
    def __repr__(self) -> str:
        return None  # type: ignore[return-value]


class Page(Exception):
    def __repr__(self) -> str:
        return "Page\n\udc80"


class Thing:
    __module__ = "test_lastwords"


class Interrupted(Exception):
    def __repr__(self) -> str:
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [Mute, Endless, Leaving, Nothing])
def test_an_error_that_fails_when_it_is_asked_is_told_by_its_name(kind: type[Exception]) -> None:
    """It raises, recurses, leaves or says no text: nobody who tells of it fails for that."""
    assert said(kind()) == f"{kind.__name__} (it fails when it is asked what it says)"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("sku"), "KeyError('sku')"),
        (ValueError("first\nsecond"), "ValueError('first' ...)"),
        (ValueError(), "ValueError()"),
        (KeyError(Thing()), "KeyError(<test_lastwords.Thing object>)"),
        (Page(), "Page \\udc80"),
    ],
)
def test_an_error_is_told_in_one_line(error: Exception, told: str) -> None:
    """Of a page the first line, no address, and no letter that cannot be written."""
    assert said(error) == told


def test_a_long_error_is_cut() -> None:
    """Nobody reads megabytes, and no report holds them."""
    told = said(ValueError("x" * 5_000_000))
    assert told.startswith("ValueError('xxx")
    assert told.endswith("x ...")
    assert len(told) < 600


def test_who_interrupts_is_heard() -> None:
    """An error that takes for ever to say what it is can be interrupted."""
    with pytest.raises(KeyboardInterrupt):
        said(Interrupted())
