"""`seatrial.open_run` and `seatrial.extend`: saved runs, and classes of a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import seatrial
from seatrial.cli import main
from seatrial.reports.facts import Facts
from seatrial.reports.logbook import Logbook
from seatrial.reports.measure import Measure
from seatrial.reports.reading import Definition, Reading
from seatrial.reports.saved import VERDICT
from seatrial.sim import catalogue
from seatrial.sim.errors import BadInput

SCENARIO = """\
name: probe
asks: Is it still there?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 6 h
demand: {kind: synthetic, arrivals: {kind: constant, rate: 20/h}, skus: 20}
expect: {orders.placed: 19}
"""


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    (tmp_path / "probe.yaml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path / "probe.yaml"


def test_a_saved_run_is_the_run(probe: Path) -> None:
    """Digest, rows, evidence, readings and verdict are those that the run had."""
    ran = seatrial.run(probe, out=probe.with_suffix(""))
    saved = seatrial.open_run(probe.with_suffix(""))
    assert (saved.digest, saved.rows, saved.incomplete) == (ran.digest, ran.rows, "")
    assert saved.evidence.equals(ran.evidence)
    assert saved.readings == ran.readings
    assert saved.verdict.outcome is ran.verdict.outcome
    assert saved.reading("orders.placed") == ran.reading("orders.placed")
    assert str(ran.rows) in repr(saved).replace(",", "")


def test_a_saved_run_without_a_verdict_is_judged_by_its_scenario(probe: Path) -> None:
    """The limits lie beside the evidence."""
    ran = seatrial.run(probe, out=probe.with_suffix(""))
    (probe.with_suffix("") / VERDICT).unlink()
    assert [each.measure for each in seatrial.open_run(probe.with_suffix("")).verdict.limits] == [
        each.measure for each in ran.verdict.limits
    ]


def test_a_folder_without_a_run_is_refused(tmp_path: Path, probe: Path) -> None:
    """And so is a reading that no measure gave."""
    with pytest.raises(BadInput):
        seatrial.open_run(tmp_path)
    seatrial.run(probe, out=tmp_path / "run")
    with pytest.raises(BadInput, match=r"did you mean 'orders.placed'"):
        seatrial.open_run(tmp_path / "run").reading("orders.place")


def test_a_measure_of_ones_own_is_read_and_limited(probe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`extend` makes its names known to scenarios at once; what is no extension is refused."""
    monkeypatch.setattr(catalogue, "_ADDED", {})

    @seatrial.extend
    class CallsMade(Measure):
        """Calls that the integration made."""

        defines = (Definition(name="calls.made", unit="calls", meaning="calls"),)

        def read(self, log: Logbook, facts: Facts) -> Iterable[Reading]:
            """Count them."""
            yield self.reading("calls.made", float(log.calls.height))

    run = seatrial.run(probe, settings={"expect": "{calls.made: '> 0'}"})
    assert run.reading("calls.made").value
    assert next(each for each in run.verdict.limits if each.measure == "calls.made").judgement == "held"
    with pytest.raises(BadInput, match=r"no extension: 'int'.*Fault"):
        seatrial.extend(int)


def test_a_verdict_that_was_edited_by_hand_is_not_taken_for_one(probe: Path) -> None:
    """Red stays red: what the files of a run say of each other has to agree, also where one run is looked at alone."""
    seatrial.run(probe, out=probe.with_suffix(""), settings={"expect": "{orders.placed: 3}"})
    kept = probe.with_suffix("") / VERDICT
    said = msgspec.json.decode(kept.read_bytes())
    limits = [{**limit, "judgement": "held"} for limit in said["limits"]]
    kept.write_bytes(msgspec.json.encode({**said, "outcome": "passed", "findings": [], "limits": limits}))
    with pytest.raises(BadInput, match="differ · it was edited by hand or damaged: run it again") as caught:
        _ = seatrial.open_run(probe.with_suffix("")).verdict
    assert str(probe.with_suffix("")) in str(caught.value)
    for command in ("show", "explain"):
        told = CliRunner().invoke(main, [command, str(probe.with_suffix(""))])
        assert (told.exit_code, told.stdout) == (2, "")
