"""Judgements on disk."""

from __future__ import annotations

import json

import msgspec
import pytest

from seatrial.reports import saved
from seatrial.reports.facts import Facts, RuleFacts
from seatrial.reports.judge import judge
from seatrial.sim.errors import BadInput
from seatrial.sim.evidence import Evidence
from seatrial.sim.manifest import About, Phase
from seatrial.sim.runfolder import RunFolder

FACTS = Facts(scenario="storm", seed=7, grace=0.0, rules=(RuleFacts(name="outage", begin=1.0),))


@pytest.fixture
def folder(tmp_path):
    """A finished run with one order, which is never released."""
    begun = RunFolder.create(tmp_path / "run", about=About(scenario="storm", seed=7, integration="naive"))
    now = 0.0
    log = Evidence(lambda: now, begun.path)
    log.event("order.placed", "marketplace", "MP-1", "MP-1", 1, 100)
    log.fault("erp", "x", "Outage", "MP-1", "MP-1", 1, "mattered", "outage")
    log.close()
    phases = (Phase("chaos", 0.0, 10.0), Phase("calm", 10.0, 20.0))
    return begun.finish(rows=log.rows_written, parts=log.parts_written, digest=log.digest(), phases=phases)


def test_a_verdict_comes_back_as_it_was(folder) -> None:
    """Also with times that never came and windows that never end."""
    verdict = judge(folder.scan(), FACTS, {"recovery.max": "<= 1 h"})
    saved.save(verdict, folder)
    assert saved.load_verdict(folder.path) == verdict
    assert saved.load_readings(folder.path) == verdict.readings


def test_the_files_are_json_for_everybody(folder) -> None:
    """No NaN, no Infinity: every reader of JSON can read them."""
    saved.save(judge(folder.scan(), FACTS), folder)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    for name in (saved.VERDICT, saved.READINGS, saved.FACTS):
        json.loads((folder.path / name).read_text(), parse_constant=refuse)


def test_the_last_word_of_a_run_carries_the_judgement(folder) -> None:
    """A list of runs shows verdict and headlines without judging again."""
    saved.save(judge(folder.scan(), FACTS), folder)
    manifest = RunFolder.open(folder.path).manifest
    assert manifest is not None
    note = manifest.verdict
    assert note is not None
    assert (note.verdict, note.readings["orders.placed"]) == ("violated", 1.0)


def test_facts_are_kept_or_told_by_the_run(folder) -> None:
    """Without facts of its own a run is known by its start and its last word."""
    told = saved.facts_of(folder)
    assert (told.scenario, told.integration, told.duration, told.complete) == ("storm", "naive", 20.0, True)
    saved.keep_facts(FACTS, folder)
    kept = saved.facts_of(RunFolder.open(folder.path))
    assert (kept.rules, kept.duration, len(kept.phases)) == (FACTS.rules, 20.0, 2)


def test_a_run_that_was_interrupted_is_known_as_such(tmp_path) -> None:
    """A folder without a last word is judged as an incomplete run."""
    begun = RunFolder.create(tmp_path / "run", about=About(scenario="storm"))
    saved.keep_facts(FACTS, begun)
    assert saved.facts_of(RunFolder.open(begun.path)).complete is False


@pytest.mark.parametrize("text", ["", "{}", "not json", "\x00", '{"outcome": "splendid"}'])
def test_a_damaged_verdict_is_bad_input(folder, text: str) -> None:
    """What somebody edited by hand is told, not believed."""
    (folder.path / saved.VERDICT).write_text(text)
    with pytest.raises(BadInput, match=r"verdict\.json cannot be read"):
        saved.load_verdict(folder.path)


def test_a_run_that_was_never_judged_says_so(folder) -> None:
    """The error says how to judge it."""
    with pytest.raises(BadInput, match=r"has no verdict\.json"):
        saved.load_verdict(folder.path)


def test_never_is_not_lost_on_the_way(folder) -> None:
    """An infinite reading is read back as infinite, an unknown one as unknown."""
    readings = judge(folder.scan(), FACTS).readings
    values = {each.name: each.value for each in readings}
    assert values["audit.completeness"] is None
    saved.save(judge(folder.scan(), msgspec.structs.replace(FACTS, duration=20.0)), folder)
    assert {each.name: each.value for each in saved.load_readings(folder.path)} == values
