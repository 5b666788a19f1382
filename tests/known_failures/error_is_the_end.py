"""A page that cannot be fetched is taken for the end of the list, and the cursor moves on
(pandium/sample_integrations#13).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import requests
from over_http import BREATH, PATIENCE, Document, customer, sales_order

if TYPE_CHECKING:
    from seatrial.mocks.guests.sea import Sea

log = logging.getLogger("poller")
LAG = 1.0
"""Seconds until the marketplace lists what it has sold."""


def bad(sea: Sea) -> None:
    """Fetch what has changed since the last round; then the next round begins where this one ended."""
    shop = Session(sea, "marketplace")

    def fetch(since: float, until: float) -> list[Document]:
        try:
            return shop.call("GET", "/changes", changed_after=since, changed_before=until)["changes"]
        except requests.RequestException:
            log.exception("no changes")
            return []

    while True:
        since, until = sea.state.get("since", -1.0), time.time() - sea.start.timestamp() - LAG
        for change in fetch(since, until):
            _enter(sea, change["order"])
        sea.state["since"] = until
        time.sleep(BREATH)


def good(sea: Sea) -> None:
    """The next round begins behind the last change that was read, and a round that fails is made again."""
    shop = Session(sea, "marketplace")
    while True:
        since, until = sea.state.get("since", -1.0), time.time() - sea.start.timestamp() - LAG
        try:
            for change in shop.call("GET", "/changes", changed_after=since, changed_before=until)["changes"]:
                _enter(sea, change["order"])
                sea.state["since"] = change["at"]
        except requests.RequestException:
            log.exception("no changes")
        time.sleep(BREATH)


class Session(requests.Session):
    """One partner over requests; a call raises RequestException for whatever is not a document."""

    def __init__(self, sea: Sea, name: str) -> None:
        super().__init__()
        self._url, self._signed_in = sea.url(name), sea.token(name)

    def call(self, method: str, path: str, body: Document | None = None, key: str = "", **query: float) -> Document:
        """One attempt; a token that ran out is no attempt."""
        reply = self._send(method, path, body, key, query)
        if reply.status_code in (401, 403):
            signed_in = self._send("POST", "/sign-in", {}, "", {})
            signed_in.raise_for_status()
            self._signed_in = signed_in.json()["token"]
            reply = self._send(method, path, body, key, query)
        reply.raise_for_status()
        document: Document = reply.json()
        return document

    def _send(self, method: str, path: str, body: Document | None, key: str, query: Document) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._signed_in}"} if self._signed_in else {}
        if key:
            headers["Idempotency-Key"] = key
        return self.request(method, self._url + path, json=body, params=query, headers=headers, timeout=PATIENCE)


def _enter(sea: Sea, order: Document) -> None:
    """Enter an order, until it is."""
    erp = Session(sea, "erp")
    while True:
        try:
            erp.call("POST", "/customers", customer(order))
            erp.call("POST", "/sales-orders", sales_order(order), key=order["order_no"])
        except requests.RequestException:
            time.sleep(BREATH)
        else:
            return
