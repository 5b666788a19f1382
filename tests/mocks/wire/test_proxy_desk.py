"""The world's desk for its proxy: whom it lets in, what it entrusts, what it makes of a report."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from seatrial.mocks.faults.blackhole import Blackhole
from seatrial.mocks.faults.brownout import Brownout
from seatrial.mocks.faults.cut import Cut
from seatrial.mocks.faults.integration_crash import IntegrationCrash
from seatrial.mocks.faults.short_shipment import ShortShipment
from seatrial.mocks.faults.stale_read import StaleRead
from seatrial.mocks.faults.webhook_drop import WebhookDrop
from seatrial.mocks.wire.proxy_desk import ProxyDesk, introduction, is_for_the_proxy
from seatrial.sim.call import REQUEST, WEBHOOK
from seatrial.sim.channel import TOLD_BY_WORLD, Ear, Hello, Matched, Message, Ready, Struck, Welcome, say
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.rulebook import Rulebook


@pytest.mark.parametrize(
    ("fault", "direction", "taken"),
    [
        (Blackhole(), "", True),
        (Brownout(), REQUEST, True),
        (Cut(), "", True),
        (Blackhole(), WEBHOOK, False),
        (WebhookDrop(), "", False),
        (StaleRead(), "", False),
        (IntegrationCrash(), "", False),
        (ShortShipment(), "", False),
    ],
)
def test_the_proxy_carries_out_what_happens_on_the_way(fault: Fault, direction: str, taken: bool) -> None:
    """Requests and dependencies are the proxy's; webhooks, partners and the integration's process are the world's."""
    assert is_for_the_proxy(Rule("r", fault, direction=direction)) is taken


class Standing:
    """A clock before the run begins."""

    pace, running = 2.0, False

    def now(self) -> float:
        return 7.0


class Talk:
    """A desk, and somebody who speaks to it as a proxy would."""

    def __init__(self) -> None:
        self.evidence = Evidence(lambda: 7.0)
        self.rulebook = Rulebook(
            (Rule("hole", Blackhole()), Rule("stale", StaleRead())), Dice(1), self.evidence, lambda: 7.0
        )
        self.lost = 0
        self.desk = ProxyDesk(self.rulebook, self.evidence, "t", introduction((), (), 3, Standing()), self._miss)

    def _miss(self, error: BaseException | None) -> None:
        self.lost += 1

    async def say(self, *messages: Message) -> list[object]:
        host, _, port = (await self.desk.listen()).rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for message in messages:
            say(writer, message)
        heard: list[object] = [await Ear(reader, TOLD_BY_WORLD).next()]
        await asyncio.sleep(0.05)
        writer.close()
        await asyncio.sleep(0.05)
        await self.desk.close()
        return heard


STRUCK = Struck("desk", "notify", "notification", "k", "o", 2, "timed_out", 0, 1.5, "hole", "blackhole", True, False)


@pytest.mark.wire
def test_a_stranger_is_sent_away() -> None:
    """Without the token nobody hears the rules, and nobody is missed when he leaves."""
    talk = Talk()
    assert asyncio.run(talk.say(Hello("guess"))) == [None]
    assert talk.lost == 0


@pytest.mark.wire
def test_the_proxy_hears_its_rules_and_its_report_becomes_evidence() -> None:
    """One row for the call, one for the strike, and the coverage of the rule; its end is noticed."""
    talk = Talk()
    (told,) = asyncio.run(talk.say(Hello("t"), Ready(), STRUCK, Matched({"hole": 4})))
    assert isinstance(told, Welcome)
    assert [rule.name for rule in told.rules] == ["hole"]
    assert (told.seed, told.pace, told.business_now, told.frozen) == (3, 2.0, 7.0, True)
    rows = talk.evidence.frame().rows(named=True)
    assert [(row["kind"], row["operation"], row["outcome"], row["rule"]) for row in rows] == [
        ("call", "notify", "timed_out", "hole"),
        ("fault", "notify", "mattered", "hole"),
    ]
    assert [msgspec.structs.astuple(each) for each in talk.rulebook.coverage] == [("hole", 4, 1, 1), ("stale", 0, 0, 0)]
    assert talk.lost == 1


@pytest.mark.wire
def test_an_entrusted_rule_strikes_nothing_in_the_world() -> None:
    """Its lane is empty there; the rules that stayed are in theirs."""
    talk = Talk()
    lane = talk.rulebook.lane("desk", "desk", "list", REQUEST, "read")
    assert len(lane) == 2
    asyncio.run(talk.say(Hello("t"), Ready()))
    assert [each.rule.name for each in lane] == ["stale"]
