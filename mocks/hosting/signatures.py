"""Whether a webhook comes from who it says: the proof in its headers, held against the shared secret."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping

_STANDARD = "webhook-signature"  # of the Standard Webhooks rules


def is_genuine(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether one of the headers proves that the sender has the secret.

    Partners put their HMAC-SHA256 of the body into headers of their own, as hex or base64, some with a prefix: whoever
    can write the right one into any header has the secret, so no header has to be known by name. By the Standard
    Webhooks rules number and time are signed too; the time is the partner's business clock, so its age says nothing.
    """
    if _STANDARD in headers:
        return _is_standard(secret, body, headers)
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    proofs = (digest.hex().encode(), b64encode(digest))
    return any(_ends_with(value.encode(), proof) for value in headers.values() for proof in proofs)


def _is_standard(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except (NotBase64, ValueError):
        return False
    signed = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + body
    proof = b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    given = headers[_STANDARD].split()  # one for each key that is in use
    return any(hmac.compare_digest(each.encode(), b"v1," + proof) for each in given)


def _ends_with(value: bytes, proof: bytes) -> bool:
    return hmac.compare_digest(value[-len(proof) :], proof)
