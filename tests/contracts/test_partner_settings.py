"""The contract of settings: every partner and every policy keeps it, also those not yet written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest

from seatrial.sim.catalogue import Catalogue
from seatrial.sim.conduct import Conduct

PARTNERS = Catalogue("partners")
HOLDERS = {name: PARTNERS.get(name).Settings for name in PARTNERS.names()} | {"conduct": Conduct}


def numbers(kind: Any) -> Iterator[tuple[str, Any]]:
    """Every number that can be written in a struct, in what it holds, and in that again: its place and its type."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield from ((f"{kind.__name__}.{field.name}", each) for each in plain(field.type))
            for part in (field.type, *get_args(field.type)):
                yield from numbers(part)
    elif get_origin(kind) is not Annotated:
        for part in get_args(kind):
            yield from numbers(part)


def plain(kind: Any) -> Iterator[Any]:
    """The numbers without a unit within a type."""
    if get_origin(kind) is Annotated:
        if get_args(kind)[0] in (int, float):
            yield kind
    elif kind in (int, float):
        yield kind
    else:
        for part in get_args(kind):
            yield from plain(part)


@pytest.mark.parametrize("name", HOLDERS)
def test_a_number_of_a_setting_knows_its_least(name: str) -> None:
    """Nothing that partners count, price or multiply by is less than nothing, and its type says so."""
    for place, kind in numbers(HOLDERS[name]):
        assert refuses(kind, -1), f"{place} takes -1: give it a type such as Count of sim/quantities.py"


def refuses(kind: Any, value: object) -> bool:
    """Whether a type does not take a value."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return True
    return False
