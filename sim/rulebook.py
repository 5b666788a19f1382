"""The rulebook: which fault strikes which call, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from seatrial.sim.call import Call
from seatrial.sim.catalogue import snake_case
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Decision, Draw, Rule


class Coverage(msgspec.Struct):
    """What became of a rule in a run."""

    rule: str
    """Name of the rule."""
    matched: int = 0
    """Calls that it could have struck."""
    fired: int = 0
    """Calls that it struck."""
    mattered: int = 0
    """Strikes after which the sender or the receiver saw something that it would not have seen."""


class ArmedRule:
    """A rule in force: it matches calls, counts attempts, throws the dice and remembers its coverage."""

    def __init__(self, rule: Rule, dice: Dice) -> None:
        self.rule = rule
        self.coverage = Coverage(rule.name)
        self.direction = rule.direction or rule.fault.direction
        self._fault = snake_case(type(rule.fault).__name__)
        self._chance = dice.keyed("rule", rule.name)
        self._attempts: dict[str, int] = {}
        self._counts_attempts = bool(rule.first or rule.nth)

    def aims_at(self, partner: str, kind: str, operation: str, direction: str, access: str = "") -> bool:
        """Whether it could ever strike this operation; `access` is what that does: `read`, `write` or empty."""
        wants = self.rule.fault.wants
        if direction != self.direction or (wants and access and wants != access):
            return False
        names = (partner, f"{partner}.{operation}", f"{kind}.{operation}", kind)
        return any(fnmatchcase(name, self.rule.at) for name in names)

    def decide(self, call: Call, now: float) -> Decision | None:
        """The fate that this rule has for a call, or None."""
        rule = self.rule
        if not (rule.start <= now < rule.stop) or not self._matches(call):
            return None
        self.coverage.matched += 1
        attempt = self._attempt(call)
        if not self._is_turn(attempt):
            return None
        dice = self._dice(call, attempt)
        if rule.probability < 1 and dice("strike") >= rule.probability:
            return None
        fate = rule.fault.decide(call, now - rule.start, dice)
        if fate is None:
            return None
        self.coverage.fired += 1
        return Decision(rule.name, self._fault, fate)

    def _matches(self, call: Call) -> bool:
        rule = self.rule
        if rule.key != "*" and not (fnmatchcase(call.key, rule.key) or fnmatchcase(call.order, rule.key)):
            return False
        return all(fnmatchcase(call.headers.get(name, ""), value) for name, value in rule.headers.items())

    def _attempt(self, call: Call) -> int:
        """Attempts are counted here, by business key, for senders that do not number them.

        Calls without a key (a poll, a sign-in) are told apart by their count alone: each has a draw of its own.
        """
        if call.key and not self._counts_attempts:
            return call.attempt
        name = f"{call.partner}.{call.operation}.{call.key}"
        count = self._attempts[name] = max(self._attempts.get(name, 0) + 1, call.attempt)
        return count

    def _is_turn(self, attempt: int) -> bool:
        rule, coverage = self.rule, self.coverage
        if rule.until and coverage.fired >= rule.until:
            return False
        if (rule.first and attempt > rule.first) or (rule.nth and attempt != rule.nth):
            return False
        return coverage.matched % rule.every == 0

    def _dice(self, call: Call, attempt: int) -> Draw:
        place = f"{call.partner}.{call.operation}/{call.key}/{attempt}/"
        chance = self._chance
        return lambda purpose: chance(place + purpose)


class Rulebook:
    """All rules of a run. A *lane* is what one operation has to fear: a list that stays up to date."""

    def __init__(self, rules: Iterable[Rule], dice: Dice, evidence: Evidence, clock: Callable[[], float]) -> None:
        self._dice = dice
        self._evidence = evidence
        self._clock = clock
        self._armed = [ArmedRule(rule, dice) for rule in rules]
        self._disarmed: list[ArmedRule] = []
        self._lanes: dict[tuple[str, str, str, str, str], list[ArmedRule]] = {}

    def lane(self, partner: str, kind: str, operation: str, direction: str, access: str = "") -> list[ArmedRule]:
        """The rules that may strike this operation, in the order written; changes when rules are armed or disarmed."""
        name = (partner, kind, operation, direction, access)
        if name not in self._lanes:
            self._lanes[name] = [rule for rule in self._armed if rule.aims_at(*name)]
        return self._lanes[name]

    def arm(self, rule: Rule) -> None:
        """Add a rule to a running world."""
        self._armed.append(ArmedRule(rule, self._dice))
        self._refill()

    def disarm(self, *names: str) -> None:
        """Take rules out of force; without names, all of them. Their coverage is kept."""
        gone = [rule for rule in self._armed if not names or rule.rule.name in names]
        self._disarmed += gone
        self._armed = [rule for rule in self._armed if rule not in gone]
        self._refill()

    def decide(self, lane: Sequence[ArmedRule], call: Call) -> Decision | None:
        """The fate of a call: the first answer wins, in the order written."""
        now = self._clock()
        for rule in lane:
            decision = rule.decide(call, now)
            if decision is not None:
                return decision
        return None

    def settle(self, call: Call, decision: Decision, mattered: bool) -> None:
        """Log a strike once it is known whether anybody noticed."""
        if mattered:
            for rule in (*self._armed, *self._disarmed):
                if rule.rule.name == decision.rule:
                    rule.coverage.mattered += 1
        self._evidence.fault(
            call.partner,
            call.operation,
            decision.fault,
            call.key,
            call.order,
            call.attempt,
            "mattered" if mattered else "idle",
            decision.rule,
        )

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """What became of every rule, disarmed ones included."""
        return tuple(rule.coverage for rule in (*self._disarmed, *self._armed))

    def _refill(self) -> None:
        for name, lane in self._lanes.items():
            lane[:] = [rule for rule in self._armed if rule.aims_at(*name)]
