"""The post: a partner's webhooks on their way to the integration, with retries, by the partner's webhook policy."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from seatrial.sim.call import WEBHOOK, Call
from seatrial.sim.errors import CallError
from seatrial.sim.fate import Answer, Behind, Crash, Deliver, Drop, Fate, Freeze, LoseReply, Twice
from seatrial.sim.fault import Decision
from seatrial.sim.ground import Ground
from seatrial.sim.latency import sampler
from seatrial.sim.notice import Notice
from seatrial.sim.policies.webhooks import Webhooks
from seatrial.sim.receiver import Receiver
from seatrial.sim.rulebook import ArmedRule
from seatrial.sim.session import Subscription
from seatrial.sim.waits import Call as Timer
from seatrial.sim.waits import after

Body = msgspec.Struct | Callable[[], msgspec.Struct]
"""What a webhook says: a fact, which stays what it is, or a way to read a document as it is at that moment."""


class _Letter(msgspec.Struct, gc=False):
    """A webhook on its way."""

    notice: Notice
    document: Body
    call: Call
    sent: float
    trip: float  # round trip in seconds of business time
    decision: Decision | None


class Post:
    """The webhook sender of one partner: at least once, in no order, until the policy gives up.

    States of the subscription: active, disabled (nothing new is sent), deleted (nothing is sent again either).
    """

    def __init__(self, partner: str, kind: str, policy: Webhooks, ground: Ground) -> None:
        self._partner = partner
        self._kind = kind
        self._policy = policy
        self._env = ground.env
        self._evidence = ground.evidence
        self._rulebook = ground.rulebook
        self._latency = sampler(policy.latency, ground.dice, partner + ".webhooks")
        self._pace = ground.pace
        self._timeout = policy.timeout * ground.pace  # in business time, as everything that waits in `env`
        self.address = ""
        self._lanes: dict[str, list[ArmedRule]] = {}  # by event; the rulebook keeps them up to date
        self._held: list[tuple[int, _Letter]] = []
        self._receiver: Receiver | None = None
        self._numbered = 0
        self._given_up = 0
        self._active = True
        self._first = 1  # number of the first event of this subscription: a deleted one takes its events with it
        self._waiting: dict[int, Timer] = {}
        self._lost = 0

    def connect(self, receiver: Receiver) -> None:
        """Set who receives the webhooks."""
        self._receiver = receiver

    def subscribe(self, url: str = "") -> Subscription:
        """Deliver from now on, to another address if one is given; tells how many events were lost until now."""
        self.address = url or self.address
        lost, self._lost, self._given_up, self._active = self._lost, 0, 0, True
        return Subscription(active=True, lost=lost)

    @property
    def waiting(self) -> int:
        """Webhooks that will be tried again."""
        return len(self._waiting)

    def subscription(self) -> Subscription:
        """Whether events are delivered."""
        return Subscription(active=self._active, lost=self._lost)

    @property
    def pending(self) -> int:
        """Webhooks that wait for another attempt, or behind others."""
        return len(self._waiting) + len(self._held)

    def send(self, event: str, key: str, order: str, body: Body) -> None:
        """Send an event to the receiver; returns at once.

        A document that can be read is read once where the policy sends the original, and again for every attempt where
        it sends it fresh.
        """
        if self._receiver is None:
            return
        self._numbered += 1
        if not self._active:
            self._lost += 1
            return
        number = self._numbered
        said = body if isinstance(body, msgspec.Struct) else body()
        notice = Notice(f"{self._partner}-E{number}", event, self._partner, key, order, self._env.now, number, said)
        self._attempt(notice, body if self._policy.payload == "fresh" else said, 1)

    def _attempt_again(self, letter: _Letter) -> None:
        notice, document = letter.notice, letter.document
        del self._waiting[notice.sequence]
        if not isinstance(document, msgspec.Struct):
            notice = msgspec.structs.replace(notice, body=document())
        self._attempt(notice, document, letter.call.attempt + 1)

    def _attempt(self, notice: Notice, document: Body, attempt: int) -> None:
        event, now = notice.event, self._env.now
        call = Call(self._partner, event, WEBHOOK, notice.key, notice.order_no, attempt, "", 0.0, now)
        lane = self._lanes.get(event)
        if lane is None:
            lane = self._lanes[event] = self._rulebook.lane(self._partner, self._kind, event, WEBHOOK)
        decision = self._rulebook.decide(lane, call) if lane else None
        trip = self._latency(f"{notice.notice_no}/{attempt}") * self._pace
        letter = _Letter(notice, document, call, now, trip, decision)
        if decision is None:
            after(self._env, trip / 2, self._arrive, letter)
        else:
            self._suffer(letter, decision.fate)
        if self._held:
            self._overtaken()

    def _suffer(self, letter: _Letter, fate: Fate) -> None:
        """Carry out what a fault decided."""
        env, half, pace = self._env, letter.trip / 2, self._pace
        if isinstance(fate, Deliver):
            letter.trip += fate.after * pace
            after(env, half + fate.before * pace, self._arrive, letter)
        elif isinstance(fate, Twice):
            after(env, half, self._arrive, letter)
            after(env, half + fate.gap * pace, self._arrive_again, letter)
        elif isinstance(fate, Behind):
            self._held.append((self._numbered + fate.others, letter))
            after(env, fate.at_most, self._release, letter)
        elif isinstance(fate, LoseReply):
            letter.trip = self._timeout * 2  # the answer never comes back in time
            after(env, half, self._arrive, letter)
        elif isinstance(fate, Crash):
            self._crash(letter, fate)
        elif isinstance(fate, Freeze):
            assert self._receiver is not None
            self._receiver.freeze(fate.lasts)
            after(env, half, self._arrive, letter)
        elif isinstance(fate, Answer) and fate.status < 300:
            self._done(letter, "dropped", fate.status)  # somebody took it and threw it away; the sender is content
        else:
            wait = self._timeout if isinstance(fate, Drop) else letter.trip
            after(env, wait, self._failed, letter, getattr(fate, "status", 0))

    def _crash(self, letter: _Letter, fate: Crash) -> None:
        assert self._receiver is not None
        if fate.after_commit:
            after(self._env, letter.trip / 2, self._arrive_before_crash, letter, fate)
        else:
            self._receiver.crash(fate.down_for)
            after(self._env, letter.trip, self._failed, letter, 0)

    def _arrive_before_crash(self, letter: _Letter, fate: Crash) -> None:
        """The receiver does its work, says so if it does, and dies; one that stands still dies as it stands."""
        receiver = self._receiver
        assert receiver is not None

        def answered(error: BaseException | None) -> None:
            self._answered(letter, error)
            die()

        def die() -> None:
            if receiver.up:
                receiver.crash(fate.down_for)

        if receiver.up and not receiver.frozen:
            receiver.deliver(letter.notice, answered)
        else:
            self._arrive(letter)
            die()

    def _overtaken(self) -> None:
        """Let go what enough later messages have overtaken."""
        ready = [letter for limit, letter in self._held if limit <= self._numbered]
        for letter in ready:
            self._release(letter)

    def _release(self, letter: _Letter) -> None:
        before = len(self._held)
        self._held = [(limit, held) for limit, held in self._held if held is not letter]
        if len(self._held) < before:
            letter.sent = self._env.now  # held back by its sender: its timeout begins when it goes
            after(self._env, letter.trip / 2, self._arrive, letter)

    def _arrive_again(self, letter: _Letter) -> None:
        """The second copy: nobody waits for its answer."""
        receiver = self._receiver
        if receiver is not None and receiver.up:
            receiver.deliver(letter.notice, lambda _: self._log(letter, "again", 0))

    def _arrive(self, letter: _Letter) -> None:
        receiver = self._receiver
        if receiver is None or not receiver.up:
            self._failed(letter, 0)
            return
        if receiver.frozen:
            self._arrive_frozen(receiver, letter)
        else:
            receiver.deliver(letter.notice, lambda error: self._answered(letter, error))

    def _arrive_frozen(self, receiver: Receiver, letter: _Letter) -> None:
        """It lies there until the receiver goes on; its sender waits no longer than ever."""
        left = max(0.0, letter.sent + self._timeout - self._env.now)
        patience = after(self._env, left, self._failed, letter, 0)

        def answered(error: BaseException | None) -> None:
            if patience.callbacks:  # still waiting
                patience.cancel()
                self._answered(letter, error)

        receiver.deliver(letter.notice, answered)

    def _answered(self, letter: _Letter, error: BaseException | None) -> None:
        waited = self._env.now - letter.sent + letter.trip / 2
        if error is not None:
            self._failed(letter, error.status if isinstance(error, CallError) else 500)
        elif waited > self._timeout:
            after(self._env, max(0.0, letter.sent + self._timeout - self._env.now), self._failed, letter, 0)
        else:
            self._given_up = 0
            self._done(letter, "ok", 200)

    def _failed(self, letter: _Letter, status: int) -> None:
        attempt, retries, number = letter.call.attempt, self._policy.retries, letter.notice.sequence
        is_ours = number >= self._first
        if is_ours and attempt <= len(retries):
            self._done(letter, "failed", status)
            self._waiting[number] = after(self._env, retries[attempt - 1], self._attempt_again, letter)
            return
        self._done(letter, "gave_up", status)
        self._lost += 1
        if is_ours:
            self._give_up()

    def _give_up(self) -> None:
        """Count; disable or delete the subscription of a receiver that keeps failing."""
        self._given_up += 1
        policy = self._policy
        if policy.delete_after and self._given_up >= policy.delete_after:
            self._delete()
        elif policy.disable_after and self._given_up >= policy.disable_after:
            self._active = False

    def _delete(self) -> None:
        self._active = False
        self._first = self._numbered + 1
        self._lost += len(self._waiting)
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _done(self, letter: _Letter, outcome: str, status: int) -> None:
        self._log(letter, outcome, status)
        if letter.decision is not None:
            harmless = isinstance(letter.decision.fate, Deliver) and outcome == "ok"
            self._rulebook.settle(letter.call, letter.decision, mattered=not harmless)

    def _log(self, letter: _Letter, outcome: str, status: int) -> None:
        call, notice = letter.call, letter.notice
        rule = letter.decision.rule if letter.decision else ""
        waited = self._env.now - letter.sent + letter.trip / 2
        self._evidence.webhook(
            call.partner,
            call.operation,
            call.key,
            call.order,
            call.attempt,
            outcome,
            status,
            waited / self._pace,
            notice.notice_no,
            rule,
        )
