"""What could go wrong here: every fault with its parameters, and everything that one can be aimed at."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from seatrial.sim.call import DEPENDENCY, INSIDE, REQUEST, WEBHOOK
from seatrial.sim.catalogue import Catalogue, Parameter
from seatrial.sim.fault import Fault
from seatrial.sim.partner import Partner


class FaultOnOffer(msgspec.Struct, frozen=True):
    """A fault that can be armed."""

    name: str
    """Name as a scenario writes it."""
    summary: str
    """What happens, in a sentence."""
    direction: str
    """What it strikes by itself: `request`, `webhook`, `inside` or `dependency`."""
    wants: str
    """`read` or `write` where it strikes only such operations."""
    parameters: tuple[Parameter, ...]
    """What can be set."""


class FaultList(msgspec.Struct, frozen=True):
    """All faults and targets."""

    faults: tuple[FaultOnOffer, ...]
    """Faults by name."""
    targets: dict[str, tuple[str, ...]]
    """What can be struck, by direction, as a rule's `at` says it."""


def fault_list(
    partners: Iterable[Partner], *, unwanted: Iterable[str] = (), dependencies: Iterable[str] = ()
) -> FaultList:
    """What can be armed in a world of these partners and dependencies: a fault that finds nothing is left out."""
    catalogue, left_out, known, others = Catalogue("faults"), tuple(unwanted), tuple(partners), tuple(dependencies)
    offers = (_on_offer(catalogue, name) for name in catalogue.names() if name not in left_out)
    return FaultList(
        faults=tuple(each for each in offers if others or each.direction != DEPENDENCY),
        targets={
            REQUEST: _targets((each, _operations(each)) for each in known),
            WEBHOOK: _targets((each, sorted(map(str, each.events))) for each in known),
            INSIDE: _targets((each, sorted(each.works)) for each in known),
            DEPENDENCY: others,
        },
    )


def _on_offer(catalogue: Catalogue, name: str) -> FaultOnOffer:
    kind, told = catalogue.get(name), catalogue.describe(name)
    assert issubclass(kind, Fault)
    return FaultOnOffer(name, told.summary, kind.direction, kind.wants, told.parameters)


def _targets(partners: Iterable[tuple[Partner, list[str]]]) -> tuple[str, ...]:
    """A partner as a whole, then each of its own."""
    found: list[str] = []
    for each, inner in partners:
        found += [each.name] if inner else []
        found += [f"{each.name}.{one}" for one in inner if one]
    return tuple(found)


def _operations(partner: Partner) -> list[str]:
    """What can be called; an endpoint that is not ours is struck as a whole here."""
    return [""] if partner.open_ended else sorted(each.name for each in partner.operations.values())
