"""The partners of a unit test: real HTTP clients meet them, and no real time passes."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import httpx2
import pytest
import requests
import respx
from urllib3 import Timeout

from seatrial.mocks.guests.routing import PARTNERS
from seatrial.mocks.hosting.signatures import is_genuine
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.testing.channel import ChannelAtHand
from seatrial.testing.partner import PartnerAtHand
from seatrial.testing.partners import Partners
from seatrial.testing.strikes import NeverStruck

BUYER = {"customer_no": "GB-1", "name": "A. Buyer", "email": "a@customers.example", "country": "United Kingdom"}
PATIENCE = 30.0
ERRORS = (httpx.ReadTimeout, httpx2.ReadTimeout, requests.ReadTimeout)


def by_client(library: Any, method: str, url: str, **options: Any) -> Any:
    with library.Client() as client:
        return client.request(method, url, **options)


def by_async_client(library: Any, method: str, url: str, **options: Any) -> Any:
    async def ask() -> Any:
        async with library.AsyncClient() as client:
            return await client.request(method, url, **options)

    return asyncio.run(ask())


def by_requests(method: str, url: str, **options: Any) -> Any:
    return requests.request(method, url, **options)


def by_urls_of_the_module(method: str, url: str, **options: Any) -> Any:
    return httpx.request(method, url, **options)


Ask = Callable[..., Any]
CLIENTS = [
    *(
        pytest.param(partial(by, library), id=f"{by.__name__}-{library.__name__}")
        for library in (httpx, httpx2)
        for by in (by_client, by_async_client)
    ),
    by_requests,
    by_urls_of_the_module,
]


@pytest.fixture
def entry(erp: PartnerAtHand, partners: Partners) -> dict[str, Any]:
    """An order that the ERP will take, and its buyer."""
    httpx.post(f"{erp.url}/customers", json=BUYER, headers=signed(erp))
    line = {"sku": partners.skus[0], "quantity": 1, "unit_price": 100}
    return {"order_no": "T-1", "channel": "b2b", "customer_no": "GB-1", "currency": "GBP", "lines": [line]}


def signed(partner: PartnerAtHand) -> dict[str, str]:
    return {"Authorization": f"Bearer {partner.token}"}


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_lost_reply_costs_no_real_time_and_a_repeat_makes_a_duplicate(
    ask: Ask, erp: PartnerAtHand, entry: dict[str, Any], partners: Partners
) -> None:
    """The client sees its timeout at once, the basin's clock has moved by it, and the books show both orders."""
    before = partners.now
    with erp.fault("lost_reply", at="create_sales_order", first=1) as lost:
        with pytest.raises(ERRORS):
            ask("POST", f"{erp.url}/sales-orders", json=entry, headers=signed(erp), timeout=PATIENCE)
        assert partners.now == pytest.approx(before + PATIENCE)
        assert ask("POST", f"{erp.url}/sales-orders", json=entry, headers=signed(erp)).status_code == 200
    calls = [call for call in erp.calls if call.operation == "create_sales_order"]
    assert [(call.attempt, call.outcome, call.status) for call in calls] == [(1, "timed_out", 0), (2, "ok", 200)]
    assert [call.fault for call in calls] == [lost.name, ""]
    assert erp.duplicates("sales_order") == 1
    assert [each.order_no for each in erp.documents("sales_order")["T-1"]] == ["T-1", "T-1"]


@pytest.mark.parametrize("ask", CLIENTS)
def test_an_idempotency_key_is_honoured(ask: Ask, erp: PartnerAtHand, entry: dict[str, Any]) -> None:
    """A client that sends one gets the first answer again, and there is one order."""
    headers = signed(erp) | {"Idempotency-Key": "enter/T-1"}
    answers = [ask("POST", f"{erp.url}/sales-orders", json=entry, headers=headers).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert (len(erp.documents("sales_order")), erp.duplicates("sales_order")) == (1, 0)


def test_a_transport_can_be_given(erp: PartnerAtHand) -> None:
    """A client that takes a transport is given one, synchronous or not."""

    async def ask() -> int:
        async with httpx.AsyncClient(transport=erp.transport, base_url=erp.url) as client:
            return (await client.get("/clock")).status_code

    with httpx.Client(transport=erp.transport, base_url=erp.url) as client:
        assert client.get("/clock").status_code == 200
    assert asyncio.run(ask()) == 200


def test_the_loop_and_the_task_of_the_test_go_on(erp: PartnerAtHand) -> None:
    """A call within a task leaves that task and its loop as they were, also where it fails."""

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        async with httpx.AsyncClient(timeout=5) as client:
            with erp.fault("blackhole"), pytest.raises(httpx.ReadTimeout):
                await client.get(f"{erp.url}/sales-orders/T-1", headers=signed(erp))
            results = await asyncio.gather(*[client.get(f"{erp.url}/clock") for _ in range(5)])
        assert (asyncio.get_running_loop(), asyncio.current_task()) == (loop, task)
        assert [each.status_code for each in results] == [200] * 5
        async with asyncio.timeout(PATIENCE):
            await asyncio.sleep(0)

    asyncio.run(main())


def test_threads_share_the_partners(erp: PartnerAtHand) -> None:
    """Clients in threads of the test are answered one after the other."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: requests.get(f"{erp.url}/clock", timeout=5).status_code, range(8)))
    assert answers == [200] * 8


@pytest.mark.parametrize(
    ("fault", "fields", "seen"),
    [
        ("lost_reply", {"how": "reset"}, httpx.ReadError),
        ("refuse", {}, httpx.ConnectError),
        ("blackhole", {}, httpx.ReadTimeout),
        ("truncated_body", {}, httpx.RemoteProtocolError),
    ],
)
def test_faults_are_seen_as_on_a_socket(
    fault: str, fields: dict[str, Any], seen: type[Exception], erp: PartnerAtHand
) -> None:
    """Each fault is raised in the words of the client's library."""
    with erp.fault(fault, at="save_customer", **fields), pytest.raises(seen):
        httpx.post(f"{erp.url}/customers", json=BUYER, headers=signed(erp))


def test_a_fault_ends_with_its_block(erp: PartnerAtHand) -> None:
    """After the `with` nothing strikes any more, whatever ended it; the figures of the first stay its own."""

    def ask() -> int:
        return httpx.post(f"{erp.url}/customers", json=BUYER, headers=signed(erp)).status_code

    seen = []
    for _ in range(2):
        with suppress(LookupError), erp.fault("status", at="save_customer", status=503) as down:
            seen.append(ask())
            raise LookupError
        seen.append(ask())
        assert (down.struck, down.could_strike) == (1, 1)
    assert seen == [503, 200, 503, 200]


def test_a_fault_that_strikes_nothing_fails_the_test(erp: PartnerAtHand) -> None:
    """A test that never met its fault has tested something else, unless it says that this may be."""
    said = r"struck nothing: nobody asked erp\.create_sales_order meanwhile"
    with pytest.raises(NeverStruck, match=said), erp.fault("lost_reply", at="create_sales_order"):
        pass
    with erp.fault("lost_reply", at="create_sales_order", may_miss=True) as fault:
        pass
    assert fault.struck == 0


@pytest.mark.parametrize(
    ("fault", "fields", "said"),
    [
        (
            "lost_reply",
            {},
            "lost_reply strikes only writes; asked meanwhile: find_sales_order, a route that it does not",
        ),
        (
            "status",
            {"at": "create_sales_order"},
            "nobody asked erp.create_sales_order meanwhile; asked meanwhile: find_",
        ),
        (
            "status",
            {"at": "find_*", "key": "T-9"},
            "it is none of the documents that this one strikes; asked meanwhile",
        ),
        ("status", {"at": "find_sales_order", "nth": 2}, "it looked at 1 call · "),
    ],
)
def test_why_a_fault_struck_nothing_is_told(fault: str, fields: dict[str, Any], said: str, erp: PartnerAtHand) -> None:
    """With what was asked meanwhile, and not what was asked before."""
    httpx.post(f"{erp.url}/customers", json=BUYER, headers=signed(erp))
    with pytest.raises(NeverStruck, match=re.escape(said)) as told, erp.fault(fault, **fields):
        [httpx.get(f"{erp.url}/{each}", headers=signed(erp)) for each in ("sales-orders/T-1", "nowhere")]
    assert "save_customer" not in str(told.value)


@pytest.mark.parametrize(
    ("fault", "options", "said"),
    [
        ("lost_replay", {}, "fault: unknown fault: 'lost_replay' · did you mean 'lost_reply'?"),
        ("lost_reply", {"at": "create_order"}, "at: unknown operation of erp: 'create_order'"),
        ("lost_reply", {"at": "find_sales_order"}, "at: lost_reply strikes a write, and this is none"),
        ("lost_reply", {"hwo": "reset"}, "lost_reply has no such parameter, nor has a rule: 'hwo' · did you mean"),
        ("lost_reply", {"how": "rest"}, "with.how: unknown word: 'rest' · did you mean 'reset'?"),
        ("lost_reply", {"first": "one"}, "first: expected a whole number, found text: 'one'"),
        ("lost_reply", {"probability": 2.0}, "probability:"),
        ("lost_reply", {"first": 1, "nth": 2}, "nth: `first` and `nth` together"),
        ("integration_crash", {}, "fault: this fault strikes the integration itself: 'integration_crash'"),
        ("cut", {}, "fault: this fault strikes the connection to a dependency: 'cut'"),
    ],
)
def test_a_fault_that_cannot_be_is_told_by_field(
    fault: str, options: dict[str, Any], said: str, erp: PartnerAtHand
) -> None:
    """What is wrong is named with the field, the value and what is known; nothing stays armed."""
    with pytest.raises(BadInput) as caught, erp.fault(fault, **options):
        raise AssertionError
    assert str(caught.value).startswith(said)


def test_a_fault_begins_when_it_is_said_in_a_word_that_python_takes(erp: PartnerAtHand, partners: Partners) -> None:
    """`from` is a word of Python's own: a test writes `from_`, and is told so."""
    with erp.fault("status", at="save_customer", from_="1 h", until="2 h", status=503):
        seen = [httpx.post(f"{erp.url}/customers", json=BUYER, headers=signed(erp)).status_code]
        partners.pass_time("1 h")
        seen.append(httpx.post(f"{erp.url}/customers", json=BUYER, headers=signed(erp)).status_code)
    assert seen == [200, 503]
    with pytest.raises(BadInput, match=r"did you mean 'from_'\?"):
        erp.fault("status", form_="1 h")


def test_a_shop_tells_of_an_order_by_a_signed_webhook(storefront: ChannelAtHand, partners: Partners) -> None:
    """What a handler is fed with is what a server would get, signature included."""
    order = storefront.sell(partners.skus[3], 2)
    (hook,) = storefront.webhooks
    assert (hook.event, hook.json()["body"]["order"]["order_no"]) == ("order.placed", order.order_no)
    assert [(line.sku, line.quantity) for line in order.lines] == [(partners.skus[3], 2)]
    assert is_genuine(storefront.webhook_secret, hook.body, hook.headers)


def test_a_marketplace_can_be_polled_at_once(marketplace: ChannelAtHand) -> None:
    """What was sold stands in the list, though lists lag behind."""
    orders = [marketplace.sell().order_no for _ in range(3)]
    page = httpx.get(f"{marketplace.url}/changes", headers=signed(marketplace)).json()
    assert [each["order_no"] for each in page["changes"]] == orders


def test_a_portal_files_its_batch_when_time_passes(b2b: ChannelAtHand, partners: Partners) -> None:
    """`pass_time` lets business happen: a batch closes."""
    order = b2b.sell()
    partners.pass_time("10 s")
    batch = httpx.get(f"{b2b.url}/batches/next").json()
    assert [each["order_no"] for each in batch["changes"]] == [order.order_no]


def test_a_shopper_can_change_his_mind_once(storefront: ChannelAtHand) -> None:
    """A wish to cancel is told; a second one is not taken."""
    order = storefront.sell()
    assert (storefront.cancel(order.order_no), storefront.cancel(order.order_no)) == (True, False)
    assert [hook.event for hook in storefront.webhooks] == ["order.placed", "cancellation.requested"]


def test_goods_can_be_sent_back(storefront: ChannelAtHand) -> None:
    """A wish to return goods is told, with its number."""
    order = storefront.sell()
    number = storefront.send_back(order.order_no, order.lines[0].sku)
    assert storefront.webhooks[-1].json()["body"]["wanted_back"]["rma_no"] == number


def test_a_shopper_wants_nothing_back_that_nobody_bought(storefront: ChannelAtHand) -> None:
    """A number that is mistyped would else do nothing, and the test pass for that."""
    order = storefront.sell("SKU-0001", 2)
    for wish in (storefront.cancel, lambda number: storefront.send_back(number, "SKU-0001")):
        with pytest.raises(UnknownName, match=rf"order_no: no such order: 'NO-1' .*{order.order_no}"):
            wish("NO-1")
    with pytest.raises(UnknownName, match="not bought with this order: 'SKU-0002'"):
        storefront.send_back(order.order_no, "SKU-0002")
    for units in (0, 3):
        with pytest.raises(BadInput, match=f"quantity: .*: {units} "):
            storefront.send_back(order.order_no, "SKU-0001", units)
    assert [hook.event for hook in storefront.webhooks] == ["order.placed"]


def test_webhooks_meet_faults_too(storefront: ChannelAtHand, partners: Partners) -> None:
    """A webhook that comes twice is there twice, with the same number."""
    with storefront.fault("webhook_duplicate", at="order.placed"):
        storefront.sell()
        partners.pass_time("1 h")
    numbers = [hook.json()["notice_no"] for hook in storefront.webhooks]
    assert len(numbers) == 2
    assert len(set(numbers)) == 1


@pytest.mark.parametrize(
    ("sku", "quantity", "order_no", "error"),
    [("SKU-9999", 1, "", UnknownName), ("SKU-0001", 0, "", BadInput), ("SKU-0001", 1, "TEST-0001", BadInput)],
)
def test_what_cannot_be_bought_is_told(
    sku: str, quantity: int, order_no: str, error: type[BadInput], storefront: ChannelAtHand
) -> None:
    """An unknown item, no units, an order number that is taken: each is bad input."""
    storefront.sell()
    with pytest.raises(error):
        storefront.sell(sku, quantity, order_no=order_no)


def test_a_partner_is_found_by_name_and_by_kind(partners: Partners, carrier: PartnerAtHand) -> None:
    """A fixture is the first of its kind; the others have names."""
    assert (carrier.name, partners.of_kind("heron").name) == ("falcon", "heron")
    assert {partners[name].kind for name in partners} >= {"erp", "warehouse", "carrier", "storefront"}
    with pytest.raises(UnknownName, match="no such partner in this world: 'epr'"):
        partners["epr"]
    with pytest.raises(UnknownName, match="no partner of this kind"):
        partners.of_kind("bank")


@pytest.mark.parametrize("ask", CLIENTS)
def test_a_partner_that_is_not_there_is_told(ask: Ask, partners: Partners) -> None:
    """A URL under `.seatrial` at which nobody is found is bad input, not a failed look-up of its name."""
    with pytest.raises(BadInput, match=r"no partner is found at this URL.*did you mean 'http://erp.seatrial'"):
        ask("GET", "http://epr.seatrial/sales-orders")


def test_documents_that_a_partner_never_makes_are_told(erp: PartnerAtHand, warehouse: PartnerAtHand) -> None:
    """A count of what can never be there would be none for ever; work within walls makes documents, too."""
    with pytest.raises(UnknownName, match="erp makes no such document: 'label'"):
        erp.duplicates("label")
    assert warehouse.documents("parcel") == {}


def test_other_hosts_are_nobodys_business(erp: PartnerAtHand) -> None:
    """Beside the partners respx stands in for whom it likes, and what nobody stands in for goes to the network."""
    with respx.mock:
        respx.get("https://rates.example/gbp").respond(json={"eur": 1.17})
        assert httpx.get("https://rates.example/gbp").json() == {"eur": 1.17}
        assert httpx.get(f"{erp.url}/clock").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://127.0.0.1:1/")
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:1/", timeout=1)


def test_sleep_is_real_in_a_unit_test(erp: PartnerAtHand, partners: Partners) -> None:
    """Nobody stands in for clocks here: only `pass_time` and calls move the basin's."""
    before = partners.now
    time.sleep(0.01)
    asyncio.run(asyncio.sleep(0.01))
    assert partners.now == before
    partners.pass_time(90)
    assert partners.now == before + 90


@pytest.mark.parametrize("seconds", [-1, float("inf"), "soon", "90"])
def test_time_does_not_go_back(seconds: Any, partners: Partners) -> None:
    """A length of time that is none is bad input."""
    with pytest.raises(BadInput):
        partners.pass_time(seconds)


def test_a_token_is_good_at_any_time(erp: PartnerAtHand, partners: Partners) -> None:
    """`token` is one of this moment; one that was kept expires, as tokens do."""
    kept = signed(erp)
    partners.pass_time("2 h")
    answers = [httpx.get(f"{erp.url}/sales-orders/T-1", headers=each).status_code for each in (kept, signed(erp))]
    assert answers == [401, 200]


@pytest.fixture
def after() -> Iterator[list[Any]]:
    """What a later fixture's end is looked at with."""
    seen: list[Any] = []
    yield seen
    with pytest.raises((httpx.ConnectError, httpx.ProxyError)):
        httpx.get(f"{seen[0]}/clock")


def test_nothing_stays_when_the_test_is_over(after: list[Any], erp: PartnerAtHand) -> None:
    """After the fixture httpx asks the network again, and this thread runs no loop."""
    after.append(erp.url)
    assert httpx.get(f"{erp.url}/clock").status_code == 200
    assert PARTNERS.get() is None
    assert threading.current_thread() is threading.main_thread()


@pytest.mark.seatrial("lost-erp-replies")
def test_the_markers_world_without_its_storm(erp: PartnerAtHand, partners: Partners) -> None:
    """A marker's scenario lends its partners; what goes wrong a unit test says itself."""
    assert len(partners.skus) == 120
    assert [httpx.post(f"{erp.url}/customers", json=BUYER, headers=signed(erp)).status_code for _ in range(3)] == [
        200
    ] * 3


@pytest.mark.parametrize(
    ("misuse", "said"),
    [
        (lambda partners: partners.channel("storefront").sell(partners.skus[0], "2"), "whole units: '2'"),
        (lambda partners: partners.channel("storefront").sell(partners.skus[0], 1.5), "whole units: 1.5"),
        (lambda partners: partners.pass_time(None), "no time: None|no time · give"),
        (lambda partners: partners.pass_time([]), "no time"),
        (lambda partners: partners["erp"].fault(5), "fault: no name: 5"),
        (lambda partners: partners["erp"].fault("lost_reply", at=5), "at: no name: 5"),
    ],
)
def test_misuse_is_bad_input(partners: Partners, misuse: Callable[[Partners], object], said: str) -> None:
    """It never gets a traceback of somebody else's."""
    with pytest.raises(BadInput, match=said):
        misuse(partners)


def test_a_timeout_of_urllib3_is_kept(partners: Partners, erp: PartnerAtHand) -> None:
    """`requests` takes one, too."""
    before = partners.now
    with erp.fault("blackhole"), pytest.raises(requests.ReadTimeout):
        by_requests("GET", f"{erp.url}/sales-orders/1", timeout=Timeout(7), headers=signed(erp))
    assert partners.now == pytest.approx(before + 7)
