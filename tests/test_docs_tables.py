"""Tables of the pages are written from the code: what a page shows is what this version takes and gives.

A table stands between `<!-- table: WHAT -->` and `<!-- end of table -->`. After a change of a docstring, a field or an
extension, `.venv/bin/python tests/test_docs_tables.py` writes all of them anew.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import seatrial
from seatrial.reports.documents import BESIDES, FLOW
from seatrial.reports.facts import TEAM_MINUTES
from seatrial.reports.judge import definitions, measures
from seatrial.reports.limitcheck import STANDING
from seatrial.reports.measure import Group
from seatrial.reports.page_words import amount_text
from seatrial.reports.percentiles import STATISTICS
from seatrial.reports.reading import Definition
from seatrial.scenarios.loader import library, load_scenario
from seatrial.sim.attributedocs import attribute_docs, default_text, type_text
from seatrial.sim.catalogue import Catalogue, snake_case
from seatrial.sim.events import EVENTS
from seatrial.sim.partner import Partner
from seatrial.sim.rows import SCHEMA

ROOT = Path(__file__).resolve().parent.parent
PLACE = re.compile(r"(<!-- table: (?P<what>[^>]+?) -->\n).*?(<!-- end of table -->)", re.DOTALL)
DEMO = {
    "orders.completed_share": "orders done",
    "duplicates.total": "documents made twice: sales orders, releases, messages",
    "lost.total": "documents that should exist and do not: orders never entered or released, parcels never invoiced",
    "money.at_risk": "money lost or owed because documents do not match",
    "drift.erp.left": "units by which the ERP's stock is wrong at the end",
    "unanswered.returns": "wishes to send goods back that nobody answered",
    "recovery.max": "time until trade was as before a fault, the longest",
    "sales_lost.units": "units that shoppers wanted and the listing did not offer",
}
"""What the README tells of the demo: readings, and their words there."""
FAMILIES = {
    frozenset(FLOW): ("CLASS",),
    frozenset((*FLOW, *BESIDES)): ("CLASS", "BESIDE"),
    frozenset(TEAM_MINUTES): ("TEAM",),
    frozenset(STATISTICS): ("STATISTIC",),
}
"""Names that many readings share, and the word that stands for them."""
LONGEST = 130
"""Letters of a default that a cell shows."""


# Cells and rows


def table(head: str, rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; its columns are given as `a | b`."""
    lines = [f"| {head} |", "|" + "---|" * (head.count("|") + 1)]
    return "\n".join([*lines, *("| " + " | ".join(map(cell, row)) + " |" for row in rows)]) + "\n"


def cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def prose(thing: object) -> str:
    """Its docstring as flowing text."""
    return "\n\n".join(" ".join(part.split()) for part in (inspect.getdoc(thing) or "").split("\n\n"))


def tags(kind: Any) -> list[str]:
    """Names of the kinds that a setting chooses from, if it is such a setting."""
    structs = [part for part in get_args(kind) if isinstance(part, type) and issubclass(part, msgspec.Struct)]
    return [str(each.__struct_config__.tag) for each in structs if each.__struct_config__.tag]


def taken(kind: Any) -> str:
    """What a field takes."""
    known, inner = tags(kind), tags(get_args(kind)[-1] if get_args(kind) else None)
    if known or inner:
        return ("" if known else "table of ") + "`kind:` " + ", ".join(known or inner)
    return type_text(kind).replace(" of Any", "").replace(" of RuleSpec", " of rules, see below")


def field_rows(holder: type) -> Iterator[tuple[str, str, str, str]]:
    docs = attribute_docs(holder)
    for field in msgspec.structs.fields(holder):
        default = "required" if field.required else code(default_text(field) or "''")
        default = default if len(default) < LONGEST else "see below"
        yield code(field.encode_name), taken(field.type), default, docs.get(field.name, "")


# Tables


def fields(path: str) -> str:
    """`fields a.b.C`: every field of a struct."""
    return table("field | takes | default | meaning", field_rows(named(path)))


def kinds(path: str) -> str:
    """`kinds a.b.U`: every member of a tagged union with its fields."""
    rows = []
    for struct in get_args(named(path)):
        settings = [f"{name}: {takes}, {given}. {doc}" for name, takes, given, doc in field_rows(struct)]
        what = (inspect.getdoc(struct) or "").split("\n\n", maxsplit=1)[0]
        rows.append((code(str(struct.__struct_config__.tag)), what, "<br>".join(settings)))
    return table("kind | what it is | its settings: what they take, their default", rows)


def faults(_: str) -> str:
    catalogue, parts = Catalogue("faults"), []
    for name in catalogue.names():
        kind: Any = catalogue.get(name)
        wants = f"; only a {kind.wants}" if kind.wants else ""
        parts.append(f"### {name}\n\n{prose(kind)}\n\nStrikes: {kind.direction}{wants}.\n")
        if msgspec.structs.fields(kind):
            parts.append(table("parameter | takes | default | meaning", field_rows(kind)))
    return "\n" + "\n".join(parts)


def partners(_: str) -> str:
    catalogue, parts = Catalogue("partners"), []
    for name in catalogue.names():
        kind: Any = catalogue.get(name)
        parts.append(f"### {name}\n\n{prose(kind)}\n")
        own = [code(each.name) for each in kind.operations.values() if not hasattr(Partner, each.name)]
        parts.append(f"Operations: {', '.join(sorted(own))}.\n")
        for word, names in (("Events by webhook", kind.events), ("Work inside", kind.works)):
            parts += [f"{word}: {', '.join(map(code, names))}.\n"] if names else []
        if msgspec.structs.fields(kind.Settings):
            parts.append(table("setting | takes | default | meaning", field_rows(kind.Settings)))
    return "\n" + "\n".join(parts)


def all_measures(_: str) -> str:
    """Every measure under the heading of what it is about."""
    parts, every = [], measures()
    for group in (word for word in get_args(Group) if word):
        parts.append(f"## {group.capitalize()}\n")
        for measure in (each for each in every if each.group == group):
            parts.append(f"### {snake_case(type(measure).__name__)}\n\n{prose(type(measure))}\n")
            parts.append(table("reading | unit | better | meaning | finding", readings_of(measure.defines)))
    return "\n" + "\n".join(parts)


def readings_of(defines: Sequence[Definition]) -> list[tuple[str, str, str, str, str]]:
    """One row for all readings whose names differ in one word and that say the same of it."""
    shapes = Counter(shape for each in defines for shape in shapes_of(each))
    groups: dict[tuple[str, ...], list[Definition]] = {}
    for each in defines:
        shared = [shape for shape in shapes_of(each) if shapes[shape] > 1]
        groups.setdefault(shared[-1] if shared else (each.name,), []).append(each)
    return [row_of(shape, group) for shape, group in groups.items()]


def shapes_of(each: Definition) -> list[tuple[str, ...]]:
    """Name and words of a reading with one word of its name left open."""
    words, found = each.name.split("."), []
    for place in range(1, len(words)):
        word, spaced = words[place], words[place].replace("_", " ")
        name = ".".join([*words[:place], "\0", *words[place + 1 :]])
        meaning = re.sub(rf"\b({re.escape(word)}|{re.escape(spaced)})\b", "\0", each.meaning)
        found.append((name, each.unit, each.better, meaning, each.code.replace(word.upper(), "\0")))
    return found


def row_of(shape: tuple[str, ...], group: Sequence[Definition]) -> tuple[str, str, str, str, str]:
    first = group[0]
    if len(group) == 1:
        finding = code(first.code) + (" when it is never" if first.above else "")
        return code(first.name), first.unit, first.better, first.meaning, finding
    before, after = shape[0].split("\0")
    open_words = [each.name[len(before) : len(each.name) - len(after)] for each in group]
    total = "total" in open_words
    family = FAMILIES.get(frozenset(open_words) - {"total"}, tuple(word for word in open_words if word != "total"))
    names = ", ".join(code(before + word + after) for word in (*family, *(("total",) if total else ())))
    meaning = re.sub(r": \0$|^\0 of | \0", lambda gap: "" if ":" in gap[0] else gap[0], shape[3])
    return names, first.unit, first.better, meaning.replace("\0", family[0]), code(shape[4].replace("\0", family[0]))


def families(_: str) -> str:
    rows = (("CLASS", FLOW), ("BESIDE", BESIDES), ("TEAM", tuple(TEAM_MINUTES)), ("STATISTIC", STATISTICS))
    return table("word | stands for", ((code(word), ", ".join(map(code, names))) for word, names in rows))


def standing(_: str) -> str:
    return table("reading | limit", ((code(name), str(limit)) for name, limit in STANDING.items()))


def controls(_: str) -> str:
    """Every switch, and who has it on."""
    catalogue = Catalogue("integrations")
    names = sorted(catalogue.names(), key=("resilient", "retrying", "naive").index)
    by_name: list[Any] = [catalogue.get(name) for name in names]
    fields_of = [msgspec.structs.fields(each.Settings) for each in by_name]
    rows = [
        (code(row[0].name), *("on" if each.default else "off" for each in row))
        for row in zip(*fields_of, strict=True)
        if row[0].type is bool
    ]
    return table("control | " + " | ".join(names), rows)


def events(_: str) -> str:
    rows = ((code(each.name), str(each.emitter), each.meaning) for each in EVENTS.values())
    return table("event | in the ledger of | meaning", rows)


def formats(_: str) -> str:
    """`formats`: every format, how its files end, and what it holds."""
    catalogue = Catalogue("formats")
    kinds = [(name, catalogue.get(name)) for name in catalogue.names()]
    rows = ((code(name), code(getattr(kind, "suffix", "")), prose(kind)) for name, kind in kinds)
    return table("format | files end with | what it holds and who reads it", rows)


def scenarios(_: str) -> str:
    return table("scenario | asks", ((code(name), load_scenario(name).scenario.asks) for name in library()))


def demo(_: str) -> str:
    """Both runs of `make demo`, side by side."""
    runs = [seatrial.run("peak-week", integration=name) for name in ("resilient", "naive")]
    rows = [("verdict", *(f"**{run.verdict.outcome.value}**" for run in runs))]
    for name, words in DEMO.items():
        readings = [run.reading(name) for run in runs]
        currency = runs[0].verdict.facts.currency
        rows.append((words, *(amount_text(each.value, each.unit, currency) for each in readings)))
    wrote = " and ".join(f"{round(run.rows, -4):,}" for run in runs)
    return table(" | resilient | naive", rows) + f"\nSeed 1, some {wrote} rows of evidence.\n"


def named(path: str) -> Any:
    """What stands at a dotted path: a name in a module, or a class in a class of it."""
    module, name = path.rsplit(".", 1)
    return getattr(import_module(module), name)


WRITERS: dict[str, Callable[[str], str]] = {
    "controls": controls,
    "demo": demo,
    "events": events,
    "families": families,
    "faults": faults,
    "fields": fields,
    "formats": formats,
    "kinds": kinds,
    "measures": all_measures,
    "partners": partners,
    "scenarios": scenarios,
    "standing": standing,
}


@cache
def written(what: str) -> str:
    """A table as the code has it."""
    name, _, about = what.partition(" ")
    return WRITERS[name](about)


def renewed(page: str) -> str:
    """A page with all its tables as the code has them."""
    return PLACE.sub(lambda place: place[1] + written(place["what"]) + place[3], page)


def pages() -> list[Path]:
    every = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
    return [page for page in every if PLACE.search(page.read_text(encoding="utf-8"))]


def marked(page: Path) -> Any:
    """The README has the demo run for its figures, which takes some seconds."""
    return pytest.param(page, marks=pytest.mark.slow if page.name == "README.md" else (), id=page.name)


@pytest.mark.parametrize("page", [marked(page) for page in pages()])
def test_the_tables_of_a_page_are_those_of_the_code(page: Path) -> None:
    """Whoever changes a docstring, a field or an extension writes the pages anew: run this file as a program."""
    text = page.read_text(encoding="utf-8")
    for place in PLACE.finditer(text):
        assert renewed(place[0]).splitlines() == place[0].splitlines()


def test_the_page_on_evidence_names_every_column() -> None:
    """The table of columns in docs/evidence.md has the names and types of the evidence, in its order."""
    page = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (Int16|Int64|String) \|", page, re.MULTILINE)
    assert rows == [(name, kind.__name__) for name, kind in SCHEMA.items()]


def test_the_page_on_measures_names_readings_that_exist() -> None:
    """Each governance metric points to readings that some measure defines."""
    page = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
    answers = page.partition("## What answers what")[2].partition("## ")[0]
    names = re.findall(r"`([a-z_]+[.][a-z0-9_.]+)`", answers)
    assert names
    assert [name for name in names if not any(each.covers(name.lower()) for each in definitions())] == []


def test_a_stale_table_is_seen() -> None:
    """A table that lost a row is not what the code writes."""
    fresh = f"<!-- table: standing -->\n{written('standing')}<!-- end of table -->"
    assert renewed(fresh) == fresh
    assert renewed(fresh.replace("| `lost.total` | 0 |\n", "")) == fresh


if __name__ == "__main__":
    for path in pages():
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
