"""Every fault for every contract: a test that takes `fault` runs for each variant of each fault in the catalogue.

`request_fault`, `webhook_fault` and `inside_fault` are those that strike in one direction by themselves.
`harness` holds what the contracts import; `plugin` is a package's registration that only a proxy's process is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, get_origin

import msgspec
import pytest

from seatrial.sim.catalogue import Catalogue
from seatrial.sim.fault import Fault

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "contracts" / "harness"), str(TESTS / "mocks" / "wire" / "harness")]

if TYPE_CHECKING:
    from waterside import Waterside


def variants(kind: type[Fault]) -> Iterator[Fault]:
    """A fault as it is without parameters, and once for every other word or yes-or-no that it could be given."""
    plain = kind()
    yield plain
    for field in msgspec.structs.fields(kind):
        is_choice = get_origin(field.type) is Literal
        words = (False, True) if field.type is bool else get_args(field.type) if is_choice else ()
        for word in words:
            if word != getattr(plain, field.name):
                yield msgspec.structs.replace(plain, **{field.name: word})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Fill in the faults."""
    catalogue = Catalogue("faults")
    for argument in ("fault", "request_fault", "webhook_fault", "inside_fault"):
        if argument in metafunc.fixturenames:
            direction = argument.removesuffix("fault").rstrip("_")
            every = [fault for name in catalogue.names() for fault in variants(catalogue.get(name))]
            chosen = [fault for fault in every if direction in ("", fault.direction)]
            metafunc.parametrize(argument, chosen, ids=repr)


@pytest.fixture(scope="session")
def waterside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waterside]:
    """A partner on real sockets and a proxy before it, for all that ask for them; each opens when it is first used."""
    from waterside import Waterside

    made = Waterside(tmp_path_factory.mktemp("proxy"))
    yield made
    made.close()
