"""The rulebook: which fault strikes which call, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase, translate

import msgspec

from seatrial.sim.call import Call
from seatrial.sim.catalogue import snake_case
from seatrial.sim.decisions import Decided, Replay, decided, identity_of
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Decision, Draw, Fault, Rule
from seatrial.sim.occurrences import Occurrences
from seatrial.sim.quantities import Seconds


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
        self._fits = None if rule.key == "*" else re.compile(translate(rule.key)).match
        self.elsewhere = False

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

    def see(self, call: Call, now: float) -> None:
        """Count a call that it could have struck, where a replay decides."""
        rule = self.rule
        if rule.start <= now < rule.stop and self._matches(call):
            self.coverage.matched += 1

    def _matches(self, call: Call) -> bool:
        fits, headers = self._fits, self.rule.headers
        if fits is not None and not (fits(call.key) or fits(call.order)):
            return False
        return not headers or all(fnmatchcase(call.headers.get(name, ""), value) for name, value in headers.items())

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
    """All rules of a run. A *lane* is what one operation has to fear: a list that stays up to date.

    `keep` has every strike told to a log; `follow` takes the strikes from a log, and from then on dice, windows and
    counters of rules decide nothing.
    """

    def __init__(self, rules: Iterable[Rule], dice: Dice, evidence: Evidence, clock: Callable[[], float]) -> None:
        self._dice = dice
        self._evidence = evidence
        self._clock = clock
        self._armed = [ArmedRule(rule, dice) for rule in rules]
        self._disarmed: list[ArmedRule] = []
        self._lanes: dict[tuple[str, str, str, str, str], list[ArmedRule]] = {}
        self._asked: Occurrences | None = None
        self._told: Callable[[Decided], None] | None = None
        self._replay: Replay | None = None

    def keep(self, write: Callable[[Decided], None]) -> None:
        """Tell every strike from now on."""
        self._asked = self._asked or Occurrences()
        self._told = write

    def follow(self, replay: Replay) -> None:
        """Strike as the log says. Rules of the log that nobody has armed here strike too: they were armed by hand."""
        self._asked = self._asked or Occurrences()
        self._replay = replay
        armed = {rule.rule.name for rule in self._armed}
        for name, direction in replay.directions.items():
            if name not in armed:
                self.arm(Rule(name, Fault(), direction=direction, start=Seconds("inf")))

    def lane(self, partner: str, kind: str, operation: str, direction: str, access: str = "") -> list[ArmedRule]:
        """The rules that may strike this operation, in the order written; changes when rules are armed or disarmed."""
        name = (partner, kind, operation, direction, access)
        if name not in self._lanes:
            self._lanes[name] = self.aimed_at(*name)
        return self._lanes[name]

    def aimed_at(self, partner: str, kind: str, operation: str, direction: str, access: str = "") -> list[ArmedRule]:
        """The same list as it is now, and not kept: for operations of which there may be any number."""
        aim = (partner, kind, operation, direction, access)
        return [rule for rule in self._armed if not rule.elsewhere and rule.aims_at(*aim)]

    @property
    def armed(self) -> tuple[ArmedRule, ...]:
        """The rules in force, in the order written."""
        return tuple(self._armed)

    def arm(self, rule: Rule) -> None:
        """Add a rule to a running world."""
        self._armed.append(ArmedRule(rule, self._dice))
        self._refill()

    def disarm(self, *names: str) -> None:
        """Take rules out of force; without names, all of them. Their coverage is kept."""
        gone = [rule for rule in self._armed if not names or rule.rule.name in names]
        self._armed = [rule for rule in self._armed if rule not in gone]
        for rule in gone:
            self._lay_down(rule)
        self._refill()

    def entrust(self, *names: str) -> None:
        """Leave rules to somebody outside this process: they are in no lane, and what he reports is recorded."""
        for rule in self._armed:
            rule.elsewhere = rule.elsewhere or rule.rule.name in names
        self._refill()

    def record(self, call: Call, rule: str, fault: str, mattered: bool) -> None:
        """Log a strike of somebody outside who carries out a rule."""
        found = self._find(rule)
        if found is not None:
            found.coverage.fired += 1
            found.coverage.mattered += mattered
        self._log(call, rule, fault, mattered)

    def record_matched(self, counts: Mapping[str, int]) -> None:
        """Take over how many calls the rules of somebody outside could have struck so far, each name in all."""
        for name, count in counts.items():
            found = self._find(name)
            if found is not None:  # a name may have been in force before: what it matched then is kept there
                before = sum(each.matched for each in self.coverage if each.rule == name) - found.coverage.matched
                found.coverage.matched = count - before

    def decide(self, lane: Sequence[ArmedRule], call: Call) -> Decision | None:
        """The fate of a call: the first answer wins, in the order written."""
        now = self._clock()
        if self._asked is not None:
            return self._decide_on_record(self._asked, lane, call, now)
        for rule in lane:
            decision = rule.decide(call, now)
            if decision is not None:
                return decision
        return None

    def _decide_on_record(
        self, asked: Occurrences, lane: Sequence[ArmedRule], call: Call, now: float
    ) -> Decision | None:
        """The same where strikes are logged, or come from a log."""
        identity = identity_of(call)
        occurrence = asked.count(identity)
        decision: Decision | None = None
        if self._replay is not None:
            decision = self._repeat(self._replay, (identity, occurrence), lane, call, now)
        else:
            for rule in lane:
                decision = rule.decide(call, now)
                if decision is not None:
                    break
        if decision is not None and self._told is not None:
            self._told(decided(call, decision, occurrence, now))
        return decision

    def _repeat(
        self, replay: Replay, place: tuple[str, int], lane: Sequence[ArmedRule], call: Call, now: float
    ) -> Decision | None:
        """What the log says; every rule up to the one that struck counts what it would have counted."""
        decision = replay.take(*place, [rule.rule.name for rule in lane])
        for rule in lane:
            rule.see(call, now)
            if decision is not None and rule.rule.name == decision.rule:
                rule.coverage.fired += 1
                break
        return decision

    def settle(self, call: Call, decision: Decision, mattered: bool) -> None:
        """Log a strike once it is known whether anybody noticed."""
        if mattered:
            found = self._find(decision.rule)  # a rule may be armed again under the name that it had before
            if found is not None:
                found.coverage.mattered += 1
        self._log(call, decision.rule, decision.fault, mattered)

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """What became of every rule, disarmed ones included."""
        return tuple(rule.coverage for rule in (*self._disarmed, *self._armed))

    def _find(self, name: str) -> ArmedRule | None:
        return next((each for each in (*self._armed[::-1], *self._disarmed[::-1]) if each.rule.name == name), None)

    def _log(self, call: Call, rule: str, fault: str, mattered: bool) -> None:
        seen = "mattered" if mattered else "idle"
        self._evidence.fault(call.partner, call.operation, fault, call.key, call.order, call.attempt, seen, rule)

    def _lay_down(self, rule: ArmedRule) -> None:
        """Keep the coverage of a rule; that of several under one name, armed one after the other, is added up."""
        earlier = next((each for each in self._disarmed if each.rule.name == rule.rule.name), None)
        if earlier is None:
            self._disarmed.append(rule)
            return
        sums, more = earlier.coverage, rule.coverage
        sums.matched += more.matched
        sums.fired += more.fired
        sums.mattered += more.mattered

    def _refill(self) -> None:
        for name, lane in self._lanes.items():
            lane[:] = self.aimed_at(*name)
