"""What is remembered of httpx changes nothing that anybody sees, and is forgotten after the run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.mocks.guests.httpx_pace import quicken
from seatrial.mocks.guests.routing import LIBRARIES
from seatrial.sim.rebinding import Rebinding

PARTS = ("scheme", "netloc", "path", "query", "fragment", "username", "password", "host", "port", "raw_path")
TEXTS = st.text(max_size=12) | st.sampled_from(["http://erp.seatrial/orders/SO-1?x=%20", "//", "a:b@c", "[::1]", "80"])
VALUES = TEXTS | st.none() | st.booleans() | st.integers(-1, 70000) | st.binary(max_size=6) | st.lists(st.integers())


def at(library: Any) -> Rebinding:
    rebinding = Rebinding()
    quicken(rebinding, library)
    return rebinding


@pytest.fixture(scope="module", params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> ModuleType:
    """httpx, and httpx2 where it is there."""
    pytest.importorskip(request.param)
    return importlib.import_module(request.param)


@pytest.fixture
def quick(library: ModuleType) -> Iterator[Any]:
    """The library while guests run."""
    rebinding = at(library)
    yield library
    rebinding.undo()


def outcome(ask: Callable[[], Any]) -> tuple[type, str]:
    """What comes of it: a value, or an error in its words."""
    try:
        value = ask()
    except Exception as error:  # noqa: BLE001 (whatever it is)
        return type(error), str(error)
    return type(value), repr(value)


@settings(max_examples=150)
@given(url=TEXTS, parts=st.dictionaries(st.sampled_from(PARTS), VALUES, max_size=3), twice=st.booleans())
def test_a_url_is_what_it_is_without(library: ModuleType, url: str, parts: dict[str, Any], twice: bool) -> None:
    """Also where it is no URL, and where it has been asked for before with a value that only looks the same."""
    alone = outcome(lambda: library.URL(url, **parts))
    rebinding = at(library)
    try:
        if twice:
            same = {name: int(part) if isinstance(part, bool) else part for name, part in parts.items()}
            outcome(lambda: library.URL(url, **same))
        assert outcome(lambda: library.URL(url, **parts)) == alone
    finally:
        rebinding.undo()


def test_a_url_is_taken_apart_once(quick: Any) -> None:
    """Otherwise all of this is for nothing."""
    first, again = (quick.URL("http://erp.seatrial/orders/SO-1") for _ in range(2))
    assert first._uri_reference is again._uri_reference


@pytest.mark.parametrize(("header", "kept"), [("Set-Cookie", {"a": "b"}), ("X-Cookie", {})])
def test_cookies_are_kept_where_there_are_any(quick: Any, header: str, kept: dict[str, str]) -> None:
    """A cookie is kept by the client as ever."""
    reply = quick.MockTransport(lambda _: quick.Response(200, headers={header: "a=b"}))
    with quick.Client(transport=reply) as client:
        client.get("http://erp.seatrial/orders")
        assert dict(client.cookies) == kept


def test_a_reply_without_cookies_is_not_searched_for_them(quick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise all of this is for nothing."""
    cookies = quick.Cookies()
    monkeypatch.setattr(cookies.jar, "extract_cookies", lambda *_: pytest.fail("searched"))
    request = quick.Request("GET", "http://erp.seatrial/orders")
    cookies.extract_cookies(quick.Response(200, request=request))


def test_everything_is_put_back(library: ModuleType) -> None:
    """Who is no guest has the library as it came."""
    names = [(library._urls, "urlparse"), (library._urlparse, "urlparse"), (library.Cookies, "extract_cookies")]
    before = [getattr(owner, name) for owner, name in names]
    rebinding = at(library)
    assert all(getattr(owner, name) is not held for (owner, name), held in zip(names, before, strict=True))
    rebinding.undo()
    assert [getattr(owner, name) for owner, name in names] == before


def test_a_version_that_is_made_otherwise_stays_as_it_is() -> None:
    """None of these names is promised by anybody."""
    at(SimpleNamespace(__name__="httpx_to_come")).undo()
