"""Laws of the control room: what it tells, what it does, and how it refuses."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

LINE = {"sku": "SKU-0001", "quantity": 1, "unit_price": 100}
SCRIPT = '<script>alert("x")</script>'


def test_the_page_runs_its_own_script_and_no_other(played: Callable) -> None:
    """The content policy names the hash of the one script and the one style; nothing comes from elsewhere."""

    async def part(scene) -> None:
        reply = await scene.ask("GET", "/")
        page, policy = reply.body.decode(), reply.headers["content-security-policy"]
        (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
        (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        for text in (script, style):
            assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
        assert "unsafe" not in policy
        assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page)
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|style=|\son\w+=", page)

    played(part)


def test_the_page_says_nothing_of_the_world(played: Callable) -> None:
    """The page is the same for all worlds: whatever partners and scenarios wrote comes as JSON, never as markup."""

    async def part(scene) -> None:
        page = (await scene.ask("GET", "/")).body
        await scene.ask("POST", "/api/orders", {"channel": "storefront", "order_no": SCRIPT})
        assert (await scene.ask("GET", "/")).body == page

    played(part)


def test_refusals_teach(played: Callable) -> None:
    """Each refusal has the partners' shape, a code, and says what is known."""

    async def part(scene) -> None:
        nowhere = await scene.ask("GET", "/api/stat")
        assert (nowhere.status, nowhere.code) == (404, "unknown_route")
        assert "/api/state" in nowhere.message
        method = await scene.ask("PUT", "/api/rules")
        assert (method.status, method.code) == (405, "wrong_method")
        assert "GET, POST, DELETE" in method.message
        kind = await scene.ask("POST", "/api/rules", {"fault": "latency"}, headers={"content-type": "text/plain"})
        assert (kind.status, kind.code) == (415, "wrong_type")
        assert (await scene.ask("POST", "/api/rules", b"{")).code == "bad_json"
        assert (await scene.ask("POST", "/api/rules", [])).code == "invalid_request"
        large = await scene.ask("POST", "/observer", b" " * (1 << 20) + b"{}")
        assert (large.status, large.code) == (413, "too_large")

    played(part)


def test_an_order_placed_is_on_the_books_and_in_the_picture(played: Callable) -> None:
    """What is left out of an order is made up; what the channel sold comes back, and the picture counts it."""

    async def part(scene) -> None:
        sold = (await scene.ask("POST", "/api/orders", {"channel": "storefront"})).json["order"]
        assert sold["lines"]
        assert sold["customer"]["name"]
        assert sold["currency"] == "GBP"
        assert scene.world.partners["storefront"].orders.get(sold["order_no"]) is not None
        state = (await scene.ask("GET", "/api/state")).json
        assert state["flow"]["placed"] == 1
        assert state["waiting"]["orders"] == 1
        second = (await scene.ask("POST", "/api/orders", {"channel": "storefront"})).json["order"]
        assert second["order_no"] != sold["order_no"]
        assert scene.room.placed == [sold["order_no"], second["order_no"]]

    played(part)


@pytest.mark.parametrize(
    ("wish", "status", "code", "says"),
    [
        ({"channel": "storefrond"}, 422, "unknown_name", "storefront"),
        ({"channel": "erp"}, 422, "unknown_name", "storefront"),
        ({}, 422, "invalid_request", "channel"),
        ({"channel": "storefront", "colour": "red"}, 422, "invalid_request", "colour"),
        ({"channel": "storefront", "currency": "EUR"}, 422, "bad_input", "GBP"),
        ({"channel": "storefront", "lines": [{**LINE, "sku": "SKU-X"}]}, 422, "unknown_name", "SKU"),
        ({"channel": "storefront", "lines": [{**LINE, "quantity": 0}]}, 422, "bad_input", "quantity"),
        ({"channel": "storefront", "lines": [LINE, LINE]}, 422, "bad_input", "once"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    played: Callable, wish: dict[str, Any], status: int, code: str, says: str
) -> None:
    """It says what is wrong and what is known, and nothing is placed."""

    async def part(scene) -> None:
        reply = await scene.ask("POST", "/api/orders", wish)
        assert (reply.status, reply.code) == (status, code)
        assert says in reply.message
        assert (await scene.ask("GET", "/api/state")).json["flow"]["placed"] == 0

    played(part)


def test_an_order_number_is_used_once(played: Callable) -> None:
    """A number that the channel knows is refused, and the harness lives on."""

    async def part(scene) -> None:
        wish = {"channel": "b2b", "order_no": "A/1"}
        assert (await scene.ask("POST", "/api/orders", wish)).status == 200
        again = await scene.ask("POST", "/api/orders", wish)
        assert (again.status, again.code) == (409, "known_order")

    played(part)


def test_what_is_not_on_offer_is_not_sold(played: Callable) -> None:
    """Nothing of it on offer: the order is null, as at the shop."""

    async def part(scene) -> None:
        channel = scene.world.partners["storefront"]
        channel.listings.open(dict.fromkeys(scene.world.ground.assortment.items, 0))
        assert (await scene.ask("POST", "/api/orders", {"channel": "storefront", "lines": [LINE]})).json == {
            "order": None
        }
        assert (await scene.ask("POST", "/api/orders", {"channel": "storefront"})).json == {"order": None}

    played(part)


def test_business_time_freezes_and_thaws(played: Callable) -> None:
    """Freezing twice is freezing once; the second of the run stands still meanwhile, and whoever asked is told."""
    told: list[bool] = []

    async def part(scene) -> None:
        first = (await scene.ask("POST", "/api/freeze")).json
        again = (await scene.ask("POST", "/api/freeze")).json
        assert first["frozen"]
        assert again == first
        assert (await scene.ask("GET", "/api/state")).json["time"]["frozen"]
        assert not (await scene.ask("POST", "/api/thaw")).json["frozen"]
        assert told == [True, False]

    played(part, on_freeze=told.append)


def test_calls_are_listed_newest_first(played: Callable) -> None:
    """As many as were asked for, and never more than 500."""

    async def part(scene) -> None:
        for number in range(700):
            scene.world.evidence.call("erp", "find", "", f"K{number}", "", 1, "ok", 200, 0.1, "")
        calls = (await scene.ask("GET", "/api/calls?limit=3")).json["calls"]
        assert [each["key"] for each in calls] == ["K699", "K698", "K697"]
        assert calls[0]["latency"] == 100
        assert len((await scene.ask("GET", "/api/calls?limit=500")).json["calls"]) == 500
        for limit in ("0", "501", "-1", "x", "", "9" * 400):
            assert (await scene.ask("GET", f"/api/calls?limit={limit}")).code == "invalid_limit"

    played(part)


def test_the_integrations_words_stand_in_the_evidence(played: Callable) -> None:
    """Notes and events come as they would from an integration of ours; the picture counts them."""

    async def part(scene) -> None:
        note = {"name": "dead_letter", "key": "K", "correlation": "O", "team": "finance", "quantity": 2, "detail": "d"}
        event = {"name": "order.captured", "key": "O", "order_no": "O"}
        reply = await scene.ask("POST", "/observer", {"notes": [note], "events": [event]})
        assert (reply.status, reply.body) == (204, b"")
        assert (await scene.ask("GET", "/api/state")).json["told"]["dead_letters"] == 1
        rows = scene.world.evidence.frame().filter(partner="integration")
        assert rows["operation"].to_list() == ["dead_letter", "order.captured"]
        assert rows["document"].to_list() == ["finance", ""]

    played(part)


def test_words_that_nobody_knows_leave_no_trace(played: Callable) -> None:
    """An unknown event refuses the whole message, with the nearest name."""

    async def part(scene) -> None:
        words = {"notes": [{"name": "retry"}], "events": [{"name": "order.capturd"}]}
        reply = await scene.ask("POST", "/observer", words)
        assert reply.code == "unknown_name"
        assert "order.captured" in reply.message
        assert scene.world.evidence.frame().filter(partner="integration").height == 0

    played(part)


@pytest.mark.parametrize(
    "note",
    [
        {"name": "retry", "quantity": 10**30},
        {"name": "retry", "quantity": 2**62},
        {"name": "retry", "quantity": 1.5},
        {"name": None},
        {"name": ["retry"]},
    ],
)
def test_no_word_can_break_the_log(played: Callable, note: dict[str, Any]) -> None:
    """What the evidence cannot hold is refused before it gets there."""

    async def part(scene) -> None:
        assert (await scene.ask("POST", "/observer", {"notes": [note]})).status == 422
        surrogate = b'{"notes":[{"name":"retry","detail":"\\ud800"}]}'
        assert (await scene.ask("POST", "/observer", surrogate)).status in (204, 400, 422)
        odd = {"notes": [{"name": "\0" * 3, "detail": SCRIPT * 1000}]}
        assert (await scene.ask("POST", "/observer", odd)).status == 204
        assert scene.world.evidence.frame()["document_id"].str.len_chars().max() <= 400

    played(part)


def test_the_load_is_handed_on(played: Callable) -> None:
    """Reports of a load generator reach whoever keeps the ledger; where there is none, they are refused."""
    taken: list[bytes] = []

    def take(report: bytes) -> tuple[int, bytes]:
        taken.append(report)
        return 202, b"{}"

    async def part(scene) -> None:
        assert (await scene.ask("POST", "/load", {"kind": "part"})).status == 202
        assert taken == [b'{"kind": "part"}']

    async def without(scene) -> None:
        assert (await scene.ask("POST", "/load", {})).code == "no_load"
        assert (await scene.ask("POST", "/strays", {})).code == "no_shoppers"

    played(part, load=take)
    played(without)
