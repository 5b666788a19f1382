"""Quantities as scenarios hold them: numbers that know how people write them."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Annotated, Any

import msgspec

from seatrial.sim.errors import BadInput
from seatrial.sim.units import parse_duration, parse_rate, parse_share

MOST = 1_000_000_000
"""Most of anything that is counted, and of minor units of a price: more is a slip of the pen."""
MOST_WORTH = 1_000_000_000_000
"""Most minor units that one order comes to: sums over millions of them stay below 64 bits."""


class Seconds(float):
    """A duration in seconds; written `45 min`, `2 d 4 h`, `150 ms`."""


class PerSecond(float):
    """A rate in 1/s; written `200/h`."""


class Share(float):
    """A share from 0 to 1; written `0.5 %`."""


Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
"""A whole number of things, or a price in minor units: none or more."""
OneOrMore = Annotated[int, msgspec.Meta(ge=1, le=MOST)]
"""A whole number of things of which there is one at least."""
Factor = Annotated[float, msgspec.Meta(ge=0, le=10**6)]
"""What something is multiplied by."""
ErrorStatus = Annotated[int, msgspec.Meta(ge=400, le=599)]
"""HTTP status of a refusal."""

_READERS: dict[type, Callable[[str], float]] = {Seconds: parse_duration, PerSecond: parse_rate, Share: parse_share}
_EXAMPLES: dict[type, list[str]] = {Seconds: ["45 min", "2 d 4 h"], PerSecond: ["200/h"], Share: ["0.5 %"]}


def read_quantity(kind: type, written: Any) -> Any:
    """Turn what a person wrote into a quantity (a `dec_hook` of msgspec). Raises BadInput with the known units."""
    reader = _READERS.get(kind)
    if reader is None:
        raise NotImplementedError(kind)  # msgspec's protocol for "not mine"
    return kind(reader(written)) if isinstance(written, str) else kind(written)


def check_above_zero(settings: msgspec.Struct, *names: str, endless: bool = False) -> None:
    """Raise BadInput for the first of these settings that is nothing, less, or without end, if that is not allowed:
    nobody could go by it.
    """
    for name in names:
        value = getattr(settings, name)
        if not 0 < value < inf and not (endless and value == inf):
            raise BadInput(f"{name} has to be above zero", value=value)


def check_counted(what: str, *values: int) -> None:
    """Raise BadInput for the first of these numbers or prices that is below zero or beyond what anybody counts."""
    stray = next((value for value in values if not 0 <= value <= MOST), None)
    if stray is not None:
        raise BadInput(f"{what} lies between 0 and {MOST}", value=stray)


def check_worth(what: str, minor: int) -> None:
    """Raise BadInput where an order comes to more minor units than a run can add up."""
    if minor > MOST_WORTH:
        raise BadInput(f"{what} comes to more than {MOST_WORTH} minor units", value=minor, hint="fewer units, or less")


def quantity_schema(kind: type) -> dict[str, Any]:
    """JSON Schema of a quantity (a `schema_hook` of msgspec)."""
    if kind not in _EXAMPLES:
        raise NotImplementedError(kind)  # msgspec's protocol for "not mine"
    return {"type": ["string", "number"], "examples": _EXAMPLES[kind], "description": (kind.__doc__ or "")}
