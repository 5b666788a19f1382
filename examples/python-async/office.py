"""The shop's office: webhooks, polls and batch files become messages, and each message is worked off in its lane."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any
from urllib.parse import quote

from partner import Failed, Partner, jittered
from stock import Stock
from store import Document, Store
from trade import Message, NotYet, Trade

LARGEST = 1 << 20
"""Bytes of a webhook."""
ASK_PEOPLE_AFTER = 12
"""Failures of a message after which a person should know."""
NEWS = {"packed", "shipped", "rejected", "cancelled"}
"""Stages of a release that ask something of us."""

log = logging.getLogger("shop")


@dataclass(frozen=True)
class Pace:
    """How often things are done, in seconds."""

    poll: float = 0.5
    """Asking a channel for changes; one that calls is asked ten times less often, one with batches half as often."""
    listings: float = 1.0
    """Telling channels what changed."""
    count: float = 5.0
    """Counting the stock."""
    quiet: float = 8.0
    """After how long a release without news is asked about."""
    pause: float = 5.0
    """Before a message that failed comes again, at most."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Pace:
        """What POLL_SECONDS, LISTINGS_SECONDS and so on say."""
        said = {field.name: environment.get(f"{field.name.upper()}_SECONDS") for field in fields(cls)}
        return cls(**{name: float(seconds) for name, seconds in said.items() if seconds})


class Office:
    """Takes messages in and has them worked off. It is an ASGI app: that is how webhooks come."""

    def __init__(self, store: Store, environment: Mapping[str, str]) -> None:
        """An office with the partners, and at the pace, of the environment."""
        partners = [Partner(told) for told in json.loads(environment["SEATRIAL_PARTNERS"])]
        self._pace = Pace.of(environment)
        self._store = store
        self._partners = {partner.name: partner for partner in partners}
        self._stock = Stock(_with_role(partners, "warehouse"), _with_role(partners, "channel"))
        self._trade = Trade(store, partners, self._stock, self._take)
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._at_work: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Begin with what an earlier life has left, and go on until somebody says stop."""
        stock, pace = self._stock, self._pace
        async with asyncio.TaskGroup() as self._at_work:
            for _, kept in self._store.all("message"):
                if "done" not in kept:
                    self._begin(Message(**kept))
            for need, waiting in self._store.all("waiting"):
                if waiting:
                    stock.capture(need, waiting["lines"])
            for warehouse in stock.warehouses:
                self._again(pace.count, f"stock of {warehouse.name}", partial(stock.count, warehouse))
            for channel in stock.channels:
                self._again(pace.listings, f"listings of {channel.name}", partial(stock.tell, channel))
                if channel.kind == "b2b":
                    self._again(2 * pace.poll, f"batches of {channel.name}", partial(self._fetch_batches, channel))
                else:  # a channel that calls is polled as well, less often: for what it could not tell
                    often = 10 * pace.poll if channel.kind == "storefront" else pace.poll
                    self._again(often, f"changes of {channel.name}", partial(self._poll, channel))
            self._again(pace.quiet / 4, "silent releases", self._ask_after_silent_releases)
            self._again(pace.quiet / 4, "goods that are waited for", self._look_for_goods)

    # Webhooks.

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]) -> None:
        """One webhook: looks who sent it, keeps it, and only then says 2xx."""
        if scope["type"] == "http":
            status = await self._answer(scope, receive)
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body"})

    async def _answer(self, scope: Any, receive: Callable[[], Awaitable[Any]]) -> int:
        if (scope["method"], scope["path"]) == ("GET", "/health"):
            return 200
        start, _, name = scope["path"].rpartition("/")
        partner = self._partners.get(name)
        if start != "/webhooks" or partner is None:
            return 404
        raw = await _body(receive)
        if raw is None:
            return 413
        if not _signed(partner, raw, dict(scope["headers"]).get(b"x-signature", b"")):
            return 401
        try:
            self._take_notice(json.loads(raw))
        except (ValueError, KeyError, TypeError):
            return 400
        return 204

    def _take_notice(self, notice: Document) -> None:
        """A webhook: kept on the disk when this returns."""
        body, lane = notice["body"], notice["order_no"] or notice["notice_no"]
        if "change_no" in body:
            self._take_change(body)
            return
        if notice["event"] == "inventory.adjusted":
            self._stock.adjust(body)
            lane = f"stock/{body['movement_no']}"
        self._take(Message(notice["notice_no"], lane, notice["event"], body, notice["at"]))

    def _take_change(self, change: Document) -> None:
        """Orders and wishes are known by the number of the change, however often and whichever way they come."""
        self._take(Message(change["change_no"], change["order_no"], change["kind"], change, change["at"]))

    # Messages and lanes.

    def _take(self, message: Message) -> None:
        """Keep a message, and have it worked off; what is known already is not taken again."""
        if self._store.get("message", message.number) is None:
            self._store.put("message", message.number, dict(vars(message)))
            self._begin(message)

    def _begin(self, message: Message) -> None:
        if message.kind == "placed":
            self._stock.capture(message.body["order_no"], message.body["order"]["lines"])
        if self._at_work:  # otherwise `run` begins it
            self._at_work.create_task(self._work_off(message), name=message.number)

    async def _work_off(self, message: Message) -> None:
        """One at a time of those of a lane; one that fails steps aside, and does not hold up the next."""
        failures = 0
        while True:
            async with self._lanes[message.lane]:
                wait = await self._attempt(message, self._trade.handle)
                if wait is None:
                    self._store.put("message", message.number, {"done": True})
                    return
                failures += 1
                if failures == ASK_PEOPLE_AFTER:
                    await self._attempt(message, self._trade.ask_people)
            longer = min(self._pace.pause, 0.25 * 2 ** min(failures, 20))
            await asyncio.sleep(max(jittered(longer), wait))

    async def _attempt(self, message: Message, handle: Callable[[Message], Awaitable[None]]) -> float | None:
        """Have a message handled; none: it is done, otherwise it comes again, not before so many seconds."""
        try:
            await handle(message)
        except NotYet as reason:
            log.debug("%s waits: %s", message.number, reason)
        except Failed as error:
            log.info("%s: %s", message.number, error)
            return error.wait
        except Exception:  # a bug of ours must not take the others with it
            log.exception("%s", message.number)
        else:
            return None
        return 0.0

    # What is done again and again.

    def _again(self, seconds: float, what: str, job: Callable[[], Awaitable[None]]) -> None:
        """Do a job now and then, whatever becomes of it."""

        async def run() -> None:
            while True:
                try:
                    await job()
                except Failed as error:
                    log.info("%s: %s", what, error)
                except Exception:
                    log.exception("%s", what)
                await asyncio.sleep(jittered(seconds))

        assert self._at_work
        self._at_work.create_task(run(), name=what)

    async def _poll(self, channel: Partner) -> None:
        """The cursor is kept after the changes of its page: a crash in between reads them twice, never skips them."""
        more = True
        while more:
            page = await channel.get("/changes", cursor=self._store.get("cursor", channel.name, ""))
            for change in page["changes"]:
                self._take_change(change)
            if page["cursor"] != self._store.get("cursor", channel.name):
                self._store.put("cursor", channel.name, page["cursor"])
            more = page["more"]

    async def _fetch_batches(self, channel: Partner) -> None:
        """Take batch files in, and acknowledge each once its changes are kept."""
        while True:
            batch = await channel.get("/batches/next", after=self._store.get("batch", channel.name, ""))
            no = batch["batch_no"]
            if not no:
                return
            for change in batch["changes"]:
                self._take_change(change)
            self._stock.read_file(channel)
            await channel.call(f"POST /batches/{quote(no, safe='')}/acknowledgement", {}, key=f"batch/{no}")
            self._store.put("batch", channel.name, no)

    async def _ask_after_silent_releases(self) -> None:
        """For webhooks that never came."""
        for no, release in self._store.all("release"):
            if release["stage"] in ("accepted", "labelled") and release["since"] < time.time() - self._pace.quiet:
                warehouse, order = self._partners[release["warehouse"]], release["order_no"]
                state = await warehouse.get(f"/releases/{quote(no, safe='')}", order_no=order)
                if state["stage"] in NEWS:
                    body = {"release_no": no, "order_no": order, "state": state}
                    self._take(Message(f"asked/{no}/{state['stage']}", order, "fulfilment.asked", body, state["at"]))

    async def _look_for_goods(self) -> None:
        """For what was promised for later."""
        for need, waiting in self._store.all("waiting"):
            if waiting and self._stock.best(waiting["lines"]):
                no = waiting["order_no"]
                self._take(Message(f"source/{need}/{waiting['turn']}", no, "source", {"order_no": no, "need": need}))


async def _body(receive: Callable[[], Awaitable[Any]]) -> bytes | None:
    """The whole body of a request; none: it is too long, or its sender is gone."""
    raw, more = b"", True
    while more:
        part = await receive()
        raw += part.get("body", b"")
        if part["type"] == "http.disconnect" or len(raw) > LARGEST:
            return None
        more = part.get("more_body", False)
    return raw


def _signed(partner: Partner, raw: bytes, signature: bytes) -> bool:
    if not partner.secret:
        return True
    ours = base64.b64encode(hmac.digest(partner.secret.encode(), raw, hashlib.sha256))
    return hmac.compare_digest(ours, signature)


def _with_role(partners: Iterable[Partner], role: str) -> list[Partner]:
    return [partner for partner in partners if partner.role == role]
