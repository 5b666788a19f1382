"""The seven counts of each class of document, in Jepsen's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from seatrial.reports.documents import CLASSES
from seatrial.reports.page_run import PageRun
from seatrial.reports.verdict import Verdict

COUNTS: Final = (
    ("attempted", "attempted", "a call tried to create it"),
    ("acknowledged", "acknowledged", "a call was answered: done"),
    ("ok", "ok", "answered as done, and there"),
    ("lost", "lost", "owed or answered as done, and not there"),
    ("duplicates", "duplicated", "there more than once under its key"),
    ("unexpected", "unexpected", "there, and nobody asked for it"),
    ("recovered", "recovered", "never answered as done, and there all the same"),
    ("healed", "healed", "was there twice, and is reversed again"),
)
"""Family of readings, name of its column, and what it counts."""
_BAD: Final = frozenset(("lost", "duplicates", "unexpected"))


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """One count of one class."""

    text: str
    """The number."""
    mark: str
    """none, plain or bad."""


class ClassRow(msgspec.Struct, frozen=True, kw_only=True):
    """One class of document in one run."""

    words: str
    """The class."""
    counts: tuple[Count, ...]
    """In the order of the columns."""


class DocumentTable(msgspec.Struct, frozen=True, kw_only=True):
    """All classes in one run."""

    name: str
    """What the page calls the run."""
    number: int
    """Its place on the page, from 1."""
    rows: tuple[ClassRow, ...]
    """Classes that anybody tried to make, in the order of the flow."""


def document_tables(runs: Sequence[PageRun]) -> tuple[DocumentTable, ...]:
    """One table for each run, all with the same rows."""
    shown = [document for document in CLASSES if any(_happened(run.verdict, document) for run in runs)]
    return tuple(
        DocumentTable(name=run.name, number=number, rows=tuple(_row(run.verdict, document) for document in shown))
        for number, run in enumerate(runs, start=1)
    )


def _happened(verdict: Verdict, document: str) -> bool:
    return any(_value(verdict, family, document) for family, _, _ in COUNTS)


def _row(verdict: Verdict, document: str) -> ClassRow:
    counts = tuple(_count(_value(verdict, family, document), family) for family, _, _ in COUNTS)
    return ClassRow(words=document.replace("_", " "), counts=counts)


def _count(value: float | None, family: str) -> Count:
    if value is None:
        return Count(text="–", mark="none")
    mark = "none" if not value else "bad" if family in _BAD else "plain"
    return Count(text=f"{value:,.0f}", mark=mark)


def _value(verdict: Verdict, family: str, document: str) -> float | None:
    reading = verdict.reading(f"{family}.{document}")
    return reading.value if reading is not None else None
