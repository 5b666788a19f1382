"""What the programs around a voyage on real sockets are told: the integration, and the load."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from seatrial.mocks.berths import controls_told
from seatrial.mocks.books.channel import Channel
from seatrial.mocks.hosting.stores import sqlite_url
from seatrial.mocks.wire.load_options import LoadOptions
from seatrial.mocks.wire.load_process import LoadOrder
from seatrial.mocks.wire.waterfront import Waterfront
from seatrial.scenarios.embark import Expedition
from seatrial.scenarios.loader import Loaded
from seatrial.wire_options import WireOptions

LEDGER: Final = "load.jsonl"
"""File of the load in a run folder: every order that it placed."""
STORE: Final = "integration.sqlite"
"""File in which our own integrations keep their state."""


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
            **own_environment(self.loaded, port),
            "SEATRIAL_OBSERVER_URL": f"{self.base}/observer?token={self.token}",
            "SEATRIAL_STORE": sqlite_url((self.folder / STORE).resolve()),
            "SEATRIAL_MAILBOX": str(self.front.open_mailboxes(self.folder / "mailbox")),
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


def own_environment(loaded: Loaded, port: int) -> dict[str, str]:
    """What the integration is told besides its partners."""
    return {"SEATRIAL_LISTEN_PORT": str(port), "PORT": str(port), **controls_told(loaded.scenario.controls)}


def forget_store(folder: Path) -> None:
    """Remove what our integration kept in an earlier run in this folder."""
    for tail in ("", "-wal", "-shm"):
        (folder / (STORE + tail)).unlink(missing_ok=True)
