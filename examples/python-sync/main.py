"""An order-to-cash integration for a shop with three channels, one ERP, two warehouses and two carriers.

Webhooks, polls and batch files all become messages in one table. A few workers work them off, never two of one order at
a time; a message that cannot be worked off is put off and does not hold up the next.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from flow import Flow, NotYet
from partner import Partner, Rejected, Unclear
from stock import Stock
from store import Document, Message, Store

WORKERS = 8
POLL = float(os.environ.get("POLL_SECONDS", "0.5"))
LISTINGS = float(os.environ.get("LISTINGS_SECONDS", "1"))
COUNT = float(os.environ.get("COUNT_SECONDS", "5"))
QUIET = float(os.environ.get("QUIET_SECONDS", "8"))
"""Seconds after which a release without news is asked about."""
LARGEST = 1 << 20
"""Bytes of a webhook."""

log = logging.getLogger("shop")


class Office:
    """Takes messages in and has them worked off."""

    def __init__(self, store: Store, partners: list[Partner]) -> None:
        """An office with these partners."""
        self.store = store
        self.partners = {partner.name: partner for partner in partners}
        self.stock = Stock(_with_role(partners, "warehouse"), _with_role(partners, "channel"))
        self._flow = Flow(store, partners, self.stock)
        self._busy: set[str] = set()
        self._news = threading.Condition()

    def take_change(self, change: Document) -> None:
        """Orders and wishes are known by the number of the change, however often and whichever way they come."""
        if self.store.take(change["change_no"], change["order_no"], change["kind"], change):
            if change["order"]:
                self.stock.capture(change["order_no"], change["order"]["lines"])
            self._wake()

    def take_notice(self, notice: Document) -> None:
        """A webhook: kept on the disk when this returns."""
        body = notice["body"]
        if "change_no" in body:
            self.take_change(body)
            return
        lane = notice["order_no"] or notice["notice_no"]
        if notice["event"] == "inventory.adjusted":
            self.stock.adjust(body)
            lane = f"stock/{body['movement_no']}"
        self.store.take(notice["notice_no"], lane, notice["event"], body)
        self._wake()

    def work(self) -> None:
        """One worker's day: wait for a message of an order that nobody else has in hand."""
        self.stock.known.wait()
        while True:
            with self._news:
                message = self.store.due(self._busy)
                if message is None:
                    self._news.wait(0.2)  # messages that were put off become due by themselves
                    continue
                self._busy.add(message.lane)
            try:
                self._work_off(message)
            finally:
                with self._news:
                    self._busy.discard(message.lane)
                    self._news.notify_all()

    def _work_off(self, message: Message) -> None:
        try:
            self._flow.handle(message)
        except NotYet as reason:
            log.debug("%s waits: %s", message.id, reason)
        except (Unclear, Rejected) as error:
            log.warning("%s: %s", message.id, error)
        except Exception:  # a bug of ours must not take the worker with it
            log.exception("%s", message.id)
        else:
            self.store.finish(message)
            return
        self.store.put_off(message, min(5.0, 0.25 * 2 ** min(message.failures, 20)) * random.uniform(0.5, 1.5))
        if message.failures == 12:
            self._flow.ask_people(message, "cannot be worked off")

    def poll(self, channel: Partner) -> None:
        """The cursor is kept after the changes of its page: a crash in between reads them twice, never skips them."""
        more = True
        while more:
            page = channel.get("/changes", cursor=self.store.get(f"cursor/{channel.name}", ""))
            for change in page["changes"]:
                self.take_change(change)
            if page["changes"]:
                self.store.put(f"cursor/{channel.name}", page["cursor"])
            more = page["more"]

    def fetch_batches(self, channel: Partner) -> None:
        """Take batch files in, and acknowledge each once its changes are kept."""
        while True:
            batch = channel.get("/batches/next", after=self.store.get(f"batch/{channel.name}", ""))
            no = batch["batch_no"]
            if not no:
                return
            for change in batch["changes"]:
                self.take_change(change)
            channel.call(f"POST /batches/{quote(no, safe='')}/acknowledgement", {}, key=f"batch/{no}")
            self.store.put(f"batch/{channel.name}", no)

    def sweep(self) -> None:
        """For webhooks that never came: ask after silent releases, and try to source what waits for goods."""
        for release in self.store.silent(QUIET):
            path = f"/releases/{quote(release.release_no, safe='')}"
            state = self.partners[release.warehouse].get(path, order_no=release.order_no)
            if state["stage"] in ("packed", "shipped", "rejected", "cancelled"):
                body = {"release_no": release.release_no, "order_no": release.order_no, "state": state}
                number = f"asked/{release.release_no}/{state['stage']}"
                self.store.take(number, release.order_no, "fulfilment.asked", body)
        for no, lines in self.store.facts("waiting/").items():
            if lines and self.stock.best(lines):
                attempt = self.store.get(f"releases/{no}")
                self.store.take(f"source/{no}/{attempt}", no, "source", {"order_no": no, "attempt": attempt})

    def open(self) -> None:
        """Begin everything that goes on by itself."""
        for order in self.store.unfinished("placed"):
            self.stock.capture(order["order_no"], order["order"]["lines"])
        for _ in range(WORKERS):
            threading.Thread(target=self.work, daemon=True).start()
        _again(COUNT, "stock", self.stock.count)
        for channel in self.stock.channels:
            if channel.kind == "b2b":
                _again(2 * POLL, channel.name, partial(self.fetch_batches, channel))
            else:  # a channel that calls is polled as well, less often: for what it could not tell
                often = 10 * POLL if channel.kind == "storefront" else POLL
                _again(often, channel.name, partial(self.poll, channel))
        _again(LISTINGS, "listings", self._tell_listings)
        _again(QUIET / 4, "silent releases", self.sweep)

    def _tell_listings(self) -> None:
        if self.stock.known.is_set():
            self.stock.tell()

    def _wake(self) -> None:
        with self._news:
            self._news.notify()


class Doorbell(BaseHTTPRequestHandler):
    """Takes webhooks: checks who sent them, keeps them, and only then says 2xx."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    office: Office

    def do_GET(self) -> None:
        """Whether we are there."""
        self._say(200 if self.path == "/health" else 404)

    def do_POST(self) -> None:
        """One webhook."""
        start, _, name = self.path.rpartition("/")
        partner = self.office.partners.get(name)
        length = int(self.headers.get("Content-Length") or -1)
        if start != "/webhooks" or partner is None or not 0 <= length <= LARGEST:
            self.close_connection = True  # what we do not read must not be taken for the next request
            self._say(404 if partner is None else 413)
            return
        raw = self.rfile.read(length)
        if not _signed(partner, raw, self.headers.get("X-Signature", "")):
            self._say(401)
            return
        try:
            self.office.take_notice(json.loads(raw))
        except (ValueError, KeyError, TypeError):
            self._say(400)
        else:
            self._say(204)

    def log_message(self, *args: object) -> None:
        """Say nothing about each request."""

    def _say(self, status: int) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()


class Doors(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 128


def _signed(partner: Partner, raw: bytes, signature: str) -> bool:
    if not partner.secret:
        return True
    ours = base64.b64encode(hmac.digest(partner.secret.encode(), raw, hashlib.sha256))
    return hmac.compare_digest(ours, signature.encode())


def _again(seconds: float, what: str, job: Callable[[], None]) -> None:
    """Do a job now and then, in a thread of its own, whatever becomes of it."""

    def run() -> None:
        while True:
            try:
                job()
            except (Unclear, Rejected) as error:
                log.warning("%s: %s", what, error)
            except Exception:
                log.exception("%s", what)
            time.sleep(seconds * random.uniform(0.5, 1.5))

    threading.Thread(target=run, daemon=True, name=what).start()


def _with_role(partners: list[Partner], role: str) -> list[Partner]:
    return [partner for partner in partners if partner.role == role]


def _database() -> Path:
    """The file that Seatrial names in the folder of the run, or one here."""
    return Path(os.environ.get("SEATRIAL_STORE", "").removeprefix("sqlite:///") or "shop.sqlite")


def main() -> None:
    """Open the shop, until somebody says stop."""
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # no farewell: everything is kept as it happens
    partners = [Partner(told) for told in json.loads(os.environ["SEATRIAL_PARTNERS"])]
    Doorbell.office = Office(Store(_database()), partners)
    doors = Doors(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Doorbell)
    Doorbell.office.open()
    doors.serve_forever()


if __name__ == "__main__":
    main()
