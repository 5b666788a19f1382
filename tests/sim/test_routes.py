"""One declaration of an operation is enough for HTTP: a route that reads its request, and an OpenAPI document."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.mocks.messages.orders import Units
from seatrial.mocks.messages.supply import ListInbound
from seatrial.mocks.messages.warehouse import CancelRelease, GetRelease, ReleaseOrder
from seatrial.mocks.partners.warehouse import Warehouse
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import Rejected
from seatrial.sim.partner import Partner
from seatrial.sim.routes import Route, routes_of

PARTNERS = [name for name in Catalogue("partners").names() if not Catalogue("partners").get(name).open_ended]  # type: ignore[attr-defined]
ROUTES = {route.operation.request: route for route in routes_of(Warehouse.operations.values())}
numbers = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="-/"), min_size=1, max_size=20)


def partner(name: str) -> type[Partner]:
    kind = Catalogue("partners").get(name)
    assert issubclass(kind, Partner)
    return kind


@pytest.mark.parametrize("name", PARTNERS)
def test_no_two_operations_of_a_partner_share_a_route(name: str) -> None:
    """Method and path name one operation."""
    routes = routes_of(partner(name).operations.values())
    assert len({(route.operation.method, route.operation.path) for route in routes}) == len(routes) > 0


@pytest.mark.parametrize("name", PARTNERS)
def test_every_path_field_is_a_field_of_the_request(name: str) -> None:
    """A path asks for nothing that the request does not hold."""
    for route in routes_of(partner(name).operations.values()):
        assert set(route.in_path) <= set(route.operation.request.__struct_fields__)


@pytest.mark.parametrize("skus", [("SKU-1",), ("SKU-1", "SKU,2", "")])
def test_a_list_stands_in_the_query_once_for_each_element(skus: tuple[str, ...]) -> None:
    """Arrays in a query are written as OpenAPI writes them by default."""
    (route,) = (
        each for each in routes_of(partner("supply").operations.values()) if each.operation.request is ListInbound
    )
    assert route.read({}, urlencode({"skus": skus}, doseq=True), b"") == ListInbound(skus)


@given(release=numbers, order=numbers)
def test_a_read_comes_back_from_path_and_query(release: str, order: str) -> None:
    """What a client puts into path and query is the request that the handler gets."""
    route = ROUTES[GetRelease]
    path = route.operation.path.replace("{release_no}", release)
    fields = route.match("GET", path)
    assert fields is not None
    assert route.read(fields, urlencode({"order_no": order}), b"") == GetRelease(release, order)


def test_a_write_comes_back_from_its_body() -> None:
    """The JSON of a request is that request."""
    request = ReleaseOrder("SF-1/R1", "SF-1", (Units("A", 2),), "UK", 10.0)
    route = ROUTES[ReleaseOrder]
    assert route.read({}, "", msgspec.json.encode(request)) == request


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"order_no": 5}', b'{"nothing": 1}'])
def test_a_body_that_is_no_request_is_rejected_with_400(body: bytes) -> None:
    """Nonsense gets the partner's own error, not a traceback."""
    with pytest.raises(Rejected) as caught:
        ROUTES[CancelRelease].read({}, "", body)
    assert (caught.value.status, caught.value.code) == (400, "invalid_request")


def test_another_method_is_another_route() -> None:
    """A path alone is no match."""
    route: Route = ROUTES[GetRelease]
    assert route.match("POST", route.operation.path) is None
