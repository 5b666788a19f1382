"""The shape of a measure: one family of readings in one file of `reports/measures/`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar, Literal, TypeAlias

from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.reading import Definition, Reading
from seatrial.sim.errors import HarnessError

Group = Literal["headline", "orders", "documents", "stock", "shipment", "money", "people", "technical", ""]
"""What a measure is about; empty for those of other packages that do not say."""
Read: TypeAlias = Callable[..., Reading]
"""`Measure.reading` of one measure, where a table shared by several makes readings for it."""


class Measure(ABC):
    """Base of every measure family; its docstring is its definition: formula, unit, source.

    `read` gives readings under the names it `defines`, and at least one for every name without `*`, also for a run in
    which nothing happened: then the value is 0 where nothing is nothing, and None where nothing is unknown.
    """

    defines: ClassVar[tuple[Definition, ...]]
    """Every name that it can read."""
    group: ClassVar[Group] = ""
    """What it is about."""

    @abstractmethod
    def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
        """Read the evidence of one run."""

    @classmethod
    def definition(cls, name: str) -> Definition | None:
        """The definition that covers a name."""
        return next((each for each in cls.defines if each.covers(name)), None)

    @classmethod
    def reading(
        cls,
        name: str,
        value: float | None,
        samples: int = 0,
        *,
        detail: str = "",
        keys: Iterable[str] = (),
    ) -> Reading:
        """A reading with unit and direction of its definition. Raises HarnessError for a name that is not defined."""
        known = cls.definition(name)
        if known is None:
            raise HarnessError(f"{cls.__name__} defines no reading {name!r}")
        return Reading(
            name=name,
            value=value,
            unit=known.unit,
            better=known.better,
            samples=samples,
            detail=detail,
            keys=tuple(keys),
        )
