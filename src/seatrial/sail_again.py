"""The second voyage of the same integration, in a process of its own (see `twice`)."""

from __future__ import annotations

import os
import sys
import traceback

import msgspec

from seatrial.scenarios.loader import parse_scenario
from seatrial.twice import Again
from seatrial.voyage import sail


def sail_again(asked: bytes) -> None:
    """Sail as this JSON of an `Again` asks for, and leave the log in its folder."""
    again = msgspec.json.decode(asked, type=Again)
    loaded = parse_scenario(again.scenario, again.source)
    sail(loaded, seed=again.seed, integration=again.integration, out=again.out)


def sail_again_and_end(asked: bytes) -> None:
    """Sail so, and end this process: a thread that the code under test began at its import would keep it for ever."""
    code = 0
    try:
        sail_again(asked)
    except BaseException:  # noqa: BLE001 (whoever started this process reads what it said last)
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
