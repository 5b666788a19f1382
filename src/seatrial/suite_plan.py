"""The plan of a suite: every scenario against every integration, by every seed, each with a place of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from seatrial.guest_code import code_here
from seatrial.scenarios.loader import Loaded, load_scenario
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.manifest import store
from seatrial.sim.runplace import holds_run
from seatrial.sim.units import parse_duration
from seatrial.voyage import rehearse

TIMEOUT: Final = "30 min"
"""How long a run may take where nobody says."""


class Passage(msgspec.Struct, frozen=True):
    """One run of a suite."""

    loaded: Loaded
    """The scenario."""
    integration: str
    """Name of the integration under test."""
    seed: int
    """Seed of all chance."""
    place: str
    """Its run folder, below that of the suite."""
    code: str = ""
    """SHA-256 of the code of a guest; empty: it is none."""

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return self.loaded.scenario.name

    @property
    def title(self) -> str:
        """Scenario, integration and seed."""
        return f"{self.scenario} · {self.integration} · seed {self.seed}"


class Plan(msgspec.Struct, frozen=True):
    """What a suite is to do."""

    out: Path
    """Folder of the suite."""
    passages: tuple[Passage, ...]
    """The runs, all integrations under a seed before the next seed: a suite that is stopped has whole pairs."""
    evidence: bool = True
    """Whether the rows of a run are kept after its judgement."""
    pages: bool = False
    """Whether each run gets a report page."""
    timeout: float = 0.0
    """Real seconds after which a run is given up; 0: never."""


def passages(
    scenarios: Sequence[str | Path],
    integrations: Sequence[str],
    seeds: Sequence[int],
    settings: Mapping[str, str] | None = None,
) -> tuple[Passage, ...]:
    """Every run of the suite. Raises BadInput, also for what a run would refuse at its start."""
    if not scenarios:
        raise BadInput("a suite needs a scenario", hint="name some: `seatrial list scenarios`")
    loaded = [load_scenario(name, settings) for name in scenarios]
    pairs = [(each, name) for each in loaded for name in integrations or (each.scenario.integration,)]
    places = [f"{safe_name(each.scenario.name)}/{safe_name(name)}" for each, name in pairs]
    twice = next((place for place in places if places.count(place) > 1), None)
    if twice is not None:
        hint = "name each scenario and integration once, and give each scenario file a `name` of its own"
        raise BadInput("two runs would share one folder", value=twice, hint=hint)
    for each, name in pairs:
        rehearse(each, seed=seeds[0], integration=name)
    codes = {name: code_here(name) for _, name in pairs}
    return tuple(
        Passage(loaded, name, seed, f"{place}/seed-{seed}", codes[name])
        for seed in seeds
        for (loaded, name), place in zip(pairs, places, strict=True)
    )


def safe_name(name: str) -> str:
    """A name as a folder may be called: `fidelity/calm` is `fidelity-calm`."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "run"


def timeout_of(text: str) -> float:
    """Real seconds that a run may take; 0: as long as it likes. Raises BadInput."""
    try:
        return parse_duration(text)
    except BadInput as error:
        raise error.at("--timeout") from None


def check_out(out: Path) -> None:
    """Raise BadInput for a folder that no suite may use."""
    if out.exists() and not out.is_dir():
        raise BadInput("a suite is a folder, this is a file", value=str(out), hint="choose another: --out DIR")
    if out.is_dir() and holds_run(out, sorted(each.name for each in out.iterdir())):
        raise BadInput("the folder holds a run itself", value=str(out), hint="a suite needs another: --out DIR")


def store_first(document: msgspec.Struct, path: Path) -> None:
    """Write the first file of a suite. Raises BadInput where the folder cannot be made or written to."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        store(document, path)
    except (OSError, HarnessError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        hint = "choose a folder that you may write to: --out DIR"
        raise BadInput(f"cannot write a suite here ({reason})", value=str(path.parent), hint=hint) from None
