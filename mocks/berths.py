"""Berths: where and how an integration finds its partners, whatever carries its calls."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from seatrial.sim.ground import Ground
from seatrial.sim.partner import Partner
from seatrial.sim.tokens import Tokens

_SECRET_WORDS: Final = 3


class Berth(msgspec.Struct, frozen=True):
    """Where and how an integration finds one partner."""

    name: str
    """Name of the partner."""
    kind: str
    """Its kind."""
    role: str
    """What it is to the integration: channel, erp, warehouse, carrier, desk, supply."""
    url: str
    """Base URL."""
    token: str = ""
    """First token, where calls carry one; it holds from second 0 of the run."""
    webhook_secret: str = ""
    """Key of its signatures, where it signs webhooks."""

    @property
    def variable(self) -> str:
        """Beginning of the names of its environment variables."""
        words = [self.name] if self.role == self.name else [self.role, self.name]
        return "SEATRIAL_" + "_".join(words).upper().replace("-", "_")


def berth_of(partner: Partner, url: str) -> Berth:
    """The berth of a partner that is found at this base URL."""
    dice, conduct = partner.ground.dice, partner.conduct
    return Berth(
        name=partner.name,
        kind=partner.kind,
        role=partner.role or partner.kind,
        url=url,
        token=Tokens(dice, partner.name).write(0.0) if conduct.auth.by_token else "",
        webhook_secret=webhook_secret(partner) if conduct.webhooks.signature != "none" else "",
    )


def webhook_secret(partner: Partner) -> str:
    """Key of a partner's signatures: base64 of 24 bytes, the same for the same seed."""
    draw = partner.ground.dice.keyed_int(2**63, "webhook secret", partner.name)
    words = b"".join(draw(str(number)).to_bytes(8, "big") for number in range(_SECRET_WORDS))
    prefix = "whsec_" if partner.conduct.webhooks.signature == "standard_webhooks" else ""
    return prefix + b64encode(words).decode()


def environment_of(berths: Iterable[Berth], ground: Ground, scale: float) -> Mapping[str, str]:
    """The environment variables by which an integration finds its partners; `scale` is the time scale."""
    berths = tuple(berths)
    found: dict[str, str] = {}
    for berth in berths:
        found[f"{berth.variable}_URL"] = berth.url
        if berth.token:
            found[f"{berth.variable}_TOKEN"] = berth.token
        if berth.webhook_secret:
            found[f"{berth.variable}_WEBHOOK_SECRET"] = berth.webhook_secret
    found["SEATRIAL_PARTNERS"] = msgspec.json.encode(berths).decode()
    found["SEATRIAL_TIME_SCALE"] = f"{scale:g}"
    found["SEATRIAL_SCENARIO_START"] = ground.day.wall(0.0).isoformat()
    found["SEATRIAL_SEED"] = str(ground.dice.seed)
    return found


def controls_told(controls: Mapping[str, Any]) -> Mapping[str, str]:
    """How an integration is told the scenario's controls."""
    return {"SEATRIAL_CONTROLS": msgspec.json.encode(controls).decode()}
