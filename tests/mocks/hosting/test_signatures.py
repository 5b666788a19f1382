"""Laws of signed webhooks: what a policy signs is genuine, and nothing else is."""

from __future__ import annotations

from base64 import b64encode

import pytest

from seatrial.mocks.hosting.signatures import is_genuine
from seatrial.sim.policies.webhooks import PRESETS

SECRET = b64encode(b"a very secret secret").decode()
SIGNING = [name for name, policy in PRESETS.items() if policy.signature != "none"]
BODY = b'{"event": "x"}'


@pytest.mark.parametrize("name", SIGNING)
def test_what_a_policy_signs_is_genuine(name) -> None:
    """Every preset's proof is known again; another body, secret or proof is not, and none at all neither."""
    secret = ("whsec_" if PRESETS[name].signature == "standard_webhooks" else "") + SECRET
    headers = {key.lower(): value for key, value in PRESETS[name].sign(secret, BODY, "N-1", 77).items()}
    assert is_genuine(secret, BODY, headers)
    assert not is_genuine(secret, BODY + b" ", headers)
    assert not is_genuine(b64encode(b"another").decode(), BODY, headers)
    assert not is_genuine(secret, BODY, {key: value[:-4] for key, value in headers.items()})
    assert not is_genuine(secret, BODY, {})
    assert not is_genuine(secret, BODY, {"x-signature": ""})


def test_a_number_or_time_that_was_not_signed_is_seen() -> None:
    """By the Standard Webhooks rules the number and the time belong to what is proved."""
    headers = PRESETS["shipbob"].sign(SECRET, BODY, "N-1", 77)
    assert not is_genuine(SECRET, BODY, headers | {"webhook-id": "N-2"})
    assert not is_genuine(SECRET, BODY, headers | {"webhook-timestamp": "78"})
