"""Laws of embarking: a scenario becomes a world as it was written, or an error that says where it cannot."""

from __future__ import annotations

import pytest

from seatrial.mocks.books.channel import Channel
from seatrial.mocks.purchases import Purchase
from seatrial.scenarios.embark import Expedition, embark
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.errors import BadInput
from seatrial.sim.evidence import Evidence
from seatrial.sim.latency import Constant
from seatrial.sim.quantities import Seconds

SCENARIO = """\
name: probe
asks: What is built?
start: 2026-03-02 06:00:00
duration: 2 h
calm: 3 h
interleave: seeded
demand: {kind: synthetic, arrivals: {kind: constant, rate: 20/h}, skus: 20}
"""
NEXT = SCENARIO.count("\n") + 1  # the line of whatever is added


def build(more: str = "", integration: str = "resilient", seed: int = 1) -> Expedition:
    loaded = parse_scenario(SCENARIO + more, "probe.yaml")
    return embark(loaded, seed, integration, lambda env: Evidence(lambda: env.now))


def complaint(more: str, integration: str = "resilient") -> str:
    with pytest.raises(BadInput) as caught:
        build(more, integration)
    return str(caught.value)


def test_the_standard_world_is_the_whole_network() -> None:
    """Three channels, an ERP, two warehouses, two carriers, a desk and suppliers, in the order of the file."""
    kinds = {name: partner.kind for name, partner in build().world.partners.items()}
    assert kinds == {
        "marketplace": "marketplace",
        "storefront": "storefront",
        "b2b": "b2b",
        "erp": "erp",
        "north": "warehouse",
        "south": "warehouse",
        "falcon": "carrier",
        "heron": "carrier",
        "desk": "desk",
        "supply": "supply",
    }


def test_a_voyage_is_as_long_as_was_written() -> None:
    """Duration, calm and the order of tasks are those of the scenario."""
    voyage = build().voyage
    assert (voyage.chaos, voyage.calm, voyage.interleave) == (7200.0, 10_800.0, "seeded")


def test_a_partner_is_changed_without_saying_the_rest_again() -> None:
    """What a scenario says of a partner goes over what the world says; nothing else changes."""
    more = "partners: {erp: {settings: {character: legacy}, conduct: {latency: {kind: constant, value: 90 ms}}}}\n"
    plain, changed = build().world.partners["erp"], build(more).world.partners["erp"]
    assert changed.conduct.latency == Constant(Seconds(0.09))
    assert changed.conduct.auth == plain.conduct.auth
    assert changed.conduct.limits == plain.conduct.limits


def test_a_network_can_have_more_partners() -> None:
    """A warehouse more is one entry, and the stock is divided among all of them."""
    season = build("partners: {west: {kind: warehouse}}\n")
    assert season.world.partners["west"].kind == "warehouse"
    shares = {name: sum(season.season.assortment.stock_of(name).values()) for name in ("north", "south", "west")}
    assert max(shares.values()) < 1.2 * min(shares.values())


def test_orders_go_to_every_channel() -> None:
    """Whoever sells gets its share of the shoppers."""
    built = build()
    channels = {name for name, partner in built.world.partners.items() if isinstance(partner, Channel)}
    assert (
        {intent.channel for intent in built.season.intents if isinstance(intent, Purchase)}
        == channels
        == {"marketplace", "storefront", "b2b"}
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("partners: {erp: {settings: {charakter: legacy}}}", "erp has no such setting: 'charakter' · did you mean"),
        ("partners: {erp: {settings: {character: old}}}", "'old'"),
        ("partners: {erp: {kind: epr}}", "unknown partner: 'epr' · did you mean 'erp'?"),
        ("partners: {east: {settings: {}}}", "kind"),
        ("partners: {erp: {conduct: {limits: {sing_in: {kind: token_bucket, rate: 1/s, burst: 1}}}}}", "'sing_in'"),
        ("partners: {erp: {conduct: {latency: {kind: lognormal, p50: 2 s, p99: 1 s}}}}", "p50 <= p99"),
        ("partners: {erp: {conduct: {limits: {'*': {kind: token_bucket, rate: 0/s, burst: 1}}}}}", "lets nobody in"),
        ("partners: {desk: {conduct: {idempotency: {notfy: {kind: key_replay}}}}}", "did you mean 'notify'?"),
        ("controls: {rety: false}", "resilient has no such control: 'rety' · did you mean 'retry'?"),
        ("controls: {patience: soon}", "'soon'"),
        ("integration: resillient", "unknown integration: 'resillient' · did you mean 'resilient'?"),
    ],
)
def test_what_cannot_be_built_is_an_error_with_its_line(more: str, says: str) -> None:
    """File and line of the value, and the nearest known name, before anything runs."""
    text = complaint(more + "\n", "resillient" if "resillient" in more else "resilient")
    assert f"probe.yaml:{NEXT}: " in text
    assert says in text


def test_an_integration_asked_for_by_hand_is_named_as_such() -> None:
    """The error points to the option, not to a line of the file that does not say it."""
    assert complaint("", "resillient").startswith("--integration: unknown integration: 'resillient'")


@pytest.mark.parametrize("integration", ["resilient", "retrying", "naive"])
def test_every_reference_takes_every_control(integration: str) -> None:
    """The same scenario can be run against any of them."""
    build("controls: {retry: true, patience: 7 s, dead_letter: false}\n", integration)


def test_the_same_seed_builds_the_same_demand() -> None:
    """Intents depend on scenario and seed alone."""
    first, again, other = (list(build(seed=seed).season.intents) for seed in (1, 1, 2))
    assert first == again != other
