"""What the proxy's rules aim at, how they are counted, and that they decide as in memory."""

from __future__ import annotations

import asyncio

import pytest
from bound import Bound
from proxy_harness import SEED, Harness, observe

from seatrial.mocks.faults.auth_expired import AuthExpired
from seatrial.mocks.faults.outage import Outage
from seatrial.sim.call import REQUEST, Call
from seatrial.sim.dice import Dice
from seatrial.sim.fault import Rule
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.rulebook import ArmedRule
from seatrial.sim.tokens import Tokens

pytestmark = pytest.mark.wire


async def many(harness: Harness, orders: list[str], **asked: object) -> list[str]:
    return [(await observe(harness.port, order, **asked)).outcome for order in orders]  # type: ignore[arg-type]


async def covered(harness: Harness, name: str) -> tuple[int, int, int]:
    """A rule's coverage, as the world knows it once the proxy has reported."""
    harness.desk.disarm()
    await harness.desk.settled()
    found = [each for each in harness.rulebook.coverage if each.rule == name][-1]
    return found.matched, found.fired, found.mattered


def test_the_proxy_decides_as_the_link_in_memory_does(harness: Harness, runner: asyncio.Runner) -> None:
    """The same seed, rule and key have the same draw on a socket."""
    rule = Rule("share", Outage(), at="desk.notify", probability=Share(0.4))
    orders = [f"D-{number}" for number in range(30)]
    armed = ArmedRule(rule, Dice(SEED))
    calls = [Call("desk", "notify", REQUEST, order, order, 1) for order in orders]
    wanted = ["ok" if armed.decide(call, 1.0) is None else "rejected" for call in calls]
    runner.run(harness.storm(rule))
    assert runner.run(many(harness, orders)) == wanted
    assert 5 < wanted.count("rejected") < 25
    assert runner.run(covered(harness, "share")) == (30, wanted.count("rejected"), wanted.count("rejected"))


def test_attempts_are_counted_by_key_for_who_does_not_number_them(harness: Harness, runner: asyncio.Runner) -> None:
    """The second call about a document is its second attempt, and the partner is told so."""
    runner.run(harness.storm(Rule("second", Outage(), at="desk", nth=2)))
    harness.upstream.requests.clear()
    assert runner.run(many(harness, ["A-1", "A-1", "A-1", "A-2"])) == ["ok", "rejected", "ok", "ok"]
    assert [headers["x-attempt"] for _, _, _, headers, _ in harness.upstream.requests] == ["1", "3", "1"]


def test_who_numbers_his_attempts_is_believed(harness: Harness, runner: asyncio.Runner) -> None:
    """The header X-Attempt says which attempt it is."""
    runner.run(harness.storm(Rule("second", Outage(), at="desk", nth=2)))
    assert runner.run(many(harness, ["B-1"], headers={"X-Attempt": "2"})) == ["rejected"]


def test_a_rule_may_ask_for_a_header_in_any_spelling(harness: Harness, runner: asyncio.Runner) -> None:
    """Headers of a request are matched as HTTP has them."""
    runner.run(harness.storm(Rule("keyed", Outage(), at="desk", headers={"Idempotency-Key": "K-*"})))
    assert runner.run(many(harness, ["C-1"], headers={"idempotency-key": "K-9"})) == ["rejected"]
    assert runner.run(many(harness, ["C-1"], headers={"idempotency-key": "L-9"})) == ["ok"]


def test_a_window_is_on_the_business_clock_which_can_stand_still(harness: Harness, runner: asyncio.Runner) -> None:
    """A rule is in force from a second of the run on, and that second does not come while time stands still."""

    async def play() -> list[str]:
        now = harness.now()
        await harness.storm(Rule("late", Outage(), at="desk", start=Seconds(now + 0.5)))
        seen = await many(harness, ["W-1"])
        harness.desk.freeze(now + 0.2)
        await asyncio.sleep(0.6)
        seen += await many(harness, ["W-2"])
        harness.desk.thaw(now + 0.6)
        await harness.desk.settled()
        return seen + await many(harness, ["W-3"])

    assert runner.run(play()) == ["ok", "ok", "rejected"]
    harness.desk.thaw(harness.now())


def test_a_token_older_than_the_window_is_refused(harness: Harness, runner: asyncio.Runner) -> None:
    """The token itself says since when it holds, also to the proxy."""
    opened = harness.now()
    runner.run(harness.storm(Rule("expired", AuthExpired(), at="erp", start=Seconds(opened))))
    tokens = Tokens(Dice(SEED), "erp")

    async def ask(since: float) -> str:
        headers = {"Authorization": f"Bearer {tokens.write(since)}"}
        return (await observe(harness.erp_port, method="GET", path="/stock/north", headers=headers)).outcome

    assert runner.run(ask(opened - 1.0)) == "rejected"
    assert runner.run(ask(opened + 1.0)) == "ok"


def test_an_endpoint_that_is_not_ours_is_struck_by_method_and_path(harness: Harness, runner: asyncio.Runner) -> None:
    """A call of it is named by what it is, its key is its idempotency key, and it hears its own host name."""
    runner.run(harness.storm(Rule("vendor", Outage(), at="sandbox.GET /v1/*")))
    harness.sandbox.requests.clear()

    async def ask(method: str, path: str, **headers: str) -> str:
        return (await observe(harness.sandbox_port, method=method, path=path, headers=headers)).outcome

    before = len(harness.rows("call"))
    assert runner.run(ask("GET", "/v1/orders?page=2", **{"Idempotency-Key": "K-7"})) == "rejected"
    assert runner.run(ask("POST", "/v1/orders")) == "ok"
    assert runner.run(ask("GET", "/v2/orders")) == "ok"
    (row,) = runner.run(harness.until_told("call", before + 1))[before:]
    assert (row["partner"], row["operation"], row["key"]) == ("sandbox", "GET /v1/orders", "K-7")
    hosts = {headers["host"] for _, _, _, headers, _ in harness.sandbox.requests}
    assert hosts == {harness.piers[1].upstream.removeprefix("http://")}


def test_a_call_that_reaches_its_partner_says_who_struck_it(harness: Harness, runner: asyncio.Runner) -> None:
    """The partner's server leaves the row of a struck call to the proxy, and writes that of any other."""
    runner.run(harness.storm(Rule("odd", Bound("Garble"), at="desk", every=2)))
    harness.upstream.requests.clear()
    runner.run(many(harness, ["E-1", "E-2"]))
    struck = [headers.get("x-seatrial-struck") for _, _, _, headers, _ in harness.upstream.requests]
    assert sorted(map(str, struck)) == ["None", "odd"]


def test_what_nobody_aims_at_passes_as_it_is(harness: Harness, runner: asyncio.Runner) -> None:
    """Paths that the partner does not have, and bodies that it will refuse to read, reach it unchanged."""
    runner.run(harness.storm(Rule("all", Outage(), at="desk.sign_in")))
    harness.upstream.requests.clear()
    runner.run(many(harness, ["F-1"], path="/nowhere?a=%2F"))
    (_, method, path, headers, _) = harness.upstream.requests[-1]
    assert (method, path) == ("POST", "/nowhere?a=%2F")
    assert "x-attempt" not in headers
