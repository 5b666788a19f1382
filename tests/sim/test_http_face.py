"""A partner over HTTP: what is asked, what is answered, and what a token proves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.books.erp_settings import ErpSettings
from seatrial.mocks.messages.erp import CreateSalesOrder, SaveCustomer
from seatrial.mocks.partners.erp import Erp
from seatrial.sim.assortment import Assortment
from seatrial.sim.call import NO_TOKEN, UNKNOWN_TOKEN, Call
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.conduct import Conduct
from seatrial.sim.dice import Dice
from seatrial.sim.errors import Rejected
from seatrial.sim.evidence import Evidence
from seatrial.sim.http_face import Face, Headers, denial_of, headers_of, reply_headers
from seatrial.sim.partner import Partner
from seatrial.sim.policies.auth import Auth, Bearer, NoAuth, SessionToken
from seatrial.sim.quantities import Seconds
from seatrial.sim.session import SignedIn, SignIn
from seatrial.sim.tokens import Tokens
from seatrial.sim.world import World

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
TYPED = {"content-type": "application/json"}
seconds = st.floats(0, 1e9)


def face(auth: Auth | None = None) -> Face:
    world = World(1, START, Assortment("GBP", {}), lambda env: Evidence(lambda: env.now))
    return Face(Erp("erp", world.ground, Conduct(auth=auth or NoAuth()), ErpSettings()), world.dice)


def denied(method: str, target: str, headers: Mapping[str, str] = TYPED, body: bytes = b"") -> tuple[int, str]:
    with pytest.raises(Rejected) as caught:
        face().ask(method, target, headers, body)
    return caught.value.status, caught.value.code


@given(since=seconds, other=st.text(max_size=30))
def test_a_token_is_known_by_the_partner_that_gave_it(since: float, other: str) -> None:
    """A token holds the moment of its sign-in; another partner, another run and other texts prove nothing."""
    ours = Tokens(Dice(1), "erp")
    token = ours.write(since)
    assert ours.read(f"Bearer {token}") == ours.read(f"bearer  {token} ") == since
    for theirs in (Tokens(Dice(1), "desk"), Tokens(Dice(2), "erp")):
        assert theirs.read(f"Bearer {token}") == UNKNOWN_TOKEN
    assert ours.read(f"Bearer {other}") in (UNKNOWN_TOKEN, NO_TOKEN)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "nonsense"])
def test_no_token_is_told_from_an_unknown_one(header: str) -> None:
    """A header without a bearer token carries none."""
    assert Tokens(Dice(1), "erp").read(header) == NO_TOKEN


@pytest.mark.parametrize("lifetime", [60.0, inf])
@pytest.mark.parametrize("kind", [Bearer, SessionToken])
@pytest.mark.parametrize(("since", "code"), [(NO_TOKEN, "token_missing"), (UNKNOWN_TOKEN, "token_unknown")])
def test_who_proves_no_sign_in_is_refused(
    kind: type[Bearer | SessionToken], lifetime: float, since: float, code: str
) -> None:
    """Without a good token a gate lets nobody in, at no time."""
    gate = kind(Seconds(lifetime)).gate()
    for now in (0.0, 30.0, 90.0):
        with pytest.raises(Rejected) as caught:
            gate.admit(Call("erp", "x", "request", "", "", 1, signed_in_at=since), now)
        assert (caught.value.status, caught.value.code) == (401, code)


def test_a_request_is_read_with_all_that_its_headers_say() -> None:
    """Body, key, attempt and token become fields of a call; other headers are found in any case."""
    erp = face(Bearer())
    token = erp.tokens.write(7.0)
    raw = [(b"Content-Type", b"application/json"), (b"Idempotency-Key", b"K-1"), (b"X-Attempt", b"3")]
    headers = headers_of([*raw, (b"X-Tenant", b"blue"), (b"Authorization", b"Bearer " + token.encode())])
    customer = SaveCustomer("C-1", "Ada", "ada@example.org", "GB")
    asked = erp.ask("POST", Erp.operations[SaveCustomer].path, headers, msgspec.json.encode(customer))
    assert asked.request == customer
    assert (asked.idempotency_key, asked.attempt, asked.signed_in_at) == ("K-1", 3, 7.0)
    assert asked.headers.get("X-TENANT") == "blue"
    assert dict(Headers({"a": "1"})) == {"a": "1"}


@pytest.mark.parametrize("name", Catalogue("partners").names())
def test_every_operation_is_found_at_its_path(name: str) -> None:
    """Numbers with a slash or a space in them are found too, percent-encoded as they are in a path."""
    kind = Catalogue("partners").get(name)
    assert issubclass(kind, Partner)
    shown = face()
    shown._routes = type(shown._routes)(kind.operations.values())
    for operation in kind.operations.values():
        path = operation.path.replace("{", "A%2F%20").replace("}", "")
        route, fields = shown._routes.find(operation.method, path.replace("%2F", "/").replace("%20", " "))
        assert route.operation is operation
        assert all(value == f"A/ {field}" for field, value in fields.items())


def test_what_cannot_be_read_is_refused() -> None:
    """Unknown routes, wrong methods, other content types, JSON that is none: each in its own words."""
    assert denied("GET", "/nowhere") == (404, "unknown_route")
    assert denied("DELETE", "/sales-orders/1") == (405, "method_not_allowed")
    assert denied("POST", "/sign-in", {"content-type": "text/xml"}, b"<a/>") == (415, "unsupported_media_type")
    assert denied("POST", "/sign-in", {}, b"{}") == (415, "unsupported_media_type")
    assert denied("POST", "/sales-orders", body=b'{"order_no": ') == (400, "invalid_request")
    assert denied("POST", "/sales-orders", body=b"{}") == (400, "invalid_request")
    assert denied("POST", "/sales-orders/1/cancellation", body=b"[1]") == (400, "invalid_request")
    assert denied("POST", "/sign-in", {**TYPED, "x-attempt": "zero"}, b"{}") == (400, "invalid_request")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.erp+json"])
def test_json_by_any_of_its_names_is_taken(kind: str) -> None:
    """Parameters, case and vendor suffixes do not matter."""
    assert face().ask("POST", "/sign-in", {"content-type": kind}, b"{}").request == SignIn()


def test_a_sign_in_is_answered_with_its_token() -> None:
    """What the reply carries proves that sign-in."""
    erp = face(SessionToken())
    token = msgspec.json.decode(erp.reply(SignedIn(5.0, 65.0)))["token"]
    assert erp.tokens.read(f"Bearer {token}") == 5.0


def test_a_sign_in_that_never_ends_says_so() -> None:
    """A typed client of HTTP can read it: endless is no number of JSON."""
    erp = face()
    told = msgspec.json.decode(erp.reply(erp.partner.sign_in(SignIn())), type=SignedIn)
    assert told.until is None


def test_a_denial_says_how_long_to_wait() -> None:
    """In whole seconds where the partner counts them, word for word where somebody wrote the header."""
    counted, written = Rejected("slow_down", status=429, retry_after=0.2), Rejected("slow_down", status=429)
    written.retry_header = "in a moment"
    assert [denial_of(each).retry_after for each in (counted, written, Rejected("no"))] == ["1", "in a moment", ""]
    assert reply_headers("text/plain", 1.5, "7")[1:] == [("x-business-time", "1.500000"), ("retry-after", "7")]


def test_the_clock_and_the_openapi_document_are_told() -> None:
    """Second of the run, moment, scale; and every path."""
    erp = face()
    assert msgspec.json.decode(erp.clock()) == {"now": 0, "wall": "2026-03-02T06:00:00Z", "time_scale": 1.0}
    create = next(each for each in Erp.operations.values() if each.request is CreateSalesOrder)
    assert create.path in msgspec.json.decode(erp.openapi)["paths"]
