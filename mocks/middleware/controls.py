"""The controls of an integration: every safeguard can be switched off."""

from __future__ import annotations

import msgspec

from seatrial.sim.quantities import PerSecond, Seconds, check_above_zero


class Controls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Safeguards and their settings. The defaults are the resilient integration.

    What lies between programs (`patience`, `backoff`, `longest_believed`, `breaker_rest`, `pace`) is technical time;
    every other duration is business time, which a scaled run on the wire makes shorter. Raises BadInput for a setting
    that nobody could go by, such as a poll every 0 s.
    """

    idempotency_key: bool = True
    """Send idempotency keys, and look a document up before a write is repeated after an unclear end."""
    retry: bool = True
    """Repeat failed calls with exponential backoff and jitter."""
    timeout: bool = True
    """Wait `patience` for a reply instead of two minutes."""
    breaker: bool = True
    """Stop calling a partner that keeps failing, for `breaker_rest`."""
    throttle: bool = True
    """Stay under `pace` calls a second to each partner."""
    dead_letter: bool = True
    """Put failed messages aside, try them again later, and hand them to people when that does not help."""
    reconciliation: bool = True
    """Compare the partners' books from time to time and mend what differs."""
    fallback_carrier: bool = True
    """Take the second carrier where the first one fails."""
    alternate_sourcing: bool = True
    """Try the next warehouse where one rejects a release."""
    inbox: bool = True
    """Keep every incoming message durably until it is worked off, and know it again when it comes twice."""
    outbox: bool = True
    """Keep durably what still has to be told to others: stock that listings do not show yet."""
    ordering_guard: bool = True
    """Ignore what an order has already gone past, and put aside what it has not come to yet."""
    reservation: bool = True
    """Count captured orders and give each channel a share of the stock, instead of all of it to all."""
    strict_reading: bool = True
    """Take a reply that is no document for an error, not for an empty list."""

    patience: Seconds = Seconds(10)
    """Timeout of a call."""
    attempts: int = 4
    """Attempts of a call, the first included."""
    backoff: Seconds = Seconds(0.5)
    """Wait before the second attempt; doubles each time, with jitter."""
    longest_believed: Seconds = Seconds(3600)
    """Longest pause that a partner may ask for; one that asks for more may have taken milliseconds for seconds."""
    breaker_after: int = 5
    """Failures in a row after which the breaker opens."""
    breaker_rest: Seconds = Seconds(60)
    """How long an open breaker lets nothing through."""
    pace: PerSecond = PerSecond(50)
    """Calls a second to one partner."""
    again_after: Seconds = Seconds(30)
    """Wait before a message that failed comes again; grows to 120 times as much."""
    dead_after: int = 10
    """Deliveries of a message after which it is a dead letter."""
    replay_every: Seconds = Seconds(3600)
    """How often dead letters are tried again."""
    poll_every: Seconds = Seconds(60)
    """How often a polled channel is asked for changes."""
    poll_behind: Seconds = Seconds(60)
    """How far a poller without `strict_reading` stays behind, for changes that become visible late."""
    batch_every: Seconds = Seconds(900)
    """How often a batch channel is asked for a new file."""
    listings_every: Seconds = Seconds(60)
    """How often changed stock is told to the channels."""
    reconcile_every: Seconds = Seconds(3600)
    """How often books are compared."""
    quiet_after: Seconds = Seconds(18 * 3600)
    """Time after which a release without news is asked about."""
    settled_after: Seconds = Seconds(600)
    """Time after an unclear purchase after which a label that no look-up showed is believed not to be there."""
    lost_after: Seconds = Seconds(96 * 3600)
    """Time after its dispatch after which a parcel that was not delivered is asked about."""
    memory: Seconds = Seconds(48 * 3600)
    """How long numbers of finished messages and orders are remembered."""

    def __post_init__(self) -> None:
        """Look at the values: what is done again and again takes time, and what is counted is at least one."""
        check_above_zero(self, "attempts", "breaker_after", "pace", "dead_after", *_AGAIN_AND_AGAIN)


_AGAIN_AND_AGAIN = ("replay_every", "poll_every", "batch_every", "listings_every", "reconcile_every")
