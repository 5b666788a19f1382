"""A comparison as it is read: what matters first, one line for each kind, changes that cannot be misread."""

from __future__ import annotations

import math
from pathlib import Path

from click.testing import CliRunner

from seatrial.cli import main
from seatrial.reports.comparison import Comparison
from seatrial.reports.comparison_markdown import comparison_markdown
from seatrial.reports.comparison_view import View, kind_of, views
from seatrial.reports.differences import Difference, Judgement
from seatrial.reports.interval_words import change_interval, change_text


def differs(measure: str, judgement: Judgement, a: float = 1.0, b: float = 2.0, **more: object) -> Difference:
    plain = {"scenario": "storm", "unit": "", "pairs": 12, "change": b - a, "low": b - a, "high": b - a, **more}
    return Difference(measure=measure, judgement=judgement, a=a, b=b, **plain)  # type: ignore[arg-type]


FOUND = (
    differs("accuracy.erp", "better", 0.5, 0.6, unit="share"),
    differs("latency.call.erp.find.p95", "worse", 1.0, 9.0, unit="s"),
    differs("latency.call.erp.find.max", "worse", 1.0, 2.0, unit="s"),
    differs("latency.call.north.pack.max", "worse", 1.0, 1.5, unit="s"),
    differs("money.at_risk", "worse", 100.0, 101.0, unit="money"),
    differs("orders.placed", "changed"),
    differs("recovery.max", "undecided", why="it may be chance (p 0.4)"),
    differs("staleness.erp.p50", "undecided", why="it may be chance (p 0.4)"),
    differs("passed", "equal", 1.0, 1.0),
    differs("wait.p95", "equal", 1.0, 1.0),
)


def shown(*found: Difference, everything: bool = False) -> View:
    (view,) = views(Comparison(a="main", b="now", side="version", differences=found), everything=everything)
    return view


def names(view: View) -> list[str]:
    return [row.difference.measure for _, rows in view.groups for row in rows]


def test_what_is_worse_and_better_comes_before_what_is_undecided_or_equal() -> None:
    """Whatever the alphabet says."""
    view = shown(*FOUND, everything=True)
    assert [judgement for judgement, _ in view.groups] == ["worse", "better", "changed", "undecided", "equal"]
    assert len(names(view)) == len(FOUND)
    assert view.hidden == ""


def test_headlines_come_first_and_then_what_differs_most() -> None:
    """Money at risk before a latency that grew ninefold, and that before one that doubled."""
    worse = names(shown(*FOUND, everything=True))[:4]
    assert worse[:3] == ["money.at_risk", "latency.call.erp.find.p95", "latency.call.erp.find.max"]


def test_of_a_kind_the_one_that_differs_most_stands_for_all() -> None:
    """The others are counted beside it, and what else is not shown below."""
    view = shown(*FOUND)
    assert names(view) == ["money.at_risk", "latency.call.erp.find.p95", "accuracy.erp", "recovery.max", "passed"]
    assert view.groups[0][1][1].cells("GBP", 12)[-1] == "and 2 of latency.call.*"
    assert view.hidden == "not shown: 2 worse, 1 changed, 1 undecided and 1 equal"


def test_from_never_is_the_greatest_of_all_changes() -> None:
    """It is no percentage of anything."""
    never = differs("recovery.storm", "better", math.inf, 5.0, unit="s", change=-math.inf, low=-math.inf, high=-3.0)
    other = differs("wait.p95", "better", 100.0, 0.0, unit="s")
    assert names(shown(other, never)) == ["recovery.storm", "wait.p95"]
    assert shown(never).groups[0][1][0].cells("GBP", 12)[1:5] == ("never", "5 s", "from never", "[from never, -3 s]")


def test_readings_of_one_kind_share_the_first_words_of_their_names() -> None:
    """A percentile is no kind of its own."""
    assert kind_of("latency.placed_to_shipped.storefront.p95") == "latency.placed_to_shipped"
    assert kind_of("cycle_time.p50") == kind_of("cycle_time.max") == "cycle_time"
    assert kind_of("drift.erp.left") == "drift.erp"


def test_a_change_of_a_share_is_told_in_percentage_points() -> None:
    """From 50 % to 60 % is 10 percentage points more, and a fifth more of what there was."""
    assert change_text(0.1, "share", "GBP") == "+10 pp"
    assert change_interval(-0.052, 0.1, "share", "GBP") == "[-5.2, 10 pp]"
    assert change_text(math.inf, "s", "GBP") == "to never"
    assert change_text(None, "share", "GBP") == "–"
    assert change_interval(None, None, "share", "GBP") == "–"


def test_fewer_pairs_than_most_are_said_beside_the_reading() -> None:
    """What all have in common stands once, in the title."""
    view = shown(differs("wait.p95", "worse"), differs("recovery.max", "worse", pairs=9))
    assert view.sum == "12 pairs by seed"
    assert [row.cells("GBP", view.pairs)[-1] for row in view.groups[0][1]] == ["9 pairs", ""]


def test_markdown_has_the_same_order() -> None:
    """What it amounts to stands before each reading."""
    text = comparison_markdown(Comparison(a="main", b="now", side="version", differences=FOUND))
    rows = [line.split(" | ")[:2] for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    assert rows[1:3] == [["| worse", "money.at_risk"], ["| worse", "latency.call.erp.find.p95"]]


def test_a_narrow_terminal_breaks_no_number(written, tmp_path: Path) -> None:
    """Where there is no room for a table each row is told on lines of its own."""
    for seed in range(8):
        written(f"a/{seed}", seed)
        written(f"b/{seed}", seed, integration="theirs")
    told = CliRunner(env={"COLUMNS": "60"}).invoke(main, ["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    place = lines.index("  duplicates.total")
    assert lines[place + 1].startswith("    A: ours 0 documents · B: theirs 0 documents · change 0 documents")
    wide = CliRunner(env={"COLUMNS": "160"}).invoke(main, ["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    assert any(line.startswith("duplicates.total  ") for line in wide.stdout.splitlines())


def test_a_long_name_stands_in_the_title_and_its_letter_over_the_column(written, tmp_path: Path) -> None:
    """What is set may be long; the numbers keep their table."""
    changed = {"controls.idempotency_key": "false", "controls.retry": "false"}
    for seed in range(8):
        written(f"a/{seed}", seed)
        written(f"b/{seed}", seed, settings=changed)
    told = CliRunner(env={"COLUMNS": "160"}).invoke(main, ["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    title, head, *_ = told.stdout.splitlines()
    named = "storm: controls.idempotency_key='false' controls.retry='false' (B) against as the scenario says (A)"
    assert title.startswith(named)
    assert head.split() == ["reading", "A", "B", "change", "interval"]


def test_what_is_named_is_shown_whatever_it_amounts_to(written, tmp_path: Path) -> None:
    """Whoever asks for a reading gets an answer, also where nothing is decided."""
    for seed in range(8):
        written(f"a/{seed}", seed)
        written(f"b/{seed}", seed, integration="theirs")
    command = ["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--measure", "orders.placed"]
    told = CliRunner(env={"COLUMNS": "160"}).invoke(main, command)
    assert "orders.placed" in told.stdout
    assert "not shown" not in told.stdout
