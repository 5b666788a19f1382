"""A gate as annotations of GitHub: lines on stdout that it shows beside the change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from seatrial.reports.gate import GateVerdict, reason

_MOST: Final = 10
"""Annotations that GitHub shows of each level for one step."""


def annotation_lines(verdict: GateVerdict) -> Iterator[str]:
    """Errors for what is broken or crashed, warnings for what is open, the gravest first."""
    errors = [("run crashed", stray.text) for stray in verdict.strays if stray.kind == "crashed"]
    errors += [(f"{check.kind} broken", reason(check)) for check in verdict.judged("broken")]
    doubts = [(f"run {stray.kind}", stray.text) for stray in verdict.strays if stray.kind != "crashed"]
    doubts += [(f"{check.kind} open", reason(check)) for check in verdict.judged("open")]
    for level, found in (("error", errors), ("warning", doubts)):
        yield from (annotation(level, f"Seatrial: {title}", text) for title, text in _few(found))


def annotation(level: str, title: str, text: str) -> str:
    """One command of the runner; what would end it early or split it is escaped."""
    return f"::{level} title={_property(title)}::{_data(text)}"


def _few(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(found) <= _MOST:
        return found
    return [*found[: _MOST - 1], ("more", f"{len(found) - _MOST + 1} more: see the summary")]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
