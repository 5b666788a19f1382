"""What a load generator has to be told, as options of Locust's command line or as environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from seatrial.sim.errors import BadInput

PREFIX: Final = "seatrial_"
"""How Locust calls these options among its own."""
VARIABLES: Final[Mapping[str, str]] = {
    "scenario": "SEATRIAL_LOAD_SCENARIO",
    "seed": "SEATRIAL_SEED",
    "settings": "SEATRIAL_LOAD_SETTINGS",
    "start": "SEATRIAL_LOAD_START",
    "time_scale": "SEATRIAL_TIME_SCALE",
    "channels": "SEATRIAL_LOAD_CHANNELS",
    "control_url": "SEATRIAL_CONTROL_URL",
    "control_token": "SEATRIAL_CONTROL_TOKEN",
    "ledger": "SEATRIAL_LOAD_LEDGER",
    "parts": "SEATRIAL_LOAD_PARTS",
    "pages": "SEATRIAL_LOAD_PAGES",
    "report_every": "SEATRIAL_LOAD_REPORT_EVERY",
}
"""Environment variable of each option."""
ENDED_EARLY: Final = 3
"""Exit code of a generator that did not do all of its work."""
_JSON: Final = ("settings", "channels")


class LoadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a load generator has to know. On the command line `time_scale` is `--time-scale`."""

    scenario: str
    """Name in the library, or path of a file."""
    seed: int = 1
    """Seed of the run."""
    settings: dict[str, str] = {}
    """Values of the scenario to replace, by dotted name; JSON."""
    start: float = 0.0
    """Unix time at second 0 of the run; 0: the harness tells when all generators are ready."""
    time_scale: float = 1.0
    """Seconds of the run in a real second."""
    channels: dict[str, str]
    """Base URL of every channel, by name; JSON."""
    control_url: str = ""
    """Where reports and stray returns go; empty: nowhere."""
    control_token: str = ""
    """Bearer token for that."""
    ledger: str = ""
    """File that every order is written to (JSON Lines); empty: none."""
    parts: int = 0
    """Generators in all; 0: as many as Locust's master expects."""
    pages: float = 1.0
    """Pages of listings looked at for an order, on average."""
    report_every: float = 1.0
    """Real seconds between two reports."""

    def __post_init__(self) -> None:
        """Raise BadInput for figures that make no sense."""
        if self.time_scale <= 0 or self.parts < 0 or self.pages < 0 or self.report_every <= 0:
            value = f"{self.time_scale:g}, {self.parts}, {self.pages:g}, {self.report_every:g}"
            hint = "time_scale above 0, parts and pages from 0, report_every above 0"
            raise BadInput("a figure of the load is out of its range", value=value, hint=hint)
        if not self.start and not self.control_url:
            raise BadInput("nobody tells the load when to begin", hint="give start, or control_url to ask there")

    def environment(self) -> dict[str, str]:
        """The same as environment variables."""
        plain = msgspec.to_builtins(self)
        return {
            variable: msgspec.json.encode(plain[name]).decode() if name in _JSON else str(plain[name])
            for name, variable in VARIABLES.items()
        }


def read_options(written: Mapping[str, str]) -> LoadOptions:
    """Options as they were written, empty where nothing was. Raises BadInput with what is missing or wrong."""
    given = {name: text for name, text in written.items() if text}
    missing = [name for name in ("scenario", "channels") if name not in given]
    if missing:
        hint = f"say it by option (--{missing[0]}) or environment ({VARIABLES[missing[0]]})"
        raise BadInput("the load generator was not told everything it needs", value=missing[0], hint=hint)
    try:
        plain: dict[str, Any] = {
            name: msgspec.json.decode(text) if name in _JSON else text for name, text in given.items()
        }
        return msgspec.convert(plain, LoadOptions, strict=False)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadInput("an option of the load generator cannot be read", value=str(error)) from error
