"""What `requests` repeats by itself: the retries of its adapter are those that it makes on a socket."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Timeout
from urllib3.util.retry import Retry

from seatrial.mocks.guests.sea import Sea
from seatrial.testing.partner import PartnerAtHand
from seatrial.testing.partners import Partners
from seatrial.voyage import Run

MESSAGE = {"message_no": "MP-1/shipped", "order_no": "MP-1", "audience": "customer", "subject": "shipped"}
SEND, CLOCK = "/messages", "/clock"


def client(**retry: Any) -> requests.Session:
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=Retry(**retry)))
    return session


def outcomes(desk: PartnerAtHand) -> list[str]:
    return [call.outcome for call in desk.calls]


def test_a_status_is_retried_with_backoff(desk: PartnerAtHand, partners: Partners) -> None:
    """A listed status is asked for again after the backoff, which passes on the partners' clock; attempts count on."""
    policy = {"total": 3, "backoff_factor": 10, "status_forcelist": [503], "allowed_methods": None}
    with desk.fault("status", at="notify", status=503, first=2):
        reply = client(**policy).post(desk.url + SEND, json=MESSAGE, timeout=5)
    assert reply.status_code == 200
    assert [(call.attempt, call.status) for call in desk.calls] == [(1, 503), (2, 503), (3, 200)]
    assert partners.now > 20


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), True, (1,), (1, 2, 3), (1, 0), (float("nan"), 1)])
def test_a_timeout_that_nobody_can_wait_is_refused(desk: PartnerAtHand, timeout: Any) -> None:
    """As on a socket, before anything is sent."""
    with pytest.raises(ValueError, match=r"(?i)timeout|nan"):
        requests.post(desk.url + SEND, json=MESSAGE, timeout=timeout)
    assert desk.calls == ()


@pytest.mark.parametrize("timeout", [None, 5, (None, 5), (5, None), Timeout(total=7), Timeout(connect=3), inf])
def test_a_timeout_is_one_number_or_two_or_none(desk: PartnerAtHand, timeout: Any) -> None:
    """Whatever `requests` takes."""
    assert requests.post(desk.url + SEND, json=MESSAGE, timeout=timeout).ok


def test_without_a_policy_nothing_is_repeated(desk: PartnerAtHand) -> None:
    """A session as it comes makes one attempt, and raises what it saw."""
    with desk.fault("lost_reply", at="notify"), pytest.raises(requests.ReadTimeout):
        requests.post(desk.url + SEND, json=MESSAGE, timeout=5)
    assert outcomes(desk) == ["timed_out"]


def test_what_may_have_been_done_is_repeated_only_where_the_policy_says_so(desk: PartnerAtHand) -> None:
    """A POST that timed out is not repeated by default; with its method allowed it is."""
    with desk.fault("lost_reply", at="notify", first=1):
        with pytest.raises(requests.ReadTimeout):
            client(total=3).post(desk.url + SEND, json=MESSAGE, timeout=5)
        assert client(total=3, allowed_methods=None).post(desk.url + SEND, json=MESSAGE, timeout=5).ok
    assert outcomes(desk) == ["timed_out", "ok"]


@pytest.mark.parametrize(
    ("fault", "fields", "error"),
    [
        ("refuse", {}, requests.ConnectionError),
        ("blackhole", {}, requests.ConnectionError),
        ("status", {"status": 503}, requests.exceptions.RetryError),
    ],
)
def test_what_is_exhausted_is_raised_as_requests_does(
    fault: str, fields: dict[str, Any], error: type[Exception], desk: PartnerAtHand
) -> None:
    """After the last attempt the error is the one that the library raises on a socket."""
    policy = {"total": 2, "status_forcelist": [503], "allowed_methods": None}
    with desk.fault(fault, at="notify", **fields) as struck, pytest.raises(error, match="Max retries exceeded"):
        client(**policy).post(desk.url + SEND, json=MESSAGE, timeout=5)
    assert struck.struck == 3


def test_a_body_that_breaks_off_is_not_repeated(desk: PartnerAtHand) -> None:
    """The library has its answer by then: reading on is its caller's."""
    with desk.fault("truncated_body", at="notify"), pytest.raises(requests.exceptions.ChunkedEncodingError):
        client(total=3, allowed_methods=None).post(desk.url + SEND, json=MESSAGE, timeout=5)
    assert len(desk.calls) == 1


def test_a_guest_waits_for_its_backoff_in_virtual_time(sail: Callable[..., Run]) -> None:
    """In a run the pauses between two attempts are virtual, and others go on meanwhile."""
    seen: list[float] = []

    def main(sea: Sea) -> None:
        policy = {"total": 2, "backoff_factor": 2, "status_forcelist": [404], "raise_on_status": False}
        client(**policy).get(sea.url("erp") + "/nothing", timeout=5)
        seen.append(requests.get(sea.url("erp") + CLOCK, timeout=5).json()["now"])

    run = sail(main)
    assert run.mishaps == ()
    assert seen[0] == pytest.approx(4, abs=0.5)


def test_no_proxy_stands_before_a_partner(sail: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the environment are not looked for in a run, and are what they were outside of one."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    seen: list[Any] = []

    def main(sea: Sea) -> None:
        seen.append(requests.get(sea.url("erp") + CLOCK, timeout=5).status_code)
        seen.append(vars(requests.sessions)["get_environ_proxies"](sea.url("erp"), None))

    assert sail(main).mishaps == ()
    assert seen == [200, {}]
    assert (
        vars(requests.sessions)["get_environ_proxies"]("http://erp.seatrial", None)["http"]
        == "http://proxy.example:3128"
    )
