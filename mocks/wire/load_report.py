"""What load generators tell the harness: every order that they placed, and what their statistics say."""

from __future__ import annotations

from typing import Literal

import msgspec

from seatrial.mocks.wire.load_tally import Tally

Outcome = Literal["placed", "sold_out", "failed"]
"""What became of an order; `failed`: no good answer in the end, so that the shop may have taken it all the same."""
State = Literal["ready", "running", "done", "stopped"]
"""Where a generator stands: `ready`: it waits for second 0; `done`: everybody has come and was answered; `stopped`: it
was ended before."""


class Placing(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One order of the load."""

    order_no: str
    """Order number."""
    channel: str
    """Name of the channel."""
    outcome: Outcome
    """What became of it."""
    at: float
    """Second of the run at which it was due."""
    second: float
    """Second of the run at which its outcome was known."""
    latency: float
    """Real seconds from one to the other."""
    lag: float = 0.0
    """Real seconds of these for which the generator itself was late."""
    attempts: int = 1
    """How often it was sent."""
    reason: str = ""
    """Why it failed."""


class PartReport(msgspec.Struct, frozen=True, tag_field="kind", tag="part"):
    """News of one generator."""

    part: int
    """Which one, from 0."""
    parts: int
    """How many there are."""
    state: State
    """Where it stands."""
    due: int
    """Orders whose time has come so far."""
    orders: tuple[Placing, ...]
    """Orders that were not reported before; after a lost connection, some may come twice."""
    tally: Tally
    """What it has counted so far."""


class Heard(msgspec.Struct, frozen=True):
    """What the harness answers to a report."""

    start: float = 0.0
    """Unix time at second 0 of the run; 0: not yet known."""


class LocustRow(msgspec.Struct, frozen=True):
    """A line of Locust's own statistics; times in milliseconds."""

    method: str
    """HTTP method."""
    name: str
    """Name of the request."""
    requests: int
    """How many."""
    failures: int
    """How many of them failed."""
    median: float
    """Median."""
    p95: float
    """95 of 100 are not above it."""
    p99: float
    """99 of 100 are not above it."""
    longest: float
    """The longest."""


class Statistics(msgspec.Struct, frozen=True, tag_field="kind", tag="statistics"):
    """Locust's own statistics over all generators, at the end."""

    rows: tuple[LocustRow, ...]
    """One for each kind of request."""


Report = PartReport | Statistics
"""Everything that is told."""
