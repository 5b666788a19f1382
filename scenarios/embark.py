"""From a loaded scenario to a world that is ready to sail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from simpy import Environment

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.guests.entry import Under, entry_of, is_entry, name_of
from seatrial.mocks.shoppers import Shoppers
from seatrial.scenarios.dependencies import check_virtual
from seatrial.scenarios.loader import Loaded
from seatrial.scenarios.season import Network, Season
from seatrial.scenarios.storm import rules_of
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.dice import Dice, check_seed
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Rule
from seatrial.sim.integration import Integration, IntegrationFactory, Surroundings
from seatrial.sim.units import format_duration
from seatrial.sim.world import Voyage, World

if TYPE_CHECKING:
    from seatrial.mocks.guests.habitat import Habitat

_NAMED = 3
"""Orders that a remark names."""


class Expedition(msgspec.Struct, frozen=True):
    """A world with everything in it, and what to do with it."""

    world: World
    """Partners, shoppers and faults in place."""
    voyage: Voyage
    """How long it lasts."""
    factory: IntegrationFactory
    """Makes the integration under test."""
    rules: tuple[Rule, ...]
    """The faults, as rules."""
    season: Season
    """The demand."""
    shoppers: Shoppers
    """Who buys."""
    habitat: Habitat | None = None
    """Where the integration lives, if it is code of others."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was written out in the demand and did not come about so far, for people."""
        kept = self.shoppers.kept if self.season.written_out else ()
        if not kept:
            return ()
        names = ", ".join(kept[:_NAMED]) + (f" and {len(kept) - _NAMED} more" if len(kept) > _NAMED else "")
        asked = format_duration(float(self.season.habits.late_returns))
        late = f"by {asked} after the end of the demand (late_returns), or by the end of the run"
        return (f"{names}: not all that was to come back had arrived {late}",)


def embark(
    loaded: Loaded,
    seed: int,
    integration: Under,
    evidence: Callable[[Environment], Evidence],
    pace: float = 1.0,
    *,
    virtual: bool = True,
) -> Expedition:
    """Build the world of a scenario, for virtual time or for real sockets, where `pace` is its time scale.

    Raises BadInput with file and line.
    """
    scenario = loaded.scenario
    settle = _settling(loaded, integration)
    world, season = populated(loaded, seed, evidence, pace)
    rules = rules_of(loaded, world.partners)
    if virtual:
        check_virtual(loaded)
    world.fear(rules)
    channels = {name: each for name, each in world.partners.items() if isinstance(each, Channel)}
    with loaded.located("$.demand"):
        shoppers = Shoppers(world.ground, channels, season.intents, season.habits, until=float(scenario.duration))
    world.enliven(shoppers.start)
    voyage = Voyage(float(scenario.duration), float(scenario.calm), scenario.interleave)
    factory, habitat = settle(world)
    return Expedition(world, voyage, factory, rules, season, shoppers, habitat)


def populated(
    loaded: Loaded, seed: int, evidence: Callable[[Environment], Evidence], pace: float = 1.0
) -> tuple[World, Season]:
    """The world of a scenario with its partners, where nobody buys and nobody integrates yet, and its demand.

    Raises BadInput with file and line.
    """
    check_seed(seed)
    season = season_of(loaded, seed)
    start = loaded.scenario.start
    world = World(seed, start.replace(tzinfo=start.tzinfo or UTC), season.assortment, evidence, pace)
    for partner in loaded.fleet.launch(world.ground, season.cover):
        world.add(partner)
    return world, season


def _settling(loaded: Loaded, integration: Under) -> Callable[[World], tuple[IntegrationFactory, Habitat | None]]:
    """Find the integration; gives how it is settled in a world. Raises BadInput."""
    if not is_entry(integration):
        factory = factory_of(loaded, name_of(integration))
        return lambda _: (factory, None)
    entry = entry_of(integration)
    from seatrial.mocks.guests.habitat import Habitat  # needs an extra, for which the entry has looked

    def settle(world: World) -> tuple[IntegrationFactory, Habitat]:
        habitat = Habitat(world, entry, loaded.scenario.controls)
        world.house(habitat)
        return habitat, habitat

    return settle


def factory_of(loaded: Loaded, integration: str) -> IntegrationFactory:
    """The integration under test with the scenario's controls. Raises UnknownName."""
    if integration.endswith(".py"):
        hint = f"name the function, too: {integration}:main"
        raise BadInput("an integration is a function", value=integration, where="--integration", hint=hint)
    try:
        kind = Catalogue("integrations").get(integration)
    except UnknownName as error:
        is_own = integration == loaded.scenario.integration
        raise error.at(loaded.document.where("$.integration") if is_own else "--integration") from error
    settings_type: type[msgspec.Struct] = kind.Settings  # type: ignore[attr-defined]
    known = settings_type.__struct_fields__
    for name in loaded.scenario.controls:
        if name not in known:
            where = loaded.document.where(f"$.controls.{name}")
            raise UnknownName(f"{integration} has no such control", value=name, known=known, where=where)
    settings = loaded.document.convert(loaded.scenario.controls, settings_type, "$.controls")

    def make(around: Surroundings) -> Integration:
        made: Integration = kind(around, settings)
        return made

    return make


def season_of(loaded: Loaded, seed: int) -> Season:
    """The demand of a scenario, ready to be let loose. Raises BadInput with file and line."""
    scenario, partners = loaded.scenario, loaded.world.partners
    channels = tuple(name for name, kind in loaded.fleet.kinds.items() if issubclass(kind, Channel))
    warehouses = tuple(name for name, spec in partners.items() if spec.kind == "warehouse")
    source = Path(loaded.document.source)
    network = Network(
        start=scenario.start,
        length=float(scenario.duration),
        channels=channels,
        warehouses=warehouses,
        folder=source.parent if source.is_file() else Path(),
    )
    with loaded.located("$.demand"):
        return scenario.demand.season(Dice(seed), network)
