"""Laws of the gate: nobody comes in without the token, under another name, or from somebody else's page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

ROUTES = [
    ("GET", "/"),
    ("GET", "/api/state"),
    ("GET", "/api/rules"),
    ("POST", "/api/rules"),
    ("DELETE", "/api/rules"),
    ("DELETE", "/api/rules/x"),
    ("GET", "/api/faults"),
    ("GET", "/api/calls"),
    ("GET", "/api/events"),
    ("POST", "/api/orders"),
    ("POST", "/api/freeze"),
    ("POST", "/strays"),
    ("POST", "/load"),
    ("POST", "/observer"),
    ("GET", "/nowhere"),
]


@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_without_the_token_nobody_comes_in(played: Callable, token: str) -> None:
    """Every route, known or not, page or API, answers 401 to a request without the right token."""

    async def part(scene) -> None:
        for method, path in ROUTES:
            reply = await scene.ask(method, path, token=token)
            assert reply.status == 401
            assert reply.code in ("no_token", "wrong_token")
            assert scene.room.token not in reply.body.decode()

    played(part)


def test_the_token_is_taken_from_query_and_headers(played: Callable) -> None:
    """`?token=`, `X-Seatrial-Token` and a bearer token are three ways to say the same."""

    async def part(scene) -> None:
        token, bearer = scene.room.token, {"authorization": f"Bearer {scene.room.token}"}
        for query, headers, given in ((f"?token={token}", {}, ""), ("", bearer, ""), ("", {}, token)):
            assert (await scene.ask("GET", f"/api/calls{query}", headers=headers, token=given)).status == 200

    played(part)


def test_under_another_name_we_are_not_here(played: Callable) -> None:
    """A name that somebody bound to this machine is refused, with the right token as well."""

    async def part(scene) -> None:
        for host in ("evil.example", "evil.example:9000", "127.0.0.1", "127.0.0.1:9001", "localhost:80", ""):
            reply = await scene.ask("GET", "/", headers={"host": host})
            assert (reply.status, reply.code) == (403, "foreign_host")

    played(part)


def test_our_own_names_are_known(played: Callable) -> None:
    """The loopback address and localhost, with our port."""

    async def part(scene) -> None:
        for host in ("127.0.0.1:9000", "localhost:9000", "LOCALHOST:9000"):
            assert (await scene.ask("GET", "/", headers={"host": host})).status == 200

    played(part)


def test_pages_of_others_may_not_ask(played: Callable) -> None:
    """A request that a browser sends for somebody else's page is refused, and no reply lets pages of others read it."""

    async def part(scene) -> None:
        for origin in ("http://evil.example", "null", "http://localhost:9001", "https://127.0.0.1:9000"):
            reply = await scene.ask("POST", "/api/freeze", headers={"origin": origin})
            assert (reply.status, reply.code) == (403, "foreign_origin")
            assert not scene.clock.frozen
        ours = await scene.ask("GET", "/api/state", headers={"origin": "http://127.0.0.1:9000"})
        assert ours.status == 200
        assert not [name for reply in (reply, ours) for name in reply.headers if name.startswith("access-control")]

    played(part)


def test_every_reply_is_careful(played: Callable) -> None:
    """Nothing is kept, sniffed, framed, or told to the next page; a content policy stands on all of it."""

    async def part(scene) -> None:
        for method, path in (("GET", "/"), ("GET", "/api/state"), ("GET", "/no"), ("OPTIONS", "/api/rules")):
            check((await scene.ask(method, path)).headers)

    def check(headers: dict[str, str]) -> None:
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]

    played(part)
