"""The waterfront: a whole world on real sockets, with all that a program of others needs to trade with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from simpy import Environment

from seatrial.mocks.berths import Berth, berth_of, environment_of, webhook_secret
from seatrial.mocks.wire.asgi import App
from seatrial.mocks.wire.courier import Courier
from seatrial.mocks.wire.harbour import LOOPBACK, Harbour
from seatrial.mocks.wire.office import Office
from seatrial.mocks.wire.postbox import Mailbox
from seatrial.mocks.wire.receiver import HttpReceiver, Listener
from seatrial.sim.live_evidence import LiveEvidence
from seatrial.sim.paced import PacedClock
from seatrial.sim.partner import Partner
from seatrial.sim.world import World, clock_of

_ROUND: Final = 0.5
"""Real seconds between two looks into the mailboxes."""
_PART_ROWS: Final = 8_192
"""Rows of a part of the evidence: few, since nobody is answered while one is written."""
_FILED: Final = 10.0
"""Real seconds after which a part is written that is not full: so much a harness loses that is killed."""


def wire_evidence(env: Environment, folder: Path | None, *, keep: bool = True) -> LiveEvidence:
    """The log of a run on real sockets, which can be watched; without `keep` nothing of it stays."""
    return LiveEvidence(clock_of(env), folder, part_rows=_PART_ROWS, keep=keep)


class Waterfront:
    """Offices at their ports, webhooks to the integration's address, business time on the real clock.

    `failed` is told of whatever goes wrong on our side; `filing` is what brings records to the disk now and then.
    States: closed, open, trading (time runs), closed again.
    """

    def __init__(
        self,
        world: World,
        listener: Listener,
        failed: Callable[[BaseException], None],
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self.world = world
        self.clock = PacedClock(world.env, world.ground.pace, failed)
        self._listener = listener
        self.offices = {name: Office(partner, self.clock, listener) for name, partner in world.partners.items()}
        self.applications: dict[str, App] = dict(self.offices)
        self.fronts: dict[str, int] = {}
        self._failed = failed
        self._ports = ports
        self._receivers: list[HttpReceiver] = []
        self._mailboxes: list[Mailbox] = []
        self._rounds: list[asyncio.Task[None]] = []
        self.filing: list[Callable[[], None]] = [world.evidence.flush]
        self._courier: Courier | None = None
        self.harbour: Harbour | None = None

    async def open(self) -> None:
        """Listen; business time stands at its beginning until `trade`. Raises HarnessError for a port that is taken."""
        self._courier = Courier()
        self.harbour = Harbour(self.applications, self._failed, self._ports)
        await self.harbour.open()
        self.world.open_doors({name: self._receiver(each) for name, each in self.world.partners.items()})

    def trade(self) -> None:
        """Let business time run."""
        self.clock.start(asyncio.get_running_loop())
        self._go_round(_FILED, self._file)

    async def close(self) -> None:
        """Stop time, webhooks and servers."""
        if self.clock.running:
            self.clock.catch_up()
        self.clock.stop()
        for each in self._rounds:
            each.cancel()
        for receiver in self._receivers:
            receiver.close()
        if self.harbour is not None:
            await self.harbour.close()
        if self._courier is not None:
            self._courier.close()

    def port(self, name: str) -> int:
        """Port at which an integration finds a partner: that of the proxy before it, if there is one."""
        assert self.harbour is not None
        return self.fronts.get(name) or self.harbour.ports[name]

    def open_mailboxes(self, folder: Path) -> None:
        """Make the folders of all partners that exchange files, and look into them from now on."""
        for name, partner in self.world.partners.items():
            if partner.by_file:
                operations = {each.name: each for each in partner.operations.values()}
                box = Mailbox(folder / name, operations, self.offices[name].take)
                partner.leave = box.leave
                self.offices[name].side_doors["mailbox"] = box.handle
                self._mailboxes.append(box)
        self._go_round(_ROUND, self._collect)

    def _collect(self) -> None:
        for box in self._mailboxes:
            box.collect()

    def _file(self) -> None:
        for file in self.filing:
            file()

    def _go_round(self, every: float, errand: Callable[[], None]) -> None:
        async def rounds() -> None:
            try:
                while True:
                    await asyncio.sleep(every)
                    errand()
            except Exception as error:  # noqa: BLE001 (a task nobody waits for: the run has to know)
                self._failed(error)

        self._rounds.append(asyncio.get_running_loop().create_task(rounds()))

    def berths(self) -> tuple[Berth, ...]:
        """Every partner, as an integration finds it."""
        return tuple(
            berth_of(partner, f"http://{LOOPBACK}:{self.port(name)}") for name, partner in self.world.partners.items()
        )

    def subscribe(self, url: str) -> None:
        """Send webhooks to `url/<partner>` unless the integration says otherwise."""
        for name, partner in self.world.partners.items():
            partner.post.address = f"{url.rstrip('/')}/{name}"

    def environment(self) -> Mapping[str, str]:
        """The variables by which an integration finds its partners."""
        return environment_of(self.berths(), self.world.ground, self.clock.pace)

    def _receiver(self, partner: Partner) -> HttpReceiver:
        assert self._courier is not None
        receiver = HttpReceiver(
            partner, webhook_secret(partner), self.clock, self._courier, self._listener, self._failed
        )
        self._receivers.append(receiver)
        return receiver
