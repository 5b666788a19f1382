"""Dependencies of the integration, endpoints of others: where they are, what may strike them; only on the wire."""

from __future__ import annotations

import pytest

from seatrial.scenarios.dependencies import Address, dependencies_of, variable_of
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import parse_scenario
from seatrial.sim.errors import BadInput
from seatrial.sim.evidence import Evidence
from seatrial.voyage import sail

SCENARIO = """\
name: probe
asks: Does it hold?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 6 h
demand: {kind: synthetic, arrivals: {kind: poisson, rate: 30/h}, skus: 20}
"""
DATABASE = "dependencies: {database: {address: '127.0.0.1:5432'}}\n"
SANDBOX = "partners: {sandbox: {kind: endpoint, settings: {url: 'http://127.0.0.1:9000'}}}\n"


def rule(text: str) -> str:
    return f"faults:\n  - {{{text}}}\n"


def on_the_wire(text: str):
    return embark(parse_scenario(text), 1, "resilient", lambda env: Evidence(lambda: env.now), virtual=False)


def test_a_dependency_has_an_address_or_a_variable_that_holds_it() -> None:
    """Both are read before anything runs; an IPv6 address stands in brackets."""
    database, broker = "database: {address: {env: DATABASE_HOST_PORT}}", "broker: {address: '[::1]:6379'}"
    loaded = parse_scenario(f"{SCENARIO}dependencies:\n  {database}\n  {broker}\n")
    found = dependencies_of(loaded, {"DATABASE_HOST_PORT": "db.internal:5432"})
    assert found == {"database": Address("db.internal", 5432), "broker": Address("::1", 6379)}
    assert variable_of("database") == "SEATRIAL_DEPENDENCY_DATABASE"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("database: {address: localhost}", "not an address"),
        ("database: {address: 'localhost:99999'}", "not an address"),
        ("database: {address: {env: NOT_SET}}", "NOT_SET"),
        ("database: {address: {env: ODD}}", "not an address in ODD"),
        ("Data-Base: {address: 'localhost:1'}", "not a name"),
        ("erp: {address: 'localhost:1'}", "name of a partner"),
        ("warehouse: {address: 'localhost:1'}", "name of a partner"),
    ],
)
def test_a_dependency_that_cannot_be_found_is_refused_with_its_place(written: str, said: str) -> None:
    """File, line and what to write instead."""
    loaded = parse_scenario(f"{SCENARIO}dependencies:\n  {written}\n")
    with pytest.raises(BadInput, match=said) as raised:
        dependencies_of(loaded, {"ODD": "x"})
    assert ":8" in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "fault: cut, at: database",
        "fault: bandwidth, at: database, with: {rate: 5000/s}",
        "fault: latency, at: database",
        "fault: reset, at: '*', direction: dependency",
        "fault: refuse, at: database.connection",
    ],
)
def test_a_dependency_may_be_slow_narrow_cut_reset_and_refused(text: str) -> None:
    """The same rules as everywhere, aimed at its name."""
    (armed,) = on_the_wire(SCENARIO + DATABASE + rule(text)).rules
    assert armed.direction == "dependency"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fault: cut, at: databse", "unknown dependency"),
        ("fault: cut, at: database.query", "connection by connection"),
        ("fault: html_error_page, at: database", "cannot strike in this direction"),
        ("fault: brownout, at: database, direction: dependency", "cannot strike in this direction"),
    ],
)
def test_what_a_connection_cannot_meet_is_refused(text: str, said: str) -> None:
    """A plain connection knows no requests, so nobody can answer one there."""
    with pytest.raises(BadInput, match=said):
        on_the_wire(SCENARIO + DATABASE + rule(text))


def test_a_rule_needs_a_dependency_to_strike() -> None:
    """Without one the message says how to write it."""
    with pytest.raises(BadInput, match="no dependencies"):
        on_the_wire(SCENARIO + rule("fault: cut, at: database"))


@pytest.mark.parametrize("at", ["sandbox", "sandbox.GET /v1/*", "sandbox.* /v1/orders", "endpoint"])
def test_an_endpoint_is_struck_by_method_and_path(at: str) -> None:
    """Its calls are not declared: any path will do."""
    assert on_the_wire(SCENARIO + SANDBOX + rule(f"fault: outage, at: '{at}'")).rules[0].at == at


@pytest.mark.parametrize("at", ["sandbox.create_order", "sandbox.get /v1", "sandbox.GET v1"])
def test_an_endpoint_has_no_operations_by_name(at: str) -> None:
    """The message shows the form."""
    with pytest.raises(BadInput, match="by method and path"):
        on_the_wire(SCENARIO + SANDBOX + rule(f"fault: outage, at: '{at}'"))


def test_an_endpoint_has_an_address() -> None:
    """One that leads nowhere is refused with its place."""
    with pytest.raises(BadInput, match="not the address of an endpoint"):
        on_the_wire(SCENARIO + SANDBOX.replace("http://", "tcp://"))


@pytest.mark.parametrize("more", [DATABASE + rule("fault: cut, at: database"), SANDBOX], ids=["rule", "endpoint"])
def test_virtual_time_has_neither(more: str) -> None:
    """It says that they are only on the wire, where, and what to do."""
    with pytest.raises(BadInput, match="only on the wire") as raised:
        sail(parse_scenario(SCENARIO + more))
    assert "seatrial wire" in str(raised.value)


def test_dependencies_that_nothing_strikes_do_no_harm_in_virtual_time() -> None:
    """One scenario serves both: the reference integrations need no database there."""
    assert sail(parse_scenario(SCENARIO + DATABASE)).verdict
