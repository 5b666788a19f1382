"""Laws of a partner's page: it is its whole OpenAPI document, for people, and nothing of it can be taken for code."""

from __future__ import annotations

import re
from html import escape

import pytest

from seatrial.mocks.wire.pages import front_page
from seatrial.scenarios.embark import embark
from seatrial.scenarios.loader import load_scenario
from seatrial.sim.evidence import Evidence
from seatrial.sim.openapi import openapi_of
from seatrial.sim.world import World, clock_of

PARTNERS = ("marketplace", "storefront", "b2b", "erp", "north", "falcon", "desk", "supply")


@pytest.fixture(scope="module")
def world() -> World:
    return embark(load_scenario("fidelity/calm"), 1, "resilient", lambda env: Evidence(clock_of(env))).world


def page_of(world: World, name: str) -> str:
    partner = world.partners[name]
    document = openapi_of(name, partner.operations.values(), partner.events, partner.conduct)
    return front_page(partner, document)


@pytest.mark.parametrize("name", PARTNERS)
def test_whoever_has_only_the_page_knows_what_to_send(name: str, world: World) -> None:
    """Every route, its fault target, its document, and every field of what is asked, answered and told."""
    page, partner = page_of(world, name), world.partners[name]
    for each in partner.operations.values():
        assert f"<code>{each.method} {escape(each.path)}</code>" in page
        assert f"<code>{each.name}</code>" in page
        assert each.document in page
        for kind in (each.request, each.reply):
            assert all(f"<code>{field}</code>" in page for field in kind.__struct_fields__)
    for event, body in partner.events.items():
        assert f"<code>{event}</code>" in page
        assert all(f"<code>{field}</code>" in page for field in body.__struct_fields__)


@pytest.mark.parametrize("name", PARTNERS)
def test_every_shape_that_is_named_is_written_out(name: str, world: World) -> None:
    """Who follows the name of a shape finds its fields, once."""
    page = page_of(world, name)
    named, written = set(re.findall(r'href="#(\w+)"', page)), re.findall(r'<section id="(\w+)"', page)
    assert named <= set(written)
    assert len(set(written)) == len(written)


def test_a_page_says_what_a_key_buys(world: World) -> None:
    """The same words as in the document, without its marks."""
    page = page_of(world, "erp")
    assert "The sender&#x27;s idempotency key brings back the first reply" in page
    assert "It is known for 1 d of business time." in page
    assert "<code>conduct</code>" in page
    assert "`" not in page
    assert "<script" not in page


def test_words_of_others_stay_words(world: World) -> None:
    """A name with markup in it is shown as it is."""
    partner = world.partners["desk"]
    document = openapi_of("desk", partner.operations.values(), partner.events, partner.conduct)
    document["paths"]["/messages"]["post"]["summary"] = "<img src=x onerror=alert(1)>"
    assert "<img" not in front_page(partner, document)


def test_a_small_screen_is_told_that_it_is_one(world: World) -> None:
    """Without this a telephone shows the page of a large screen, shrunk."""
    assert 'name="viewport" content="width=device-width' in page_of(world, "erp")
