"""How a load generator tells the harness its news.

To be imported by Locust's processes only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook
from locust.stats import RequestStats

from seatrial.mocks.wire.load_options import LoadOptions, read_options
from seatrial.mocks.wire.load_report import Heard, LocustRow, Statistics
from seatrial.sim.errors import BadInput

_PATIENCE: Final = 5.0
_HEARD: Final = msgspec.json.Decoder(Heard)


def poster(options: LoadOptions) -> Callable[[bytes], Heard | None]:
    """Sends reports to the control port; gives what it answers, None where it took none. Without one all are taken."""
    if not options.control_url:
        return lambda _: Heard()
    session = FastHttpSession(
        base_url=options.control_url.rstrip("/"),
        request_event=EventHook(),  # nothing of this is load
        user=None,
        network_timeout=_PATIENCE,
        connection_timeout=_PATIENCE,
    )
    headers = {"content-type": "application/json", "authorization": f"Bearer {options.control_token}"}

    def post(report: bytes) -> Heard | None:
        reply = session.request("POST", "/load", data=report.decode(), headers=headers)
        try:
            return _HEARD.decode(reply.content or b"") if reply.status_code == 200 else None
        except (msgspec.DecodeError, msgspec.ValidationError):
            return None

    return post


def tell_statistics(stats: RequestStats, written: Mapping[str, str]) -> None:
    """Tell Locust's own statistics, where anybody wants them."""
    try:
        post = poster(read_options(written))
    except BadInput:  # a master whose workers know the options
        return
    rows = tuple(
        LocustRow(
            method=str(each.method),
            name=each.name,
            requests=each.num_requests,
            failures=each.num_failures,
            median=float(each.median_response_time),
            p95=float(each.get_response_time_percentile(0.95)),
            p99=float(each.get_response_time_percentile(0.99)),
            longest=float(each.max_response_time),
        )
        for each in stats.entries.values()
    )
    post(msgspec.json.encode(Statistics(rows)))
