"""Budgets: by how much a reading may be worse than in the baseline, as people write it: `recovery.max=+10%`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from seatrial.reports.limits import quantity
from seatrial.reports.reading import Better, Reading
from seatrial.reports.saved import HEADLINES
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.units import parse_share

_WRITTEN: Final = re.compile(r"\s*([+-]?)\s*([0-9][0-9.]*)\s*(.*?)\s*", re.DOTALL)
_HINT: Final = (
    "write 'recovery.max=+10%', 'recovery.max=+5 min', 'orders.completed_share=-1pp' or 'duplicates.total=+0'"
)
USUAL: Final = 0.10
"""Part of the baseline by which headline readings may be worse where nobody gives a budget."""
_STEPS: Final = 1e-9
"""Part of a value that is rounding."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading may lose against the baseline."""

    measure: str
    """Name of the reading, or a pattern such as `latency.*.p95`."""
    text: str
    """The budget as it was written."""
    sign: str = ""
    """Which way it was written: +, - or nothing."""
    relative: float = 0.0
    """Part of the baseline's value."""
    amount: str = ""
    """A quantity in the unit of the reading; empty: none."""

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read `measure=allowance`. Raises BadInput."""
        measure, equals, written = text.partition("=")
        match = _WRITTEN.fullmatch(written)
        if not equals or not measure.strip() or match is None:
            raise BadInput("not a budget", value=text, hint=_HINT, where="--budget")
        sign, number, unit = match.groups()
        name, allowance = measure.strip(), written.strip()
        try:
            size = float(number)
        except ValueError:
            raise BadInput("not a number in a budget", value=number, hint=_HINT, where="--budget") from None
        if unit == "%":
            return cls(measure=name, text=allowance, sign=sign, relative=size / 100)
        return cls(measure=name, text=allowance, sign=sign, amount=f"{number} {unit}".strip())

    def covers(self, name: str) -> bool:
        """Whether it is meant for a reading of this name."""
        return fnmatchcase(name, self.measure)

    def bound(self, reading: Reading) -> float:
        """The worst value that keeps it, given the baseline's reading. Raises BadInput for a wrong unit or sign."""
        value, up = reading.value or 0.0, way(reading, self) == "lower"
        room = abs(value) * self.relative + self._amount(reading)
        room = room + _STEPS * abs(value) if room < float("inf") else 0.0  # never may stay never
        return value + room if up else value - room

    def _amount(self, reading: Reading) -> float:
        if not self.amount:
            return 0.0
        number, _, unit = self.amount.partition(" ")
        if reading.unit == "share" and unit != "pp":
            hint = "write '1%' for a part of the baseline's value, '1pp' for percentage points"
            raise BadInput("not a budget for a share", value=self.text, hint=hint, where=f"--budget {self.measure}")
        where = f"--budget {self.measure}"
        return parse_share(f"{number} %") if unit == "pp" else quantity(self.amount, reading.unit, where)


def way(reading: Reading, budget: Budget) -> Better:
    """Which way the reading is better. Raises BadInput where neither is, and for a budget that allows the better."""
    where = f"--budget {budget.measure}"
    if not reading.better:
        hint = "nobody says which way it is better, so it cannot regress: put a limit on it in the scenario"
        raise BadInput("no budget for this reading", value=reading.name, hint=hint, where=where)
    if budget.sign == ("-" if reading.better == "lower" else "+"):
        hint = f"{reading.name} is better {reading.better}: write '{'+' if budget.sign == '-' else '-'}'"
        raise BadInput("a budget allows to be worse, this one demands to be better", value=budget.text, hint=hint)
    return reading.better


def usual_budgets(readings: Iterable[Reading]) -> tuple[Budget, ...]:
    """What counts where nobody gives a budget: the headlines that were measured and have a better way."""
    sides = {reading.name: reading.better for reading in readings if reading.value is not None}
    names = [name for name in HEADLINES if sides.get(name)]
    signs = {name: "+" if sides[name] == "lower" else "-" for name in names}
    return tuple(
        Budget(measure=name, text=f"{signs[name]}{USUAL:.0%} (usual)", sign=signs[name], relative=USUAL)
        for name in names
    )


def covered(budget: Budget, readings: Iterable[Reading]) -> tuple[str, ...]:
    """Names of the readings that it is meant for. Raises UnknownName where there are none."""
    names = sorted({reading.name for reading in readings})
    found = tuple(name for name in names if budget.covers(name))
    if not found:
        raise UnknownName("no run has such a reading", value=budget.measure, known=names, where="--budget")
    return found
