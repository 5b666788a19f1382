"""The business picture of a running world, as the live page and its API show it."""

from __future__ import annotations

import msgspec


class Time(msgspec.Struct, frozen=True):
    """Where the business clock stands."""

    now: float
    """Second of the run."""
    wall: str
    """ISO wall time of that second."""
    time_scale: float
    """Seconds of business time in a real second."""
    frozen: bool
    """Whether business time stands still."""
    phase: str
    """`chaos`, `calm`, or empty where the world has no phases."""


class Flow(msgspec.Struct):
    """Orders that have come so far, each counted once a stage."""

    placed: int = 0
    """Placed by shoppers."""
    acknowledged: int = 0
    """The channel was told that they were taken on."""
    entered: int = 0
    """The ERP holds a sales order."""
    allocated: int = 0
    """A warehouse has set goods aside."""
    shipped: int = 0
    """A parcel left the dock."""
    confirmed: int = 0
    """The channel was told of a shipment."""
    invoiced: int = 0
    """An invoice was posted."""
    cancelled: int = 0
    """Cancelled or rejected."""


class Waiting(msgspec.Struct, frozen=True):
    """Orders placed and neither allocated, put on back-order, cancelled nor rejected."""

    orders: int = 0
    """How many."""
    oldest: float = 0.0
    """Age of the oldest, seconds of business time."""
    backordered: int = 0
    """Besides: orders that wait for stock, as the ERP knows."""


class Shipments(msgspec.Struct, frozen=True):
    """Parcels between dock and door."""

    on_road: int = 0
    """Left the dock and not at the end of their journey."""
    silent: int = 0
    """Of these: nothing heard from the carrier for longer than the limit."""
    untold: int = 0
    """Milestones whose webhook was not taken within the limit."""
    unrecorded: int = 0
    """Parcels at the end of their journey, which the ERP did not hear of within the limit."""

    @property
    def missing(self) -> int:
        """All that is missing."""
        return self.silent + self.untold + self.unrecorded


class Returns(msgspec.Struct, frozen=True):
    """Returns that somebody asked for."""

    unposted: int = 0
    """Received at a warehouse and not credited."""
    oldest: float = 0.0
    """Age of the oldest of these, seconds of business time."""
    under_way: int = 0
    """Asked for, and not yet received."""


class Stock(msgspec.Struct, frozen=True):
    """How far the books lie apart from the shelves."""

    erp: int = 0
    """Units between the warehouses and the ERP's book."""
    listing: int = 0
    """Units that channels offer beyond what there is."""
    listings_wrong: int = 0
    """Listings that offer more than there is."""
    listings_overdue: int = 0
    """Of these: wrong for longer than the limit."""
    oldest: float = 0.0
    """For how long the oldest of these has been wrong, seconds of business time."""
    unnoticed: int = 0
    """Units that went missing from the shelves and that no system knows of."""


class Webhooks(msgspec.Struct, frozen=True):
    """What partners want to tell."""

    retrying: int = 0
    """Webhooks that will be tried again."""
    lost: int = 0
    """Events that nobody will send again."""
    disabled: tuple[str, ...] = ()
    """Partners that have given up on the subscription."""


class Told(msgspec.Struct):
    """What the integration says about itself."""

    retries: int = 0
    """Calls repeated."""
    dead_letters: int = 0
    """Messages set aside."""
    dropped: int = 0
    """Messages given up."""
    replayed: int = 0
    """Messages taken up again."""
    crashes: int = 0
    """Deaths of its process."""


class Traffic(msgspec.Struct, frozen=True):
    """What one partner saw in the last half minute of real time."""

    name: str
    """Name of the partner."""
    kind: str
    """Its kind."""
    role: str
    """What it is to the integration."""
    rate: float
    """Calls a second."""
    calls: int
    """Calls so far."""
    errors: float
    """Share of the calls that ended without the partner's own answer, or with 429 or 5xx."""
    p95: float
    """95th percentile of the latency, milliseconds; 0 without calls."""
    failures: int
    """Calls in a row that failed, up to now."""
    quiet: float
    """Real seconds since the last call; -1: it was never called."""
    breaker: str
    """`told`: the integration says that its breaker is open; `likely`: it looks like that; else empty."""
    retrying: int
    """Webhooks that wait for another attempt."""
    subscription: str
    """`active` or `disabled`; empty where it tells nothing by webhook."""


class Switch(msgspec.Struct, frozen=True):
    """A rule in force."""

    name: str
    """Its name."""
    fault: str
    """Kind of fault."""
    at: str
    """Where it strikes."""
    probability: float
    """Share of the matching calls that it strikes."""
    parameters: dict[str, str]
    """The fault's parameters in words."""
    open: bool
    """Whether its window is open now."""
    opens: float
    """Second of the run at which its window opens."""
    closes: float | None
    """Second of the run at which its window closes; none: not by itself."""
    ttl: float | None
    """Real seconds until it disarms itself; none: it stays."""
    matched: int
    """Calls that it could have struck."""
    fired: int
    """Calls that it struck."""
    mattered: int
    """Strikes that somebody noticed."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it."""

    title: str
    """Name of the world or scenario."""
    time: Time
    """Business time."""
    flow: Flow
    """Orders by stage."""
    waiting: Waiting
    """Orders that wait for allocation."""
    shipments: Shipments
    """Parcels and their milestones."""
    returns: Returns
    """Returns."""
    stock: Stock
    """Drift and listings."""
    exceptions: dict[str, int]
    """Open cases by team."""
    duplicates: dict[str, int]
    """Documents that live more than once under their business key, by class: how many are too many."""
    webhooks: Webhooks
    """Webhooks."""
    told: Told
    """The integration's own words."""
    partners: tuple[Traffic, ...]
    """Traffic by partner."""
    rules: tuple[Switch, ...]
    """Faults in force; open windows among them."""


class Seen(msgspec.Struct, frozen=True):
    """A call, as the page lists it."""

    number: int
    """Number of the call, rising."""
    time: float
    """Second of the run."""
    partner: str
    """Partner."""
    operation: str
    """Operation."""
    key: str
    """Business key."""
    order: str
    """Order that it was about."""
    attempt: int
    """Attempt."""
    outcome: str
    """How it ended for the caller."""
    status: int
    """HTTP status; 0 where there was none."""
    latency: float
    """Milliseconds, real."""
    rule: str
    """Rule that struck it; empty: none."""


class Limits(msgspec.Struct, frozen=True):
    """From when on something is late; seconds of business time."""

    listing: float = 900.0
    """A listing that offers more than there is."""
    silence: float = 36 * 3600.0
    """A parcel on the road of which nothing is heard: longer than a night between two scans."""
    milestone: float = 900.0
    """A milestone that the integration, or the ERP, does not know."""
