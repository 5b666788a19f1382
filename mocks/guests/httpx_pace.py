"""What httpx does anew for every call, and would do the same again: remembered while guests run.

Two thirds of a guest's time in a search are httpx's own. More than half of that goes into two things of which nothing
comes: the same few URLs are taken apart several times a call, and a jar is asked to find cookies in replies that set
none. What the code under test sees is the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final

from seatrial.mocks.http_flavour import Cookieless
from seatrial.sim.rebinding import Rebinding

__tracebackhide__ = True  # a test that fails shows its own lines and the client's

_URLS: Final = 4096  # the orders of a storm have the same numbers as those of the next


def quicken(rebinding: Rebinding, library: Any) -> None:
    """Remember what can be remembered of httpx or httpx2; a version that is made otherwise stays as it is."""
    parser = sys.modules.get(f"{library.__name__}._urlparse")
    parse = getattr(parser, "urlparse", None)
    users = [parser, sys.modules.get(f"{library.__name__}._urls")]
    if parse is not None and all(getattr(each, "urlparse", None) is parse for each in users):
        for each in users:
            rebinding.attribute(each, "urlparse", _remembered(parse))
    jar = getattr(library, "Cookies", None)
    extract = getattr(jar, "extract_cookies", None)
    if extract is not None:
        rebinding.attribute(jar, "extract_cookies", _where_there_are_any(extract))


@cache
def _remembered(parse: Callable[..., Any]) -> Callable[..., Any]:
    """The parts of a URL are a tuple that nobody can change; `True` for a port is an error, and equals 1."""
    return lru_cache(_URLS, typed=True)(parse)


def _where_there_are_any(extract: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def extract_cookies(self: Any, response: Any) -> None:
        if isinstance(response, Cookieless):
            return
        headers = response.headers
        if "set-cookie" in headers or "set-cookie2" in headers:
            extract(self, response)

    return extract_cookies
