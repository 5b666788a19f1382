"""Laws of real demand: nothing of the file is lost, its traps are put right and counted, bad files are named."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seatrial.mocks.purchases import Purchase, StrayReturn
from seatrial.scenarios.demand import Demand
from seatrial.scenarios.season import Network
from seatrial.scenarios.trace_demand import CHARGES, Trace
from seatrial.scenarios.trace_file import find_trace, packaged, read_trace
from seatrial.scenarios.trace_orders import account_of, is_charge, orders_of
from seatrial.sim.dice import Dice
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.quantities import Seconds, Share, read_quantity

DAY = 86_400.0
WEEK = Network(
    start=datetime(2011, 12, 1, tzinfo=UTC),
    length=7 * DAY,
    channels=("b2b", "marketplace", "storefront"),
    warehouses=("north", "south"),
)
moment = datetime.fromisoformat
HEADER = "order_id,ts,sku,qty,price,country"


def raw(name: str) -> list[dict[str, str]]:
    """The rows of a packaged file as a plain CSV reader sees them."""
    with gzip.open(str(find_trace(name, Path())), "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def orders_file():
    return raw("online-retail-peak-orders")


@pytest.fixture(scope="module")
def returns_file():
    return raw("online-retail-peak-returns")


@pytest.fixture(scope="module")
def everything():
    """All orders of the packaged trace."""
    return orders_of(read_trace(find_trace("online-retail-peak-orders", Path()), 2), CHARGES)


@pytest.fixture(scope="module")
def week():
    """The demand of the peak week, and its intents."""
    season = Trace().season(Dice(7), WEEK)
    return season, list(season.intents)


@pytest.fixture
def write(tmp_path):
    """Writes a trace of lines under the usual header."""

    def to_file(*lines, name="trace.csv", header=HEADER):
        (tmp_path / name).write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
        return name

    return to_file


@pytest.fixture
def play(tmp_path):
    """Makes the demand of a trace in a folder: its season and its intents."""

    def season(orders, *, length=DAY, **settings):
        network = msgspec.structs.replace(WEEK, folder=tmp_path, length=length)
        chosen: dict[str, Any] = {"orders": orders, "returns": "", **settings}
        made = Trace(**chosen).season(Dice(7), network)
        return made, list(made.intents)

    return season


def pence(row: dict[str, str]) -> int:
    return int(row["qty"]) * round(float(row["price"]) * 100)


def test_the_packaged_file_is_read_to_the_last_line(orders_file):
    """Every line of the file comes out, in its order, with its values."""
    lines = list(read_trace(find_trace("online-retail-peak-orders", Path()), 2))
    assert len(lines) == len(orders_file) == 108_480
    for line, row in zip(lines[::977], orders_file[::977], strict=True):
        assert (line.order_id, line.sku, line.country) == (row["order_id"], row["sku"], row["country"])
        assert (line.quantity, line.price) == (int(row["qty"]), round(float(row["price"]) * 100))
        assert line.at == moment(row["ts"])


def test_totals_are_the_files_totals(everything, orders_file):
    """Units and money of all orders are those of the file, less what the account says was left out."""
    account = account_of(everything)
    kept = [line for order in everything for line in order.lines.values()]
    assert account.orders == len(everything) == 3588
    assert account.units == sum(int(row["qty"]) for row in orders_file)
    assert account.amount == sum(map(pence, orders_file))
    assert sum(line.units for line in kept) == account.units - account.charge_units
    assert sum(line.units * line.price for line in kept) == (account.amount - account.charge_amount + account.repriced)
    assert len(kept) + account.joined + sum(is_charge(row["sku"], CHARGES) for row in orders_file) == len(orders_file)


def test_the_account_is_right_by_hand(orders_file, everything):
    """Charges and joined lines are counted as somebody with the file and a pencil would."""
    account = account_of(everything)
    charges = [row for row in orders_file if is_charge(row["sku"], CHARGES)]
    goods = Counter((row["order_id"], row["sku"]) for row in orders_file if not is_charge(row["sku"], CHARGES))
    assert {row["sku"] for row in charges} == {"POST", "DOT", "C2", "M", "BANK CHARGES", "gift_0001_10"}
    assert account.charge_units == sum(int(row["qty"]) for row in charges)
    assert account.charge_amount == sum(map(pence, charges))
    assert account.joined == sum(goods.values()) - len(goods)
    assert account.without_goods == 3588 - len({order_id for order_id, _ in goods})


def test_a_sku_stands_on_one_line_of_an_order(week):
    """No purchase has two lines of one SKU, a quantity below one, a negative price or a charge."""
    for purchase in week[1]:
        if isinstance(purchase, Purchase):
            lines = purchase.order.lines
            assert len({line.sku for line in lines}) == len(lines) > 0
            assert all(line.quantity > 0 and line.unit_price >= 0 for line in lines)
            assert not any(is_charge(line.sku, CHARGES) for line in lines)


def test_the_week_holds_the_orders_of_the_week(week, orders_file):
    """Purchases are exactly the orders with goods whose first line lies in the window, each at its minute."""
    first: dict[str, str] = {}
    for row in orders_file:
        if not is_charge(row["sku"], CHARGES):
            number, ts = row["order_id"], row["ts"]
            first[number] = min(ts, first[number]) if number in first else ts
    inside = {number: ts for number, ts in first.items() if "2011-12-01" <= ts < "2011-12-08"}
    bought = {each.order.order_no: each.at for each in week[1] if isinstance(each, Purchase)}
    assert bought.keys() == inside.keys()
    for number, at in bought.items():
        minute = (moment(inside[number]) - moment("2011-12-01")).total_seconds()
        assert 0 <= at - minute < 60


def test_intents_come_in_the_order_of_time(week):
    """The stream never goes back in time."""
    times = [each.at for each in week[1]]
    assert times == sorted(times)


def test_what_comes_back_is_what_the_file_says(week, returns_file):
    """Returns of known orders and stray returns add up, SKU by SKU, to the credit notes of the window."""
    expected: Counter[str] = Counter()
    for row in returns_file:
        if "2011-12-01" <= row["ts"] < "2011-12-08" and not is_charge(row["sku"], CHARGES):
            expected[row["sku"]] -= int(row["qty"])
    planned: Counter[str] = Counter()
    strays: Counter[str] = Counter()
    for each in week[1]:
        if isinstance(each, StrayReturn):
            strays.update(dict(each.goods))
        else:
            for back in each.returns:
                planned.update({line.sku: line.quantity for line in back.lines})
    assert planned + strays == expected
    assert planned
    assert strays


def test_no_more_comes_back_than_was_bought(week):
    """Per order and SKU, planned returns stay within what was ordered, and are asked for after the sale."""
    for each in week[1]:
        if isinstance(each, Purchase):
            left = {line.sku: line.quantity for line in each.order.lines}
            for back in each.returns:
                assert back.at > each.at - 60
                for line in back.lines:
                    left[line.sku] -= line.quantity
            assert min(left.values()) >= 0


def test_everything_that_moves_is_in_the_assortment(week):
    """Each SKU that is bought or comes back has a price and a place in every warehouse; what sells has stock."""
    season, intents = week
    items = season.assortment.items
    for each in intents:
        if isinstance(each, Purchase):
            assert all(sum(items[line.sku].stock.values()) > 0 for line in each.order.lines)
        else:
            assert all(set(items[sku].stock) == {"north", "south"} for sku, _ in each.goods)
    assert list(items) == sorted(items)


def test_stock_covers_the_average_demand(play, write):
    """With a cover of five days and a tenth of that in south, each warehouse holds its share, rounded up."""
    file = write("1,2011-12-01 00:00:00,A,30,1.00,UK", "2,2011-12-03 00:00:00,A,10,1.00,UK")
    season, _ = play(
        file, length=7 * DAY, cover=Seconds(5 * DAY), warehouses={"north": Share(0.9), "south": Share(0.1)}
    )
    assert season.assortment.items["A"].stock == {"north": 90, "south": 10}
    assert season.cover == 5 * DAY


def test_speed_up_shortens_time_only(play, write):
    """At ten times the speed the same orders come in a tenth of the time, and their stock lasts as long."""
    file = write(*(f"{n},2011-12-0{n} 12:00:00,A,6,1.00,UK" for n in range(1, 7)))
    slow, slowly = play(file, length=7 * DAY)
    fast, quickly = play(file, length=0.7 * DAY, speed_up=10.0)
    assert [each.order.lines for each in quickly] == [each.order.lines for each in slowly]
    assert [each.at * 10 for each in quickly] == pytest.approx([each.at for each in slowly])
    assert fast.assortment.units("A") == pytest.approx(10 * slow.assortment.units("A"), abs=20)


def test_lines_of_one_sku_are_joined_at_the_first_price(play, write):
    """Quantities add up; what the order costs more or less for it is stated."""
    file = write("1,2011-12-01 09:00:00,A,2,1.00,UK", "1,2011-12-01 09:01:00,A,3,1.10,UK")
    season, (purchase,) = play(file)
    ((line,),) = [purchase.order.lines]
    assert (line.quantity, line.unit_price) == (5, 100)
    assert any("-0.30 GBP" in note for note in season.notes)


def test_an_order_is_placed_at_its_earliest_line(play, write):
    """An order that spans two times, in any order of lines and with others between them, is one order at the first."""
    file = write(
        "1,2011-12-01 09:05:00,A,1,1.00,UK",
        "2,2011-12-01 09:04:00,A,1,1.00,UK",
        "1,2011-12-01 09:03:00,A2,1,1.00,UK",
    )
    _, intents = play(file)
    placed = [(each.order.order_no, int(each.at) // 60 * 60, len(each.order.lines)) for each in intents]
    assert placed == [("1", 9 * 3600 + 180, 2), ("2", 9 * 3600 + 240, 1)]


def test_list_prices_are_those_most_often_paid(play, write):
    """The assortment has the most frequent price, and orders carry it where the scenario wants list prices."""
    prices = ("1.00", "2.00", "2.00")
    file = write(*(f"{n},2011-12-01 09:00:00,A,1,{price},UK" for n, price in enumerate(prices)))
    season, sold = play(file)
    _, listed = play(file, prices="list")
    assert season.assortment.items["A"].price == 200
    assert sorted(each.order.lines[0].unit_price for each in sold) == [100, 200, 200]
    assert [each.order.lines[0].unit_price for each in listed] == [200, 200, 200]


def test_a_credit_note_is_matched_within_its_country(play, write):
    """The latest earlier order of the country with units left is the one that is meant; the rest comes unannounced."""
    file = write(
        "1,2011-12-01 09:00:00,A,2,1.00,UK",
        "2,2011-12-01 10:00:00,A,2,1.00,UK",
        "3,2011-12-01 11:00:00,A,9,1.00,France",
        "4,2011-12-01 15:00:00,A,9,1.00,UK",
    )
    back = write("C1,2011-12-01 12:00:00,A,-5,1.00,UK", name="returns.csv")
    _, intents = play(file, returns=back)
    returns = {e.order.order_no: [x.lines[0].quantity for x in e.returns] for e in intents if isinstance(e, Purchase)}
    assert returns == {"1": [2], "2": [2], "3": [], "4": []}
    assert [each.goods for each in intents if isinstance(each, StrayReturn)] == [(("A", 1),)]


def test_channels_share_the_orders(week):
    """Each order belongs to one channel by its number alone; shares are near those asked for."""
    season = Trace(channels={"storefront": Share(0.7), "b2b": Share(0.3)}).season(Dice(7), WEEK)
    counts = Counter(each.channel for each in season.intents if isinstance(each, Purchase))
    assert set(counts) == {"storefront", "b2b"}
    assert abs(counts["storefront"] / counts.total() - 0.7) < 0.06
    assert len({each.channel for each in week[1] if isinstance(each, Purchase)}) == 3


def test_the_same_seed_gives_the_same_demand(week):
    """Two readings with one seed are equal; another seed changes seconds, channels and customers, not goods."""
    again = list(Trace().season(Dice(7), WEEK).intents)
    other = [each for each in Trace().season(Dice(8), WEEK).intents if isinstance(each, Purchase)]
    assert again == week[1]
    mine = {each.order.order_no: each.order for each in week[1] if isinstance(each, Purchase)}
    assert all(mine[each.order.order_no].lines == each.order.lines for each in other)
    assert any(mine[each.order.order_no].channel != each.channel for each in other)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r":?.*the trace is empty"),
        (HEADER.encode() + b"\n", "the trace has no lines"),
        (b"order_id,ts,sku,qty,price\n1,2011-12-01 09:00:00,A,1,1.0\n", r"trace.csv:1: .*lacks a column: 'country'"),
        (HEADER.encode() + b"\n1,2011-12-01 09:00:00,A,-1,1.0,UK\n", r"trace.csv:2: column qty: .*above zero.*'-1'"),
        (HEADER.encode() + b"\n1,2011-12-01 09:00:00,A,0,1.0,UK\n", r"trace.csv:2: column qty: .*1 to 1000000000"),
        (HEADER.encode() + b"\n1,2011-12-01 09:00:00,A,1.5,1.0,UK\n", r"column qty: not a whole number: '1.5'"),
        (HEADER.encode() + b"\n1,2011-12-01 09:00:00,A,9999999999,1.0,UK\n", r"column qty: a line has"),
        (HEADER.encode() + b"\n1,yesterday,A,1,1.0,UK\n", r"trace.csv:2: column ts: not a time.*'yesterday'"),
        (HEADER.encode() + b"\n1,2011-12-01T09:00:00+01:00,A,1,1.0,UK\n", r"column ts: times are local"),
        (HEADER.encode() + b"\n1,2011-12-01 09:00:00,A,1,cheap,UK\n", r"column price: not a price: 'cheap'"),
        (HEADER.encode() + b"\n1,2011-12-01 09:00:00,A,1,nan,UK\n", r"column price: a price lies between"),
        (HEADER.encode() + b"\n1,2011-12-01 09:00:00,A,1,-2.0,UK\n", r"column price: a price lies between"),
        (HEADER.encode() + b"\n,2011-12-01 09:00:00,A,1,1.0,UK\n", r"trace.csv:2: column order_id"),
        (HEADER.encode() + b"\n1,2011-12-01 09:00:00,A,1,1.0,UK\n2,2011-12-0", r"trace.csv:3: 2 fields .*cut off"),
        (HEADER.encode() + b"\n1,2011-12-01 09:00:00,A,1,1.0,Curac\xe3o\n", r"trace.csv:2: not UTF-8: 'byte 0xe3'"),
        (HEADER.encode("utf-16"), r"trace.csv:1: not UTF-8"),
        (HEADER.encode() + b'\n1,2011-12-01 09:00:00,"A"x,1,1.0,UK\n', r"trace.csv:2: not CSV"),
        (
            gzip.compress(HEADER.encode() * 500, mtime=0)[:-20],
            r"trace.csv:1: the compressed trace is damaged or was cut off",
        ),
        (b"\x1f\x8b but not gzip", r"trace.csv:1: the compressed trace is damaged"),
    ],
)
def test_a_bad_file_is_named_with_line_and_column(tmp_path, play, content, message):
    """What cannot be a trace is bad input that says file, line, column and value."""
    (tmp_path / "trace.csv").write_bytes(content)
    with pytest.raises(BadInput, match=message) as refused:
        play("trace.csv")
    assert "trace.csv" in str(refused.value)


def test_a_packed_file_that_ends_early_is_bad_input(tmp_path, play):
    """Half of the packaged file is not taken for the whole of it."""
    whole = Path(str(find_trace("online-retail-peak-orders", Path()))).read_bytes()
    (tmp_path / "half.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"half\.csv\.gz:\d+: the compressed trace is damaged or was cut off"):
        play("half.csv.gz")


def test_orders_are_no_returns(play, write):
    """Credit notes where orders are expected, and orders where returns are, are told apart."""
    with pytest.raises(BadInput, match="above zero"):
        Trace(orders="online-retail-peak-returns").season(Dice(7), WEEK)
    with pytest.raises(BadInput, match="below zero"):
        Trace(returns="online-retail-peak-orders").season(Dice(7), WEEK)


def test_plain_and_packed_files_are_the_same(tmp_path, play, write):
    """Packed or not, with a byte order mark or not, a trace is a trace."""
    write("1,2011-12-01 09:00:00,A,2,1.00,UK")
    text = (tmp_path / "trace.csv").read_bytes()
    (tmp_path / "packed.bin").write_bytes(gzip.compress(b"\xef\xbb\xbf" + text, mtime=0))
    assert play("packed.bin")[1] == play("trace.csv")[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": moment("2012-03-01")}, r"no orders in the window.*2012-03-01.*runs from 2011-11-01 08:16"),
        ({"start": moment("2011-12-03"), "stop": moment("2011-12-04")}, "no orders in the window"),
        ({"start": moment("2011-12-03"), "stop": moment("2011-12-02")}, "ends before it begins"),
        ({"orders": "online-retail-peak-order"}, "did you mean 'online-retail-peak-orders'"),
        ({"currency": "XYZ"}, "unknown currency"),
        ({"speed_up": 0.0}, "speed_up"),
        ({"channels": {"storefront": Share(0.5)}}, "do not add up to 100 %: '50 %'"),
    ],
)
def test_a_window_or_figure_that_makes_no_sense_is_bad_input(settings, message):
    """A window outside the data, a file nobody has, shares that do not add up: the error says what would do."""
    with pytest.raises(BadInput, match=message):
        Trace(**settings).season(Dice(7), WEEK)


def test_an_unknown_channel_or_warehouse_is_named():
    """A share for a name that the network does not have says the names it has."""
    with pytest.raises(UnknownName, match="did you mean 'storefront'"):
        Trace(channels={"storefornt": Share(1)}).season(Dice(7), WEEK)
    with pytest.raises(UnknownName, match="known: north, south"):
        Trace(warehouses={"east": Share(1)}).season(Dice(7), WEEK)


def test_a_window_may_carry_a_zone():
    """Moments with a zone are taken in UTC, the clock of the trace in winter."""
    start = moment("2011-12-01T02:00:00+02:00")
    zoned = Trace(start=start).season(Dice(7), WEEK)
    plain = Trace(start=moment("2011-12-01")).season(Dice(7), WEEK)
    assert zoned.notes == plain.notes


def test_a_scenario_says_it_in_a_few_words():
    """The section of a scenario that chooses the trace is read with units as people write them."""
    written = {"kind": "trace", "channels": {"storefront": "60 %", "b2b": "40 %"}, "cover": "12 d", "speed_up": 2}
    demand = msgspec.convert(written, Demand, dec_hook=read_quantity)
    assert isinstance(demand, Trace)
    assert (demand.cover, demand.channels["b2b"]) == (12 * DAY, 0.4)
    assert "online-retail-peak-orders" in packaged()
