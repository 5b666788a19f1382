"""Errors that a test makes itself: they are shown at its own line, without a line of ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from seatrial.sim.errors import SeatrialError

P = ParamSpec("P")
R = TypeVar("R")


class OfTheTest:
    """Mixed into errors of other trees: what they say is about the test, and needs no traceback of ours."""


def shown_at_the_test(function: Callable[P, R]) -> Callable[P, R]:
    """Have what a function raises on purpose end its traceback where the test called it."""

    @wraps(function)
    def told(*args: P.args, **options: P.kwargs) -> R:
        __tracebackhide__ = True
        try:
            return function(*args, **options)
        except Exception as error:
            if isinstance(error, SeatrialError | OfTheTest):
                raise error.with_traceback(None) from None
            raise

    return told
