"""Webhooks as they arrive: what a partner tells, as the request that a server would get."""

from __future__ import annotations

import msgspec

from seatrial.mocks.guests.sea import Webhook
from seatrial.sim.notice import Notice
from seatrial.sim.partner import Partner


def webhook_of(partner: Partner, notice: Notice, secret: str) -> Webhook:
    """A webhook, signed with the partner's secret as its policy says, at this moment of its clock."""
    body = msgspec.json.encode(notice)
    now = int(partner.ground.day.wall(partner.now).timestamp())
    signed = partner.conduct.webhooks.sign(secret, body, notice.notice_no, now)
    headers = {"host": "integration.seatrial", "content-type": "application/json", "user-agent": "Seatrial"}
    headers["content-length"] = str(len(body))
    return Webhook(partner.name, notice.event, headers | {k.lower(): v for k, v in signed.items()}, body)
