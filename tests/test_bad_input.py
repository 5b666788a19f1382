"""Bad input ends with code 2 and a sentence: file, line, value, the nearest known name; nothing is left behind."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import seatrial
from seatrial.cli import main
from seatrial.sim.errors import BadInput

SCENARIO = """\
name: probe
asks: Does it hold?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 6 h
demand:
  kind: synthetic
  arrivals: {kind: poisson, rate: 30/h}
  skus: 20
"""
"""Nine lines; what a test adds begins on line 10."""
TRACE = SCENARIO.partition("demand:")[0] + "demand:\n  kind: trace\n  orders: orders.csv\n  returns: ''\n"
HEADER = "order_id,ts,sku,qty,price,country\n"
LINE = "1,2026-03-02 08:10:00,SKU-1,2,1.50,France\n"


def fault(*lines: str) -> str:
    """A scenario with one rule; its own lines begin on line 11."""
    return SCENARIO + "faults:\n  - " + "\n    ".join(lines) + "\n"


def expect(limit: str) -> str:
    return f"{SCENARIO}expect:\n  {limit}\n"


def refused(result: Result) -> str:
    """What was said; whatever else happened, it was no traceback."""
    assert "Traceback" not in result.output
    assert result.exit_code == 2, result.output
    return result.stderr


BAD = {
    "unknown fault": (fault("fault: lost_replay"), 11, ("unknown fault", "'lost_replay'", "did you mean 'lost_reply'")),
    "unknown partner": (
        fault("fault: latency", "at: epr"),
        12,
        ("unknown partner", "'epr'", "did you mean 'erp'", "known:"),
    ),
    "unknown operation": (
        fault("fault: latency", "at: erp.post_invoise"),
        12,
        ("unknown operation of erp", "'post_invoise'", "write erp.post_invoice"),
    ),
    "unknown event": (
        fault("fault: webhook_drop", "at: north.shipment.dispached"),
        12,
        ("unknown event of north", "write north.shipment.dispatched"),
    ),
    "unknown work": (
        fault("fault: short_shipment", "at: north.pikc"),
        12,
        ("unknown work of north", "'pikc'", "write north.pick"),
    ),
    "unknown parameter": (
        fault("fault: latency", "at: erp", "with: {dealy: 2 s}"),
        13,
        ("latency has no such parameter", "did you mean 'delay'"),
    ),
    "unknown word": (
        fault("fault: lost_reply", "at: erp", "with: {how: slience}"),
        13,
        ("unknown word", "'slience'", "did you mean 'silence'"),
    ),
    "unknown measure": (expect("duplicate.total: 0"), 11, ("unknown measure", "did you mean 'duplicates.total'")),
    "unknown unit of a duration": (
        SCENARIO.replace("duration: 1 h", "duration: 1 moon"),
        4,
        ("unknown unit of time", "'moon'", "known: us, ms, s, min, h, d, w"),
    ),
    "unknown unit of a rate": (SCENARIO.replace("30/h", "30/moon"), 8, ("unknown unit of time", "'moon'")),
    "unknown unit of a share": (SCENARIO + "  returns: 5 permille\n", 10, ("unknown unit of a share", "'permille'")),
    "unknown unit in a table": (
        SCENARIO + "  channels:\n    marketplace: 50 %\n    storefront: 50 x\n",
        12,
        ("unknown unit of a share", "'x'"),
    ),
    "unknown unit of a parameter": (
        fault("fault: latency", "at: erp", "with:", "  delay: 2 blinks"),
        14,
        ("unknown unit of time", "'blinks'"),
    ),
    "unknown unit in a limit": (expect("recovery.max: <= 2 moons"), 11, ("recovery.max", "unknown unit", "'moons'")),
    "a limit in the wrong unit": (expect("duplicates.total: <= 2 h"), 11, ("this measure counts documents",)),
    "a limit that is none": (expect("duplicates.total: many"), 11, ("not a limit", "'many'")),
    "a number without a unit": (SCENARIO.replace("1 h", "3600"), 4, ("not a duration: 3600", "write '45 min'")),
    "a negative duration": (SCENARIO.replace("1 h", "-1 h"), 4, ("a duration cannot be negative",)),
    "no duration": (SCENARIO.replace("duration: 1 h", "duration: 0"), 4, ("a run needs time",)),
    "a window outside the run": (
        fault("fault: latency", "at: erp", "from: 5 h"),
        13,
        ("the fault's window lies outside the run", "from 5 h", "the chaos phase lasts 1 h"),
    ),
    "a window that ends before it begins": (
        fault("fault: latency", "at: erp", "from: 30 min", "until: 10 min"),
        14,
        ("ends before it begins", "from 30 min until 10 min"),
    ),
    "a value that a fault refuses": (
        fault("fault: status", "at: erp", "with:", "  status: 200"),
        14,
        ("not the status of an error: 200", "from 400 to 599"),
    ),
    "a direction that a fault cannot take": (
        fault("fault: webhook_reorder", "at: north", "direction: request"),
        13,
        ("webhook_reorder cannot strike in this direction", "known: webhook"),
    ),
    "a reply that cannot be old": (
        fault("fault: stale_read", "at: storefront", "direction: webhook"),
        13,
        ("stale_read cannot strike in this direction", "known: request"),
    ),
    "a read where a write is wanted": (
        fault("fault: lost_reply", "at: erp.find_sales_order"),
        12,
        ("lost_reply strikes a write", "erp.create_sales_order"),
    ),
    "a write where a read is wanted": (
        fault("fault: stale_read", "at: erp.create_sales_order"),
        12,
        ("stale_read strikes a read", "erp.find_sales_order"),
    ),
    "webhooks of a partner that has none": (
        fault("fault: webhook_drop", "at: desk"),
        12,
        ("here is none", "'desk'", "storefront"),
    ),
    "a count below zero": (fault("fault: latency", "at: erp", "nth: -3"), 13, ("`nth` counts from 0 up: -3",)),
    "first and nth": (fault("fault: latency", "at: erp", "first: 2", "nth: 3"), 14, ("give one of them",)),
    "two rules of one name": (
        SCENARIO + "faults:\n  - {fault: latency, at: erp, name: a}\n  - {fault: reset, at: erp, name: a}\n",
        12,
        ("two rules have one name", "'a'"),
    ),
    "unknown integration": (SCENARIO + "integration: resilent\n", 10, ("did you mean 'resilient'",)),
    "unknown control": (SCENARIO + "controls: {retrys: false}\n", 10, ("resilient has no such control", "'retry'")),
    "unknown world": (SCENARIO + "world: standart\n", 10, ("unknown world", "did you mean 'standard'")),
    "unknown kind of partner": (SCENARIO + "partners:\n  north: {kind: warehose}\n", 11, ("'warehouse'",)),
    "a partner of another name": (
        SCENARIO + "partners:\n  earp:\n    settings: {keep: 3 d}\n",
        11,
        ("unknown partner", "'earp'", "did you mean 'erp'", "known: ", "give the `kind` of a new one"),
    ),
    "unknown setting of a partner": (
        SCENARIO + "partners:\n  north:\n    settings:\n      pickres: 3\n",
        13,
        ("warehouse has no such setting", "did you mean 'pickers'"),
    ),
    "unknown part of a partner": (
        SCENARIO + "partners:\n  north:\n    setings: {}\n",
        12,
        ("unknown setting", "'setings'", "did you mean 'settings'"),
    ),
    "a policy for an operation that is not there": (
        SCENARIO + "partners:\n  erp:\n    conduct:\n      idempotency:\n        post_invoise: {kind: state_guard}\n",
        14,
        ("unknown operation of erp", "did you mean 'post_invoice'"),
    ),
    "a latency that cannot be": (
        SCENARIO + "partners:\n  erp:\n    conduct:\n      latency: {kind: lognormal, p50: 3 s, p99: 1 s}\n",
        13,
        ("0 < p50 <= p99",),
    ),
    "a latency that is shorter than it is long": (
        SCENARIO + "partners:\n  erp:\n    conduct:\n      latency: {kind: uniform, low: 3 s, high: 1 s}\n",
        13,
        ("low <= high",),
    ),
    "a poll without a pause": (SCENARIO + "controls: {poll_every: 0 s}\n", 10, ("poll_every has to be above zero",)),
    "no attempt at all": (SCENARIO + "controls: {attempts: 0}\n", 10, ("attempts has to be above zero: 0",)),
    "a pace of nothing": (SCENARIO + "controls: {pace: 0/s}\n", 10, ("pace has to be above zero",)),
    "pages without rows": (
        SCENARIO + "partners:\n  marketplace:\n    conduct:\n      reads: {kind: cursor, page_limit: 0}\n",
        13,
        ("page_limit has to be above zero: 0",),
    ),
    "nobody at work": (
        SCENARIO + "partners:\n  north:\n    settings: {pickers: 0}\n",
        12,
        ("pickers has to be above zero: 0",),
    ),
    "a duration of nothing written": (SCENARIO.replace("1 h", ""), 4, ("not a duration", "write '45 min'")),
    "an end beyond the calendar": (
        SCENARIO.replace("calm: 6 h", "calm: 3000000 d"),
        3,
        ("has to end before the year 9999",),
    ),
    "items without number": (SCENARIO.replace("skus: 20", "skus: 1000000000000"), 6, ("at most 1000000",)),
    "prices without bound": (SCENARIO + "  prices: [1, 10000000000000000000]\n", 6, ("to 1000000000",)),
    "orders without number": (SCENARIO + "  orders: 10000000000000000000\n", 6, ("orders to 1000000000",)),
    "a grace for the whole run": (SCENARIO + "grace: 7 h\n", 10, ("nothing could ever be owed", "7 h", "grace: 0 s")),
    "an order beyond all money": (
        SCENARIO + "  prices: [1, 1000000000]\n  quantity: [1, 1000000000]\n",
        6,
        ("the largest order of the demand", "more than 1000000000000 minor units"),
    ),
    "stock beyond counting": (SCENARIO + "  cover: 90000000000 d\n", 6, ("the stock of SKU-0001", "lower the rate")),
    "unknown team": (SCENARIO + "minutes_per_exception: {logistic: 3}\n", 10, ("did you mean 'logistics'",)),
    "unknown step": (
        SCENARIO + "service_targets: {placed_to_shiped: 2 d}\n",
        10,
        ("did you mean 'placed_to_shipped'",),
    ),
    "a target of no time": (SCENARIO + "service_targets: {placed_to_shipped: 0}\n", 10, ("more than no time",)),
    "unknown setting": (SCENARIO + "fualts: []\n", 10, ("unknown setting", "did you mean 'faults'")),
    "unknown kind of demand": (
        SCENARIO.replace("kind: synthetic", "kind: synthetik"),
        7,
        ("did you mean 'synthetic'",),
    ),
    "a missing setting": (SCENARIO.replace("asks: Does it hold?\n", ""), 1, ("a setting is missing", "'asks'")),
    "text for a number": (SCENARIO.replace("skus: 20", "skus: lots"), 9, ("expected a whole number, found text",)),
    "no moment": (SCENARIO.replace("2026-03-02 08:00:00", "yesterday"), 3, ("not a moment", "'yesterday'")),
    "a setting written twice": (SCENARIO + "calm: 2 h\n", 10, ("written twice", "'calm'", "line 5")),
    "a tab": (SCENARIO + "\tx: 1\n", 10, ("not YAML",)),
}


@pytest.mark.parametrize(("text", "line", "words"), BAD.values(), ids=BAD)
def test_a_bad_scenario_is_refused_where_it_is_bad(
    text: str, line: int, words: tuple[str, ...], tmp_path: Path
) -> None:
    """The error names file and line, the value, and what is known; no run folder is left behind."""
    file, out = tmp_path / "probe.yaml", tmp_path / "out"
    file.write_text(text, encoding="utf-8")
    said = refused(CliRunner().invoke(main, ["run", str(file), "--out", str(out)]))
    assert said.startswith(f"error: {file}:{line}: ")
    assert [word for word in words if word not in said] == []
    assert not out.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("is empty", "begin with `name: ...`")),
        (b"- a\n- b\n", ("holds no mapping",)),
        (b"name: x\nasks: caf\xe9\n", ("not UTF-8", "byte 0xe9", ":2:")),
        (b"a: &a\n  b: *a\n", ("a value contains itself",)),
        (b"name: !!python/object/apply:os.getcwd []\n", ("not YAML",)),
        (b"name: x\nstart: 2026-02-31\n", (":2: not a value", "2026-02-31", "day")),
        (b"name: &a [*a]\nstart: 2026-02-31\n", (":2: not a value", "2026-02-31")),
    ],
    ids=["empty", "a list", "not UTF-8", "a circle", "code", "no such day", "no such day in a circle"],
)
def test_a_file_that_is_no_scenario_is_refused(content: bytes, words: tuple[str, ...], tmp_path: Path) -> None:
    """Whatever the file holds, the error says what is wrong with it and names it."""
    file = tmp_path / "probe.yaml"
    file.write_bytes(content)
    said = refused(CliRunner().invoke(main, ["run", str(file), "--out", str(tmp_path / "out")]))
    assert [word for word in (str(file), *words) if word not in said] == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("orders.csv", "the trace is empty", "order_id,ts,sku,qty,price,country")),
        (HEADER.encode(), ("orders.csv: the trace has no lines",)),
        ((HEADER + "1,2026-03-02 08:10:00,SKU-1\n").encode(), ("orders.csv:2", "3 fields where", "cut off")),
        (gzip.compress((HEADER + LINE * 500).encode(), mtime=0)[:-20], ("orders.csv", "damaged or was cut off")),
        ((HEADER + LINE.replace("France", "S\xe3o")).encode("latin-1"), ("orders.csv:2", "not UTF-8", "byte 0xe3")),
        ((HEADER + LINE.replace(",2,", ",-2,")).encode(), ("orders.csv:2", "'-2'", "above zero in orders")),
        (
            (HEADER + LINE.replace(",2,1.50,", ",999999,999999,")).encode(),
            ("orders.csv:2", "1000000000000 minor units"),
        ),
        ((HEADER + LINE).replace("qty", "amount").encode(), ("orders.csv:1", "lacks a column", "'qty'")),
        ((HEADER + LINE).replace("\n", ",qty\n").encode(), ("orders.csv:1", "has a column twice", "'qty'")),
        ((HEADER + LINE.replace("2026", "2031")).encode(), ("no orders in the window", "2031-03-02")),
    ],
    ids=[
        "empty",
        "no lines",
        "truncated",
        "packed and truncated",
        "not UTF-8",
        "negative",
        "beyond all money",
        "no column",
        "a column twice",
        "no window",
    ],
)
def test_a_bad_trace_is_refused_where_it_is_bad(content: bytes, words: tuple[str, ...], tmp_path: Path) -> None:
    """The error names the trace, the line and the value; no run folder is left behind."""
    file, out = tmp_path / "probe.yaml", tmp_path / "out"
    file.write_text(TRACE, encoding="utf-8")
    (tmp_path / "orders.csv").write_bytes(content)
    said = refused(CliRunner().invoke(main, ["run", str(file), "--out", str(out)]))
    assert [word for word in words if word not in said] == []
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "clam-day"], ("unknown scenario", "did you mean 'calm-day'")),
        (["run", "nowhere.yaml"], ("no such scenario file", "nowhere.yaml")),
        (["run", "calm-day", "--integration", "resilent"], ("--integration: ", "did you mean 'resilient'")),
        (["run", "calm-day", "--set", "duration"], ("--set", "write key=value")),
        (["run", "calm-day", "--set", "duratoin=1 d"], ("--set duratoin=1 d: ", "did you mean 'duration'")),
        (["run", "calm-day", "--set", "duration=1 moon"], ("--set duration=1 moon: ", "unknown unit of time")),
        (["run", "calm-day", "--set", "faults.7.nth=1"], ("--set faults.7.nth=1: expected a list",)),
        (
            ["run", "peak-week", "--set", "faults.70.nth=1"],
            ("cannot be set: faults has no such entry: '70'",),
        ),
        (
            ["run", "peak-week", "--set", "faults.x.nth=1"],
            ("counted by numbers: 'x'", "it has 7: faults.0 to"),
        ),
        (["run", "peak-week", "--set", "duration.x=1"], ("duration has no parts: 'x'", "write `duration=...`")),
        (["run", "calm-day", "--set", "duration=[1"], ("--set duration=[1: cannot be set: not YAML: ", "expected ','")),
        (["run", "calm-day", "--set", "start=2011-02-30"], ("cannot be set: not a value: day",)),
        (["run", "calm-day", "--set", "expect.lots.total=0"], ("--set expect.lots.total=0: ", "unknown measure")),
        (["run", "calm-day", "calm-day"], ("two runs would share one folder",)),
        (["run", "calm-day", "--seed", "x"], ("'x' is not a valid integer",)),
        (["run"], ("Missing argument",)),
        (["rnu"], ("No such command 'rnu'",)),
        (["list", "faults", "lost_replay"], ("unknown fault", "did you mean 'lost_reply'")),
        (["list", "measures", "lost.sales_ordre"], ("no measure gives this", "did you mean 'lost.sales_order'")),
        (["list", "folts"], ("'folts'", "faults")),
        (["show", "nowhere"], ("no such run folder", "'nowhere'")),
        (["digest", "nowhere"], ("no such run folder",)),
        (["explain", "nowhere", "--order", "1"], ("no such run folder",)),
        (["explain", "nowhere"], ("no such run folder", "'nowhere'")),
    ],
    ids=" ".join,
)
def test_a_bad_command_is_refused(
    arguments: list[str], words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown names, keys and folders are named, with what is known; nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    said = refused(CliRunner().invoke(main, arguments))
    assert [word for word in words if word not in said] == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A file where the run folder should be, or a place where nothing can be made, is named with the way out."""
    scenario, file = tmp_path / "probe.yaml", tmp_path / "file"
    scenario.write_text(SCENARIO, encoding="utf-8")
    file.write_text("mine", encoding="utf-8")
    for out in (file, file / "below", Path("/proc/seatrial")):
        said = refused(CliRunner().invoke(main, ["run", str(scenario), "--out", str(out)]))
        assert "cannot write a run folder here" in said
        assert f"'{out}'" in said
        assert "--out DIR" in said
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A folder with other files is not written to, and nothing in it is touched."""
    scenario, out = tmp_path / "probe.yaml", tmp_path / "photos"
    scenario.write_text(SCENARIO, encoding="utf-8")
    out.mkdir()
    (out / "cat.jpg").write_text("meow", encoding="utf-8")
    said = refused(CliRunner().invoke(main, ["run", str(scenario), "--out", str(out)]))
    assert "cat.jpg" in said
    assert [file.name for file in out.iterdir()] == ["cat.jpg"]


def test_bad_input_of_the_last_run_is_found_before_the_first(tmp_path: Path) -> None:
    """Of several scenarios none is run when one of them is bad."""
    good, bad, out = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "out"
    good.write_text(SCENARIO, encoding="utf-8")
    bad.write_text(fault("fault: latency", "at: epr").replace("probe", "bad"), encoding="utf-8")
    said = refused(CliRunner().invoke(main, ["run", str(good), str(bad), "--out", str(out)]))
    assert said.startswith(f"error: {bad}:12: unknown partner")
    assert not out.exists()


@pytest.mark.parametrize(
    "given", [{"seed": "7"}, {"seed": 1.5}, {"seed": True}, {"settings": {"duration": 3}}], ids=str
)
def test_a_bad_argument_is_refused_in_python_too(given: dict[str, Any], tmp_path: Path) -> None:
    """What the command line cannot even say is bad input, not an error of some inner function, and not a run."""
    file, out = tmp_path / "probe.yaml", tmp_path / "out"
    file.write_text(SCENARIO, encoding="utf-8")
    with pytest.raises(BadInput, match=r"a seed is a whole number from 0 up|a setting is text"):
        seatrial.run(file, out=out, **given)
    assert not out.exists()
