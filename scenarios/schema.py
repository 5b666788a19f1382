"""A scenario: what should happen, as data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from seatrial.scenarios.demand import Demand
from seatrial.sim.conduct import Conduct
from seatrial.sim.quantities import Seconds, Share

MINUTES = {"customer_service": 12.0, "logistics": 15.0, "finance": 20.0, "integration_support": 30.0}
"""Minutes of manual work that one exception costs, by team, where a scenario does not say."""

TARGETS = (
    "placed_to_acknowledged",
    "placed_to_released",
    "placed_to_shipped",
    "placed_to_delivered",
    "cancel_asked_to_cancel_answered",
    "shipped_to_confirmed",
    "shipped_to_posted",
    "shipped_to_invoiced",
    "inspected_to_credited",
    "inspected_to_refunded",
)
"""Steps of the trade for which a scenario can set a target."""


class PartnerSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One partner of the network."""

    kind: str
    """Kind of the partner; `seatrial list partners` shows all."""
    settings: dict[str, Any] = {}
    """Its parameters; they belong to the kind."""
    conduct: Conduct = Conduct()
    """Its policies: latency, auth, limits, idempotency, reads, webhooks."""


class RuleSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"params": "with", "start": "from"}):
    """One fault, aimed."""

    fault: str
    """Kind of the fault; `seatrial list faults` shows all."""
    name: str = ""
    """Name of the rule; empty: made from the fault and where it is aimed."""
    at: str = "*"
    """`partner`, `partner.operation`, `kind.operation` or a pattern such as `*.list_changes`."""
    params: dict[str, Any] = {}
    """Parameters of the fault."""
    direction: Literal["", "request", "webhook", "inside", "dependency"] = ""
    """Where it strikes; empty: at the dependency that `at` names, else where this fault strikes by itself."""
    key: str = "*"
    """Pattern of the business key or order number."""
    headers: dict[str, str] = {}
    """Headers that must be there, with these values (patterns)."""
    start: Seconds = Seconds(0)
    """Time after the start of the run from which it is armed."""
    until: Seconds | None = None
    """Time after the start of the run until which it is armed; none: to the end of the chaos phase."""
    probability: Share = Share(1)
    """Share of the matching calls that it strikes."""
    first: int = 0
    """Strike only the first n attempts on a business key; 0: any."""
    nth: int = 0
    """Strike only attempt n on a business key; 0: any."""
    every: int = 1
    """Strike every nth matching call."""
    times: int = 0
    """Stop after it struck n times; 0: never."""


class FromEnvironment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that the machine knows and the scenario does not."""

    env: str
    """Name of the environment variable."""


class DependencySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A database or broker of the integration, before which our proxy stands; only on the wire."""

    address: str | FromEnvironment
    """Where it really listens, as `host:port`, or `{env: NAME}` for an environment variable that says so."""


class World(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network of partners."""

    name: str
    """Name of the world: the file's name."""
    about: str
    """What kind of network it is."""
    partners: dict[str, PartnerSpec]
    """Partners by name."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What should happen, what goes wrong, and what is good enough."""

    name: str
    """Name: the file's name."""
    asks: str
    """The question that it asks, in one sentence."""
    start: datetime
    """Wall-clock time at which the run begins."""
    duration: Seconds
    """Length of the chaos phase: demand and faults."""
    calm: Seconds
    """Length of the calm phase after it, within which everything has to converge."""
    demand: Demand
    """Who buys what, and when."""
    world: str = "standard"
    """The network."""
    partners: dict[str, dict[str, Any]] = {}
    """What is different about partners of the network, or further partners."""
    dependencies: dict[str, DependencySpec] = {}
    """Databases and brokers of the integration, by name; each is reached through a proxy that faults may strike."""
    integration: str = "resilient"
    """The integration under test."""
    controls: dict[str, Any] = {}
    """Settings of the integration: safeguards to switch off, and their values."""
    faults: tuple[RuleSpec, ...] = ()
    """What goes wrong."""
    expect: Mapping[str, str | int | float] = {}
    """Limits on measures."""
    time_scale: float = 1.0
    """On real sockets: seconds of business time in one real second. Business durations are scaled, technical ones are
    not; virtual time takes no notice of it.
    """
    interleave: Literal["fifo", "seeded"] = "fifo"
    """In which order tasks that are ready run: as they came, or drawn by the seed to find races."""
    minutes_per_exception: dict[str, float] = msgspec.field(default_factory=lambda: dict(MINUTES))
    """Minutes of manual work that one exception costs, by team."""
    service_targets: dict[str, Seconds] = msgspec.field(default_factory=dict)
    """Time within which a step of the trade has to be taken, by step, where it is not the usual one: the measures
    `step_sla` are held against it.
    """
    grace: Seconds = Seconds(900)
    """Time before the end in which nothing is owed yet for what happens."""
