"""The packages that code of others needs beside ours."""

from __future__ import annotations

from importlib.util import find_spec

from seatrial.sim.errors import BadInput


def check_extra() -> None:
    """Raise BadInput where the package is missing with which code of others is answered."""
    if find_spec("httpx") is None:
        hint = "it needs the extra `guest`: pip install 'seatrial[guest]'"
        raise BadInput("code of yours cannot be answered here: httpx is not installed", hint=hint)
