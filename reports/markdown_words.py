"""Markdown that shows every text as it is: names from scenarios and errors cannot break a table or smuggle markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_SIGNS: Final = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "\\|`*[]~"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "&#64;",  # nobody is called by a name that happens to stand in a log
        **{chr(code): " " for code in (*range(32), *range(127, 160), 0x2028, 0x2029)},
    }
)


def escape(text: str) -> str:
    """A text for a paragraph or a cell."""
    return text.translate(_SIGNS)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    head = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    return head + ["| " + " | ".join(escape(cell) for cell in row) + " |" for row in rows]
