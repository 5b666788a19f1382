"""Where the control room of a running world gets its knowledge of scenarios from, and what the judge learns of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping

from seatrial.mocks.control.room import NAME, Bridge, ControlRoom
from seatrial.mocks.control.switchboard import Arms, ByHand
from seatrial.mocks.wire.waterfront import Waterfront
from seatrial.reports.facts import RuleFacts
from seatrial.scenarios.storm import crashes, rule_of
from seatrial.scenarios.walkin import WalkIn
from seatrial.sim.fault import Rule


def furnish(  # noqa: PLR0913 (each is one thing that a command may want otherwise)
    waterfront: Waterfront,
    title: str,
    failed: Callable[[BaseException], None],
    *,
    crashable: bool = True,
    dependencies: Collection[str] = (),
    arms: Arms | None = None,
    load: Callable[[bytes], tuple[int, bytes]] | None = None,
    stray: Callable[[bytes], tuple[int, bytes]] | None = None,
    on_freeze: Callable[[bool], None] | None = None,
) -> ControlRoom:
    """Put a control room into a waterfront that is not open yet; `begin` it once it is.

    The evidence has to be that of `wire_evidence`. `crashable` says whether the integration is ours to kill; `arms`
    is who carries out rules where that is not the world's rulebook alone.
    """
    world = waterfront.world
    walk_in = WalkIn(world.ground.assortment, world.dice)

    def write(fields: Mapping[str, object], now: float, taken: Iterable[str]) -> Rule:
        return rule_of(fields, world.partners, now=now, taken=taken, crashable=crashable, dependencies=dependencies)

    bridge = Bridge(
        world=world,
        clock=waterfront.clock,
        title=title,
        write_rule=write,
        complete_order=walk_in.complete,
        failed=failed,
        arms=arms,
        unwanted=() if crashable else crashes(),
        dependencies=tuple(dependencies),
        load=load,
        stray=stray,
        on_freeze=on_freeze,
    )
    room = ControlRoom(bridge, secrets.token_urlsafe(24))
    waterfront.applications[NAME] = room
    return room


def hand_rules(by_hand: Iterable[ByHand], matched: Mapping[str, int]) -> tuple[RuleFacts, ...]:
    """Rules that were armed while the world ran, as the judge knows those of a scenario.

    What was armed several times under one name is one rule, from the first time on until the last time was over.
    """
    found: dict[str, RuleFacts] = {}
    for each in by_hand:
        name, known = each.rule.name, found.get(each.rule.name)
        found[name] = RuleFacts(
            name=name,
            fault=each.fault,
            at=each.rule.at,
            begin=min(each.begin, known.begin) if known else each.begin,
            end=max(each.end, known.end) if known else each.end,
            matched=matched.get(name),
        )
    return tuple(found.values())
