"""Storms by chance: hypothesis strategies for faults, the places that they strike, rules, and whole storms.

A test of one's own is `@given(storms("open-water", orders=10))` over a function that asserts
`not sail(storm, "resilient").codes`; hypothesis shrinks what fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice, product
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from seatrial.mocks.guests.entry import Under
from seatrial.scenarios.complaints import read_written
from seatrial.scenarios.loader import Loaded, load_scenario
from seatrial.scenarios.schema import RuleSpec
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput
from seatrial.sim.fate import Crash
from seatrial.sim.fault import Fault, fates_of
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.rows import WIDTH
from seatrial.storm_targets import Chart, Place
from seatrial.storm_values import SHARES, bearable, parameters, too_long
from seatrial.storms import Storm, calm_water
from seatrial.trial import Trial

try:
    from hypothesis import strategies as st
except ImportError as error:  # pragma: no cover (the test extra has it)
    raise BadInput("hypothesis is not installed", value="hypothesis", hint="pip install 'seatrial[search]'") from error

MAX_RULES: Final = 3
"""Rules of a storm, at most, where nobody says otherwise."""
_STEPS: Final = 8
"""Parts of the chaos phase that the edges of a window fall on."""
_BUSY: Final = 4
"""How many times more often a rule is aimed where something happens in calm water, or at a whole partner."""
_Window = tuple[Seconds, Seconds | None]
_MEASURES: Final[Sequence[dict[str, Any]]] = (
    {}, {}, {}, {}, {"first": 1}, {"times": 1},
    {}, {"nth": 1}, {"first": 1}, {"times": 1}, {"nth": 2}, {"first": 2}, {"times": 2}, {"times": 5}, {"every": 2},
    {"every": 3},
)  # fmt: skip
"""How often a rule strikes, the plainest first; what strikes more often stands there several times."""
_COUNTED: Final = frozenset({"first", "nth", "times"})
"""Those that come to an end."""


def faults(kind: str | None = None, *, longest: float = 60.0) -> st.SearchStrategy[Fault]:
    """Any fault of the catalogue, or any of one kind; durations stay within `longest` seconds."""
    names = Catalogue("faults").names() if kind is None else (kind,)
    return st.sampled_from(names).flatmap(
        lambda name: _written(name, longest).map(lambda written: _made(Catalogue("faults").get(name), written))
    )


def targets(scenario: str | Path | Loaded, kind: str | None = None) -> st.SearchStrategy[str]:
    """Any target in the world of a scenario, or any that a kind of fault may strike."""
    chart = chart_of(_loaded(scenario))
    return st.sampled_from(chart.targets if kind is None else [each.at for each in chart.places(kind)])


def rules(scenario: str | Path | Loaded, *, kinds: Sequence[str] = ()) -> st.SearchStrategy[RuleSpec]:
    """Any rule that fits a scenario: right by construction, and fair (see `docs/search.md`)."""
    loaded = _loaded(scenario)
    by_kind = _rules(chart_of(loaded), float(loaded.scenario.duration), float(loaded.scenario.calm), tuple(kinds))
    return st.one_of(*by_kind.values())


def storms(
    scenario: str | Path | Loaded = "open-water",
    *,
    orders: int = 20,
    max_rules: int = MAX_RULES,
    kinds: Sequence[str] = (),
    interleave: Literal["fifo", "seeded"] = "seeded",
    integration: Under = "",
) -> st.SearchStrategy[Storm]:
    """Any storm over the first `orders` orders of a scenario: rules of different kinds of faults.

    A smaller one has fewer rules and orders. Rules are aimed more often where something happens when this integration
    meets calm water; the scenario's own, if none is named.
    """
    calm = calm_water(_loaded(scenario), orders)
    by_kind = _rules(
        chart_of(calm.base), float(calm.duration), float(calm.calm), tuple(kinds), _busy(calm, integration)
    )
    count, most = len(calm.demand.orders), min(max_rules, len(by_kind))
    one = st.sampled_from(list(by_kind))
    sizes = [*range(1, most + 1), most]  # several make more pairs
    together = [st.lists(one, min_size=size, max_size=size, unique=True) for size in sizes]

    @st.composite
    def storm(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Storm:
        drawn = tuple(draw(by_kind[name]) for name in draw(st.one_of(*together)))
        few = count - draw(_few(count))
        seed = draw(st.integers(1, 65_536))
        demand = msgspec.structs.replace(calm.demand, orders=calm.demand.orders[:few])
        return msgspec.structs.replace(calm, demand=demand, rules=drawn, seed=seed, interleave=interleave)

    return storm()


def sail(storm: Storm, integration: Under) -> Trial:
    """Run a storm in memory: `codes` are the findings that break a limit, `verdict` is the whole judgement."""
    return Trial(storm, integration)


def _few(count: int) -> st.SearchStrategy[int]:
    """Orders left out: mostly none, for what goes wrong does so among many."""
    return st.one_of(st.just(0), st.integers(0, count - 1)) if count > 1 else st.just(0)


def _busy(calm: Storm, integration: Under) -> frozenset[str]:
    """Where something happens over these orders even in calm water: a rule that is aimed there strikes."""
    cells = Trial(calm, integration or calm.base.scenario.integration).cells
    rows = zip(cells[1::WIDTH], cells[2::WIDTH], cells[3::WIDTH], strict=True)
    return frozenset(f"{partner}.{work}" for kind, partner, work in rows if kind in ("call", "webhook"))


def _weighted(places: Sequence[Place], busy: frozenset[str]) -> list[Place]:
    """Places, where something happens more often than others."""
    return [place for place in places for _ in range(_BUSY if place.at in busy or "." not in place.at else 1)]


def _rules(
    chart: Chart, duration: float, calm: float, kinds: tuple[str, ...], busy: frozenset[str] = frozenset()
) -> dict[str, st.SearchStrategy[RuleSpec]]:
    """Rules by kind of fault."""
    longest = min(duration / 2, bearable(calm))
    windows = _windows(duration)
    known = kinds or chart.kinds
    return {
        name: _aimed(name, _weighted(chart.places(name), busy), windows, longest).filter(chart.is_fair)
        for name in known
    }


def _aimed(
    name: str, places: Sequence[Place], windows: st.SearchStrategy[_Window], longest: float
) -> st.SearchStrategy[RuleSpec]:
    """Rules of one kind of fault."""

    def rule(drawn: tuple[Place, _Window, dict[str, object], dict[str, Any]]) -> RuleSpec:
        place, (start, until), params, often = drawn
        direction: Any = place.direction
        return RuleSpec(fault=name, at=place.at, params=params, direction=direction, start=start, until=until, **often)

    return st.tuples(st.sampled_from(places), windows, _written(name, longest), _often(name)).map(rule)


def _often(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """How often a rule strikes. A crash is counted: who dies at every call does no trade, and takes the time of ten."""
    crashes = Crash in fates_of(Catalogue("faults").get(name))
    measures = [each for each in _MEASURES if not crashes or _COUNTED & each.keys()]
    return st.sampled_from([{"probability": Share(share), **each} for each in measures for share in SHARES])


_DEFAULT: Final = object()
_MOST: Final = 20_000
"""Ways to write a fault's parameters that are drawn from, at most."""


def _windows(duration: float) -> st.SearchStrategy[_Window]:
    """When a rule is armed: from any eighth of the chaos phase to any later one; the whole of it first."""
    edges = [round(duration * step / _STEPS, 3) for step in range(_STEPS + 1)]
    pairs: list[_Window] = [(Seconds(0), None)] * _STEPS
    for first, begin in enumerate(edges[:-1]):
        pairs += [(Seconds(begin), Seconds(end)) for end in edges[first + 1 :]]
    return st.sampled_from(pairs)


def _written(name: str, longest: float) -> st.SearchStrategy[dict[str, object]]:
    """Parameters of a fault as a scenario writes them, defaults left out; the plainest first. One draw for all."""
    kind = Catalogue("faults").get(name)
    known, forced = parameters(kind, longest), too_long(kind, longest)
    choices = [[*(() if field in forced else (_DEFAULT,)), *values] for field, values in known.items()]
    return st.sampled_from(
        [
            {field: value for field, value in zip(known, chosen, strict=True) if value is not _DEFAULT}
            for chosen in islice(product(*choices), _MOST)
        ]
    )


def _made(kind: type[Fault], written: dict[str, object]) -> Fault:
    return msgspec.convert(written, kind, dec_hook=read_written)


def _loaded(scenario: str | Path | Loaded) -> Loaded:
    return scenario if isinstance(scenario, Loaded) else load_scenario(scenario)


def chart_of(loaded: Loaded) -> Chart:
    """The places of a scenario's world where faults may strike."""
    return _charted(loaded.text or loaded.scenario.name, _Held(loaded))


class _Held:
    """A scenario that stands beside its text in a cache: what is cached goes by the text alone."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=8)
def _charted(_text: str, held: _Held) -> Chart:
    return Chart.of(held.loaded)
