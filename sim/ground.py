"""What all partners of a run stand on."""

from __future__ import annotations

import msgspec
from simpy import Environment

from seatrial.sim.assortment import Assortment
from seatrial.sim.cargo import Road
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.tradingday import TradingDay


class Ground(msgspec.Struct):
    """What all partners of a run stand on."""

    env: Environment
    """The clock: `env.now` in seconds since the start of the run."""
    evidence: Evidence
    """The log."""
    dice: Dice
    """The chance."""
    rulebook: Rulebook
    """The faults."""
    day: TradingDay
    """Business time."""
    road: Road
    """Where goods travel."""
    assortment: Assortment
    """What is sold."""
    pace: float = 1.0
    """Seconds of business time in one second of technical time: of latency, timeouts, limits and tokens, which are
    never scaled. 1 in virtual time; on real sockets the scenario's time scale.
    """
