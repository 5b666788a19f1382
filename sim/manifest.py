"""What a run folder says about its run: at the start who sails, at the end what was written."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.parts import UNFINISHED

FORMAT: Final = 1
"""Version of the run folder's layout; a reader refuses a newer one."""
MANIFEST: Final = "manifest.json"
"""File of the last word."""
START: Final = "run.json"
"""File of what was known at the start."""
_Document = TypeVar("_Document", bound=msgspec.Struct)


def versions() -> dict[str, str]:
    """What a run was made with: Seatrial itself, Python and the libraries that shape the evidence."""
    found = {"python": platform.python_version()}
    for name in ("seatrial", "polars", "simpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # used from a checkout that was never installed
            found[name] = "unknown"
    return found


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run before its first row."""

    scenario: str = ""
    """Name of the scenario."""
    scenario_digest: str = ""
    """SHA-256 of the scenario's text."""
    origin_digest: str = ""
    """SHA-256 of that text before anything was set over it; empty: nobody said."""
    seed: int = 0
    """Seed of all chance."""
    integration: str = ""
    """Name of the integration under test."""
    code: str = ""
    """SHA-256 of the code of a guest; empty: it is no guest, or nobody looked."""
    started: str = ""
    """Wall-clock start of the run's own clock, ISO 8601."""
    settings: dict[str, str] = {}
    """What was set on the command line over the scenario's own values, by its dotted name."""
    parameters: dict[str, str] = {}
    """What measures need to know of the scenario, by name, as people write it."""
    versions: dict[str, str] = msgspec.field(default_factory=versions)
    """Versions of what made the run."""


class Start(msgspec.Struct, frozen=True):
    """The mark that makes a folder a run folder, from the run's first moment on."""

    about: About
    """What is known of the run before its first row."""
    files: tuple[str, ...] = ()
    """Files beside the evidence that the run keeps here, such as its scenario and its pages."""


class Phase(msgspec.Struct, frozen=True):
    """A stretch of the run."""

    name: str
    """chaos, calm, or what the scenario calls it."""
    begin: float
    """First second, on the run's clock."""
    end: float
    """Second after the last, on the run's clock."""


class VerdictNote(msgspec.Struct, frozen=True):
    """The judgement in short, so that a list of runs can show it without judging again."""

    verdict: str
    """passed, violated, inconclusive or harness error."""
    findings: int = 0
    """Number of findings."""
    readings: dict[str, float] = {}
    """Headline readings by the name of their measure."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The last word on a run: written only when everything else is on disk."""

    about: About
    """What was known before the first row."""
    rows: int
    """Rows of evidence."""
    parts: int
    """Number of Parquet parts."""
    digest: str
    """SHA-256 over the canonical rows: the identity of the run."""
    phases: tuple[Phase, ...] = ()
    """The stretches of the run, in order."""
    verdict: VerdictNote | None = None
    """The judgement, once there is one."""
    dropped: bool = False
    """Whether the rows were removed on purpose after the judgement; what they amounted to is kept."""
    format: int = FORMAT
    """Version of the run folder's layout."""


def store(document: msgspec.Struct, path: Path) -> None:
    """Write a document so that the file is whole or not there; raises HarnessError when the disk refuses."""
    text = msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2)
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        unfinished.write_bytes(text + b"\n")
        unfinished.replace(path)
    except OSError as error:
        raise HarnessError(f"cannot write {path} · {error.strerror} · what was written before it is kept") from error


def load(path: Path, kind: type[_Document]) -> _Document:
    """Read a document back; raises BadInput when it is not one of ours or from a later version."""
    try:
        data = path.read_bytes()
        return msgspec.json.decode(data, type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise BadInput(f"{path.name} of a run folder cannot be read", value=str(error), where=str(path)) from None
