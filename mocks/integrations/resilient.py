"""The resilient reference: middleware-led orchestration with every control."""

from __future__ import annotations

from seatrial.mocks.middleware.controls import Controls
from seatrial.mocks.middleware.orchestration import Orchestration


class Resilient(Orchestration):
    """Survives lost replies, duplicated and reordered webhooks, outages, crashes and wrong stock; each of its controls
    can be switched off in a scenario.
    """

    Settings = Controls
