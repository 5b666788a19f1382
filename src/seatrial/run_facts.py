"""What is known of a run before its first row, and what the judge is told of it besides its evidence."""

from __future__ import annotations

from datetime import UTC
from shlex import quote

import msgspec

from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.judge import limits_of
from seatrial.scenarios.embark import Expedition
from seatrial.scenarios.loader import Loaded
from seatrial.sim.errors import BadInput
from seatrial.sim.manifest import About, Phase


def check_limits(loaded: Loaded) -> None:
    """Limits are checked before the run, one by one, so that an error names its line."""
    for name, text in loaded.scenario.expect.items():
        try:
            limits_of({name: text})
        except BadInput as error:
            place = loaded.document.where(f"$.expect.{name}")
            where = f"{place}: {error.where}" if error.where else place
            raise type(error)(error.what, value=error.value, known=error.known, hint=error.hint, where=where) from error


def about_of(loaded: Loaded, seed: int, integration: str, code: str = "") -> About:
    """What is known of a run before its first row."""
    return About(
        scenario=loaded.scenario.name,
        scenario_digest=loaded.digest,
        origin_digest=loaded.origin,
        seed=seed,
        integration=integration,
        code=code,
        started=_started(loaded),
        settings=dict(loaded.settings),
    )


def facts_of(loaded: Loaded, expedition: Expedition, seed: int, integration: str) -> Facts:
    """What the judge will know of a run besides its evidence."""
    scenario, voyage = loaded.scenario, expedition.voyage
    rules = tuple(
        RuleFacts(name=rule.name, fault=fault, at=rule.at, begin=float(rule.start), end=float(rule.stop))
        for rule, fault in zip(expedition.rules, (spec.fault for spec in scenario.faults), strict=True)
    )
    changes = "".join(f" --set {quote(f'{name}={value}')}" for name, value in loaded.settings.items())
    source = loaded.document.source
    written = scenario.name if "seatrial/scenarios/library" in source.replace("\\", "/") else source
    return Facts(
        scenario=written,
        seed=seed,
        integration=integration,
        started=_started(loaded),
        duration=voyage.chaos + voyage.calm,
        phases=(Phase("chaos", 0.0, voyage.chaos), Phase("calm", voyage.chaos, voyage.chaos + voyage.calm)),
        rules=rules,
        feeds=_feeds(expedition),
        currency=expedition.season.assortment.currency,
        grace=float(scenario.grace),
        minutes=scenario.minutes_per_exception,
        targets={step: float(target) for step, target in scenario.service_targets.items()},
        replay="seatrial run {scenario} --seed {seed} --integration {integration}" + changes,
    )


def _feeds(expedition: Expedition) -> tuple[str, ...]:
    partners = expedition.world.partners.items()
    return tuple(
        f"{name}.{each.name}"
        for name, partner in partners
        for each in partner.operations.values()
        if each.tells_of_orders
    )


def covered(facts: Facts, expedition: Expedition) -> tuple[RuleFacts, ...]:
    """The rules with what they matched."""
    matched = {each.rule: each.matched for each in expedition.world.rulebook.coverage}
    return tuple(msgspec.structs.replace(rule, matched=matched.get(rule.name, 0)) for rule in facts.rules)


def _started(loaded: Loaded) -> str:
    start = loaded.scenario.start
    return start.replace(tzinfo=start.tzinfo or UTC).isoformat()
