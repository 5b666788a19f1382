"""How a load is started: the command lines of its processes, what they are told, and what their exit codes mean."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Final

import msgspec

from seatrial.mocks.wire.child import ending
from seatrial.mocks.wire.load_options import ENDED_EARLY, LoadOptions
from seatrial.sim.errors import BadInput, HarnessError

HOME: Final = "127.0.0.1"
"""Where everything listens."""
HEADWAY: Final = 6.0
"""Real seconds that a generator may need from its start until it is ready, on an idle machine."""
_SLACK: Final = 120.0
"""Real seconds, on top of those with shoppers, in which a load has to have become ready and ended by itself."""
_JOIN: Final = 60
"""Seconds in which all workers have to have come to their master."""


class LoadOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A load to be started."""

    options: LoadOptions
    """What its generators have to know."""
    lasts: float
    """Seconds of the run for which shoppers do anything: the demand, and its late returns."""
    workers: int = 0
    """Worker processes to start here; 0: one process, without master, unless there are guests."""
    guests: int = 0
    """Workers that others start, on other machines."""
    master_port: int = 0
    """Port of the master; 0: a free one."""
    web_port: int = 0
    """Port of Locust's own web page; 0: none."""


class Launch(msgspec.Struct, frozen=True):
    """A process of the load."""

    name: str
    """Name: `load`, `load-master`, `load-worker-0` ..."""
    argv: tuple[str, ...]
    """Command line."""
    environment: dict[str, str]
    """All of its environment; what it reads from standard input should be nothing."""


def launches(order: LoadOrder, surroundings: Mapping[str, str], now: float) -> tuple[Launch, ...]:
    """The processes to start, at unix time `now`, in the order in which to start them.

    Raises BadInput for numbers that make no sense, HarnessError where Locust is not installed.
    """
    parts = order.workers + order.guests
    if order.workers < 0 or order.guests < 0:
        raise BadInput("a load has 0 workers or more", value=min(order.workers, order.guests))
    options = msgspec.structs.replace(order.options, parts=max(1, parts))
    file = locustfile()
    environment = {**_undisturbed(surroundings, file), **options.environment()}
    base = (sys.executable, "-m", "locust", "-f", file, "--loglevel", "WARNING")
    lead = (*base, *_stopping(order, now), *_watching(order))
    if not parts:
        return (Launch("load", (*lead, "--users", "1"), environment),)
    port = str(order.master_port or free_port())
    crew = ("--users", str(parts), "--spawn-rate", str(parts), "--expect-workers", str(parts))
    bound = ("--master", "--master-bind-host", HOME, "--master-bind-port", port)
    master = Launch("load-master", (*lead, *crew, *bound, "--expect-workers-max-wait", str(_JOIN)), environment)
    joined = (*base, "--worker", "--master-host", HOME, "--master-port", port)
    return (master, *(Launch(f"load-worker-{place}", joined, environment) for place in range(order.workers)))


def meaning(code: int) -> str:
    """What an exit code of a load's process says, empty where all is well.

    Failed orders are no failure of the load: they are in its book, with their reasons.
    """
    if code == 0:
        return ""
    if code < 0:
        return ending(code)
    known = {2: "could not use what it was told", ENDED_EARLY: "was ended before all shoppers had come"}
    return known.get(code, f"broke (exit code {code})")


def locustfile() -> str:
    """What Locust loads. Raises HarnessError where Locust is not installed."""
    if find_spec("locust") is None:
        raise HarnessError("the load needs Locust, which is not installed · pip install 'seatrial[wire]'")
    found = find_spec("seatrial._load")  # the front door's file: it knows scenarios, we do not
    if found is None or found.origin is None:
        raise HarnessError("seatrial/_load.py is missing: the installation is damaged")
    return found.origin


def free_port() -> int:
    """A port on which nobody listens, at the moment."""
    with socket.socket() as probe:
        probe.bind((HOME, 0))
        return int(probe.getsockname()[1])


def _stopping(order: LoadOrder, now: float) -> tuple[str, ...]:
    """A load ends by itself; should it not, Locust ends it."""
    begin = max(now, order.options.start)
    bound = begin - now + order.lasts / order.options.time_scale + _SLACK
    return ("--run-time", str(ceil(bound)), "--only-summary", "--exit-code-on-error", "0")


def _watching(order: LoadOrder) -> tuple[str, ...]:
    if not order.web_port:
        return ("--headless",)
    return ("--autostart", "--autoquit", "0", "--web-host", HOME, "--web-port", str(order.web_port))


def _undisturbed(surroundings: Mapping[str, str], file: str) -> dict[str, str]:
    """The environment without what would change Locust's own options; its Python finds the Seatrial that we are."""
    kept = {name: value for name, value in surroundings.items() if not name.startswith("LOCUST_")}
    ours = str(Path(file).parent.parent)
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (ours, kept.get("PYTHONPATH", ""))))}
