"""How a run on real sockets is to be set up."""

from __future__ import annotations

from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from seatrial.sim.errors import BadInput

FaultsAt = Literal["proxy", "partner"]
"""Where faults strike: in a mitmproxy before each partner, or in the partner's own server, without a further hop."""

_PORT_OF: Final = {"http": 80, "https": 443}
"""Schemes of an integration's address, and the port where none is given."""
_GENERATORS: Final = range(257)
"""How many processes a load can be spread over, here and elsewhere."""


class WireOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line of `seatrial wire` says, besides the scenario."""

    seed: int = 1
    """Seed of all chance."""
    called: str = ""
    """What the integration under test is called in reports."""
    how: str = ""
    """The options of the command line by which the same is run again."""
    command: tuple[str, ...] = ()
    """Starts the integration; empty: one of ours, or one that is attached to."""
    attach: str = ""
    """Base URL of an integration that already runs; webhooks go to `/webhooks/<partner>` below it."""
    webhooks: str = ""
    """Where webhooks go instead, without the name of the partner."""
    listen: int = 0
    """Port on which the integration listens; 0: a free one, which it is told."""
    ready: str = "port"
    """How to tell that it is ready: `port`, `http:/path`, `log:pattern`."""
    ready_within: float = 30.0
    """Real seconds in which it has to be ready."""
    faults_at: FaultsAt = "proxy"
    """Where faults strike."""
    ports: dict[str, int] = {}
    """Ports by partner and dependency, and of the page (`control`); others are free ones."""
    workers: int = 0
    """Processes that the load is spread over; 0: one, without a master."""
    guests: int = 0
    """Load workers that others start on other machines."""
    master_port: int = 0
    """Port of the load's master; 0: a free one."""
    load_web: int = 0
    """Port of Locust's own web page; 0: none."""
    replay: Path | None = None
    """Run whose fault decisions are made again; None: dice and windows decide."""
    settle: float = 5.0
    """Real seconds without any news of an order after which the calm phase may end early; 0: it never does."""

    def __post_init__(self) -> None:
        """Raise BadInput for options that contradict each other."""
        if self.command and self.attach:
            hint = "give a COMMAND after `--`, or --attach an integration that runs already"
            raise BadInput("a command and an integration to attach to", value=self.attach, hint=hint)
        for where, url in (("--attach", self.attach), ("--webhooks", self.webhooks)):
            if url:
                _address(where, url)
        if self.attach and self.listen not in (0, self.known_port):
            hint = f"leave out --listen: it listens at the port of --attach, {self.known_port}"
            raise BadInput(f"attached to at {self.attach}", value=self.listen, where="--listen", hint=hint)
        if not 0 < self.ready_within < inf:
            raise BadInput("an integration needs time to become ready", value=self.ready_within, where="--ready-within")
        if not 0 <= self.settle < inf:
            raise BadInput("news is awaited for 0 s or longer", value=self.settle, where="--settle")
        for where, number in (("--load-workers", self.workers), ("--load-guests", self.guests)):
            if number not in _GENERATORS:
                hint = f"0 to {_GENERATORS[-1]}; 0 of both: one process, without a master"
                raise BadInput("not a number of load generators", value=number, where=where, hint=hint)

    @property
    def known_port(self) -> int:
        """Port at which the integration listens: that of `attach`, or `listen`; 0: a free one."""
        if not self.attach:
            return self.listen
        address = _address("--attach", self.attach)
        return address.port or _PORT_OF[address.scheme]


def _address(where: str, url: str) -> SplitResult:
    """Read a URL. Raises BadInput for what is none."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in _PORT_OF and parts.hostname and parts.port != 0:
            return parts
    raise BadInput("not an address", value=url, where=where, hint="write http://HOST:PORT, with a path if needed")
