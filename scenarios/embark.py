"""From a loaded scenario to a world that is ready to sail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import msgspec
from simpy import Environment

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.shoppers import Shoppers
from seatrial.scenarios.loader import Loaded
from seatrial.scenarios.schema import PartnerSpec
from seatrial.scenarios.season import Network, Season
from seatrial.scenarios.storm import rules_of
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.conduct import EVERY
from seatrial.sim.dice import Dice
from seatrial.sim.errors import UnknownName
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Rule
from seatrial.sim.integration import Integration, IntegrationFactory, Surroundings
from seatrial.sim.partner import Partner
from seatrial.sim.quantities import Seconds
from seatrial.sim.world import Voyage, World


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


def embark(loaded: Loaded, seed: int, integration: str, evidence: Callable[[Environment], Evidence]) -> Expedition:
    """Build the world of a scenario. Raises BadInput with file and line."""
    scenario = loaded.scenario
    factory = factory_of(loaded, integration)
    season = _season(loaded, seed)
    world = World(seed, scenario.start.replace(tzinfo=scenario.start.tzinfo or UTC), season.assortment, evidence)
    for name, spec in loaded.world.partners.items():
        world.add(_partner(loaded, world, name, spec, season))
    rules = rules_of(loaded, world.partners)
    world.fear(rules)
    channels = {name: each for name, each in world.partners.items() if isinstance(each, Channel)}
    with loaded.located("$.demand"):
        shoppers = Shoppers(world.ground, channels, season.intents, season.habits, until=float(scenario.duration))
    world.enliven(shoppers.start)
    voyage = Voyage(float(scenario.duration), float(scenario.calm), scenario.interleave)
    return Expedition(world, voyage, factory, rules, season, shoppers)


def factory_of(loaded: Loaded, integration: str) -> IntegrationFactory:
    """The integration under test with the scenario's controls. Raises UnknownName."""
    try:
        kind = Catalogue("integrations").get(integration)
    except UnknownName as error:
        is_own = integration == loaded.scenario.integration
        raise error.at(loaded.document.where("$.integration") if is_own else "--integration") from error
    settings_type: type[msgspec.Struct] = kind.Settings  # type: ignore[attr-defined]
    known = [field.name for field in msgspec.structs.fields(settings_type)]
    for name in loaded.scenario.controls:
        if name not in known:
            where = loaded.document.where(f"$.controls.{name}")
            raise UnknownName(f"{integration} has no such control", value=name, known=known, where=where)
    settings = loaded.document.convert(loaded.scenario.controls, settings_type, "$.controls")

    def make(around: Surroundings) -> Integration:
        made: Integration = kind(around, settings)
        return made

    return make


def _season(loaded: Loaded, seed: int) -> Season:
    scenario, partners = loaded.scenario, loaded.world.partners
    channels = tuple(name for name, spec in partners.items() if issubclass(_kind(loaded, name, spec), Channel))
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


def _partner(loaded: Loaded, world: World, name: str, spec: PartnerSpec, season: Season) -> Partner:
    kind = _kind(loaded, name, spec)
    settings = dict(spec.settings)
    known = {field.name for field in msgspec.structs.fields(kind.Settings)}
    if spec.kind == "supply":
        settings.setdefault("cover", Seconds(season.cover))
    for setting in settings:
        if setting not in known:
            where = loaded.document.where(f"$.partners.{name}.settings.{setting}")
            raise UnknownName(f"{spec.kind} has no such setting", value=setting, known=sorted(known), where=where)
    typed = loaded.document.convert(settings, kind.Settings, f"$.partners.{name}.settings")
    with loaded.located(f"$.partners.{name}"):
        partner: Partner = kind(name, world.ground, spec.conduct, typed)  # type: ignore[call-arg]
    _check_conduct(loaded, partner)
    return partner


def _check_conduct(loaded: Loaded, partner: Partner) -> None:
    """Policies are looked at before the run: a name that no operation has would change nothing, silently."""
    path = f"$.partners.{partner.name}.conduct"
    known = sorted(each.name for each in partner.operations.values())
    for policy, by_name in (("limits", partner.conduct.limits), ("idempotency", partner.conduct.idempotency)):
        for name in by_name:
            if name != EVERY and name not in known:
                where = loaded.document.where(f"{path}.{policy}.{name}")
                raise UnknownName(f"unknown operation of {partner.name}", value=name, known=known, where=where)
    with loaded.located(f"{path}.latency"):
        partner.conduct.latency.quantile(0.5)
    with loaded.located(path):
        partner.doors()


def _kind(loaded: Loaded, name: str, spec: PartnerSpec) -> type[Partner]:
    with loaded.located(f"$.partners.{name}.kind"):
        kind = Catalogue("partners").get(spec.kind)
    assert issubclass(kind, Partner)
    return kind
