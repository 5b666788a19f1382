"""Many seeds on one page: of each trial the run that is worst, with what all its seeds say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from seatrial.opening import SavedRun, open_run
from seatrial.reports.estimates import Estimate, estimates
from seatrial.reports.fleet import FinishedRun, Fleet, Series, Trial
from seatrial.reports.page_run import PageRun
from seatrial.reports.verdict import Outcome
from seatrial.sim.errors import BadInput

_WORST_FIRST: Final = (Outcome.VIOLATED, Outcome.INCONCLUSIVE, Outcome.PASSED)


def overview(fleet: Fleet) -> list[PageRun]:
    """A run of each trial for the page; where there are several seeds, its readings have their intervals.

    Of a trial the worst run is shown, of several as bad as each other that with the lowest seed. Raises BadInput where
    no run of a trial has kept its evidence.
    """
    series = fleet.series()
    names = trial_names(list(series))
    return [_on_page(trial, runs, names[trial]) for trial, runs in series.items()]


def _on_page(trial: Trial, series: Series, name: str) -> PageRun:
    runs = tuple(series.values())
    saved = _worst(trial, runs)
    known: Mapping[str, Estimate] = {each.measure: each for each in estimates(runs)} if len(runs) > 1 else {}
    return PageRun(
        verdict=saved.verdict,
        log=saved.log,
        question=saved.question,
        label=name,
        digest=saved.digest,
        rows=saved.rows,
        versions=saved.folder.about.versions,
        estimates=known,
    )


def _worst(trial: Trial, runs: Sequence[FinishedRun]) -> SavedRun:
    for outcome in _WORST_FIRST:
        for run in runs:
            if run.verdict.outcome is outcome and (saved := open_run(run.path)).rows:
                return saved
    hint = "a page shows evidence: make one of its runs without --no-evidence"
    raise BadInput("no run of a trial has kept its evidence", value=trial.name, hint=hint)


def trial_names(trials: Sequence[Trial]) -> Mapping[Trial, str]:
    """What the page calls each trial: its integration, and whatever else tells it from the others; the digest of its
    scenario only where nothing else does.
    """
    fields = ("scenario", "integration", "settings_text", "version")
    chosen = [name for name in fields if len({getattr(trial, name) for trial in trials}) > 1] or ["integration"]
    names = {trial: " · ".join(str(getattr(trial, name))[:80] or "as it is" for name in chosen) for trial in trials}
    said = list(names.values())
    return {trial: f"{name} · {trial.digest[:8]}" if said.count(name) > 1 else name for trial, name in names.items()}
