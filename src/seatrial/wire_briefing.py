"""What the programs around a voyage on real sockets are told: the integration, and the load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from typing import Final

import msgspec

from seatrial.mocks.berths import controls_told
from seatrial.mocks.books.channel import Channel
from seatrial.mocks.hosting.stores import sqlite_url
from seatrial.mocks.wire.harbour import LOOPBACK
from seatrial.mocks.wire.load_options import LoadOptions
from seatrial.mocks.wire.load_process import LoadOrder
from seatrial.mocks.wire.waterfront import Waterfront
from seatrial.scenarios.dependencies import variable_of
from seatrial.scenarios.embark import Expedition
from seatrial.scenarios.loader import Loaded
from seatrial.sim.errors import HarnessError
from seatrial.wire_options import WireOptions

LEDGER: Final = "load.jsonl"
"""File of the load in a run folder: every order that it placed."""
STORE: Final = Path("integration") / "store.sqlite"
"""File in which our own integrations keep their state, in a folder of a run folder that is the integration's."""
_LEFT: Final = (LEDGER, "load-*.jsonl", "load.log", "load-*.log", "proxy.log", "integration.log")
"""Files that are written beside the evidence, by those who take part."""
MAILBOX: Final = "mailbox"
"""Folder of the mailboxes in a run folder."""


class Briefing(msgspec.Struct, frozen=True):
    """All that there is to tell, once the partners are at their ports."""

    loaded: Loaded
    """The scenario."""
    expedition: Expedition
    """Its world."""
    options: WireOptions
    """How the run was set up."""
    folder: Path
    """The run folder."""
    front: Waterfront
    """The partners."""
    base: str
    """Base URL of the control room."""
    token: str
    """Its token."""

    def environment(self, port: int) -> dict[str, str]:
        """What the integration is told, which listens at this port."""
        return {
            **self.front.environment(),
            **own_environment(self.loaded, port, self.folder),
            "SEATRIAL_OBSERVER_URL": f"{self.base}/observer?token={self.token}",
        }

    def load_order(self) -> LoadOrder:
        """What the load is told."""
        options, expedition, harbour = self.options, self.expedition, self.front.harbour
        assert harbour is not None
        partners = expedition.world.partners.items()
        source = self.loaded.document.source
        told = LoadOptions(
            scenario=source if Path(source).is_file() else str(self.folder / "scenario.yaml"),
            seed=expedition.world.dice.seed,
            settings=dict(self.loaded.settings),
            time_scale=self.front.clock.pace,
            channels={name: harbour.url(name) for name, each in partners if isinstance(each, Channel)},
            control_url=self.base,
            control_token=self.token,
            ledger=str(self.folder / LEDGER),
        )
        return LoadOrder(
            options=told,
            lasts=expedition.voyage.chaos + float(expedition.season.habits.late_returns),
            workers=options.workers,
            guests=options.guests,
            master_port=options.master_port,
            web_port=options.load_web,
        )


def own_environment(loaded: Loaded, port: int, folder: Path) -> dict[str, str]:
    """What the integration is told besides its partners; wherever it works, the places are the same."""
    return {
        "SEATRIAL_LISTEN_PORT": str(port),
        "PORT": str(port),
        **controls_told(loaded.scenario.controls),
        "SEATRIAL_STORE": sqlite_url((folder / STORE).resolve()),
        "SEATRIAL_MAILBOX": str((folder / MAILBOX).resolve()),
    }


def dependency_environment(moored: Mapping[str, int]) -> dict[str, str]:
    """Where the integration finds its own database and broker: at these ports of the proxy."""
    return {variable_of(name): f"{LOOPBACK}:{port}" for name, port in moored.items()}


def clear_out(folder: Path) -> None:
    """Remove what the programs of an earlier run left in its folder: it would be taken for work of this run's."""
    for left in (each for pattern in _LEFT for each in folder.glob(pattern)):
        left.unlink(missing_ok=True)
    for place in (STORE.parent, MAILBOX):
        fresh(folder / place)


def fresh(folder: Path) -> Path:
    """An empty folder: what an earlier run left there would look like work that is done. Raises HarnessError."""
    try:
        if folder.exists():
            rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        raise HarnessError(f"cannot empty {folder} · {error.strerror} · remove it, or choose another --out") from error
    return folder
