"""The chance that code of others draws: from the run's seed, so that its jitter and its ids come again."""

from __future__ import annotations

import _random
import asyncio
import os
import random  # noqa: TID251 (this is where the chance of others is taken from it)
import sys
import uuid  # noqa: TID251 (the ids of others)
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from seatrial.sim.fences import is_import
from seatrial.sim.rebinding import Rebinding, SharedRebinding

_SEED: Final = 256  # bits
_NODE: Final = 48  # bits
_LAST_IDS: Final = ("_last_timestamp", "_last_timestamp_v6", "_last_timestamp_v7")
"""What `uuid` keeps, so that no id is older than the one before; the latter two from Python 3.14 on."""
_ENTROPY: Final = 16
"""Bytes with which numpy begins."""


class _Sources(NamedTuple):
    """Where the code of one run has its bytes from."""

    seed: int
    system: random.Random

    def imported(self) -> random.Random:
        """For what a module draws while it is imported: always the same, for it may have been imported before."""
        return random.Random(f"{self.seed}/import")


_sources: Final[dict[asyncio.AbstractEventLoop, _Sources]] = {}


@contextmanager
def seeded(loop: asyncio.AbstractEventLoop, seed: int) -> Iterator[None]:
    """Within, the module `random` begins with this seed, and code in `loop` gets seeded bytes from the system.

    So are ids of every version of `uuid`, `secrets` and `random.SystemRandom`, a generator that is made or seeded
    without a seed, and the functions of `numpy.random`. One that code seeded itself is its own matter.
    """
    before = random.getstate()
    sources = _Sources(seed, random.Random(f"{seed}/system"))
    with bytes_bound(), _numpy_begun(sources.imported().randbytes(_ENTROPY)), _ids_begun(sources.imported()):
        random.seed(seed)
        _sources[loop] = sources
        try:
            yield
        finally:
            del _sources[loop]
            random.setstate(before)


@contextmanager
def _ids_begun(source: random.Random) -> Iterator[None]:
    """Within, ids of a moment are of the run's, on a machine of its own, and come after none of an earlier run."""
    rebinding = Rebinding()
    stand_ins = dict.fromkeys(_LAST_IDS) | {"_generate_time_safe": None, "_node": source.getrandbits(_NODE)}
    for name, value in stand_ins.items():
        if name in vars(uuid):
            rebinding.attribute(uuid, name, value)
    try:
        yield
    finally:
        rebinding.undo()


@contextmanager
def _numpy_begun(entropy: bytes) -> Iterator[None]:
    """Within, the generator that numpy shares is as if it was imported there, with these bytes from the system."""
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is None:
        yield
        return
    before = numpy.get_state()
    begun = numpy.MT19937(numpy.SeedSequence(int.from_bytes(entropy, "big")))
    numpy.set_state(numpy.RandomState(begun).get_state())
    try:
        yield
    finally:
        numpy.set_state(before)


def _bind(rebinding: Rebinding) -> None:
    real = os.urandom  # noqa: TID251
    stand_in = _urandom(real)
    rebinding.attribute(os, "urandom", stand_in)
    rebinding.attribute(random, "_urandom", stand_in)
    rebinding.everywhere({real: stand_in})
    rebinding.builtin_method(_random.Random, "seed", _seed(_random.Random.seed))  # a generator asks the system in C


bytes_bound: Final = SharedRebinding(_bind).held
"""Within, whoever asks the system for bytes asks the run that his code lives in; outside of one, the system."""


def _source() -> random.Random | None:
    """Where code in the present loop has its bytes from; none: from the system."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 (unlike get_running_loop it is quiet where there is none)
    sources = _sources.get(loop) if loop is not None else None
    if sources is None:
        return None
    return sources.imported() if is_import() else sources.system


def _urandom(real: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def urandom(size: int, /) -> Any:
        source = _source()
        return real(size) if source is None else source.randbytes(size)

    return urandom


def _seed(real: Callable[..., None]) -> Callable[..., None]:
    def seed(self: Any, given: Any = None, /) -> None:
        source = _source() if given is None else None
        real(self, given if source is None else source.getrandbits(_SEED))

    return seed
