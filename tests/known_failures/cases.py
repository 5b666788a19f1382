"""The pairs of this folder: each a failure that real integrations had, and its correct twin."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from seatrial.storms import Storm, read_storm

HERE: Final = Path(__file__).parent
RULES: Final = 2
"""Fault rules that are left of a storm, at most."""
ORDERS: Final = 3
"""Orders that are left of it, at most."""
RUNS: Final = 100
"""Storms within which each failure is found."""
_SOURCE: Final = re.compile(r"\s*\(([^()]*#\d+[^()]*)\)\.?$")
_SEED: Final = re.compile(r"--seed (\d+)")


class Case(NamedTuple):
    """One pair: `bad` and `good` in the file of its name."""

    name: str
    """Name of the file."""
    duty: str
    """Scenario that says what the two are there for."""
    finding: str
    """Code of what is found."""
    in_calm_water: bool = False
    """Whether it shows without any fault, where only the world has to be right for it."""

    @property
    def scenario(self) -> Path:
        """File of the scenario."""
        return HERE / f"{self.duty}.yaml"

    @property
    def kept(self) -> Path:
        """The storm that a search found and made small."""
        return HERE / "storms" / f"{self.name}.yaml"

    @property
    def storm(self) -> Storm:
        """The same, ready to sail."""
        text = self.kept.read_text(encoding="utf-8")
        told = _SEED.search(text)
        return read_storm(text, str(self.kept), int(told[1]) if told else 1)

    @property
    def words(self) -> tuple[str, str]:
        """What goes wrong, and the threads where it did: the docstring of the pair."""
        docstring = ast.get_docstring(ast.parse((HERE / f"{self.name}.py").read_text(encoding="utf-8"))) or ""
        told = " ".join(docstring.split())
        found = _SOURCE.search(told)
        assert found, f"{self.name}: its docstring ends with its source in brackets"
        return _SOURCE.sub(".", told), found[1]

    def twin(self, which: str) -> str:
        """How a run is told which of the two it has under test."""
        return f"{HERE / self.name}.py:{which}"


CASES: Final = (
    Case("timeout_without_key", "polled-orders", "DUPLICATE_SALES_ORDER"),
    Case("slow_push_answer", "told-orders", "DUPLICATE_SALES_ORDER"),
    Case("check_then_insert", "told-orders", "DUPLICATE_SALES_ORDER"),
    Case("answers_ok_on_error", "told-orders", "LOST_ORDER"),
    Case("cancelled_before_placed", "told-wishes", "UNANSWERED_CANCELLATION"),
    Case("clocks_go_back", "autumn-night", "LOST_ORDER", in_calm_water=True),
    Case("offset_while_rows_go", "short-memory", "LOST_ORDER", in_calm_water=True),
    Case("error_is_the_end", "polled-orders", "LOST_ORDER"),
    Case("page_is_no_orders", "polled-orders", "LOST_ORDER"),
    Case("refunded_again", "refunds", "DUPLICATE_REFUND"),
    Case("label_bought_again", "parcels", "DUPLICATE_LABEL"),
    Case("rate_expired", "short-offers", "LIMIT_FAILURE_RATE_INTEGRATION"),
    Case("whole_order_confirmed", "parcels", "OVERSTATED"),
    Case("gate_before_confirmation", "parcels", "UNCONFIRMED_SHIPMENT"),
    Case("manual_stock_only", "listings", "DRIFT_LEFT_LISTING", in_calm_water=True),
    Case("dead_letter_replay", "refunds", "DUPLICATE_REFUND"),
)


def pairs() -> Iterator[str]:
    """Names of the files here that hold a pair."""
    for path in sorted(HERE.glob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        defined = {each.name for each in body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))}
        if {"bad", "good"} <= defined:
            yield path.stem
