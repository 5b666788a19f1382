"""Laws of the switchboard: what is armed strikes until it is disarmed, and everything about it is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from seatrial.sim.call import REQUEST, Call

LATENCY = {"fault": "latency", "at": "erp", "with": {"delay": "1 s"}}


def windows(scene: Any) -> list[tuple[str, str]]:
    rows = scene.world.evidence.frame().filter(kind="phase", key="window")
    return list(zip(rows["rule"], rows["outcome"], strict=True))


def fate(scene: Any) -> object:
    """What would happen to a call of the ERP."""
    rulebook = scene.world.rulebook
    call = Call("erp", "find_sales_order", REQUEST, "O-1", "O-1", 1)
    return rulebook.decide(rulebook.lane("erp", "erp", "find_sales_order", REQUEST, "read"), call)


def test_a_rule_strikes_from_the_moment_it_is_armed(played: Callable) -> None:
    """It is in force at once, is listed with its coverage, and ends when it is disarmed; both moments are written."""

    async def part(scene) -> None:
        assert fate(scene) is None
        made = (await scene.ask("POST", "/api/rules", {**LATENCY, "probability": "100 %"})).json
        assert (made["name"], made["open"], made["parameters"]["delay"]) == ("latency@erp", True, "1 s")
        assert fate(scene) is not None
        (listed,) = (await scene.ask("GET", "/api/rules")).json["rules"]
        assert (listed["matched"], listed["fired"], listed["ttl"]) == (1, 1, None)
        assert (await scene.ask("DELETE", "/api/rules/latency@erp")).status == 204
        assert fate(scene) is None
        assert windows(scene) == [("latency@erp", "begin"), ("latency@erp", "end")]
        assert [each.fault for each in scene.room.switchboard.by_hand] == ["latency"]

    played(part)


def test_a_rule_with_a_time_to_live_disarms_itself(played: Callable) -> None:
    """After so many real seconds, also while business time stands still."""

    async def part(scene) -> None:
        made = (await scene.ask("POST", "/api/rules", {**LATENCY, "ttl": 0.05})).json
        assert 0 < made["ttl"] <= 0.05
        await scene.ask("POST", "/api/freeze")
        while (await scene.ask("GET", "/api/rules")).json["rules"]:  # noqa: ASYNC110 (a timer tells nobody)
            await asyncio.sleep(0.01)
        assert windows(scene) == [("latency@erp", "begin"), ("latency@erp", "end")]

    played(part)


def test_a_timer_never_ends_the_next_rule_of_the_name(played: Callable) -> None:
    """A rule disarmed by hand takes its timer along: another one under its name lives as long as it should."""

    async def part(scene) -> None:
        await scene.ask("POST", "/api/rules", {**LATENCY, "ttl": 0.05})
        await scene.ask("DELETE", "/api/rules/latency@erp")
        await scene.ask("POST", "/api/rules", LATENCY)
        await asyncio.sleep(0.1)
        (rule,) = (await scene.ask("GET", "/api/rules")).json["rules"]
        assert rule["ttl"] is None

    played(part)


def test_rules_of_one_name_add_up(played: Callable) -> None:
    """Armed again under its name, a rule's coverage is that of all its times; two at once get two names."""

    async def part(scene) -> None:
        for _ in range(3):
            await scene.ask("POST", "/api/rules", LATENCY)
            fate(scene)
            await scene.ask("DELETE", "/api/rules/latency@erp")
        coverage = (await scene.ask("GET", "/api/rules")).json["coverage"]
        assert coverage == [{"rule": "latency@erp", "matched": 3, "fired": 3, "mattered": 0}]
        names = [(await scene.ask("POST", "/api/rules", LATENCY)).json["name"] for _ in range(3)]
        assert names == ["latency@erp", "latency@erp#2", "latency@erp#3"]
        assert (await scene.ask("DELETE", "/api/rules/latency@erp%232".replace("%23", "#"))).status == 204
        assert (await scene.ask("DELETE", "/api/rules")).json == {"disarmed": 2}

    played(part)


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"fault": "latncy", "at": "erp"}, "unknown_name", "did you mean 'latency'"),
        ({"fault": "latency", "at": "epr"}, "unknown_name", "known: "),
        ({"fault": "latency", "at": "erp.create_salesorder"}, "unknown_name", "erp.create_sales_order"),
        ({"fault": "latency", "at": "erp", "with": {"dely": "1 s"}}, "unknown_name", "with.dely"),
        ({"fault": "latency", "at": "erp", "with": {"delay": 3}}, "bad_input", "with.delay"),
        ({"fault": "latency", "at": "erp", "colour": 1}, "bad_input", "known: at"),
        ({"fault": "latency", "at": "erp", "probability": 2}, "bad_input", "probability"),
        ({"fault": "latency", "at": "erp", "first": 1, "nth": 1}, "bad_input", "nth"),
        ({"fault": "latency", "at": "erp", "from": "2 h", "until": "1 h"}, "bad_input", "before it begins"),
        ({"fault": "latency", "at": "erp", "until": "0 s"}, "bad_input", "window is over"),
        ({"fault": "short_shipment", "at": "erp"}, "bad_input", "north"),
        ({"at": "erp"}, "bad_input", "fault"),
        ({**LATENCY, "ttl": 0}, "invalid_ttl", "real seconds"),
        ({**LATENCY, "ttl": -1}, "invalid_ttl", "real seconds"),
        ({**LATENCY, "ttl": "1 h"}, "invalid_ttl", "real seconds"),
        ({**LATENCY, "ttl": True}, "invalid_ttl", "real seconds"),
        ({**LATENCY, "ttl": 1e12}, "invalid_ttl", "real seconds"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(played: Callable, fields: dict[str, Any], code: str, says: str) -> None:
    """The same checks as those of a scenario, in the same words, with the field instead of a line; nothing is armed."""

    async def part(scene) -> None:
        reply = await scene.ask("POST", "/api/rules", fields)
        assert (reply.status, reply.code) == (422, code), reply.message
        assert says in reply.message
        assert (await scene.ask("GET", "/api/rules")).json["rules"] == []

    played(part)


def test_a_name_is_armed_once(played: Callable) -> None:
    """A given name that is in force is refused."""

    async def part(scene) -> None:
        named = {**LATENCY, "name": "slow"}
        assert (await scene.ask("POST", "/api/rules", named)).status == 200
        again = await scene.ask("POST", "/api/rules", named)
        assert (again.status, again.code) == (422, "bad_input")
        unknown = await scene.ask("DELETE", "/api/rules/slw")
        assert (unknown.status, unknown.code) == (404, "unknown_rule")
        assert "slow" in unknown.message

    played(part)


def test_in_the_calm_phase_nothing_is_armed(played: Callable) -> None:
    """The calm phase disarms what was armed by hand, closes its window in the evidence, and takes no more."""

    async def part(scene) -> None:
        await scene.ask("POST", "/api/rules", {**LATENCY, "ttl": 60})
        scene.world.begin_calm()
        await scene.ask("GET", "/api/state")
        scene.room.switchboard.sweep()
        assert windows(scene) == [("latency@erp", "begin"), ("latency@erp", "end")]
        refused = await scene.ask("POST", "/api/rules", LATENCY)
        assert (refused.status, refused.code) == (409, "calm")

    played(part)


def test_nobody_kills_what_runs_by_itself(played: Callable) -> None:
    """Where the integration is not ours to kill, faults that would are neither offered nor armed."""
    crash = {"fault": "integration_crash", "at": "erp"}

    async def attached(scene) -> None:
        assert (await scene.ask("POST", "/api/rules", crash)).code == "bad_input"
        offered = [each["name"] for each in (await scene.ask("GET", "/api/faults")).json["faults"]]
        assert "latency" in offered
        assert "integration_crash" not in offered

    async def ours(scene) -> None:
        assert (await scene.ask("POST", "/api/rules", crash)).status == 200

    played(attached, crashable=False)
    played(ours)


def test_whatever_is_offered_can_be_armed(played: Callable) -> None:
    """Every fault of the catalogue, with its defaults, fits one of the targets named for its direction."""

    async def part(scene) -> None:
        offer = (await scene.ask("GET", "/api/faults")).json
        for fault in offer["faults"]:
            if any(each["required"] for each in fault["parameters"]):
                continue
            replies = [
                await scene.ask("POST", "/api/rules", {"fault": fault["name"], "at": at, "ttl": 60})
                for at in offer["targets"][fault["direction"]]
            ]
            assert any(each.status == 200 for each in replies), fault["name"]
            await scene.ask("DELETE", "/api/rules")

    played(part, dependencies=("database",))


def test_faults_of_dependencies_need_some(played: Callable) -> None:
    """Where the scenario has no database or broker, nobody is offered to cut one off, nor can."""

    async def part(scene) -> None:
        offer = (await scene.ask("GET", "/api/faults")).json
        assert not [each for each in offer["faults"] if each["direction"] == "dependency"]
        assert (await scene.ask("POST", "/api/rules", {"fault": "cut", "at": "database"})).code == "bad_input"

    played(part)


def test_there_is_an_end_to_rules(played: Callable) -> None:
    """A program that arms without end is stopped before calls grow slow."""

    async def part(scene) -> None:
        statuses = [(await scene.ask("POST", "/api/rules", LATENCY)).status for _ in range(205)]
        assert statuses.count(200) == 200
        assert statuses[-1] == 429

    played(part)
