"""Where webhooks arrive when the integration is a program of its own: at its address, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from seatrial.mocks.wire.courier import Courier
from seatrial.sim.errors import CallError, HarnessError, Rejected
from seatrial.sim.notice import Notice
from seatrial.sim.paced import PacedClock
from seatrial.sim.partner import Partner
from seatrial.sim.receiver import Finished

_AT_ONCE: Final = 256
"""Webhooks of one partner under way at the same time; more wait, as they would for a partner's sending workers."""


class Listener(Protocol):
    """The integration's process, as far as its partners can know it."""

    @property
    def up(self) -> bool:
        """Whether anybody could listen."""
        ...

    def crash(self, down_for: float) -> None:
        """Kill the process; it starts again after `down_for` seconds of business time."""
        ...

    def freeze(self, lasts: float) -> None:
        """Stop the process where it stands, for `lasts` seconds of business time."""
        ...


class Stranger:
    """An integration that somebody else runs: it counts as up, and we cannot kill it."""

    up = True

    def crash(self, down_for: float) -> None:
        """Raise HarnessError: such a rule is refused before a run."""
        raise HarnessError("an integration that is only attached to cannot be crashed")

    def freeze(self, lasts: float) -> None:
        """Raise HarnessError: such a rule is refused before a run."""
        raise HarnessError("an integration that is only attached to cannot be frozen")


class HttpReceiver:
    """Delivers the webhooks of one partner by HTTP, signed by its policy.

    Its own timeout tells when a frozen receiver has not answered in time. What the receiver answers is told to the post
    on business time: 2xx is success, everything else a failure.
    """

    frozen = False

    def __init__(
        self,
        partner: Partner,
        secret: str,
        clock: PacedClock,
        courier: Courier,
        listener: Listener,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._failed = failed
        self._post = partner.post
        self._policy = partner.conduct.webhooks
        self._epoch = int(partner.ground.day.wall(0.0).timestamp())  # second 0 of the run, in seconds since 1970
        self._secret = secret
        self._clock = clock
        self._courier = courier
        self._listener = listener
        self._timeout = float(self._policy.timeout)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[asyncio.Task[None], None] = {}

    @property
    def up(self) -> bool:
        """Whether anybody could listen."""
        return self._listener.up and bool(self._post.address)

    def deliver(self, notice: Notice, finished: Finished) -> None:
        """Send a webhook; `finished` is called once the receiver has answered, or not."""
        task = asyncio.get_running_loop().create_task(self._deliver(notice, finished))
        self._under_way[task] = None
        task.add_done_callback(self._under_way.pop)

    def crash(self, down_for: float) -> None:
        """Kill the process; it starts again after `down_for` seconds of business time."""
        self._listener.crash(down_for)

    def freeze(self, lasts: float) -> None:
        """Stop the process where it stands, for `lasts` seconds of business time."""
        self._listener.freeze(lasts)

    def close(self) -> None:
        """Send nothing more."""
        for task in self._under_way:
            task.cancel()

    async def _deliver(self, notice: Notice, finished: Finished) -> None:
        body = msgspec.json.encode(notice)
        headers = self._policy.sign(self._secret, body, notice.notice_no, self._epoch + int(self._clock.now()))
        async with self._places:
            error = await self._told(body, headers)
        try:
            self._clock.catch_up()
            finished(error)
            self._clock.arm()
        except Exception as trouble:  # noqa: BLE001 (a task nobody waits for: the run has to know)
            self._failed(trouble)

    async def _told(self, body: bytes, headers: dict[str, str]) -> CallError | None:
        """What went wrong; None for a 2xx."""
        try:
            status = await self._courier.post(self._post.address, body, headers, self._timeout)
        except CallError as error:
            return error
        return None if status < 300 else Rejected("receiver", f"answered {status}", status=status)
