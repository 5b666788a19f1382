"""Laws of operations: one declaration tells everything that a client, a route, a fault and the evidence need."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import ClassVar

import msgspec
import pytest

from seatrial.sim.catalogue import Catalogue
from seatrial.sim.operation import Operation, Request, declared, operation, operations_of
from seatrial.sim.partner import Partner


class Label(msgspec.Struct, frozen=True):
    """A reply."""


class BuyLabel(Request[Label], frozen=True):
    """A request."""

    parcel_no: str
    order_no: str


class FindLabel(Request[Label], frozen=True):
    """A request without an order."""

    parcel_no: str


class Courier(Partner):
    """A partner."""

    kind = "courier"
    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    @operation("POST", "/parcels/{parcel_no}/label", key="parcel_no", document="label")
    def buy_label(self, request: BuyLabel) -> Label:
        """Buy a label.

        And more of it.
        """
        return Label()

    @operation("GET", "/labels")
    def find_label(self, request: FindLabel) -> Label:
        return Label()

    def open(self, request: BuyLabel) -> None:
        """Not an operation."""


def every_operation() -> Iterator[tuple[str, Operation]]:
    catalogue = Catalogue("partners")
    for name in catalogue.names():
        partner = catalogue.get(name)
        assert issubclass(partner, Partner)
        yield from ((name, each) for each in partner.operations.values())


EVERY = list(every_operation())
by_operation = pytest.mark.parametrize(("partner", "each"), EVERY, ids=[f"{name}.{op.name}" for name, op in EVERY])


def test_a_declaration_is_read_from_the_method() -> None:
    """Name, types, document, key, order and summary; a verb other than GET writes."""
    bought = Courier.operations[BuyLabel]
    assert bought == Operation(
        name="buy_label",
        method="POST",
        path="/parcels/{parcel_no}/label",
        request=BuyLabel,
        reply=Label,
        document="label",
        key="parcel_no",
        order="order_no",
        write=True,
        summary="Buy a label.",
    )
    assert bought.access == "write"


def test_what_is_not_said_is_empty() -> None:
    """A read without key, order and docstring has none of them, and its own name for a summary."""
    found = Courier.operations[FindLabel]
    assert (found.document, found.key, found.order, found.write, found.access) == ("", "", "", False, "read")
    assert found.summary == "find_label"


def test_key_and_order_are_read_from_a_request() -> None:
    """The two fields that link, faults and evidence ask for; empty where an operation has none."""
    request = BuyLabel("north-P1", "MP-1")
    assert Courier.operations[BuyLabel].key_of()(request) == "north-P1"
    assert Courier.operations[BuyLabel].order_of()(request) == "MP-1"
    assert Courier.operations[FindLabel].key_of()(FindLabel("north-P1")) == ""
    assert Courier.operations[FindLabel].order_of()(FindLabel("north-P1")) == ""


def test_only_declared_methods_are_operations() -> None:
    """A method without the mark is none, and every partner can sign in and subscribe."""
    assert declared(Courier.open) is None
    assert sorted(each.name for each in operations_of(Courier).values()) == [
        "buy_label",
        "find_label",
        "get_subscription",
        "sign_in",
        "subscribe",
    ]


@by_operation
def test_every_operation_names_fields_that_its_request_has(partner: str, each: Operation) -> None:
    """Key, order and the fields of the path are fields of the request."""
    fields = set(each.request.__struct_fields__)
    in_path = {name for _, name, _, _ in Formatter().parse(each.path) if name}
    assert {each.key, each.order, *in_path} - {""} <= fields


@by_operation
def test_every_document_has_a_business_key(partner: str, each: Operation) -> None:
    """Whoever creates a document can tell a second one of the same key, and only writes create."""
    assert not each.document or (each.key and each.write)


@by_operation
def test_every_operation_can_be_told_to_people(partner: str, each: Operation) -> None:
    """It has a summary of one line that is not just its name."""
    assert each.summary != each.name
    assert "\n" not in each.summary


@pytest.mark.parametrize("partner", Catalogue("partners").names())
def test_routes_of_a_partner_are_unique(partner: str) -> None:
    """No two operations of a partner share a name, or a method and path."""
    operations = [each for name, each in EVERY if name == partner]
    assert len({each.name for each in operations}) == len(operations)
    assert len({(each.method, each.path) for each in operations}) == len(operations)
