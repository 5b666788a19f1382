"""The doorstep: where the webhooks of a basin are put down, for the test to pick up."""

from __future__ import annotations

from collections.abc import Mapping

from seatrial.mocks.berths import webhook_secret
from seatrial.mocks.guests.letters import webhook_of
from seatrial.mocks.guests.sea import Webhook
from seatrial.sim.notice import Notice
from seatrial.sim.partner import Partner
from seatrial.sim.receiver import Finished


class Doorstep:
    """Takes every webhook and answers it with a 2xx; keeps them in the order in which they came."""

    up = True
    frozen = False

    def __init__(self, partners: Mapping[str, Partner]) -> None:
        self._partners = partners
        self._put_down: list[tuple[str, Webhook]] = []

    def deliver(self, notice: Notice, finished: Finished) -> None:
        """A webhook comes."""
        partner = self._partners[notice.partner]
        secret = webhook_secret(partner) if partner.conduct.webhooks.signature != "none" else ""
        self._put_down.append((notice.order_no, webhook_of(partner, notice, secret)))
        finished(None)

    def of(self, partner: str) -> tuple[Webhook, ...]:
        """What a partner has told so far."""
        return tuple(webhook for _, webhook in self._put_down if webhook.partner == partner)

    def count(self, partner: str, order_no: str) -> int:
        """How often a partner has told of an order."""
        return sum(webhook.partner == partner and number == order_no for number, webhook in self._put_down)

    def crash(self, down_for: float) -> None:
        """Nobody here can be killed."""

    def freeze(self, lasts: float) -> None:
        """Nobody here can be stopped."""
