"""The OpenAPI document of a partner is closed, says what everything is, and how callers are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest

from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import load_scenario
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.evidence import Evidence
from seatrial.sim.http_face import Face
from seatrial.sim.openapi import openapi_of
from seatrial.sim.partner import Partner
from seatrial.sim.world import World, clock_of

PARTNERS = [name for name in Catalogue("partners").names() if not Catalogue("partners").get(name).open_ended]  # type: ignore[attr-defined]


def document_of(name: str) -> dict[str, Any]:
    kind = Catalogue("partners").get(name)
    assert issubclass(kind, Partner)
    return openapi_of(name, kind.operations.values(), kind.events)


@pytest.fixture(scope="module")
def world() -> World:
    return embark(load_scenario("open-water"), 1, "resilient", lambda env: Evidence(clock_of(env))).world


def asked(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What can be asked, by its name."""
    return {each["operationId"]: each for path in document["paths"].values() for each in path.values()}


def headers_of(document: dict[str, Any], asked_for: dict[str, Any]) -> dict[str, str]:
    """What an operation says of its headers, by their name."""
    written = [
        document["components"]["parameters"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        for each in asked_for["parameters"]
    ]
    return {each["name"]: each["description"] for each in written if each["in"] == "header"}


@pytest.mark.parametrize("name", PARTNERS)
def test_it_names_every_operation_and_everything_it_refers_to(name: str) -> None:
    """The document is closed: what it refers to is in it."""
    document = document_of(name)
    kind = Catalogue("partners").get(name)
    assert issubclass(kind, Partner)
    assert sorted(asked(document)) == sorted(each.name for each in kind.operations.values())
    referred = {part.partition('"')[0] for part in msgspec.json.encode(document).decode().split('"#/')[1:]}
    assert referred
    for reference in referred:
        found: Any = document
        for step in reference.split("/"):
            found = found[step]


@pytest.mark.parametrize("name", PARTNERS)
def test_what_a_question_has_to_say_is_required(name: str) -> None:
    """A client made from the document never leaves out what the partner would refuse without."""
    kind = Catalogue("partners").get(name)
    assert issubclass(kind, Partner)
    for each in kind.operations.values():
        told = {
            one["name"]: one["required"]
            for one in asked(document_of(name))[each.name]["parameters"]
            if "required" in one
        }
        fields = {one.name: one.required for one in msgspec.structs.fields(each.request)}
        if each.method == "GET":
            assert told == fields
        else:
            assert all(told.values())


@pytest.mark.parametrize("name", PARTNERS)
def test_its_schemas_are_schemas(name: str) -> None:
    """A validator takes every one of them."""
    for schema in _schemas(document_of(name)):
        jsonschema.Draft202012Validator.check_schema(schema)


def _schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from document["components"]["schemas"].values()
    for each in asked(document).values():
        yield from (parameter["schema"] for parameter in each["parameters"] if "schema" in parameter)


@pytest.mark.parametrize("name", PARTNERS)
def test_it_says_of_every_field_what_it_is(name: str) -> None:
    """Who has only the document knows the meaning and the unit of every field, and sees nothing of our own insides."""
    components = document_of(name)["components"]["schemas"]
    assert "Struct" not in components
    mute = [(each, field) for each in components for field in _mute(components[each])]
    assert not mute


def _mute(component: dict[str, Any]) -> list[str]:
    return [field for field, schema in component.get("properties", {}).items() if not schema.get("description")]


def test_it_says_who_has_to_sign_in(world: World) -> None:
    """A partner that wants a token says so for every call but the sign-in; the others want none."""
    wants = {name: each.conduct.auth.by_token for name, each in world.partners.items()}
    assert set(wants.values()) == {True, False}
    for name, partner in world.partners.items():
        document = msgspec.json.decode(Face(partner, world.dice).openapi)
        assert bool(document["security"]) == wants[name]
        assert [each for each, what in asked(document).items() if what.get("security") == []] == ["sign_in"]


def test_it_says_what_an_idempotency_key_buys(world: World) -> None:
    """Of every write, in the words of the partner's policy; reads have none. Attempts may be counted in any call."""
    for partner in world.partners.values():
        document = msgspec.json.decode(Face(partner, world.dice).openapi)
        for operation in partner.operations.values():
            headers = headers_of(document, asked(document)[operation.name])
            assert "X-Attempt" in headers
            assert ("Idempotency-Key" in headers) == operation.write
            if operation.write:
                policy = partner.conduct.idempotency_of(operation)
                said = "done again" if policy is None else (type(policy).__doc__ or "").split(".")[0].split("\n")[0]
                assert said in headers["Idempotency-Key"]
