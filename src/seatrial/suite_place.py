"""The place of one run of a suite: finished, still to be made, to be made again, or somebody else's."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from seatrial.reports.coherence import disagreement
from seatrial.reports.muster import CRASH, Crash
from seatrial.reports.saved import FACTS, READINGS, VERDICT, load_readings, load_verdict
from seatrial.reports.verdict import Outcome, Verdict
from seatrial.run_facts import about_of
from seatrial.sim.errors import BadInput
from seatrial.sim.manifest import MANIFEST, About, Manifest, store, versions
from seatrial.sim.runfolder import RunFolder
from seatrial.sim.runplace import clear, holds_run, refuse_foreign
from seatrial.suite_plan import Passage, Plan
from seatrial.voyage import PAGE

_HINT: Final = "choose another folder: --out DIR; nothing was run"


class Found(msgspec.Struct, frozen=True):
    """What is at a place."""

    why: str = ""
    """Why the run has to be made again; empty: it is finished, or was never begun."""
    manifest: Manifest | None = None
    """The last word of a finished run."""
    judged: Verdict | None = None
    """Its verdict."""

    @property
    def finished(self) -> bool:
        """Whether the run need not be made."""
        return self.judged is not None


def look(plan: Plan, passage: Passage) -> Found:
    """What is at the place of a run. Raises BadInput where it belongs to somebody else; nothing is touched."""
    path = plan.out / passage.place
    try:
        names = sorted(each.name for each in path.iterdir()) if path.exists() else []
    except OSError as error:
        what = f"the place of a run cannot be read ({error.strerror})"
        raise BadInput(what, value=str(path), hint=_HINT) from None
    if not names:
        return Found()
    if not holds_run(path, names):
        if CRASH not in names:
            refuse_foreign(path, names, force=False)
        return Found(why="the harness failed last time")
    return _look_at_run(plan, passage, path, names)


def _look_at_run(plan: Plan, passage: Passage, path: Path, names: list[str]) -> Found:
    folder = RunFolder.open(path)
    about = folder.about
    if about.scenario and (about.scenario, about.integration, about.seed) != _who(passage):
        what = f"the folder holds another run: {about.scenario} · {about.integration} · seed {about.seed}"
        raise BadInput(what, value=str(path), hint=_HINT)
    judged, doubt = _judged(folder)
    why = _unfit(folder, names) or doubt or _differs(folder, passage) or _lacks(plan, folder, names)
    return Found(why=why) if why else Found(manifest=folder.manifest, judged=judged)


def _who(passage: Passage) -> tuple[str, str, int]:
    return passage.scenario, passage.integration, passage.seed


def _unfit(folder: RunFolder, names: list[str]) -> str:
    """Why the run never came to its end, or not in one piece."""
    if CRASH in names:
        return "the harness failed last time"
    if not folder.complete:
        return "incomplete"
    return "" if {FACTS, READINGS, VERDICT} <= set(names) else "never judged"


def _judged(folder: RunFolder) -> tuple[Verdict | None, str]:
    """The verdict, and why it cannot be trusted."""
    try:
        verdict, readings = load_verdict(folder.path), load_readings(folder.path)
    except BadInput:
        return None, "damaged or edited"
    if verdict.outcome is Outcome.HARNESS_ERROR:
        return verdict, "the harness failed last time"
    return verdict, "damaged or edited" if disagreement(folder, verdict, readings) else ""


def _differs(folder: RunFolder, passage: Passage) -> str:
    """Why it is not this run."""
    was, wanted = folder.about, about_of(passage.loaded, passage.seed, passage.integration)
    if was.settings != wanted.settings:
        return "other settings"
    if was.scenario_digest != wanted.scenario_digest:
        return "another text of the scenario"
    if was.code != passage.code:
        return "made before you changed your program"
    return "" if _version(was) == _version(wanted) else f"made with version {_version(was)}"


def _version(about: About) -> str:
    return about.versions.get("seatrial", "unknown")


def _lacks(plan: Plan, folder: RunFolder, names: list[str]) -> str:
    """What this suite wants to have and that one did not."""
    if plan.evidence and folder.manifest is not None and folder.manifest.dropped:
        return "without evidence"
    return "without a page" if plan.pages and PAGE not in names else ""


def make_room(path: Path) -> None:
    """What an earlier attempt left that would stand in the way of a run."""
    (path / CRASH).unlink(missing_ok=True)


def mark_crashed(path: Path, passage: Passage, error: str) -> None:
    """Say in the folder of a run that the harness failed; an earlier run in it is no longer its result."""
    with suppress(OSError):
        path.mkdir(parents=True, exist_ok=True)
        (path / MANIFEST).unlink(missing_ok=True)
    store(Crash(*_who(passage), error), path / CRASH)


def take_in(path: Path, arrived: Path) -> None:
    """Put a run that was made elsewhere in its place: its last word last, and beside files of others."""
    path.mkdir(parents=True, exist_ok=True)
    clear(path)
    for file in sorted(arrived.iterdir(), key=lambda each: each.name == MANIFEST):
        file.replace(path / file.name)


def version_here() -> str:
    """Version of Seatrial that makes the runs."""
    return versions()["seatrial"]
