"""Code that speaks httpx meets the partners as on a socket: the same answers, errors, waits and headers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import httpx2
import polars as pl
import pytest

from seatrial.mocks.http_transport import PartnersTransport, url_of
from seatrial.mocks.httpx_transport import HttpxTransport
from seatrial.mocks.partners.desk import Desk
from seatrial.mocks.respx_router import partners_router
from seatrial.sim.assortment import Assortment
from seatrial.sim.call import REQUEST, Call
from seatrial.sim.conduct import Conduct
from seatrial.sim.errors import BadInput
from seatrial.sim.evidence import Evidence
from seatrial.sim.fate import Answer, Drop, Fate, Garble
from seatrial.sim.fault import Draw, Fault, Rule
from seatrial.sim.fences import LeftVirtualTime
from seatrial.sim.latency import Constant
from seatrial.sim.link import Link
from seatrial.sim.loop import run_virtual
from seatrial.sim.policies.auth import Bearer
from seatrial.sim.policies.limiter import TokenBucket
from seatrial.sim.process import Incarnation
from seatrial.sim.quantities import PerSecond, Seconds
from seatrial.sim.world import World

TRIP = 0.25
MESSAGE = {"message_no": "MP-1/shipped", "order_no": "MP-1", "audience": "customer", "subject": "shipped"}


class Bound(Fault, frozen=True):
    fate: Fate

    def decide(self, call: Call, now: float, dice: Draw) -> Fate:
        return self.fate


class Quay:
    """A desk that can be reached by httpx."""

    def __init__(self, *rules: Rule, urls: dict[str, str] | None = None, **conduct: Any) -> None:
        start = datetime(2026, 3, 2, 6, tzinfo=UTC)
        self.world = World(1, start, Assortment("GBP", {}), lambda env: Evidence(lambda: env.now))
        self.desk = Desk(
            "desk", self.world.ground, Conduct(latency=Constant(Seconds(TRIP)), **conduct), Desk.Settings()
        )
        self.world.fear(rules)
        self.link = Link(self.desk)
        self.transport = HttpxTransport([self.link], Incarnation(lambda _: None), urls)

    def run(self, code: Callable[[httpx.AsyncClient], Awaitable[Any]], library: Any = httpx, **options: Any) -> Any:
        async def main() -> Any:
            options.setdefault("base_url", url_of("desk"))
            async with library.AsyncClient(transport=self.transport, **options) as client:
                return await code(client)

        return run_virtual(main(), env=self.world.env)


def rule(fate: Fate, **aim: Any) -> Rule:
    return Rule("storm", Bound(fate), direction=REQUEST, **aim)


async def send(client: Any) -> Any:
    return await client.post("/messages", json=MESSAGE)


def test_a_call_is_answered_after_its_trip_with_time_and_headers() -> None:
    """The reply is the partner's document; it took the trip, and says which second of the run it is."""
    quay = Quay()
    reply = quay.run(send)
    assert (reply.status_code, reply.reason_phrase, reply.http_version) == (200, "OK", "HTTP/1.1")
    assert reply.json()["id"]
    assert reply.elapsed == timedelta(seconds=TRIP)
    assert reply.headers["X-Business-Time"] == f"{TRIP:.6f}"
    assert int(reply.headers["content-length"]) == len(reply.content)
    assert quay.world.env.now == TRIP


def test_a_body_can_be_streamed() -> None:
    """What is read piece by piece is the same body."""

    async def stream(client: httpx.AsyncClient) -> bytes:
        async with client.stream("POST", "/messages", json=MESSAGE) as reply:
            return b"".join([piece async for piece in reply.aiter_bytes(4)])

    assert b"id" in Quay().run(stream)


def test_half_a_body_arrives_before_the_connection_breaks() -> None:
    """Who streams sees status, headers and the share that arrives, then the error."""
    pieces: list[bytes] = []

    async def stream(client: httpx.AsyncClient) -> None:
        async with client.stream("POST", "/messages", json=MESSAGE) as reply:
            assert (reply.status_code, reply.headers["content-length"]) == (200, "16")
            async for piece in reply.aiter_raw():
                pieces.append(piece)  # noqa: PERF401 (a comprehension would be gone with the error)

    with pytest.raises(httpx.RemoteProtocolError, match=r"\(received 8 bytes, expected 16\)"):
        Quay(rule(Garble("truncated", 0.5))).run(stream)
    assert [len(piece) for piece in pieces] == [8]


def test_a_url_of_nobody_is_fenced() -> None:
    """Nothing leaves the process; the error names the URLs that are known, and ends the run whatever is made of it."""

    async def call(client: httpx.AsyncClient) -> None:
        try:
            await client.get("http://www.example.com/x")
        except Exception as error:
            raise ValueError("the shop is closed") from error

    with pytest.raises(LeftVirtualTime, match=r"GET http://www.example.com/x .*known: http://desk.seatrial"):
        Quay().run(call)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://erp.example.com", "http://erp.example.com"),
        ("https://gateway:8443/desk/v1/", "https://gateway:8443/desk/v1"),
        ("http://gateway", "http://GATEWAY:80/"),
    ],
)
def test_partners_are_found_at_the_urls_that_they_were_given(url: str, base: str) -> None:
    """Host, port and path of a base URL lead to the partner."""
    assert Quay(urls={url: "desk"}).run(send, base_url=base).status_code == 200


def test_a_path_beside_a_base_url_is_nobodys() -> None:
    """A base path ends where its last step ends."""
    quay = Quay(urls={"http://gateway/desk": "desk"})
    with pytest.raises(LeftVirtualTime):
        quay.run(send, base_url="http://gateway/desks")


@pytest.mark.parametrize("urls", [{"http://x": "dask"}, {"desk.example.com": "desk"}, {"ftp://x": "desk"}])
def test_urls_that_lead_nowhere_are_bad_input(urls: dict[str, str]) -> None:
    """An unknown partner or something that is no base URL is told at the start."""
    with pytest.raises(BadInput):
        Quay(urls=urls)


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/nowhere", {}, 404, "unknown_route"),
        ("DELETE", "/messages", {}, 405, "method_not_allowed"),
        (
            "POST",
            "/messages",
            {"content": b"{", "headers": {"Content-Type": "application/json"}},
            400,
            "invalid_request",
        ),
        ("POST", "/messages", {"data": {"a": "b"}}, 415, "unsupported_media_type"),
    ],
)
def test_what_is_no_operation_is_refused_in_the_partners_words(
    method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    """It takes the trip all the same, and leaves a row."""
    quay = Quay()
    reply = quay.run(lambda client: client.request(method, path, **options))
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    (row,) = quay.world.evidence.frame().filter(kind="call").rows(named=True)
    assert (row["partner"], row["outcome"], row["status"], row["latency"]) == ("desk", "rejected", status, TRIP * 1e6)


def test_what_cannot_be_read_is_recorded_with_all_that_can() -> None:
    """A field is missing: operation, key and order stand in the evidence, and beside them what was wrong."""
    quay = Quay()
    quay.run(lambda client: client.post("/messages", json={"message_no": "M-1", "order_no": "MP-1", "audience": []}))
    call, note = quay.world.evidence.frame().filter(pl.col("kind").is_in(["call", "note"])).rows(named=True)
    assert [call[name] for name in ("operation", "document", "key", "correlation", "status", "code")] == [
        "notify", "notification", "M-1", "MP-1", 400, "invalid_request",
    ]  # fmt: skip
    assert (note["operation"], note["key"], note["correlation"]) == ("unread", "M-1", "MP-1")
    assert note["document_id"].startswith("desk.notify: Expected `str`, got `array`")


def test_a_token_proves_a_sign_in_until_it_expires() -> None:
    """Without one, with a made-up one and with an old one the partner says 401, each in its own words."""

    async def visit(client: httpx.AsyncClient) -> list[object]:
        codes = [(await send(client)).json()["error"]["code"]]
        client.headers["Authorization"] = "Bearer 0123456789abcdef"
        codes.append((await send(client)).json()["error"]["code"])
        token = (await client.post("/sign-in", json={})).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        codes.append((await send(client)).status_code)
        await asyncio.sleep(61)
        return [*codes, (await send(client)).json()["error"]["code"]]

    seen = Quay(auth=Bearer(Seconds(60))).run(visit)
    assert seen == ["token_missing", "token_unknown", 200, "token_expired"]


def test_headers_are_what_rules_aim_at() -> None:
    """A rule finds the headers that the caller sent, in any case."""

    async def twice(client: httpx.AsyncClient) -> list[str]:
        seen = []
        for tenant in ("blue", "red"):
            try:
                await client.post("/messages", json=MESSAGE, headers={"x-tenant": tenant}, timeout=5)
                seen.append("ok")
            except httpx.ReadTimeout:
                seen.append("timed out")
        return seen

    assert Quay(rule(Drop(), headers={"X-Tenant": "b*"})).run(twice) == ["timed out", "ok"]


@pytest.mark.parametrize(
    ("timeout", "error", "at"),
    [
        (httpx.Timeout(5.0, read=2.0), httpx.ReadTimeout, 2.0),
        (httpx.Timeout(5.0, connect=0.1, pool=0.1), httpx.ReadTimeout, 5.0),
        (0.125, httpx.ReadTimeout, 0.125),
        (None, httpx.RemoteProtocolError, 120.0),
        (300.0, httpx.RemoteProtocolError, 120.0),
    ],
)
def test_timeouts_given_to_httpx_are_honoured(timeout: Any, error: type[Exception], at: float) -> None:
    """The read timeout ends a silence; without one the other side hangs up after two minutes, as servers do."""
    quay = Quay(rule(Drop()))
    with pytest.raises(error):
        quay.run(send, timeout=timeout)
    assert quay.world.env.now == at


def test_the_attempt_of_a_caller_that_counts_is_recorded() -> None:
    """X-Attempt stands in the evidence; who does not count makes first attempts."""
    quay = Quay()
    quay.run(lambda client: client.post("/messages", json=MESSAGE, headers={"X-Attempt": "3"}))
    assert quay.world.evidence.frame().filter(kind="call")["attempt"].to_list() == [3]


def test_the_attempts_of_a_caller_that_does_not_count_are_counted_by_business_key() -> None:
    """As on a socket: a plain repeat is another attempt, in the next life of the integration too, with other dice."""
    quay = Quay()
    quay.run(send)
    quay.run(send)
    quay.transport = HttpxTransport([quay.link], Incarnation(lambda _: None))
    quay.run(send)
    rows = quay.world.evidence.scan().collect().filter(kind="call")
    assert rows["attempt"].to_list() == [1, 2, 3]


def test_a_limit_tells_its_wait_in_whole_seconds() -> None:
    """Retry-After is there, as a whole number."""

    async def hurry(client: httpx.AsyncClient) -> Any:
        await send(client)
        return await send(client)

    reply = Quay(limits={"*": TokenBucket(PerSecond(0.4), 1)}).run(hurry)
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "3")


def test_the_clock_and_the_openapi_document_cost_no_time() -> None:
    """What is asked about the run itself is no call: no wait, no row."""

    async def ask(client: httpx.AsyncClient) -> tuple[Any, Any]:
        return (await client.get("/clock")).json(), (await client.get("/openapi.json")).json()

    quay = Quay()
    clock, document = quay.run(ask)
    assert clock == {"now": 0, "wall": "2026-03-02T06:00:00Z", "time_scale": 1.0}
    assert "/messages" in document["paths"]
    assert quay.world.evidence.frame().filter(kind="call").is_empty()


def test_the_successor_of_httpx_gets_its_own_words() -> None:
    """Responses and errors are those of the library that asks."""
    quay = Quay(rule(Drop(), until=1))
    with pytest.raises(httpx2.ReadTimeout):
        quay.run(send, httpx2, timeout=5)
    assert isinstance(quay.run(send, httpx2), httpx2.Response)


def test_something_else_than_httpx_is_told_what_is_wanted() -> None:
    """A request of no library that is known is bad input."""

    class Stranger:
        method, extensions, headers = "GET", {"timeout": {}}, httpx.Headers()
        url = httpx.URL("http://desk.seatrial/clock")

        async def aread(self) -> bytes:
            return b""

    async def call() -> Any:
        return await PartnersTransport.handle_async_request(quay.transport, Stranger())

    quay = Quay()
    with pytest.raises(BadInput, match="Stranger"):
        run_virtual(call(), env=quay.world.env)


def test_respx_leads_to_the_partners() -> None:
    """Code that makes its own client reaches them while the router is started; errors come through."""
    quay = Quay(rule(Drop(), key="MP-2/*"))

    async def own_client() -> list[Any]:
        async with (
            partners_router(quay.transport) as router,
            httpx.AsyncClient(base_url=url_of("desk"), timeout=5) as own,
        ):
            first = await own.post("/messages", json=MESSAGE)
            with pytest.raises(httpx.ReadTimeout):
                await own.post("/messages", json={**MESSAGE, "message_no": "MP-2/shipped"})
            return [first.status_code, router.calls.call_count]

    assert run_virtual(own_client(), env=quay.world.env) == [200, 2]


def test_a_crash_ends_what_is_under_way() -> None:
    """A client of a life that is over reaches nobody."""
    quay = Quay()
    life = Incarnation(lambda _: None)
    life.alive = False
    quay.transport = HttpxTransport([Link(quay.desk)], life)
    with pytest.raises(asyncio.CancelledError):
        quay.run(send)


@pytest.mark.parametrize("said", ["7", "in a moment", "-1"])
def test_retry_after_arrives_word_for_word(said: str) -> None:
    """A refusal and a page of somebody else carry the header as it was sent, whatever it says."""
    for body in ("error", "html"):
        reply = Quay(rule(Answer(503, body, retry_after=said))).run(send)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, said)
        assert reply.headers["content-type"].startswith("text/html" if body == "html" else "application/json")
