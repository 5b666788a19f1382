"""Laws of written records: what is read is what was written, and what is no record says so."""

from __future__ import annotations

import msgspec
import pytest

from seatrial.mocks.hosting.codec import UnreadableRecord, read_record, write_record
from seatrial.mocks.messages.orders import Change, ChannelOrder, Customer, OrderLine, Units
from seatrial.mocks.messages.warehouse import StockMoved
from seatrial.mocks.middleware.files import MARK, Mark, Message, OrderFile, Position, ReleaseFile, ReturnFile
from seatrial.sim.store import Record

ANN = Customer("GB-1", "Ann Öther", "ann@example.test", "1 High Street", "Leeds", "LS1", "UK")
ORDER = ChannelOrder("SF-1", "storefront", 0.1 + 0.2, ANN, "GBP", (OrderLine("A", 2, 995),), float("inf"))
CHANGE = Change("SF-1/placed", "placed", 12.5, "SF-1", ORDER)
MOVED = StockMoved("N-1", "north", 1, (Units("A", -2),), "shrunk")
RECORDS = [
    MARK,
    Position(""),
    ReturnFile("RMA-1", "SF-1", "storefront"),
    OrderFile(ORDER, True, ("B",), (ReleaseFile("SF-1/R1", "north", (Units("A", 2),), "shipped"),)),
    Message("SF-1/placed", "placed", "SF-1", "storefront", CHANGE, 12.5, 3),
    Message("N-1", "inventory.adjusted", "stock/north", "north", MOVED, 3.25),
    Message("SF-1/short", "stock_arrived", "SF-1", "", MARK, 1e-9),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_what_is_read_is_what_was_written(record: Record) -> None:
    """Every record comes back equal and of its own type, the document in a message too, and every float exactly."""
    read = read_record(*write_record(record))
    assert read == record
    assert type(read) is type(record)
    if isinstance(record, Message) and isinstance(read, Message):
        assert type(read.body) is type(record.body)


def test_an_unknown_type_is_not_written() -> None:
    """What could not be read again is refused before it lies in a store."""

    class Stranger(msgspec.Struct, frozen=True):
        """Nobody's record."""

    with pytest.raises(UnreadableRecord, match="Stranger"):
        write_record(Stranger())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("files.Gone", b"\x80"),
        ("files.Position", b"\x80"),
        ("files.Position", b"\xc1"),
        ("files.Position", msgspec.msgpack.encode({"cursor": 7})),
        ("files.Message", write_record(RECORDS[-1]).body.replace(b"files.Mark", b"files.Gone")),
    ],
)
def test_a_record_of_another_version_says_so(kind: str, body: bytes) -> None:
    """An unknown type, a missing field, another type of field and broken bytes are one clear error each."""
    with pytest.raises(UnreadableRecord, match="another version"):
        read_record(kind, body)


def test_the_known_mark_is_a_record() -> None:
    """The smallest record has no field at all."""
    assert read_record(*write_record(MARK)) == Mark()
