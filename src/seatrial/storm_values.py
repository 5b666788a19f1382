"""Values that a search draws for the parameters of a fault, told by their types, in the words of a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal, get_args, get_origin

import msgspec

from seatrial.sim.errors import BadInput
from seatrial.sim.fault import Fault
from seatrial.sim.quantities import PerSecond, Seconds, Share
from seatrial.sim.units import format_duration, format_share

DURATIONS: Final = (
    0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0,
)  # fmt: skip
"""Seconds that people write."""
SHARES: Final = (1.0, 0.5, 0.25, 0.1)
"""Shares that people write, the plainest first."""
_PATIENCE: Final = 6
"""How many times longer than any delay of a fault the calm phase is."""
_RATES: Final = (1.0, 0.1, 10.0)
"""Factors of a rate's default."""


def written_values(kind: type[Fault], field: msgspec.structs.FieldInfo, longest: float) -> tuple[object, ...]:
    """What may be written for one parameter, without its default; empty: it is left at that.

    Durations stay under `longest`, in seconds. What the fault itself would refuse is left out.
    """
    usual = kind.usual.get(field.name)
    values = usual if usual is not None else tuple(_by_type(field, longest))
    return tuple(value for value in values if value != field.default and _is_good(kind, field.name, value))


def parameters(kind: type[Fault], longest: float) -> dict[str, tuple[object, ...]]:
    """What may be written for each parameter of a fault that is not left at its default.

    A duration whose default is longer than `longest` is always written.
    """
    known = {field.name: written_values(kind, field, longest) for field in msgspec.structs.fields(kind)}
    return {name: values for name, values in known.items() if values}


def too_long(kind: type[Fault], longest: float) -> frozenset[str]:
    """Parameters whose default is a duration beyond `longest`: they have to be written."""
    fields = (field for field in msgspec.structs.fields(kind) if field.type is Seconds)
    return frozenset(field.name for field in fields if not field.required and field.default > longest)


def bearable(calm: float) -> float:
    """Seconds that a delay may last before a calm of so many seconds: after it there is time for five more."""
    return calm / _PATIENCE


def forced(kind: type[Fault], longest: float) -> dict[str, object]:
    """What is written of a fault at least: the longest that it may be, where its default is longer."""
    known = parameters(kind, longest)
    return {name: known[name][-1] for name in sorted(too_long(kind, longest)) if name in known}


def _by_type(field: msgspec.structs.FieldInfo, longest: float) -> Iterator[object]:
    default = field.default
    kind = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
    if kind is Seconds:
        yield from (format_duration(each) for each in DURATIONS if each <= longest)
    elif kind is Share:
        yield from (format_share(each) for each in SHARES)
    elif kind is PerSecond and isinstance(default, float):
        yield from (f"{default * factor:.12g}/s" for factor in _RATES)
    elif kind is bool:
        yield from (False, True)
    elif get_origin(kind) is Literal:
        yield from get_args(kind)
    elif kind is int and isinstance(default, int):
        yield from sorted({1, max(1, default // 2), default, default * 2})


def _is_good(kind: type[Fault], name: str, value: object) -> bool:
    from seatrial.scenarios.complaints import read_written

    try:
        msgspec.convert({name: value}, kind, dec_hook=read_written)
    except (msgspec.ValidationError, BadInput):
        return False
    return True
