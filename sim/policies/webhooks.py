"""Webhooks: how long a partner waits for its receiver, how often it tries again, and when it stops telling."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from seatrial.sim.latency import Latency, Lognormal
from seatrial.sim.quantities import Count, Seconds, check_above_zero

Signature = Literal["none", "hmac_sha256_base64", "hmac_sha256_hex", "standard_webhooks"]
"""How a webhook proves who sent it: not at all, an HMAC-SHA256 of the body, or by the Standard Webhooks rules (an
HMAC-SHA256 of number, time and body)."""
_MINUTE, _HOUR = 60.0, 3600.0


def _seconds(*delays: float) -> tuple[Seconds, ...]:
    return tuple(map(Seconds, delays))


class Webhooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How events are delivered: at least once, in no promised order, until the partner gives up."""

    latency: Latency = Lognormal(Seconds(0.08), Seconds(0.6))
    """Round trip from the partner to the receiver and back."""
    timeout: Seconds = Seconds(5)
    """Seconds that the partner waits for the receiver's 2xx."""
    retries: tuple[Seconds, ...] = _seconds(*(n * _MINUTE for n in (1, 2, 4, 8, 16, 32, 64, 113)))
    """Seconds between a failed attempt and the next, one for each retry; empty: no retry."""
    payload: Literal["original", "fresh"] = "original"
    """Whether a retry carries the document as it was at the event, or as it is by then."""
    signature: Signature = "none"
    """How a webhook proves who sent it."""
    signature_header: str = ""
    """Header that carries the signature; the Standard Webhooks rules have their own."""
    signature_prefix: str = ""
    """What stands before the signature in its header."""
    dedupe_header: str = ""
    """Header with the number of the event, the same on every delivery; empty: the number is in the body."""
    disable_after: Count = 0
    """Events in a row that were given up before the subscription is disabled; 0: never."""
    delete_after: Count = 0
    """Events in a row that were given up before the subscription is deleted; 0: never."""

    def __post_init__(self) -> None:
        """Look at the value: nobody answers in no time."""
        check_above_zero(self, "timeout", endless=True)

    def sign(self, secret: str, body: bytes, notice_no: str = "", at: int = 0) -> dict[str, str]:
        """Headers that prove and number a delivery; `at` is its time in seconds since 1970.

        By the Standard Webhooks rules the secret is base64 text, with or without `whsec_` before it.
        """
        headers = {self.dedupe_header: notice_no} if self.dedupe_header else {}
        if self.signature == "standard_webhooks":
            key = b64decode(secret.removeprefix("whsec_"))
            proof = b64encode(_hmac(key, f"{notice_no}.{at}.".encode() + body)).decode()
            return headers | {
                "webhook-id": notice_no,
                "webhook-timestamp": str(at),
                "webhook-signature": f"v1,{proof}",
            }
        if self.signature != "none":
            digest = _hmac(secret.encode(), body)
            proof = digest.hex() if self.signature == "hmac_sha256_hex" else b64encode(digest).decode()
            headers[self.signature_header or "X-Signature"] = self.signature_prefix + proof
        return headers


def _hmac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")


SHOPIFY: Final = Webhooks(
    # Documented: 5 s in all, 8 retries over 4 h, exponential, original payload; deleted after 8 failures in a row,
    # which is one event that is given up. The single delays are ours.
    signature="hmac_sha256_base64",
    signature_header="X-Shopify-Hmac-Sha256",
    dedupe_header="X-Shopify-Event-Id",
    delete_after=1,
)
SHIPBOB: Final = Webhooks(
    # Third-party copy of the documentation: 15 s; at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h; disabled after
    # 5 days of failures, here 5 events in a row.
    timeout=Seconds(15),
    retries=_seconds(5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 10 * _HOUR),
    signature="standard_webhooks",
    dedupe_header="webhook-id",
    disable_after=5,
)
WOOCOMMERCE: Final = Webhooks(
    # Specification: no retry documented; disabled after 5 answers in a row that are not 2xx; the body is the resource
    # as it is now. The delivery number is new each time, so it numbers deliveries, not events.
    retries=(),
    payload="fresh",
    signature="hmac_sha256_base64",
    signature_header="X-WC-Webhook-Signature",
    disable_after=5,
)
EASYPOST: Final = Webhooks(
    # Documented: 2xx within 7 s (third-party copy), progressive back-off for about 24 h; the event's id is in the
    # body. The single delays are ours.
    timeout=Seconds(7),
    retries=_seconds(_MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 6 * _HOUR, 15 * _HOUR),
    signature="hmac_sha256_hex",
    signature_header="X-Hmac-Signature",
    signature_prefix="hmac-sha256-hex=",
)
BUSINESS_CENTRAL: Final = Webhooks(
    # Specification: retries up to 36 h, then the subscription is deleted; only the last state is told. Timeout and
    # single delays are ours.
    timeout=Seconds(10),
    retries=_seconds(_MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, *(7 * _HOUR,) * 4),
    payload="fresh",
    delete_after=1,
)

PRESETS: Final[Mapping[str, Webhooks]] = MappingProxyType(
    {
        "business_central": BUSINESS_CENTRAL,
        "easypost": EASYPOST,
        "plain": Webhooks(),
        "shipbob": SHIPBOB,
        "shopify": SHOPIFY,
        "woocommerce": WOOCOMMERCE,
    }
)
"""What vendors do, by name."""
