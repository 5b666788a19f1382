"""What the evidence costs: to record a row, to write it, to know its digest, and to keep it on disk.

The rows are those of a trading week: some forty per order, ids of their own for order, release, parcel and invoice,
thousands of orders in flight at once. Time is the processor's, of all threads together, so that a busy machine does not
count against the evidence. Rounds are interleaved: a ratio is the median of the rounds' ratios, a figure per row that
of the quickest round.
"""

from __future__ import annotations

import gc
import hashlib
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import process_time
from typing import NamedTuple, cast

import polars as pl
import xxhash

from seatrial.sim.dice import Dice
from seatrial.sim.digest import digest_of
from seatrial.sim.evidence import Evidence
from seatrial.sim.rows import TEXT, WIDTH, Row, frame_of

ROUNDS = 7
ORDERS = 8_000
RECORDED, DRAWN = 200_000, 200_000
WEEK = 7 * 86_400.0
ASK = ("create_order", "acknowledge", "validate", "release", "buy_label", "confirm", "post_shipment", "post_invoice")
TELL = ("order.placed", "order.captured", "order.entered", "order.released", "fulfilment.accepted", "fulfilment.picked",
        "fulfilment.packed", "label.purchased", "shipment.dispatched", "shipment.posted", "invoice.posted",
        "shipment.in_transit", "shipment.delivered", "order.settled")  # fmt: skip
WHERE = ("store", "market", "erp", "north", "south", "parcel-one", "parcel-two", "desk")


class Figure(NamedTuple):
    """One measured figure and the limit it has to keep."""

    name: str
    value: float
    limit: float
    at_least: bool

    @property
    def kept(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def story(number: int, chance: random.Random) -> Iterator[Row]:
    """The rows of one order, from its placement to its delivery some days later."""
    at = chance.random() * WEEK
    order = f"5{chance.randrange(10**5):05}-{number}"
    ids = {"order": f"SO-{number:07}", "release": f"{order}/R1", "parcel": f"1Z{chance.randrange(10**10):010}"}
    for step, name in enumerate(TELL):
        at += chance.expovariate(1 / 9_000)
        where = WHERE[(step * 5 + number % 2) % len(WHERE)]
        key = order if step < 4 else ids["release"] if step < 8 else ids["parcel"]
        latency = chance.lognormvariate(-2.5, 0.6)
        rule = "lost-erp-replies" if chance.random() < 0.01 else ""
        own = f"{name[0].upper()}-{number * 3 + step:08}"
        ask, cents = ASK[step % len(ASK)], chance.randrange(100, 20_000)
        yield (at, "call", where, ask, "order", key, order, 1, "ok", 200, latency, "", 0, 0, rule)
        yield (at + latency, "commit", where, ask, "order", key, order, 0, "created", 0, 0.0, own, 3, cents, "")
        yield (at + latency, "event", where, name, "", key, order, 0, "", 0, 0.0, own, 3, cents, "")
        if step in (8, 11):
            sku = f"{20_000 + chance.randrange(4_000)}"
            yield (at + 1, "stock", "north", "on_hand", "", sku, "", 0, "", 0, 0.0, "", chance.randrange(500), 0, "")
            yield (at + 2, "webhook", where, name, "", key, order, 1, "ok", 200, latency, own, 0, 0, rule)


def trading_week() -> list[Row]:
    """All rows in the order of time, their cells made in that order too, as a run makes them."""
    chance, texts = random.Random(7), dict[str, str]()

    def fresh(cell: object) -> object:
        if isinstance(cell, float):
            return cell + 0.0
        return texts.setdefault(cell, (cell + " ")[:-1]) if isinstance(cell, str) else cell

    rows = sorted(row for number in range(ORDERS) for row in story(number, chance))
    return [cast(Row, tuple(map(fresh, row))) for row in rows]


def timed(work: Callable[[], object]) -> float:
    begin = process_time()
    work()
    return process_time() - begin


class Bench:
    """The same rows, recorded, written and hashed by us and by the barest means."""

    def __init__(self, folder: Path) -> None:
        self.rows = trading_week()
        self.cells = [cell for row in self.rows for cell in row]
        self.frame = frame_of(self.cells, 0)
        self.canonical = self.frame.height * (8 * 7 + 4 * len(TEXT)) + sum(len(c) for c in self.cells if type(c) is str)
        self.folder = folder
        gc.collect()
        gc.freeze()  # the rows at hand are not the garbage of what is measured

    def bare_append(self) -> float:
        rows: list[Row] = []
        add, clock = rows.append, self.clock

        def work() -> None:
            for number in range(RECORDED):
                add((clock(), "event", "erp", "order.entered", "", "k", "c", 0, "", 0, 0.0, "d", number, 1, "", ""))

        return timed(work)

    def record(self) -> float:
        event = Evidence(self.clock, part_rows=RECORDED + 1).event

        def work() -> None:
            for number in range(RECORDED):
                event("order.entered", "erp", "k", "c", number, 1, "d")

        return timed(work)

    def write(self) -> float:
        log = Evidence(self.clock, self.folder)

        def work() -> None:
            for row in self.rows:
                log.append(row)
            log.close()

        return timed(work)

    def persist(self) -> float:
        """Only what follows the appending: from the cells in memory to parts on disk and their digest."""
        log, step = Evidence(self.clock, self.folder), 65_536 * WIDTH
        pages = [self.cells[first : first + step] for first in range(0, len(self.cells), step)]

        def work() -> None:
            for page in pages:
                log._cells.extend(page)
                log.flush()

        return timed(work)

    def ready(self) -> float:
        """The limit: polars writes tables that are already there."""
        pages = list(self.frame.iter_slices(65_536))

        def work() -> None:
            for page in pages:
                page.write_parquet(self.folder / "ready", compression="zstd", compression_level=1)

        return timed(work)

    def digest(self) -> float:
        return timed(lambda: digest_of(self.frame.iter_slices(65_536)))

    def bare_sha(self) -> float:
        canonical = bytes(self.canonical)
        return timed(lambda: hashlib.sha256(canonical).digest())

    def draw(self) -> float:
        throw, keys = Dice(7).keyed("rule", "lost"), [f"erp.create_order/5{n:07}/1" for n in range(DRAWN)]

        def work() -> None:
            for key in keys:
                throw(key)

        return timed(work)

    def bare_hash(self) -> float:
        throw, keys = xxhash.xxh3_64_intdigest, [f"erp.create_order/5{n:07}/1".encode() for n in range(DRAWN)]

        def work() -> None:
            for key in keys:
                throw(key, 7)

        return timed(work)

    def clock(self) -> float:
        return 1.0

    def bytes_a_row(self) -> float:
        self.write()
        return sum(part.stat().st_size for part in self.folder.glob("part-*")) / len(self.rows)


def measure(bench: Bench) -> list[Figure]:
    """Play every item round by round."""
    items = (bench.bare_append, bench.record, bench.write, bench.persist, bench.ready, bench.digest, bench.bare_sha,
             bench.draw, bench.bare_hash)  # fmt: skip
    rounds = [{item.__name__: item() for item in items} for _ in range(ROUNDS)]
    rows = len(bench.rows)

    def ratio(above: str, below: str) -> float:
        return median(taken[above] / taken[below] for taken in rounds)

    def micros(name: str, count: int) -> float:
        return min(taken[name] for taken in rounds) / count * 1e6

    for name in ("write", "persist", "ready", "digest", "bare_sha"):
        print(f"  {name:<12} {micros(name, rows):6.3f} us a row")
    for name, count in (("bare_append", RECORDED), ("record", RECORDED), ("draw", DRAWN), ("bare_hash", DRAWN)):
        print(f"  {name:<12} {micros(name, count):6.3f} us")
    return [
        Figure("bytes a row on disk", bench.bytes_a_row(), 20.0, False),
        Figure("million rows a second, from rows to Parquet and digest", 1 / micros("persist", rows), 0.5, True),
        Figure("ready table to Parquet / rows to Parquet and digest, time", ratio("ready", "persist"), 0.25, True),
        Figure("microseconds to record a row, the clock's call included", micros("record", RECORDED), 0.4, False),
        Figure("record / bare append of the same tuple to a list, time", ratio("record", "bare_append"), 1.2, False),
        Figure("microseconds a row for the digest", micros("digest", rows), 0.3, False),
        Figure("digest / SHA-256 of as many bytes at once, time", ratio("digest", "bare_sha"), 3.0, False),
        Figure("keyed draw / bare xxh3 of the same key, time", ratio("draw", "bare_hash"), 6.0, False),
    ]  # fmt: skip


def main() -> int:
    """Print the figures; 1 if one of them misses its limit."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        print(f"the evidence, Python {sys.version.split()[0]}, polars {pl.__version__}, {len(bench.rows):,} rows "
              f"({len(bench.rows) / ORDERS:.0f} an order), {ROUNDS} rounds")  # fmt: skip
        figures = measure(bench)
    for figure in figures:
        sign = ">=" if figure.at_least else "<="
        print(f"  {'ok  ' if figure.kept else 'MISS'} {figure.value:6.2f} {sign} {figure.limit:<5} {figure.name}")
    return 0 if all(figure.kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
