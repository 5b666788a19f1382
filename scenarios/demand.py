"""Demand: who buys what, and when: a real trace, or made up."""

from __future__ import annotations

from seatrial.scenarios.synthetic import Synthetic
from seatrial.scenarios.trace_demand import Trace

Demand = Trace | Synthetic
"""Every kind of demand, chosen by `kind`. `season(dice, network)` makes one ready for a run; raises BadInput."""
