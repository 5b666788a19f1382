"""The live page: one document with its style and its script inside, and the content policy that fits it exactly."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple


class LivePage(NamedTuple):
    """The page as it is sent."""

    body: bytes
    """HTML."""
    policy: bytes
    """Content-Security-Policy: this script and this style, and nothing else."""


@cache
def live_page() -> LivePage:
    """Put the page together."""
    folder = files("seatrial.mocks.control")
    page, style, script = ((folder / name).read_text(encoding="utf-8") for name in ("live.html", "live.css", "live.js"))
    body = page.replace("/* style */", style).replace("/* script */", script)
    policy = (
        "default-src 'none'; connect-src 'self'; img-src data:; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return LivePage(body.encode(), policy.encode())


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
