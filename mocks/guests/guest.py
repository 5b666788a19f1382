"""A guest: a function of others, made into an integration of ours."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from seatrial.mocks.berths import berth_of, controls_told, environment_of
from seatrial.mocks.guests.asgi import live, post, unfit
from seatrial.mocks.guests.disk import Disk
from seatrial.mocks.guests.entry import Entry, is_async
from seatrial.mocks.guests.greenlets import has_greenlets, in_greenlet
from seatrial.mocks.guests.interrupts import is_own
from seatrial.mocks.guests.letters import webhook_of
from seatrial.mocks.guests.mishaps import Mishaps, Returned
from seatrial.mocks.guests.receivers import is_asgi
from seatrial.mocks.guests.routing import PARTNERS
from seatrial.mocks.guests.sea import Sea, Webhook
from seatrial.mocks.guests.state import Database, State
from seatrial.mocks.http_transport import PartnersTransport, url_of
from seatrial.sim.errors import HarnessError, Rejected
from seatrial.sim.integration import Surroundings
from seatrial.sim.lastwords import said
from seatrial.sim.link import LinkClient
from seatrial.sim.notice import Notice
from seatrial.sim.partner import Partner

NO_CONTENT: Final = 204
_LISTENER: Final = 503
_FAILED: Final = 500


class Exited(RuntimeError):
    """Code of others called `sys.exit`, or interrupted itself: its process would be gone, ours goes on."""

    @classmethod
    def of(cls, error: SystemExit | KeyboardInterrupt) -> Exited:
        """What it raised, where it raised it."""
        how = f"sys.exit({error.code!r})" if isinstance(error, SystemExit) else f"raise {said(error)}"
        return cls(how).with_traceback(error.__traceback__)


class Lodging(NamedTuple):
    """What a guest finds in every one of its lives."""

    entry: Entry
    """Its function."""
    cells: dict[str, Callable[[], Any]]
    """What it kept."""
    controls: Mapping[str, Any]
    """`controls` of the scenario."""
    mishaps: Mishaps
    """What went wrong in its code."""
    disk: Disk
    """Where its files lie."""


class Guest:
    """One life of the code under test: `run` calls its function, `receive` brings it webhooks.

    A function that returns while webhooks have a receiver, or tasks of its own are under way, has only set them up. A
    sender waits for the receiver no longer than its policy says; the receiver goes on all the same.
    """

    def __init__(self, around: Surroundings, lodging: Lodging) -> None:
        clients = [client for client in around.clients.values() if isinstance(client, LinkClient)]
        if not clients:
            raise HarnessError("code of others runs in virtual time only: there is no link to a partner")
        self._lodging = lodging
        self._life = life = clients[0].life
        self._partners: dict[str, Partner] = {client.name: client.link.partner for client in clients}
        self._transport = PartnersTransport([client.link for client in clients], life)
        ground = clients[0].link.partner.ground
        berths = {name: berth_of(partner, url_of(name)) for name, partner in self._partners.items()}
        state = State(lodging.cells, life)
        start = ground.day.wall(0.0)
        environment = {
            **environment_of(berths.values(), ground, 1.0),
            **controls_told(lodging.controls),
            "SEATRIAL_STORE": lodging.disk.store,
        }
        self.sea = Sea(berths, environment, start, state, Database(state, ground.env), lodging.controls)
        self.sea.engaged = self._begin
        self._started: list[tuple[Callable[..., Any], asyncio.Future[dict[str, Any]]]] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._known: tuple[Callable[..., Any] | None, bool] = (None, False)
        self._main: asyncio.Task[Any] | None = None
        self._no_start: BaseException | None = None

    async def run(self) -> None:
        """Call the function, and stay as long as anything of it goes on.

        Raises Returned where nothing does, and what an app raised that did not start: a server would end with it.
        """
        self._main = asyncio.current_task()
        try:
            await self._stay()
        except asyncio.CancelledError:
            if self._no_start is None:
                raise
            raise self._no_start from None

    async def _stay(self) -> None:
        PARTNERS.set(self._transport)
        others = asyncio.all_tasks()
        entry = self._lodging.entry
        await called(entry.function, *((self.sea,) if entry.wants_sea else ()))
        if self.sea.receiver is not None:
            await asyncio.get_running_loop().create_future()
        while left := asyncio.all_tasks() - others:  # one may start another and be over
            await asyncio.wait(left)
        raise Returned("it returned, and nobody works any more")

    async def receive(self, notice: Notice) -> None:
        """Bring a webhook to its receiver. Raises Rejected with the status of whatever is not its 2xx."""
        receiver = self.sea.receiver
        if receiver is None:
            raise Rejected("nobody listens", status=_LISTENER)
        PARTNERS.set(self._transport)
        partner = self._partners[notice.partner]
        policy = partner.conduct.webhooks
        webhook = webhook_of(partner, notice, self.sea.webhook_secret(partner.name))
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._hold(asyncio.create_task(self._handled(receiver, webhook, answered)))  # it may go on when it has answered
        done, _ = await asyncio.wait({answered}, timeout=float(policy.timeout))
        if not done:
            raise Rejected("the receiver did not answer in time", status=0)
        status = answered.result()
        if not 200 <= status < 300:
            raise Rejected("receiver", f"answered {status}", status=status)

    async def _handled(self, receiver: Callable[..., Any], webhook: Webhook, answered: asyncio.Future[int]) -> None:
        """Have a webhook received. What goes wrong with that is told, and is a 500 unless it was answered before."""
        wrong: BaseException | str = ""
        try:
            if self._is_asgi(receiver):
                await post(receiver, webhook, await self._ready(receiver), answered)
                wrong = "" if answered.done() else "it ended without an answer"
            else:
                status = await called(receiver, webhook)
                wrong = "" if status is None else unfit(status)
                answered.set_result(_FAILED if wrong else int(status or NO_CONTENT))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and not is_own(error):
                raise  # Ctrl-C
            if not self._life.alive and not isinstance(error, Exception):
                raise  # it was killed
            wrong = Exited.of(error) if isinstance(error, SystemExit | KeyboardInterrupt) else error
        if wrong:
            self._lodging.mishaps.add(f"the webhook handler, at {webhook.event}", wrong, receiver)
        if not answered.done():
            answered.set_result(_FAILED)

    def _is_asgi(self, receiver: Callable[..., Any]) -> bool:
        """Whether it is an app; to look at its arguments takes as long as a call of httpx."""
        if self._known[0] is not receiver:
            self._known = (receiver, is_asgi(receiver))
        return self._known[1]

    def _begin(self, receiver: Callable[..., Any]) -> None:
        """Somebody takes webhooks from now on: an app starts, once in each life."""
        if not self._is_asgi(receiver) or any(known is receiver for known, _ in self._started):
            return
        ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        ready.add_done_callback(self._has_begun)
        self._started.append((receiver, ready))
        self._hold(asyncio.create_task(live(receiver, ready), name="lifespan"))

    def _hold(self, task: asyncio.Task[None]) -> None:
        """Keep a task until it ends: a loop does not, and one that waits for ever would be thrown away."""
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _has_begun(self, ready: asyncio.Future[dict[str, Any]]) -> None:
        if not ready.cancelled() and (error := ready.exception()) is not None and self._main is not None:
            self._no_start = error
            self._main.cancel()

    async def _ready(self, app: Callable[..., Any]) -> dict[str, Any]:
        """What a started app keeps for its requests."""
        return await asyncio.shield(next(ready for known, ready in self._started if known is app))


async def called(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function of others, async or not, and give what it gives. Raises Exited where it ends the process."""
    try:
        if is_async(function):
            return await function(*args)
        given = await in_greenlet(function, *args) if has_greenlets() else function(*args)
        return await given if inspect.isawaitable(given) else given
    except SystemExit as error:
        raise Exited.of(error) from None
    except KeyboardInterrupt as error:
        if not is_own(error):
            raise
        raise Exited.of(error) from None
