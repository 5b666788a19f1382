"""A reading: what a run amounts to in one number, with its unit; and the definition that announces it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

import msgspec

Better = Literal["lower", "higher", ""]
"""Which way is better; empty where neither is."""
Unit = Literal["", "documents", "orders", "units", "unit h", "s", "min", "share", "money", "calls", "cases", "rows"]
"""Unit of a value; `money` is in minor units of the run's currency, `share` from 0 to 1, empty a plain ratio."""
Subject = Literal["", "double", "owed", "order", "sku", "rule"]
"""double: a document there is too much of · owed: one that is missing · order, sku, rule: what they say."""
NEVER = float("inf")
"""The value of a time that never came."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one measure reads from the evidence of one run."""

    name: str
    """Dotted name, such as `duplicates.sales_order`."""
    value: float | None
    """The number in `unit`; infinite: never; None: it could not be measured, and `detail` says why."""
    unit: Unit
    """Unit of the value."""
    better: Better = ""
    """Which way is better."""
    samples: int = 0
    """Number of documents, calls, orders ... that it was read from."""
    detail: str = ""
    """Why it could not be measured, or what a reader has to know about it."""
    keys: tuple[str, ...] = ()
    """Business keys that stand behind the value, in the order of the evidence: the first few."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A name that a measure can read, and what is found when it is not as it should be."""

    name: str
    """Name of the reading; `*` stands for the part that depends on the run: `exceptions.*.count`."""
    unit: Unit
    """Unit of its values."""
    better: Better = ""
    """Which way is better."""
    meaning: str
    """What it says, in one line."""
    code: str = ""
    """Stable code of the finding that a value above `above` amounts to. Empty: none."""
    above: float = 0.0
    """A value above this is a finding."""
    title: str = ""
    """The finding in words."""
    subject: Subject = ""
    """What its keys name, so that a witness can be found for them."""
    document: str = ""
    """Class of the documents it counts; for SKUs the book that is held against the shelves."""
    least: float = 0.0
    """The lowest value that it can have, in `unit`; `-inf` for one without: most count or measure a time or a share."""
    part_of: str = ""
    """Name of the reading that it is summed up in; a limit on that one is a limit on this."""

    def covers(self, name: str) -> bool:
        """Whether a reading of this name is one of these."""
        return fnmatchcase(name, self.name)

    def part(self, name: str) -> str:
        """What `*` stands for in a name that it covers."""
        before, star, after = self.name.partition("*")
        return name[len(before) : len(name) - len(after)] if star else ""
