"""A storm: a handful of orders and a handful of faults, ready to run and to be written down."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from seatrial.scenarios.embark import season_of
from seatrial.scenarios.loader import Loaded, parse_scenario
from seatrial.scenarios.order_list import OrderList
from seatrial.scenarios.schema import RuleSpec
from seatrial.scenarios.writing_out import written_out
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput
from seatrial.sim.quantities import Seconds
from seatrial.storm_words import plain, write

_DEMAND_SEED = 1
"""Seed with which the orders of a base scenario are made, so that all storms over it have the same."""


class Storm(msgspec.Struct, frozen=True):
    """A short scenario: what goes wrong over which orders, with the seed of all chance."""

    base: Loaded = msgspec.field()
    """The scenario that it stands on: world, controls, limits."""
    demand: OrderList
    """The orders."""
    rules: tuple[RuleSpec, ...] = ()
    """What goes wrong."""
    duration: Seconds = Seconds(0)
    """Seconds of demand and faults."""
    calm: Seconds = Seconds(0)
    """Seconds without either, within which everything has to come right."""
    seed: int = 1
    """Seed of all chance."""
    interleave: Literal["fifo", "seeded"] = "fifo"
    """In which order tasks that are ready run."""

    def __repr__(self) -> str:
        """What a failed test shows: the whole storm, as a scenario would have it."""
        return f"<storm of seed {self.seed}>\n{self.text}"

    @property
    def size(self) -> tuple[int, int, int, float]:
        """Rules, orders, units and seconds: what a shorter storm has less of."""
        units = sum(sum(order.lines.values()) for order in self.demand.orders)
        return len(self.rules), len(self.demand.orders), units, float(self.duration + self.calm)

    @property
    def loaded(self) -> Loaded:
        """The scenario, ready to run; its text is not written, which is what takes time."""
        scenario = msgspec.structs.replace(
            self.base.scenario,
            demand=self.demand,
            faults=self.rules,
            duration=self.duration,
            calm=self.calm,
            interleave=self.interleave,
        )
        return msgspec.structs.replace(self.base, scenario=scenario, text="", settings={}, written="")

    @property
    def text(self) -> str:
        """The scenario as YAML: whoever runs it with the storm's seed has the same history."""
        return self.written()

    def written(self, name: str = "storm", asks: str = "") -> str:
        """The same under a name and with a question of its own."""
        return write(self.document(name, asks))

    def document(self, name: str = "storm", asks: str = "") -> dict[str, Any]:
        """The scenario as a document."""
        inherited = self.base.document.plain
        asks = (
            asks or f"Does the integration come through {len(self.rules)} faults over {len(self.demand.orders)} orders?"
        )
        head = {"name": name, "asks": asks, "world": self.base.scenario.world, "start": self.base.scenario.start}
        body = {
            "duration": plain(self.duration),
            "calm": plain(self.calm),
            "interleave": self.interleave,
            "demand": _demand(self.demand),
            "faults": [plain(each) for each in self.rules],
        }
        return {**head, **{key: value for key, value in inherited.items() if key not in {**head, **body}}, **body}


def calm_water(base: Loaded, orders: int) -> Storm:
    """The first `orders` of a scenario's demand without any fault: the run lasts twice as long as they take to come.

    Raises BadInput where there is no order at all.
    """
    scenario = base.scenario
    demand = written_out(season_of(base, _DEMAND_SEED), orders, Dice(_DEMAND_SEED))
    if not demand.orders:
        raise BadInput("the scenario has no orders to search with", value=scenario.name, hint="raise its rate")
    last = float(demand.orders[-1].at)
    if last >= scenario.duration:  # rounded up to the very end
        demand = msgspec.structs.replace(demand, orders=demand.orders[:-1])
    duration = min(float(scenario.duration), round(2 * last + 1, 3))
    return Storm(base, demand, (), Seconds(duration), scenario.calm)


def read_storm(text: str, source: str, seed: int) -> Storm:
    """A storm that was written down. Raises BadInput with file and line, also where the demand is no list of orders."""
    loaded = parse_scenario(text, source)
    scenario = loaded.scenario
    if not isinstance(scenario.demand, OrderList):
        hint = "a storm names its orders one by one: demand: {kind: orders, ...}"
        raise BadInput("not a storm", value=scenario.name, where=source, hint=hint)
    return Storm(loaded, scenario.demand, scenario.faults, scenario.duration, scenario.calm, seed, scenario.interleave)


def _demand(demand: OrderList) -> dict[str, Any]:
    """The orders line by line, then the items."""
    told = dict(plain(demand))
    if "items" in told:
        told["items"] = dict(told["items"])
    return told
