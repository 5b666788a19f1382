"""The naive reference: straight calls, one after the other, as a first version is written."""

from __future__ import annotations

from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.orchestration import Orchestration


class Switches(Controls, frozen=True, forbid_unknown_fields=True):
    """Controls that are all switched off."""

    idempotency_key: bool = False
    retry: bool = False
    timeout: bool = False
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


class Naive(Orchestration):
    """Every call is made once; what fails is dropped, what comes twice is done twice."""

    Settings = Switches
