"""A gate in the formats of others: JUnit by the rules of its schemas, Markdown, annotations, JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.reports.fleet import Stray, fleet_of
from seatrial.reports.gate import GateVerdict, judge_fleet
from seatrial.reports.gate_annotations import annotation, annotation_lines
from seatrial.reports.gate_junit import gate_junit
from seatrial.reports.gate_markdown import gate_markdown
from seatrial.reports.markdown_words import table
from seatrial.reports.saved import json_text

NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
NASTY = "a|b <script>alert('x')</script> & \"q\" ]]> \x00\x0b\ud800 %0A::error::\r\n@all"
LIMITS = {"wait.p95": "<= 10 min", "duplicates.total": 0, "recovery.max": "<= 1 h"}
SUITE = {"name", "timestamp", "hostname", "tests", "failures", "errors", "time", "id", "package"}
ORDER = ["properties", "testcase", "system-out", "system-err"]


@pytest.fixture(scope="module")
def verdict(made) -> GateVerdict:
    """A held, a broken and an open check for two integrations, a crash, and a name that wants to break everything."""
    readings = {"wait.p95": 300.0, "duplicates.total": 1.0, "recovery.max": None}
    runs = [made(seed, readings, LIMITS, integration=who) for who in ("ours", NASTY) for seed in range(8)]
    return judge_fleet(fleet_of(runs, strays=[Stray(path="x/seed-9", kind="crashed", what=NASTY)], label="now"))


def check_junit(text: str) -> list[ET.Element]:
    """The rules of junit-10.xsd (Jenkins) and JUnit.xsd (Windy Road) that this writer could break; gives the suites."""
    root = ET.fromstring(text.encode())
    assert (root.tag, root.attrib) == ("testsuites", {})
    for number, suite in enumerate(root):
        assert suite.tag == "testsuite"
        assert set(suite.attrib) == SUITE
        assert suite.get("id") == str(number)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))
        places = [ORDER.index(child.tag) for child in suite]
        assert places == sorted(places)
        assert [places.count(place) for place in (0, 2, 3)] == [1, 1, 1]
        check_cases(suite)
    return list(root)


def check_cases(suite: ET.Element) -> None:
    cases = suite.findall("testcase")
    assert suite.get("tests") == str(len(cases))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert suite.get("errors") == str(len(suite.findall("testcase/error")))
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    for case in cases:
        assert set(case.attrib) == {"name", "classname", "time"}
        assert [child.tag for child in case] in ([], ["failure"], ["error"])
        assert all(set(child.attrib) == {"type", "message"} for child in case)


def test_junit_keeps_the_rules_of_its_schemas(verdict: GateVerdict) -> None:
    """A suite for each scenario and integration, a case for each limit: failures are broken ones, errors are doubts."""
    ours, nasty, strays = check_junit(gate_junit(verdict, NOON))
    for suite in (ours, nasty):
        assert [suite.get(count) for count in ("tests", "failures", "errors")] == ["3", "1", "1"]
    (error,) = strays.findall("testcase/error")
    assert error.get("type") == "crashed"


def test_junit_of_nothing_is_not_green(made) -> None:
    """A gate that could check nothing has an error in it."""
    (suite,) = check_junit(gate_junit(judge_fleet(fleet_of([])), NOON))
    assert suite.get("errors") == "1"


@given(st.text(max_size=60))
def test_any_name_can_be_said_in_junit(made, name: str) -> None:
    """Whatever a scenario is called, the XML can be read."""
    runs = [made(seed, {"wait.p95": 900.0}, LIMITS, integration=name) for seed in range(2)]
    check_junit(gate_junit(judge_fleet(fleet_of(runs)), NOON))


def test_markdown_shows_names_as_they_are(verdict: GateVerdict) -> None:
    """No tag, no mention, and every row has as many cells as its head."""
    text = gate_markdown(verdict)
    assert text.startswith("## 💥 Seatrial gate: harness error")
    assert "<script" not in text
    assert "@all" not in text
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| ")}
    assert widths == {6, 7}
    assert "### Broken: 2" in text
    assert "### Open: 2" in text


def test_a_table_cannot_be_left_by_a_cell() -> None:
    """Bars and line breaks stay inside."""
    assert table(("a",), [("x|y\nz",)])[-1] == "| x\\|y z |"


def test_annotations_are_escaped_for_the_runner(verdict: GateVerdict) -> None:
    """One line each, no second command in it, the gravest first."""
    lines = list(annotation_lines(verdict))
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 3 + ["::warning"] * 2
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert annotation("error", "a:b,c%", "50%\r\n::x") == "::error title=a%3Ab%2Cc%25::50%25%0D%0A::x"


def test_annotations_are_few(made) -> None:
    """GitHub shows ten of each level; the last says how many more there are."""
    runs = [
        made(seed, {"duplicates.total": 1.0}, {"duplicates.total": 0}, integration=f"i{n:02}")
        for n in range(14)
        for seed in range(2)
    ]
    lines = list(annotation_lines(judge_fleet(fleet_of(runs))))
    assert len(lines) == 10
    assert lines[-1].endswith("5 more: see the summary")


def test_json_holds_everything(verdict: GateVerdict) -> None:
    """Outcome, policy and every check, without a word that JSON does not know."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    told = json.loads(json_text(verdict).encode(), parse_constant=refuse)
    assert told["outcome"] == "harness error"
    assert told["policy"] == {"alarm_rate": 0.01, "keep": 0.5}
    assert [check["judgement"] for check in told["checks"]] == ["held", "broken", "open"] * 2


def test_runs_that_are_not_named_are_counted(verdict: GateVerdict) -> None:
    """Of eight that broke a limit five are named: in no format do they look like all."""
    assert "0, 1, 2, 3, 4 and 3 more" in gate_markdown(verdict)
    assert "seed-4\nand 3 more" in gate_junit(verdict, NOON)
