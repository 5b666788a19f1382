"""Demand: who buys what, and when: a real trace, made up, or written down order by order."""

from __future__ import annotations

from seatrial.scenarios.order_list import OrderList
from seatrial.scenarios.synthetic import Synthetic
from seatrial.scenarios.trace_demand import Trace

Demand = Trace | Synthetic | OrderList
"""Every kind of demand, chosen by `kind`. `season(dice, network)` makes one ready for a run; raises BadInput."""
