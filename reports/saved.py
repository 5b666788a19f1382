"""A judgement on disk: `verdict.json` and `readings.json` beside the evidence, and `facts.json` to judge it again."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from seatrial.reports.facts import Facts
from seatrial.reports.reading import Reading
from seatrial.reports.verdict import Verdict
from seatrial.sim.errors import BadInput
from seatrial.sim.manifest import VerdictNote
from seatrial.sim.runfolder import RunFolder

VERDICT: Final = "verdict.json"
"""File with the whole verdict."""
READINGS: Final = "readings.json"
"""File with the readings alone, for those who only want the numbers."""
FACTS: Final = "facts.json"
"""File with what the judge has to know besides the evidence."""
HEADLINES: Final = (
    "duplicates.total",
    "lost.total",
    "latency.placed_to_acknowledged.p95",
    "latency.placed_to_shipped.p95",
    "drift.erp.peak",
    "drift.erp.left",
    "recovery.max",
    "orders.placed",
    "orders.completed_share",
)
"""Readings that a list of runs shows."""
_KindT = TypeVar("_KindT")


def save(verdict: Verdict, folder: RunFolder) -> RunFolder:
    """Write verdict and readings into the folder of the run, and the short form into its last word if it has one."""
    folder.keep(FACTS, json_text(verdict.facts))
    folder.keep(READINGS, json_text(verdict.readings))
    folder.keep(VERDICT, json_text(verdict))
    return folder.judge(note_of(verdict)) if folder.manifest is not None else folder


def keep_facts(facts: Facts, folder: RunFolder) -> Path:
    """Write the facts at the begin of a run, so that it can be judged even if it is interrupted."""
    return folder.keep(FACTS, json_text(facts))


def load_verdict(path: Path | str) -> Verdict:
    """The verdict in a run folder. Raises BadInput where there is none, or none that can be read."""
    return _read(Path(path) / VERDICT, Verdict)


def load_readings(path: Path | str) -> tuple[Reading, ...]:
    """The readings in a run folder. Raises BadInput where there are none."""
    return _read(Path(path) / READINGS, tuple[Reading, ...])


def facts_of(folder: RunFolder) -> Facts:
    """What is known of a run in a folder: what was kept, or else what its start and its last word say."""
    about, phases = folder.about, folder.manifest.phases if folder.manifest else ()
    plain = Facts(
        scenario=about.scenario,
        seed=about.seed,
        integration=about.integration,
        started=about.started,
        phases=phases,
        duration=max((phase.end for phase in phases), default=0.0),
    )
    kept = _read(folder.path / FACTS, Facts) if (folder.path / FACTS).is_file() else plain
    duration = kept.duration or plain.duration
    phases = kept.phases or phases
    complete = kept.complete and folder.complete
    return msgspec.structs.replace(kept, duration=duration, phases=phases, complete=complete, lost=folder.damage)


def note_of(verdict: Verdict) -> VerdictNote:
    """The verdict in short, for the last word of a run."""
    values = ((name, verdict.reading(name)) for name in HEADLINES)
    numbers = {name: reading.value for name, reading in values if reading is not None and reading.value is not None}
    finite = {name: value for name, value in numbers.items() if math.isfinite(value)}
    return VerdictNote(verdict.outcome.value, len(verdict.findings), finite)


def json_text(document: object) -> str:
    """A document as JSON that every reader can read."""
    return msgspec.json.format(msgspec.json.encode(_speakable(msgspec.to_builtins(document))), indent=2).decode() + "\n"


def _speakable(plain: Any) -> Any:
    """JSON has no infinity and no half characters: what never ends is written as a word, the others as `?`."""
    if isinstance(plain, str) and not plain.isascii():
        return plain.encode("utf-8", "replace").decode()
    if isinstance(plain, float) and math.isinf(plain):
        return "inf" if plain > 0 else "-inf"
    if isinstance(plain, dict):
        return {key: _speakable(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_speakable(value) for value in plain]
    return plain


def _read(path: Path, kind: type[_KindT]) -> _KindT:
    try:
        return msgspec.convert(msgspec.json.decode(path.read_bytes()), kind, strict=False)
    except FileNotFoundError:
        hint = "judge the run first: `seatrial show RUN`"
        raise BadInput(f"the run folder has no {path.name}", value=str(path.parent), hint=hint) from None
    except (OSError, msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        hint = "it was written by hand or damaged; judge the run again"
        raise BadInput(f"{path.name} cannot be read: {error}", value=str(path), hint=hint) from None
