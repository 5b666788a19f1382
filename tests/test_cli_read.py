"""`seatrial show`, `explain` and `digest`: what a run folder says, sound, stopped or damaged."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import msgspec
import polars as pl
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

import seatrial
from seatrial.cli import main
from seatrial.cli_verdict import Told, tell
from seatrial.reports.facts import Facts
from seatrial.reports.judge import judge
from seatrial.reports.saved import VERDICT, load_verdict
from seatrial.sim.evidence import Evidence

SCENARIO = """\
name: probe
asks: What does a careless integration leave behind?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 2 d
demand: {kind: synthetic, arrivals: {kind: constant, rate: 20/h}, skus: 20, returns: 0, cancellations: 0}
integration: naive
faults:
  - {fault: lost_reply, at: erp.create_sales_order, nth: 1, times: 3, name: gone}
expect:
  orders.placed: 19
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, for tests that only read."""
    place = tmp_path_factory.mktemp("runs")
    (place / "probe.yaml").write_text(SCENARIO, encoding="utf-8")
    seatrial.run(place / "probe.yaml", out=place / "run")
    return place / "run"


@pytest.fixture
def run(kept: Path, tmp_path: Path) -> Path:
    """A copy of it, for tests that break things."""
    return Path(shutil.copytree(kept, tmp_path / "run"))


def told(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [*map(str, arguments)])
    assert "Traceback" not in result.output
    assert result.exit_code == code, result.output
    return result


def test_show_says_the_verdict_the_limits_the_rules_and_the_readings(kept: Path) -> None:
    """Everything that a tired engineer asks first stands in one screen."""
    shown = told("show", kept).stdout
    assert "VIOLATED  " in shown
    for words in ("limit on", "orders.placed", "= 19", "held", "lost.total", "broken (stands always)"):
        assert words in shown
    assert re.search(r"^gone\s+lost_reply\s+start to 1 h\s+12\s+3\s+3\s*$", shown, re.MULTILINE)
    assert "orders.completed_share" in shown
    assert f"more: seatrial show {kept} --all" in shown


@pytest.mark.parametrize(("died", "next_"), [("KeyError('sku')", "--finding INTEGRATION_DIED"), ("", "--order MP-1")])
def test_what_to_look_at_next_is_how_the_integration_ended(died: str, next_: str) -> None:
    """Where it ended by itself no order says why; else an order that was harmed."""
    rows = Evidence(lambda: 1.0)
    rows.event("order.placed", "marketplace", "MP-1", "MP-1", 1, 1000)
    verdict = judge(rows.frame(), Facts(died=died, duration=60.0, grace=0.0))
    console = Console(width=200)
    with console.capture() as said:
        tell(console, Told(verdict=verdict, folder=Path("a run")))
    assert re.search(r"next +(.+)", said.get())[1].rstrip() == f"seatrial explain 'a run' {next_}"  # type: ignore[index]


def test_show_all_gives_every_reading(kept: Path) -> None:
    """Each reading of the verdict has its line."""
    shown = told("show", kept, "--all").stdout
    assert [each.name for each in load_verdict(kept).readings if each.name not in shown] == []


def test_a_run_without_a_verdict_is_judged_when_it_is_shown(run: Path) -> None:
    """With the limits of the scenario beside its evidence, the verdict is the one it had."""
    before = load_verdict(run)
    (run / VERDICT).unlink()
    shown = told("show", run).stdout
    assert "VIOLATED" in shown
    assert f"findings ({len(before.findings)})" in shown
    assert [each.code for each in before.findings if each.code not in shown] == []


def test_a_run_without_a_manifest_is_incomplete_and_can_be_read(run: Path) -> None:
    """It says what is missing, is inconclusive, and its evidence is shown, told and digested all the same."""
    (run / "manifest.json").unlink()
    shown = told("show", run).stdout
    assert shown.startswith("? INCONCLUSIVE")
    assert "incomplete     there is no manifest.json: the run was stopped before its end" in shown
    assert "sales order" in told("explain", run, "--order", "MP-000001").stdout
    assert "the run is incomplete: there is no manifest.json" in told("explain", run).stderr
    digested = told("digest", run)
    assert len(digested.stdout.strip()) == 64
    assert "the run is incomplete: there is no manifest.json" in digested.stderr


@pytest.mark.parametrize("command", ["show", "explain", "digest", "export"])
def test_a_run_whose_evidence_is_gone_is_no_stopped_run(run: Path, command: str) -> None:
    """Nobody is told that no order was placed: the part is named, what to do, and the exit code is 3."""
    part = run / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-100])
    said = told(command, run, *(["--format", "csv"] if command == "export" else []), code=3)
    assert f"evidence was lost since the run was made: 0 of {rows_of(run):,} rows can be read" in said.stderr
    assert "part-00000.parquet is truncated or damaged" in said.stderr
    assert "run it again: seatrial run " in said.stderr
    assert len(said.stdout.strip()) == (64 if command == "digest" else 0)


def rows_of(run: Path) -> int:
    """Rows that the manifest promises."""
    return int(msgspec.json.decode((run / "manifest.json").read_bytes())["rows"])


@pytest.mark.parametrize("damage", ["gone", "garbage"])
def test_what_is_left_of_damaged_evidence_is_told_as_that(run: Path, damage: str) -> None:
    """The rows before the loss are judged, told and exported; that the rest was lost is said, and ends with 3."""
    rows = pl.read_parquet(run / "part-00000.parquet")
    manifest = msgspec.json.decode((run / "manifest.json").read_bytes()) | {"parts": 2}
    (run / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    rows.head(500).write_parquet(run / "part-00000.parquet")
    if damage == "garbage":
        (run / "part-00001.parquet").write_text("garbage", encoding="utf-8")
    shown = told("show", run, code=3)
    assert shown.stdout.startswith("? INCONCLUSIVE")
    assert "EVIDENCE_LOST" in shown.stdout
    assert "stopped before its end" not in shown.output
    assert "evidence was lost since the run was made: 500 of" in shown.stderr
    explained = told("explain", run, code=3)
    assert "nothing is broken" not in explained.stdout
    assert "part-00001.parquet" in explained.stdout
    assert "part-00001.parquet" in told("explain", run, "--order", "MP-000019", code=3).stderr  # not: no such order
    exported = told("export", run, "--format", "jsonl", code=3)
    assert len(exported.stdout.splitlines()) == 500


def test_a_spoilt_last_word_is_damage(run: Path) -> None:
    """Nobody can say whether the rows are all there: what they hold is told and digested, and it ends with 3."""
    before = msgspec.json.decode((run / "manifest.json").read_bytes())["digest"]
    (run / "manifest.json").write_text("{nope", encoding="utf-8")
    digested = told("digest", run, code=3)
    assert digested.stdout == before + "\n"
    assert "manifest.json of a run folder cannot be read" in digested.stderr
    shown = told("show", run, code=3)
    assert re.search(r"^orders.placed +19 orders", shown.stdout, re.MULTILINE)
    assert "stopped before its end" not in shown.output


def test_the_story_of_an_order_is_told_in_time_order(kept: Path) -> None:
    """Every partner that had to do with it has its say, from the sale on; where nobody watches, without colours."""
    told_all = told("explain", kept, "--order", "MP-000003").stdout
    story = [line for line in told_all.splitlines() if "#" in line.rpartition(" ")[2]]
    assert "sold for MP-000003" in story[0]
    assert [int(line.rpartition("#")[2]) for line in story] == sorted(int(line.rpartition("#")[2]) for line in story)
    assert [who for who in ("marketplace", "integration", "→ erp", "north") if f" {who} " not in "".join(story)] == []
    assert "\x1b" not in told_all


def test_a_run_is_told_in_a_screen(kept: Path) -> None:
    """Without an option: what struck, what it caused, the first witness, and commands that work."""
    said = told("explain", kept).stdout
    for words in ("violated", "gone  Mon 02 Mar", "it caused", "first witness", "look next"):
        assert words in said
    for command in re.findall(r"seatrial (explain .+)", said):
        told(*shlex.split(command))


def test_a_sku_is_told(kept: Path) -> None:
    """Its sales and its levels; with --all every row; another name is answered with the nearest."""
    assert "level at" in told("explain", kept, "--sku", "SKU-0001").stdout
    assert "#" in told("explain", kept, "--sku", "SKU-0001", "--all").stdout
    assert "did you mean 'SKU-0001'" in told("explain", kept, "--sku", "SKU0001", code=2).stderr


def test_one_story_at_a_time(kept: Path) -> None:
    """Two of the options are a mistake."""
    told("explain", kept, "--sku", "SKU-0001", "--order", "MP-000001", code=2)


def test_an_unknown_order_is_answered_with_the_nearest(kept: Path) -> None:
    """The error names order numbers that the run knows."""
    said = told("explain", kept, "--order", "MP-00003", code=2).stderr
    assert "no such order in this run: 'MP-00003'" in said
    assert "did you mean 'MP-000003'" in said


def test_a_finding_is_explained_by_its_witness(kept: Path) -> None:
    """The shortest chain of evidence, and the command that makes the run again."""
    finding = next(each for each in load_verdict(kept).findings if each.witness)
    shown = told("explain", kept, "--finding", finding.code.lower()).stdout
    assert finding.title in shown
    assert [row.number for row in finding.witness if f"#{row.number}" not in shown] == []
    assert "seatrial run " in shown
    assert "known: " in told("explain", kept, "--finding", "NONSENSE", code=2).stderr


def test_the_digest_agrees_with_the_manifest(kept: Path) -> None:
    """Only the digest goes to stdout, so that a script can take it."""
    digested = told("digest", kept)
    manifest = msgspec.json.decode((kept / "manifest.json").read_bytes())
    assert digested.stdout == manifest["digest"] + "\n"
    assert "agrees with the manifest" in digested.stderr


def test_evidence_that_was_changed_is_seen(run: Path) -> None:
    """A digest that differs from the manifest's ends with 3."""
    part = run / "part-00000.parquet"
    rows = pl.read_parquet(part)
    rows.with_columns(amount=pl.col("amount") + 1).write_parquet(part)
    assert "is not what the run wrote" in told("digest", run, code=3).stderr


def test_a_damaged_verdict_is_bad_input(run: Path) -> None:
    """It is named with what to do, and is no traceback."""
    (run / VERDICT).write_text("{", encoding="utf-8")
    assert f"{VERDICT} cannot be read" in told("show", run, code=2).stderr
