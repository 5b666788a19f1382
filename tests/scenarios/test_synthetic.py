"""Laws of made-up demand: as much as asked for, at the pace asked for, the same for the same seed, and never a list."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.mocks.purchases import Purchase
from seatrial.scenarios.arrivals import Burst, Constant, Daily, Poisson, moments
from seatrial.scenarios.demand import Demand
from seatrial.scenarios.season import Network, Season
from seatrial.scenarios.synthetic import Synthetic
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput
from seatrial.sim.quantities import PerSecond, Seconds, Share, read_quantity

HOUR, DAY = 3600.0, 86_400.0
NETWORK = Network(
    start=datetime(2011, 12, 1, 9, 30, tzinfo=UTC),
    length=30 * DAY,
    channels=("b2b", "marketplace", "storefront"),
    warehouses=("north", "south"),
)
HOURLY = PerSecond(200 / HOUR)


def purchases(season: Season) -> Iterator[Purchase]:
    """Synthetic demand is purchases only."""
    return cast("Iterator[Purchase]", season.intents)


def intents(demand: Synthetic, seed: int = 7, network: Network = NETWORK) -> Iterator[Purchase]:
    return purchases(demand.season(Dice(seed), network))


def times(curve, count, seed=7):
    return list(islice(moments(curve, NETWORK.midnight, Dice(seed).stream("test").random), count))


@given(
    st.tuples(st.integers(1, 4), st.integers(0, 3)),
    st.tuples(st.integers(1, 9), st.integers(0, 9)),
    st.integers(7, 60),
    st.floats(0, 10),
    st.integers(0, 2**32),
)
@settings(max_examples=60)
def test_orders_are_as_asked_for(lines, quantity, skus, popularity, seed):
    """Lines, quantities and prices lie in their ranges; a SKU stands on one line of an order and has a price."""
    demand = Synthetic(
        orders=20,
        lines=(lines[0], sum(lines)),
        quantity=(quantity[0], sum(quantity)),
        skus=skus,
        popularity=popularity,
        prices=(5, 9),
    )
    season = demand.season(Dice(seed), NETWORK)
    made = list(purchases(season))
    assert len(made) == 20
    for each in made:
        order = each.order
        assert lines[0] <= len(order.lines) <= sum(lines)
        assert len({line.sku for line in order.lines}) == len(order.lines)
        assert all(quantity[0] <= line.quantity <= sum(quantity) for line in order.lines)
        assert all(5 <= line.unit_price == season.assortment.items[line.sku].price <= 9 for line in order.lines)
        assert order.channel == each.channel


def test_order_numbers_count_up_in_each_channel():
    """Every channel numbers its orders by itself, from 1, without gaps."""
    numbers: dict[str, list[str]] = {}
    for each in intents(Synthetic(orders=300)):
        numbers.setdefault(each.channel, []).append(each.order.order_no)
    assert set(numbers) == set(NETWORK.channels)
    for channel, prefix in (("marketplace", "MP"), ("storefront", "SF"), ("b2b", "B2B")):
        assert numbers[channel] == [f"{prefix}-{n:06d}" for n in range(1, len(numbers[channel]) + 1)]


def test_the_demand_ends_with_the_run():
    """Without a number of orders the stream lasts as long as the demand of the run, and no longer."""
    network = msgspec.structs.replace(NETWORK, length=2 * HOUR)
    made = [each.at for each in intents(Synthetic(), network=network)]
    assert 300 < len(made) < 500
    assert max(made) < 2 * HOUR


def test_best_sellers_sell_best():
    """With a popularity of one the first item sells about twice as often as the second; with zero, alike."""
    steep, flat = Counter(), Counter()
    for popularity, counter in ((1.0, steep), (0.0, flat)):
        for each in intents(Synthetic(orders=6000, skus=20, lines=(1, 1), popularity=popularity)):
            counter[each.order.lines[0].sku] += 1
    assert 1.7 < steep["SKU-0001"] / steep["SKU-0002"] < 2.3
    assert max(flat.values()) < 1.5 * min(flat.values())


def test_shares_are_kept():
    """Channels and countries have about the share of the orders that they were given."""
    shares = {"storefront": Share(0.8), "b2b": Share(0.2), "marketplace": Share(0)}
    countries = {"Germany": Share(0.25), "France": Share(0.75)}
    made = list(intents(Synthetic(orders=4000, channels=shares, countries=countries)))
    channels = Counter(each.channel for each in made)
    homes = Counter(each.order.customer.country for each in made)
    assert abs(channels["storefront"] / 4000 - 0.8) < 0.03
    assert "marketplace" not in channels
    assert abs(homes["Germany"] / 4000 - 0.25) < 0.03


def test_stock_lasts_for_its_cover():
    """What the shoppers buy within the cover is about the stock to begin with, in total and item by item."""
    season = Synthetic(cover=Seconds(5 * DAY)).season(Dice(7), msgspec.structs.replace(NETWORK, length=5 * DAY))
    sold: Counter[str] = Counter()
    for each in purchases(season):
        sold.update({line.sku: line.quantity for line in each.order.lines})
    stock = {sku: season.assortment.units(sku) for sku in season.assortment.items}
    assert sold.total() == pytest.approx(sum(stock.values()), rel=0.05)
    often = [sku for sku, units in stock.items() if units > 500]
    assert all(sold[sku] == pytest.approx(stock[sku], rel=0.15) for sku in often)
    assert len(often) > 20


def test_customers_are_people_who_come_again():
    """A customer number always belongs to the same person, and a pool of ten has ten."""
    people = {}
    for each in intents(Synthetic(orders=500, customers=10)):
        customer = each.order.customer
        assert people.setdefault(customer.customer_no, customer) == customer
        assert all((customer.name, customer.email, customer.street, customer.city, customer.postcode))
    assert len(people) == 10


def test_the_same_seed_gives_the_same_stream():
    """Two streams of one seed are equal; another seed gives another."""
    assert list(intents(Synthetic(orders=200))) == list(intents(Synthetic(orders=200)))
    assert list(intents(Synthetic(orders=200))) != list(intents(Synthetic(orders=200), seed=8))


def test_the_stream_is_the_same_in_every_process():
    """Neither the process nor its hash seed shows in the stream."""
    program = (
        "import hashlib, msgspec; from datetime import UTC, datetime\n"
        "from seatrial.scenarios.season import Network; from seatrial.scenarios.synthetic import Synthetic\n"
        "from seatrial.sim.dice import Dice\n"
        "network = Network(datetime(2011, 12, 1, tzinfo=UTC), 1e7, ('b2b', 'storefront'), ('north', 'south'))\n"
        "season = Synthetic(orders=300).season(Dice(7), network)\n"
        "text = msgspec.json.encode((list(season.intents), season.assortment))\n"
        "print(hashlib.sha256(text).hexdigest())\n"
    )
    seen = set()
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        seen.add(done.stdout)
    assert len(seen) == 1


def test_a_stream_keeps_nothing():
    """Twenty thousand orders pass through memory one by one; the first of a billion is there at once."""
    stream = intents(Synthetic(orders=10**9, skus=200, customers=20))
    for _ in islice(stream, 1000):
        pass
    tracemalloc.start()
    try:
        for _ in islice(stream, 20_000):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


def test_constant_arrivals_keep_their_distance():
    """At 200 an hour somebody comes every 18 seconds."""
    assert [b - a for a, b in pairwise(times(Constant(HOURLY), 100))] == pytest.approx([18.0] * 99)


@pytest.mark.parametrize("curve", [Poisson(HOURLY), Daily(HOURLY), Burst(HOURLY, every=Seconds(DAY), factor=1.0)])
def test_every_curve_has_the_rate_it_says(curve):
    """Over ten days the average is the rate, whatever the shape; time never stands still or goes back."""
    came = times(curve, 48_000)
    assert came[-1] == pytest.approx(48_000 * 18, rel=0.03)
    assert all(a < b for a, b in pairwise(came))


def test_waiting_goes_on_over_the_hour():
    """Where less than one comes an hour, the rate is kept all the same: nobody starts to wait again at each stroke."""
    came = times(Daily(PerSecond(0.5 / HOUR), (1.0,) * 24), 4000)
    assert came[-1] == pytest.approx(8000 * HOUR, rel=0.05)


def test_poisson_gaps_have_no_memory():
    """The share of gaps longer than the average is 1/e, as chance would have it."""
    came = times(Poisson(HOURLY), 20_000)
    assert sum(b - a > 18 for a, b in pairwise(came)) / 20_000 == pytest.approx(0.368, abs=0.02)


def test_a_daily_curve_follows_the_hours():
    """An hour with weight zero sees nobody, one with twice the weight twice as many; hours are those of the clock."""
    hours = [0.0] * 24
    hours[9], hours[10], hours[20] = 1.0, 1.0, 2.0
    came = times(Daily(HOURLY, tuple(hours)), 24_000)
    seen = Counter(int((at - NETWORK.midnight) // HOUR) % 24 for at in came)
    assert set(seen) == {9, 10, 20}
    assert seen[20] / seen[9] == pytest.approx(2, rel=0.08)
    assert seen[10] / seen[9] == pytest.approx(1, rel=0.08)


def test_a_burst_multiplies_the_rate_for_a_while():
    """In a rush ten times as many come as before it; a rush that returns does so on time."""
    curve = Burst(HOURLY, at=Seconds(10 * HOUR), lasts=Seconds(HOUR), factor=10.0, every=Seconds(20 * HOUR))
    came = times(curve, 20_000)
    hours = Counter(int(at // HOUR) for at in came)
    rushes = [hour for hour, count in hours.items() if count > 1000]
    assert rushes == [10 + 20 * n for n in range(len(rushes))]
    assert len(rushes) > 2
    assert hours[10] == pytest.approx(2000, rel=0.1)
    assert hours[9] < 300


@pytest.mark.parametrize(
    "demand",
    [
        Synthetic(arrivals=Poisson(PerSecond(0))),
        Synthetic(arrivals=Daily(HOURLY, (1.0, 2.0))),
        Synthetic(arrivals=Daily(HOURLY, (0.0,) * 24)),
        Synthetic(arrivals=Burst(HOURLY, lasts=Seconds(HOUR), every=Seconds(HOUR / 2))),
        Synthetic(lines=(3, 2)),
        Synthetic(quantity=(0, 2)),
        Synthetic(prices=(-1, 2)),
        Synthetic(skus=2),
        Synthetic(orders=-1),
        Synthetic(customers=0),
        Synthetic(popularity=-1.0),
        Synthetic(cover=Seconds(0)),
        Synthetic(currency="XYZ"),
        Synthetic(countries={"France": Share(0.5)}),
        Synthetic(channels={"bazaar": Share(1)}),
    ],
)
def test_figures_that_make_no_sense_are_bad_input(demand):
    """What nobody could play is refused before the run, not in the middle of it."""
    with pytest.raises(BadInput):
        demand.season(Dice(7), NETWORK)


def test_a_scenario_says_it_in_a_few_words():
    """The section of a scenario that makes demand up is read with units as people write them."""
    written = {
        "kind": "synthetic",
        "orders": 1000,
        "arrivals": {"kind": "burst", "rate": "200/h", "at": "2 h", "lasts": "10 min", "factor": 5},
        "returns": "2 %",
        "lines": [2, 3],
        "cancel_after": {"kind": "constant", "value": "1 h"},
    }
    demand = msgspec.convert(written, Demand, dec_hook=read_quantity)
    assert isinstance(demand, Synthetic)
    assert demand.arrivals == Burst(HOURLY, Seconds(2 * HOUR), Seconds(600), 5.0)
    season = demand.season(Dice(7), NETWORK)
    assert (season.habits.returns, season.habits.cancel_after.quantile(0.5)) == (0.02, HOUR)
