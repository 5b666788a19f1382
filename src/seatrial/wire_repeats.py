"""Replays on real sockets: the strikes of an earlier run, divided between the world and the proxy before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec

from seatrial.mocks.wire.proxy_desk import is_strike_of_the_proxy
from seatrial.replaying import Replayed, check_fits, replayed_of
from seatrial.scenarios.loader import Loaded
from seatrial.sim.decisions import Decided, DecisionLog, Decisions, Replay, read_decisions
from seatrial.sim.rulebook import Rulebook
from seatrial.wire_options import WireOptions


class Repeats(msgspec.Struct, frozen=True):
    """What of an earlier run is made again, and where the decisions of this one are kept."""

    log: DecisionLog
    """The log of this run."""
    decisions: Decisions | None = None
    """That of the earlier one; None: the run is no replay."""
    replay: Replay | None = None
    """The part of it that the world makes again."""
    of_the_proxy: tuple[Decided, ...] | None = None
    """The part of it that is the proxy's."""

    def result(self, unasked: Mapping[str, int], loaded: Loaded) -> Replayed | None:
        """What became of it; `unasked` are the proxy's decisions that no call asked for."""
        if self.decisions is None or self.replay is None:
            return None
        return replayed_of(self.decisions, Counter(self.replay.left) + Counter(unasked), loaded)


def earlier(replay: Path | None, loaded: Loaded, seed: int) -> Decisions | None:
    """The decisions to be made again. Raises BadInput where they are of another scenario or seed."""
    if replay is None:
        return None
    decisions = read_decisions(replay)
    check_fits(decisions, loaded, seed)
    return decisions


def repeats(decisions: Decisions | None, rulebook: Rulebook, log: DecisionLog, options: WireOptions) -> Repeats:
    """Divide the strikes: the world's rulebook follows its own from now on."""
    if decisions is None:
        return Repeats(log)
    proxied = options.faults_at == "proxy"
    strikes = decisions.strikes
    outside = tuple(each for each in strikes if proxied and is_strike_of_the_proxy(each))
    inside = tuple(each for each in strikes if not (proxied and is_strike_of_the_proxy(each)))
    replay = Replay(msgspec.structs.replace(decisions, strikes=inside))
    rulebook.follow(replay)
    return Repeats(log, decisions, replay, outside)
