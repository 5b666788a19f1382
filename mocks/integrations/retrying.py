"""The retrying reference: it repeats what fails, and knows nothing again."""

from __future__ import annotations

from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.orchestration import Orchestration


class Switches(Controls, frozen=True, forbid_unknown_fields=True):
    """Controls with only retries and timeouts switched on."""

    idempotency_key: bool = False
    breaker: bool = False
    throttle: bool = False
    dead_letter: bool = False
    reconciliation: bool = False
    fallback_carrier: bool = False
    alternate_sourcing: bool = False
    inbox: bool = False
    outbox: bool = False
    ordering_guard: bool = False
    reservation: bool = False
    strict_reading: bool = False


class Retrying(Orchestration):
    """Retries without keys and without memory: what was committed before its reply was lost is made again."""

    Settings = Switches
