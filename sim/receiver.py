"""The receiving end of webhooks, as their senders know it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from seatrial.sim.notice import Notice

Finished = Callable[[BaseException | None], None]
"""Called once the receiver has answered: None for a 2xx, else what went wrong."""


class Receiver(Protocol):
    """Where webhooks arrive: the integration's process."""

    @property
    def up(self) -> bool:
        """Whether anybody listens."""
        ...

    @property
    def frozen(self) -> bool:
        """Whether whoever listens stands still, and does not tell by itself when its sender's patience ends."""
        ...

    def deliver(self, notice: Notice, finished: Finished) -> None:
        """Hand a webhook over; `finished` is called when the handler has answered."""
        ...

    def crash(self, down_for: float) -> None:
        """Kill the process; it starts again after `down_for` seconds."""
        ...

    def freeze(self, lasts: float) -> None:
        """Stop the process where it stands; it goes on after `lasts` seconds."""
        ...
