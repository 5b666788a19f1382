"""The shape of a fault and of the rule that aims it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

import msgspec

from seatrial.sim.call import NO_HEADERS, REQUEST, Call
from seatrial.sim.fate import Fate
from seatrial.sim.quantities import Seconds, Share

Draw = Callable[[str], float]
"""Keyed dice of one rule: the same text gives the same number in [0, 1), in every mode and interleaving."""


class Fault(msgspec.Struct, frozen=True):
    """Base of every fault: one pure decision in one file; the fields are its parameters.

    Subclasses are named after their file (`lost_reply.py`: `class LostReply`). `direction` is where a rule strikes
    that does not say; `wants` names what the target has to be (`write`, `read` or empty); aimed at a whole
    partner it strikes only operations of that sort. A search draws it by itself; `usual` are the values that it takes
    for a parameter whose type says too little.
    """

    direction: ClassVar[str] = REQUEST
    wants: ClassVar[str] = ""
    usual: ClassVar[Mapping[str, tuple[object, ...]]] = {}

    def decide(self, call: Call, now: float, dice: Draw) -> Fate | None:
        """What happens to this call; None: nothing. `now` is in seconds since the rule's window opened.

        `dice(purpose)` is keyed by (seed, rule, partner, operation, business key, attempt) and `purpose`.
        """
        return None


@cache
def fates_of(fault: type[Fault]) -> tuple[type[Any], ...]:
    """The fates that a fault may decide, as the annotation of its `decide` has them."""
    told = get_type_hints(fault.decide)["return"]
    fates = get_args(told) if get_origin(told) in (Union, UnionType) else (told,)
    return tuple(fate for fate in fates if fate is not NoneType)


class Rule(msgspec.Struct, frozen=True):
    """One fault, aimed: what, where and when, and nothing else."""

    name: str
    """Name of the rule, unique in the scenario."""
    fault: Fault
    """What happens."""
    at: str = "*"
    """Where: `partner`, `partner.operation`, `kind.operation` or a pattern such as `*.list_changes`."""
    direction: str = ""
    """`request`, `webhook`, `inside` or `dependency`; empty: where this fault strikes by itself."""
    key: str = "*"
    """Pattern of the business key or of the order number."""
    headers: Mapping[str, str] = NO_HEADERS
    """Headers that must be there, with these values (patterns)."""
    start: Seconds = Seconds(0)
    """Second of the run from which it is armed."""
    stop: Seconds = Seconds("inf")
    """Second of the run until which it is armed."""
    probability: Share = Share(1)
    """Share of the matching calls that it strikes."""
    first: int = 0
    """Strike only the first n attempts on a business key; 0: any."""
    nth: int = 0
    """Strike only attempt n on a business key; 0: any."""
    every: int = 1
    """Strike every nth matching call."""
    until: int = 0
    """Stop after it struck n times; 0: never."""


class Decision(msgspec.Struct, frozen=True):
    """A rule struck."""

    rule: str
    """Name of the rule."""
    fault: str
    """Kind of the fault, as a scenario writes it."""
    fate: Fate
    """What happens."""
