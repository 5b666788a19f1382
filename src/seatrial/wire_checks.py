"""What is wrong with a wire run that can be known before anything is started."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from seatrial.mocks.control.room import NAME
from seatrial.mocks.wire.harbour import LOOPBACK, bound
from seatrial.mocks.wire.readiness import probe_of
from seatrial.scenarios.dependencies import Address, dependencies_of
from seatrial.scenarios.loader import Loaded
from seatrial.scenarios.storm import check_crashes
from seatrial.sim.errors import BadInput, HarnessError, UnknownName
from seatrial.wire_options import WireOptions

_PORTS: Final = range(65_536)
_HERE: Final = (LOOPBACK, "localhost")
"""Hosts whose ports are those of this machine."""
_NEAR: Final = 5.0
"""Seconds in which a database or broker takes a connection."""
_LOG: Final = Path("integration.log")  # any would do: it is not read yet


def check(options: WireOptions, loaded: Loaded, partners: Collection[str]) -> None:
    """Raise BadInput, or HarnessError for what is not as it has to be here: a port that somebody else has already, a
    dependency that is not there. Nothing is written by then.
    """
    check_ports(options, loaded, partners)
    probe_of(options.ready, options.attach, None if options.attach else _LOG)
    for option, what, port in (
        ("--load-port", "the load's master", options.master_port),
        ("--load-web", "the load's page", options.load_web),
    ):
        bound(what, port, f"choose another: {option} NUMBER").close()  # better said here than by Locust
    for name, address in dependencies_of(loaded, os.environ).items():
        _check_there(name, address)
    if options.attach:
        check_crashes(loaded)
        return
    _check_command(options.command)
    if options.listen:
        _check_free(options.listen)


def check_ports(options: WireOptions, loaded: Loaded, partners: Collection[str]) -> None:
    """Raise BadInput for a port of nobody, one that is none, and one for two."""
    known = (*partners, *loaded.scenario.dependencies, NAME)
    for name in options.ports:
        if name not in known:
            raise UnknownName("nobody of this name has a port", value=name, known=known, where="--port")
    numbers = {"--listen": options.listen, "--load-port": options.master_port, "--load-web": options.load_web}
    for where, number in numbers.items():
        if number not in _PORTS:
            raise BadInput("not a port", value=number, where=where, hint="1 to 65535; 0: any that is free")
    if urlsplit(options.attach).hostname in _HERE:
        numbers = {"--attach": options.known_port, **numbers, "--listen": 0}
    taken: dict[int, str] = {}
    for who, number in ({f"--port {name}": port for name, port in options.ports.items()} | numbers).items():
        if number and taken.setdefault(number, who) != who:
            raise BadInput(f"one port for two, {taken[number]} and {who}", value=number, hint="give each its own")


def _check_command(command: tuple[str, ...]) -> None:
    if command and shutil.which(command[0]) is None:
        hint = "after `--` comes a program that can be run, as in a shell: -- node my-integration.js"
        raise BadInput("no such command, or it cannot be run", value=command[0], hint=hint)


def _check_there(name: str, address: Address) -> None:
    """Behind our proxy one that is down looks to the integration like one that hangs up, which is not its failure."""
    try:
        socket.create_connection((address.host, address.port), timeout=_NEAR).close()
    except OSError as error:
        hint = f"start it, or say under `dependencies:` where {name} is"
        where = f"{address.host}:{address.port}"
        raise HarnessError(f"nobody listens at {where}, where the scenario has {name} ({error}) · {hint}") from error


def _check_free(port: int) -> None:
    """Who listens there now would be taken for the integration."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        if probe.connect_ex((LOOPBACK, port)) == 0:
            hint = "end it, choose another port, or --attach to it"
            raise HarnessError(
                f"somebody listens already at port {port}, where the integration is to (--listen) · {hint}"
            )
