"""Laws of webhook policies: schedules that end, and signatures that others can check."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode

import msgspec
import pytest

from seatrial.sim.policies.webhooks import PRESETS, Webhooks
from seatrial.sim.quantities import Seconds, read_quantity

SECRET, BODY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
EVENT, AT = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
HOUR = 3600.0
by_name = pytest.mark.parametrize("name", PRESETS)


@by_name
def test_a_schedule_moves_forward(name: str) -> None:
    """Every delay is positive and none is shorter than the one before: a partner that fails slows down."""
    policy = PRESETS[name]
    assert policy.timeout > 0
    assert all(delay > 0 for delay in policy.retries)
    assert list(policy.retries) == sorted(policy.retries)


@pytest.mark.parametrize(
    ("name", "retries", "hours"),
    [("shopify", 8, 4.0), ("woocommerce", 0, 0.0), ("shipbob", 7, 27.5), ("business_central", 9, 36.0)],
)
def test_schedules_are_as_long_as_vendors_say(name: str, retries: int, hours: float) -> None:
    """Shopify: 8 retries over 4 h. WooCommerce: none. ShipBob: 7 after the first. Business Central: 36 h."""
    delays = PRESETS[name].retries
    assert len(delays) == retries
    assert sum(delays) == pytest.approx(hours * HOUR, rel=0.02)


@by_name
def test_a_preset_can_be_written_down(name: str) -> None:
    """What a scenario says about a policy is what it gets."""
    plain = msgspec.to_builtins(PRESETS[name], enc_hook=float)
    assert msgspec.convert(plain, Webhooks, dec_hook=read_quantity) == PRESETS[name]


def test_a_schedule_is_written_as_people_write_it() -> None:
    """Delays take units, and a misspelt field is an error."""
    policy = msgspec.convert({"retries": ["5 s", "1 min"], "timeout": "7 s"}, Webhooks, dec_hook=read_quantity)
    assert policy == Webhooks(timeout=Seconds(7), retries=(Seconds(5), Seconds(60)))
    with pytest.raises(msgspec.ValidationError, match="retrys"):
        msgspec.convert({"retrys": []}, Webhooks, dec_hook=read_quantity)


def test_the_standard_webhooks_rules_are_kept() -> None:
    """Number, time and body are signed with the decoded secret: this is the example that the rules publish."""
    assert PRESETS["shipbob"].sign(SECRET, BODY, EVENT, AT) == {
        "webhook-id": EVENT,
        "webhook-timestamp": str(AT),
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_body_is_signed_in_base64_or_hex() -> None:
    """Shopify's header has base64, EasyPost's hex behind a prefix; both are the HMAC-SHA256 of the raw body."""
    proof = hmac.digest(b"secret", BODY, hashlib.sha256)
    shopify, easypost = (PRESETS[name].sign("secret", BODY, EVENT) for name in ("shopify", "easypost"))
    assert b64decode(shopify["X-Shopify-Hmac-Sha256"]) == proof
    assert easypost == {"X-Hmac-Signature": f"hmac-sha256-hex={proof.hex()}"}


@pytest.mark.parametrize("name", ["shopify", "shipbob", "woocommerce", "easypost"])
def test_a_changed_body_has_another_signature(name: str) -> None:
    """One byte more is another proof; the same body has the same."""
    policy = PRESETS[name]
    signed = [policy.sign(SECRET, body, EVENT, AT) for body in (BODY, BODY, BODY + b" ")]
    assert signed[0] == signed[1] != signed[2]


def test_the_number_of_an_event_is_the_same_on_every_delivery() -> None:
    """The header to de-duplicate by carries the event's number, whenever it is delivered; no policy, no header."""
    first, again = (PRESETS["shopify"].sign("secret", BODY, EVENT, at) for at in (AT, AT + 60))
    assert first["X-Shopify-Event-Id"] == again["X-Shopify-Event-Id"] == EVENT
    assert PRESETS["plain"].sign("secret", BODY, EVENT) == {}
