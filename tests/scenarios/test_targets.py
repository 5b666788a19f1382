"""Targets: a rule strikes only where its fault can; aimed elsewhere it is refused (see test_bad_input)."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from seatrial.scenarios.loader import parse_scenario
from seatrial.scenarios.targets import check_direction
from seatrial.sim.call import INSIDE, REQUEST, WEBHOOK, Call
from seatrial.sim.catalogue import Catalogue, camel_case, snake_case
from seatrial.sim.errors import BadInput
from seatrial.sim.fate import MAY_MEET, Answer, Fate
from seatrial.sim.fault import Draw, Fault
from seatrial.voyage import sail

SCENARIO = """\
name: probe
asks: Whom does a rule strike that is aimed at a whole partner?
start: 2026-03-02 08:00:00
duration: 3 h
calm: 6 h
demand: {kind: synthetic, arrivals: {kind: constant, rate: 20/h}, skus: 20}
faults:
  - {fault: FAULT, at: erp}
"""
FAULTS = Catalogue("faults")


@pytest.mark.parametrize(("fault", "wants"), [("lost_reply", "write"), ("stale_read", "read"), ("reset", "")])
def test_a_fault_strikes_only_what_it_wants(fault: str, wants: str) -> None:
    """Aimed at a whole partner, one that wants a write leaves reads alone, and the other way round."""
    run = sail(parse_scenario(SCENARIO.replace("FAULT", fault)))
    struck = set(run.evidence.filter(pl.col("kind") == "fault")["operation"].to_list())
    operations = {each.name: each.access for each in Catalogue("partners").get("erp").operations.values()}  # type: ignore[attr-defined]
    assert struck
    assert wants == "" or {operations[name] for name in struck} == {wants}


def test_evidence_names_a_fault_as_the_scenario_does() -> None:
    """The row of a strike says `lost_reply`, not the name of a class."""
    run = sail(parse_scenario(SCENARIO.replace("FAULT", "lost_reply")))
    assert run.evidence.filter(pl.col("kind") == "fault")["document"].unique().to_list() == ["lost_reply"]


@pytest.mark.parametrize("name", FAULTS.names())
def test_names_of_faults_and_classes_lead_back(name: str) -> None:
    """The class of a fault is named after its file, and gives the file's name back."""
    assert snake_case(camel_case(name)) == name


@pytest.mark.parametrize("name", FAULTS.names())
def test_every_fault_may_strike_where_it_does_by_itself(name: str) -> None:
    """Its own direction is never refused; one in which nothing that it decides can happen always is."""
    fault = FAULTS.get(name)()
    assert isinstance(fault, Fault)
    check_direction(name, fault, fault.direction)
    for direction in (REQUEST, WEBHOOK, INSIDE):
        met = type(fault.decide(Call("erp", "pick", direction, "1", "1", 1, sent_at=9.0), 1.0, lambda _: 0.0))
        if met is type(None) or met in MAY_MEET[direction]:
            continue
        with pytest.raises(BadInput, match="cannot strike in this direction"):
            check_direction(name, fault, direction)


class Anything(Fault, frozen=True):
    """A fault that does not say what it decides."""

    def decide(self, call: Call, now: float, dice: Draw) -> Fate | None:
        """An answer."""
        return Answer(500)


def test_a_fault_that_may_decide_anything_is_let_through() -> None:
    """Only what certainly cannot happen is refused."""
    for direction in (REQUEST, WEBHOOK, INSIDE):
        check_direction("anything", Anything(), direction)


def test_a_bad_scenario_leaves_an_earlier_run_in_its_folder(tmp_path: Path) -> None:
    """The folder is touched only once everything has been checked."""
    good, bad = SCENARIO.partition("faults:")[0], SCENARIO.replace("FAULT", "latnecy")
    sail(parse_scenario(good), out=tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(BadInput):
        sail(parse_scenario(bad), out=tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
