"""A partner as it is called: sign-in, timeouts, retries, and three kinds of endings that must not be mixed up."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from store import Document

TIMEOUT = (1.0, 2.0)
"""Seconds to connect, and between two bytes of a reply. `requests` knows no bound for a whole reply."""
ATTEMPTS = 4
BACKOFF = 0.2
"""Seconds before the second attempt; doubles, with jitter."""
LONGEST_WAIT = 30.0
"""Seconds that a Retry-After may ask for; beyond that it is not believed."""

Find = Callable[[], Document | None]
"""Looks whether a document is there already."""


class Rejected(Exception):
    """The partner said no, and why: nothing was done, and asking again as before gets the same answer."""

    def __init__(self, where: str, status: int, complaint: Document, wait: float = 0.0) -> None:
        """A refusal with the partner's code, and the wait that it asks for."""
        super().__init__(f"{where}: {status} {complaint.get('code', '')} {complaint.get('message', '')}")
        self.status, self.wait = status, wait
        self.code: str = complaint.get("code", "")
        self.pointer: str = complaint.get("pointer", "")


class Unclear(Exception):
    """Nobody knows whether the partner did it: a timeout, a reset, a 5xx, a reply that cannot be read."""

    wait = 0.0


class Clock:
    """The business clock, as the partners' replies tell it."""

    now = 0.0
    """Second of the run."""

    def hear(self, told: str | None) -> None:
        """Take a partner's word for it."""
        self.now = max(self.now, float(told or 0))


clock = Clock()
_sessions = threading.local()


@dataclass(frozen=True)
class Reply:
    """What came back, read to its end."""

    status: int
    """HTTP status."""
    document: Document | None
    """The body, if it is a JSON document."""
    wait: float
    """Seconds that Retry-After asks to wait."""


class Partner:
    """One partner. Calls raise Rejected or Unclear and nothing else."""

    def __init__(self, told: Document) -> None:
        """A partner as an entry of SEATRIAL_PARTNERS describes it."""
        self.name: str = told["name"]
        self.kind: str = told["kind"]
        self.role: str = told["role"]
        self.secret: str = told["webhook_secret"]
        self._url: str = told["url"]
        self._token: str = told["token"]
        self._sign_in = threading.Lock()

    def get(self, path: str, **query: str | int) -> Document:
        """Read something."""
        return self.call(f"GET {path}", query=query)

    def call(
        self, what: str, body: Document | None = None, *,
        query: dict[str, str | int] | None = None, key: str = "", order: str = "", find: Find | None = None,
    ) -> Document:  # fmt: skip
        """Call until there is an answer. The key goes with every attempt.

        `find` is asked after every unclear end, because a partner that remembers no keys would do the work twice.
        """
        headers = {name: value for name, value in (("Idempotency-Key", key), ("X-Correlation-Id", order)) if value}
        attempt = 1
        while True:
            try:
                return self._once(what, body, query, headers)
            except (Rejected, Unclear) as error:
                again = isinstance(error, Unclear) or error.status == 429
                if not again or attempt == ATTEMPTS:
                    raise
                time.sleep(max(BACKOFF * 2 ** (attempt - 1) * random.uniform(0.5, 1.5), error.wait))
                if find and isinstance(error, Unclear) and (found := find()) is not None:
                    return found
            attempt += 1

    def _once(self, what: str, body: Any, query: Any, headers: dict[str, str]) -> Document:
        token = self._token
        reply = self._send(what, body, query, headers, token)
        if reply.status == 401 and token:  # the token ran out: this attempt was no attempt
            reply = self._send(what, body, query, headers, self._renewed(token))
        return self._understood(reply, f"{self.name} {what}")

    def _send(self, what: str, body: Any, query: Any, headers: dict[str, str], token: str) -> Reply:
        method, path = what.split(" ", 1)
        if token:
            headers = {**headers, "Authorization": f"Bearer {token}"}
        try:
            reply = _session().request(
                method,
                self._url + path,
                json=body,
                params=query,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unclear(f"{self.name} {what}: {type(error).__name__}") from error
        clock.hear(reply.headers.get("X-Business-Time"))
        return Reply(reply.status_code, _document(reply), _sensible(reply.headers.get("Retry-After")))

    def _understood(self, reply: Reply, where: str) -> Document:
        """What a reply says. A 200 with an error page in it says nothing: it is unclear, not "no orders"."""
        if 200 <= reply.status < 300 and reply.document is not None:
            return reply.document
        if 400 <= reply.status < 500 and reply.status != 408:
            raise Rejected(where, reply.status, (reply.document or {}).get("error", {}), reply.wait)
        unclear = Unclear(f"{where}: {reply.status}, or not a document")
        unclear.wait = reply.wait
        raise unclear

    def _renewed(self, expired: str) -> str:
        """A new token, got once for all threads that found the old one expired."""
        with self._sign_in:
            if self._token == expired:
                reply = self._send("POST /sign-in", {}, None, {}, "")
                self._token = self._understood(reply, f"{self.name} sign-in")["token"]
            return self._token


def _session() -> requests.Session:
    """The thread's own session, which keeps connections open; sessions are not made for sharing."""
    if not hasattr(_sessions, "session"):
        _sessions.session = requests.Session()
        _sessions.session.trust_env = False  # partners are local: no proxy, no .netrc
        _sessions.session.mount("http://", HTTPAdapter(pool_connections=16))
    session: requests.Session = _sessions.session
    return session


def _document(reply: requests.Response) -> Document | None:
    try:
        said = reply.json()
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _sensible(asked: str | None) -> float:
    """Seconds that a Retry-After asks for, as a number or as a date, if that is a wait that anybody would mean."""
    try:
        wait = (
            float(asked or 0)
            if (asked or "0").isdigit()
            else parsedate_to_datetime(asked or "").timestamp() - time.time()
        )
    except ValueError:
        return 0.0
    return wait if 0 < wait <= LONGEST_WAIT else 0.0
