"""The resilient reference: middleware-led orchestration with every control."""

from __future__ import annotations

from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.orchestration import Orchestration


class Resilient(Orchestration):
    """Every safeguard on: it survives lost replies, repeated and reordered webhooks, outages, crashes and wrong stock.

    Each of its controls can be switched off in a scenario.
    """

    Settings = Controls
