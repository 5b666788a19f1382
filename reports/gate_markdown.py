"""A gate as Markdown: what GitHub shows as the summary of a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from seatrial.reports.checks import Check
from seatrial.reports.gate import GateVerdict
from seatrial.reports.interval_words import check_reading, estimate_row
from seatrial.reports.markdown_words import escape, table
from seatrial.reports.page_words import share_text
from seatrial.reports.verdict import Outcome

_SIGNS: Final = {
    Outcome.PASSED: "✅",
    Outcome.VIOLATED: "❌",
    Outcome.INCONCLUSIVE: "❔",
    Outcome.HARNESS_ERROR: "💥",
}
_TITLES: Final = ("scenario × integration", "check", "wanted", "reading", "runs that keep it", "seeds that do not")
_ROWS: Final = 200
"""Rows of a table at most: a step summary has to stay below 1 MiB."""


def gate_markdown(verdict: GateVerdict) -> str:
    """The whole summary."""
    return "\n".join(_lines(verdict)) + "\n"


def demands(verdict: GateVerdict) -> str:
    """What was demanded, in a sentence."""
    policy = verdict.policy
    sure = share_text(1 - policy.alarm_rate)
    return (
        f"false alarm: in at most {share_text(policy.alarm_rate)} of gates, over all checks that chance could turn red "
        f"(here {verdict.tests}; Holm) · green: {share_text(policy.keep)} of all runs keep each limit, at {sure} "
        "confidence; a limit that leaves nothing over is kept by every run"
    )


def _lines(verdict: GateVerdict) -> Iterator[str]:
    outcome = verdict.outcome
    yield f"## {_SIGNS[outcome]} Seatrial gate: {outcome.value}"
    yield ""
    yield f"{escape(verdict.runs)}" + (f" against {escape(verdict.baseline)}" if verdict.baseline else "")
    yield ""
    yield from (f"- {escape(reason)}" for reason in verdict.reasons)
    yield ""
    yield from _trials(verdict)
    for title, checks in (("Broken", verdict.judged("broken")), ("Open", verdict.judged("open"))):
        if checks:
            yield from ("", f"### {title}: {len(checks)}", "", *_table(checks, verdict))
    held = verdict.judged("held")
    if held:
        yield from ("", f"<details><summary>Held: {len(held)}</summary>", "", *_table(held, verdict), "", "</details>")
    yield from _left_out(verdict)
    yield from ("", f"<sub>{escape(demands(verdict))}</sub>")


def _trials(verdict: GateVerdict) -> Iterator[str]:
    titles = ("scenario × integration", "settings", "runs", "passed on their own", "interval (95 %)")
    rows = []
    for each in verdict.trials:
        _, value, interval, runs, _ = estimate_row(each.passed, verdict.currency)
        rows.append((each.trial.name, each.trial.settings_text, runs, value.removeprefix("rate "), interval))
    yield from table(titles, rows)


def _table(checks: Sequence[Check], verdict: GateVerdict) -> Iterator[str]:
    yield from table(_TITLES, (_row(check, verdict) for check in checks[:_ROWS]))
    if len(checks) > _ROWS:
        yield from ("", f"and {len(checks) - _ROWS} more")


def _row(check: Check, verdict: GateVerdict) -> tuple[str, ...]:
    kept = f"{check.kept} of {check.runs}" + (f" ({check.unknown} unknown)" if check.unknown else "")
    seeds = ", ".join(map(str, check.seeds)) + check.more
    trial = f"{check.scenario} × {check.integration}"
    return trial, check.measure, check.wanted, check_reading(check, verdict.currency), kept, seeds


def _left_out(verdict: GateVerdict) -> Iterator[str]:
    said = [*(stray.text for stray in verdict.strays), *verdict.notes]
    if said:
        yield from ("", "### Not counted", "", *(f"- {escape(text)}" for text in said[:_ROWS]))
