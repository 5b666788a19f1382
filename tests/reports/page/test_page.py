"""Laws of the report page: complete in itself, the same for the same run, and nothing of the verdict left out."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from seatrial.reports.facts import Facts
from seatrial.reports.judge import judge
from seatrial.reports.logbook import empty_logbook
from seatrial.reports.page import PageRun, page, write_page
from seatrial.reports.page_damage import deck
from seatrial.reports.page_findings import found
from seatrial.reports.page_limits import limit_table
from seatrial.sim.errors import BadInput, HarnessError

VOID = {"meta", "link", "br", "img", "hr", "input", "path", "use", "rect"}


class Reader(HTMLParser):
    """Checks that what is opened is closed, and collects ids, links and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.labels: list[str] = []
        self.words: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.attributes |= given.keys()
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given[name] or "" for name in ("href", "src", "xlink:href") if name in given]
        self.labels += (given.get("aria-labelledby") or "").split()
        self.words += [given["aria-label"] or ""] if "aria-label" in given else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def renamed(run: PageRun, **facts: object) -> PageRun:
    verdict = msgspec.structs.replace(run.verdict, facts=msgspec.structs.replace(run.facts, **facts))
    return PageRun(verdict=verdict, log=run.log, question=run.question)


def bare(**facts: object) -> PageRun:
    known = msgspec.structs.replace(Facts(scenario="calm-day", integration="naive"), **facts)
    return PageRun(verdict=judge(empty_logbook(), known), log=empty_logbook())


def test_the_same_runs_give_the_same_page(careful: PageRun, careless: PageRun, side_by_side: str) -> None:
    """Nothing on the page comes from the clock, from chance or from the order of a set."""
    assert page([careful, careless]) == side_by_side


def test_a_page_needs_nothing_but_itself(side_by_side: str) -> None:
    """Every link leads to a place of the page, and nothing is loaded."""
    read = Reader(side_by_side)
    assert {link for link in read.links if not link.startswith("#")} == set()
    assert not re.search(r"https?:|@import|url\((?!#)", side_by_side)
    assert not {"img", "iframe", "object", "embed", "link"} & read.tags


def test_only_the_script_of_the_page_may_run(side_by_side: str) -> None:
    """There is one script, the page names its hash as the only one that may run, and no attribute holds code."""
    (script,) = re.findall(r"<script>(.*?)</script>", side_by_side, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in side_by_side
    assert not [name for name in Reader(side_by_side).attributes if name.startswith("on")]


def test_a_page_is_whole_without_its_script(side_by_side: str) -> None:
    """What the script adds are buttons; every command stands in the page as text."""
    without = re.sub(r"<script>.*?</script>", "", side_by_side, flags=re.DOTALL)
    read = Reader(without)
    assert "button" not in read.tags
    assert "seatrial run peak-week --seed 7 --integration resilient" in read.text


def test_every_link_has_one_place_to_lead_to(side_by_side: str) -> None:
    """Ids are unique over all sections and pictures, and no link leads nowhere."""
    read = Reader(side_by_side)
    assert len(read.ids) == len(set(read.ids))
    assert {link.removeprefix("#") for link in read.links} | set(read.labels) <= set(read.ids)


def test_the_verdict_comes_first(careful: PageRun, careless: PageRun, side_by_side: str) -> None:
    """The word, why, and how to make it again stand before the first table."""
    top = Reader(side_by_side.partition("<table")[0].rpartition("<section")[0] + "</main></body></html>")
    for run in (careful, careless):
        assert run.verdict.outcome.value in top.text
        assert run.facts.command() in top.text
    assert careful.question in top.text


def test_every_finding_is_told(careless: PageRun, side_by_side: str) -> None:
    """Code, words, first keys and every row of the witness are on the page."""
    read = Reader(side_by_side)
    assert len(careless.verdict.findings) > 3
    for finding in careless.verdict.findings:
        assert finding.code in read.text
        assert finding.title[1:] in read.text
        assert all(key in read.text for key in finding.keys)
        for row in finding.witness:
            assert f"{row.number:,}" in read.text
            assert row.words.removesuffix(f" [{row.rule}]") in read.text


def test_every_limit_is_shown(careful: PageRun, careless: PageRun, side_by_side: str) -> None:
    """A limit of any run has its row; one that a run broke stands above those that all kept."""
    read = Reader(side_by_side)
    for limit in (*careful.verdict.limits, *careless.verdict.limits):
        assert f"{limit.measure} {limit.limit}" in read.text
    table = limit_table([careful, careless])
    assert len(table.shown) + len(table.quiet) == len(careful.verdict.limits)
    kept = [row.kept for row in table.shown]
    assert kept == sorted(kept)


def test_findings_keep_their_order(careless: PageRun) -> None:
    """The gravest come first, remarks last, none twice."""
    (run,) = found([careless])
    told = [(view.code, case.measure) for view in (*run.grave, *run.remarks) for case in view.cases]
    assert told == [(finding.code, finding.measure) for finding in careless.verdict.findings]


def test_no_string_becomes_markup(careless: PageRun, sail: Callable[..., PageRun]) -> None:
    """Names from scenarios and partners are text, wherever they appear, pictures and attributes included."""
    evil = "<script>alert('x')</script>\"&$x$"
    run = sail(orders=6, careful=False, scenario=evil, rule=evil)
    given = renamed(run, integration=evil, replay=evil)
    text = page([given, careless])
    read = Reader(text)
    assert text.count("<script") == 1
    assert "alert(" not in re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[0]
    assert read.text.count("<script>alert('x')</script>\"&$x$") > 5


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "inconclusive"),
        ({"trouble": "the disk is full"}, "harness error"),
        ({"complete": False}, "Not a whole run"),
        ({"started": "no date"}, "inconclusive"),
        ({"duration": 3600.0}, "inconclusive"),
    ],
)
def test_a_run_without_evidence_still_has_its_page(facts: dict[str, object], words: str) -> None:
    """Empty evidence, a harness error, a run that was stopped: the page says so and shows what there is."""
    assert words in Reader(page([bare(**facts)])).text


def test_a_harness_error_is_never_called_sound(careful: PageRun) -> None:
    """Side by side with a run that passed, one that could not be judged is not said to have left nothing wrong."""
    text = Reader(page([careful, bare(trouble="the disk is full")])).text
    assert "could not be judged" in text
    assert "The disk is full." in text


def test_a_run_that_was_cut_short_says_what_is_missing(careful: PageRun) -> None:
    """The sentence on what is missing stands in the verdict."""
    run = PageRun(verdict=careful.verdict, log=careful.log, why_incomplete="12 of 40 rows can be read")
    assert "12 of 40 rows can be read" in Reader(page([run])).text


def test_a_run_without_findings_says_so(careful: PageRun, side_by_side: str) -> None:
    """Nothing wrong is a sentence, not an empty section."""
    assert not [finding for finding in careful.verdict.findings if finding.gravity != "remark"]
    assert "Nothing was found that breaks a limit" in Reader(side_by_side).text


def test_what_one_run_spares_is_said_in_one_sentence(careful: PageRun, careless: PageRun) -> None:
    """Of two runs of the same trade the page says what one spares against the other, whatever their order."""
    told = deck([careful, careless])
    assert "resilient spares" in told
    assert told == deck([careless, careful])


def test_more_runs_than_colours_still_fit(careful: PageRun, careless: PageRun) -> None:
    """Eight runs have eight columns."""
    assert page([careful, careless] * 4).count('class="card ') == 8


def test_a_page_without_runs_is_refused() -> None:
    """There is nothing to show."""
    with pytest.raises(BadInput, match="a page needs a run"):
        page([])


def test_a_page_is_written_whole(tmp_path: Path, careful: PageRun) -> None:
    """What is on disk is what `page` gives, as UTF-8."""
    written = write_page(tmp_path / "page.html", [careful])
    assert written == tmp_path / "page.html"
    assert written.read_text(encoding="utf-8") == page([careful])


def test_a_disk_that_refuses_is_told(tmp_path: Path, careful: PageRun) -> None:
    """The error names the place and what to do."""
    with pytest.raises(HarnessError, match="choose another place"):
        write_page(tmp_path / "nowhere" / "page.html", [careful])
