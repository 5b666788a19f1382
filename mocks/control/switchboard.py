"""The switchboard: faults are armed and disarmed while the world runs, some for a while only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

import msgspec

from seatrial.mocks.control.picture import Switch
from seatrial.sim.attributedocs import value_text
from seatrial.sim.catalogue import snake_case
from seatrial.sim.errors import Rejected
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Rule
from seatrial.sim.paced import PacedClock
from seatrial.sim.rulebook import ArmedRule, Coverage
from seatrial.sim.waits import after

LONGEST: Final = 7 * 86_400.0
"""Real seconds for which a rule can be armed, at most."""
_MOST: Final = 200
"""Rules in force at the same time; and rules armed by hand that are remembered."""
WriteRule = Callable[[Mapping[str, object], float, Iterable[str]], Rule]
"""Makes a rule of its fields; takes the second of the run and the names in use, and raises BadInput."""


class Arms(Protocol):
    """Whoever carries out rules: the rulebook, or it together with a proxy."""

    @property
    def armed(self) -> tuple[ArmedRule, ...]:
        """The rules in force."""
        ...

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """What became of every rule."""
        ...

    def arm(self, rule: Rule) -> None:
        """Put a rule into force."""
        ...

    def disarm(self, *names: str) -> None:
        """Take rules out of force; without names, all of them."""
        ...


class ByHand(msgspec.Struct):
    """A rule that was armed while the world ran."""

    rule: Rule
    """The rule; its window as it was asked for."""
    fault: str
    """Kind of the fault."""
    begin: float
    """Second of the run from which it was in force."""
    end: float = float("inf")
    """Second of the run at which it ended."""


class Switchboard:
    """Arms and disarms. What is armed with a time to live disarms itself after so many real seconds, also while
    business time stands still. Begin and end of each window stand in the evidence.

    Raises Rejected 404 `unknown_rule`, 422 `invalid_ttl`, 429 `too_many_rules`; BadInput for a rule that makes no
    sense.
    """

    def __init__(self, arms: Arms, clock: PacedClock, evidence: Evidence, write: WriteRule) -> None:
        self._arms = arms
        self._clock = clock
        self._evidence = evidence
        self._write = write
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._open: dict[str, ByHand] = {}
        self.by_hand: list[ByHand] = []

    def arm(self, fields: Mapping[str, object]) -> Switch:
        """Arm a rule: the fields of a scenario's fault, and `ttl` in real seconds."""
        rest = dict(fields)
        ttl = _ttl(rest.pop("ttl", None))
        names = [each.rule.name for each in self._arms.armed]
        if len(names) >= _MOST:
            raise Rejected("too_many_rules", f"{_MOST} rules are armed; disarm some", status=429)
        now = self._clock.catch_up()
        rule = self._write(rest, now, names)
        self._arms.arm(rule)
        self._open_window(rule, now)
        if ttl is not None:
            self._timers[rule.name] = asyncio.get_running_loop().call_later(ttl, self._expire, rule.name)
        self._clock.arm()
        return next(each for each in self.switches() if each.name == rule.name)

    def disarm(self, name: str) -> None:
        """Take a rule out of force."""
        known = [each.rule.name for each in self._arms.armed]
        if name not in known:
            told = ", ".join(known) or "none"
            raise Rejected("unknown_rule", f"no rule {name!r} is armed · armed: {told}", status=404)
        self._clock.catch_up()
        self._arms.disarm(name)
        self.sweep()

    def disarm_all(self) -> int:
        """Take all rules out of force; gives how many there were."""
        count = len(self._arms.armed)
        self._clock.catch_up()
        self._arms.disarm()
        self.sweep()
        return count

    def switches(self) -> tuple[Switch, ...]:
        """The rules in force."""
        now = self._clock.now()
        return tuple(self._switch(each, now) for each in self._arms.armed)

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """What became of every rule, disarmed ones included."""
        return self._arms.coverage

    def sweep(self) -> None:
        """Close the books on rules that are gone, whoever took them away."""
        names = {each.rule.name for each in self._arms.armed}
        for name in [name for name in self._timers if name not in names]:
            self._timers.pop(name).cancel()
        for name in [name for name in self._open if name not in names]:
            self._close_window(self._open[name])

    def close(self) -> None:
        """Forget the timers; rules stay as they are."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _expire(self, name: str) -> None:
        self._timers.pop(name, None)
        if any(each.rule.name == name for each in self._arms.armed):
            self.disarm(name)

    def _open_window(self, rule: Rule, now: float) -> None:
        record = ByHand(rule, snake_case(type(rule.fault).__name__), float(rule.start))
        self.by_hand = [*self.by_hand[-_MOST:], record]
        env = self._clock.env
        self._open[rule.name] = record
        if rule.start > now:
            after(env, rule.start - now, self._announce, record)
        else:
            self._announce(record)
        if rule.stop < float("inf"):
            after(env, max(0.0, rule.stop - now), self._close_window, record)

    def _announce(self, record: ByHand) -> None:
        if self._open.get(record.rule.name) is record:
            self._evidence.phase("window", "begin", record.rule.name)

    def _close_window(self, record: ByHand) -> None:
        if self._open.get(record.rule.name) is record:
            del self._open[record.rule.name]
            now = self._clock.env.now
            record.end = max(now, record.begin)
            if now >= record.begin:
                self._evidence.phase("window", "end", record.rule.name)

    def _switch(self, armed: ArmedRule, now: float) -> Switch:
        rule, coverage, timer = armed.rule, armed.coverage, self._timers.get(armed.rule.name)
        fault = rule.fault
        stop = float(rule.stop)
        return Switch(
            name=rule.name,
            fault=snake_case(type(fault).__name__),
            at=rule.at,
            probability=float(rule.probability),
            parameters={name: value_text(getattr(fault, name)) for name in fault.__struct_fields__},
            open=rule.start <= now < stop,
            opens=float(rule.start),
            closes=stop if stop < float("inf") else None,
            ttl=round(max(0.0, timer.when() - asyncio.get_running_loop().time()), 3) if timer else None,
            matched=coverage.matched,
            fired=coverage.fired,
            mattered=coverage.mattered,
        )


def _ttl(given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= LONGEST:
        hint = f"real seconds above 0 and up to {LONGEST:,.0f}, as a number"
        raise Rejected("invalid_ttl", f"a time to live of {str(given)[:40]!r} · {hint}", status=422)
    return float(given)
