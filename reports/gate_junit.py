"""A gate as JUnit XML: a suite for each scenario and integration, a case for each check.

What is open becomes an `error`, not a `skipped`: readers of JUnit show what was skipped as green enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET

from seatrial.reports.checks import Check
from seatrial.reports.gate import GateVerdict, reason
from seatrial.reports.gate_markdown import demands
from seatrial.reports.interval_words import check_reading

_UNSPEAKABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot say, not even escaped."""
_FIELDS: Final = ("package", "name", "tests", "failures", "errors", "id")


def gate_junit(verdict: GateVerdict, moment: datetime) -> str:
    """The XML, with the moment at which the gate was judged."""
    root = ET.Element("testsuites")
    trials = dict.fromkeys((check.scenario, check.integration) for check in verdict.checks)
    for number, key in enumerate(trials):
        checks = [check for check in verdict.checks if (check.scenario, check.integration) == key]
        suite = _suite(root, number, " × ".join(key), moment, (_of_check(each, verdict) for each in checks))
        _close(suite, demands(verdict))
    if verdict.strays or not trials:
        cases = [_case("seatrial.runs", stray.path, ("error", stray.kind, stray.text)) for stray in verdict.strays]
        nothing = [_case("seatrial.runs", "runs", ("error", "inconclusive", "nothing was checked"))]
        _close(_suite(root, len(trials), "runs that do not count", moment, cases or nothing), "")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, number: int, name: str, moment: datetime, cases: Iterable[ET.Element]) -> ET.Element:
    found = list(cases)
    values = (
        "seatrial.gate", _clean(name), str(len(found)), _count(found, "failure"), _count(found, "error"), str(number)
    )  # fmt: skip
    suite = ET.SubElement(root, "testsuite", dict(zip(_FIELDS, values, strict=True)))
    suite.set("time", "0")
    suite.set("hostname", "localhost")
    suite.set("timestamp", f"{moment:%Y-%m-%dT%H:%M:%S}")
    ET.SubElement(suite, "properties")
    suite.extend(found)
    return suite


def _close(suite: ET.Element, said: str) -> None:
    """What was said on the way; the schema wants both streams."""
    ET.SubElement(suite, "system-out").text = _clean(said)
    ET.SubElement(suite, "system-err")


def _count(cases: Sequence[ET.Element], tag: str) -> str:
    return str(sum(case.find(tag) is not None for case in cases))


def _of_check(check: Check, verdict: GateVerdict) -> ET.Element:
    name = f"{check.kind} {check.measure} {check.wanted}"
    paths = (*check.paths, *([check.more.strip()] if check.more else []))
    text = "\n".join((f"reading: {check_reading(check, verdict.currency)}", *paths))
    kinds = {"broken": ("failure", check.kind), "open": ("error", "inconclusive")}
    wrong = (*kinds[check.judgement], reason(check), text) if check.judgement in kinds else ()
    return _case(f"{check.scenario}.{check.integration}", name, wrong)


def _case(group: str, name: str, wrong: Sequence[str]) -> ET.Element:
    """A case; `wrong` is tag, type, message and text, or nothing."""
    case = ET.Element("testcase", {"name": _clean(name), "classname": _clean(group), "time": "0"})
    if wrong:
        tag, kind, message, *text = wrong
        inner = ET.SubElement(case, tag, {"type": kind, "message": _clean(message)})
        inner.text = _clean("\n".join((message, *text)))
    return case


def _clean(text: str) -> str:
    return _UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", text)
