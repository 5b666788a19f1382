"""Laws of the mailbox: a file does what its call would do, and no file of anybody harms us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.mocks.messages.erp import CreateSalesOrder
from seatrial.mocks.partners.erp import Erp
from seatrial.mocks.wire.postbox import MOST_BYTES, Mailbox
from seatrial.sim.errors import Rejected
from seatrial.sim.operation import Operation, Request

ORDER = b'{"order_no":"B-1","channel":"b2b","customer_no":"C-1","currency":"GBP","lines":[]}'


class Desk:
    """Takes what a file asks for."""

    def __init__(self, folder: Path) -> None:
        self.taken: list[tuple[str, Request[Any]]] = []
        self.refuses = False
        self.folder = folder / "erp"
        self.box = Mailbox(self.folder, {each.name: each for each in Erp.operations.values()}, self.take)

    def take(self, operation: Operation, request: Request[Any]) -> None:
        if self.refuses:
            raise Rejected("closed_period", "the books are closed", status=409)
        self.taken.append((operation.name, request))

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        status, answer = self.box.handle(method, path, {}, body)
        return status, json.loads(answer)

    @property
    def files(self) -> list[str]:
        return sorted(str(each.relative_to(self.folder)) for each in self.folder.rglob("*") if each.is_file())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("by_http", [False, True])
def test_a_file_does_what_its_call_would_do(by_http: bool, desk: Desk) -> None:
    """Left in the folder or over HTTP, it is worked off once and put aside; one that is still written waits."""
    if by_http:
        assert desk.ask("PUT", "/mailbox/create_sales_order-1.json", ORDER) == (202, {})
    else:
        (desk.folder / "in" / "create_sales_order-1.json").write_bytes(ORDER)
    (desk.folder / "in" / "create_sales_order-2.json.part").write_bytes(ORDER[:20])
    assert (desk.box.collect(), desk.box.collect()) == (1, 0)
    ((operation, request),) = desk.taken
    assert operation == "create_sales_order"
    assert isinstance(request, CreateSalesOrder)
    assert desk.files == ["in/create_sales_order-2.json.part", "in/done/create_sales_order-1.json"]


def test_a_refused_file_lies_beside_the_partners_words(desk: Desk) -> None:
    """The same refusal that a call gets."""
    desk.refuses = True
    desk.ask("PUT", "/mailbox/create_sales_order-1.json", ORDER)
    desk.box.collect()
    assert desk.files == ["in/failed/create_sales_order-1.error", "in/failed/create_sales_order-1.json"]
    said = json.loads((desk.folder / desk.files[0]).read_bytes())
    assert said["error"]["code"] == "closed_period"


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("no_such_thing-1.json", b"{}", "unknown_operation"),
        ("create_sales_order-1.json", b'{"order_no"', "invalid_request"),
        ("create_sales_order-1.json", b"\xff\xfe", "invalid_request"),
        ("create_sales_order-1.json", b"[" * 100_000, "invalid_request"),
        ("create_sales_order-1.json", b" " * (MOST_BYTES + 1), "too_large"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(name: str, body: bytes, code: str, desk: Desk) -> None:
    """Nothing is done for it, and the next one is."""
    (desk.folder / "in" / name).write_bytes(body)
    (desk.folder / "in" / "create_sales_order-9.json").write_bytes(ORDER)
    assert desk.box.collect() == 2
    (error,) = (desk.folder / "in" / "failed").glob("*.error")
    assert json.loads(error.read_bytes())["error"]["code"] == code
    assert len(desk.taken) == 1


def test_a_folder_is_no_file(desk: Desk) -> None:
    """One that is called like a file is put aside like one that cannot be read."""
    (desk.folder / "in" / "create_sales_order-1.json").mkdir()
    assert (desk.box.collect(), desk.box.collect()) == (1, 0)
    assert desk.files == ["in/failed/create_sales_order-1.error"]


@pytest.mark.parametrize(
    "name",
    ["../x.json", "done/x.json", ".x.json", "x", "x.part", "x\0.json", f"create_sales_order-{'a' * 300}.json", ""],
)
def test_a_name_that_is_none_is_refused(name: str, desk: Desk) -> None:
    """Whatever it leads to, and however long it is: nothing is written, and the harness has no part in it."""
    status, said = desk.ask("PUT", f"/mailbox/{name}", ORDER)
    assert (status, said["error"]["code"]) == (422, "bad_name")
    assert desk.files == []


def test_what_lies_out_can_be_read_and_nothing_else(desk: Desk) -> None:
    """Files that are whole, by their names as they are listed."""
    desk.box.leave("B2B-1", CreateSalesOrder("B-1", "b2b", "C-1", "GBP", ()))
    (desk.folder / "out" / "B2B-2.json.part").write_bytes(b"{")
    assert desk.ask("GET", "/mailbox") == (200, {"files": ["B2B-1.json"]})
    assert desk.ask("GET", "/mailbox/B2B-1.json")[1]["order_no"] == "B-1"
    for name in ("B2B-2.json.part", "../in/done", "no.json"):
        assert desk.ask("GET", f"/mailbox/{name}")[0] == 404
    assert desk.ask("DELETE", "/mailbox/B2B-1.json")[0] == 405
