"""The arrows of the design, read from the syntax trees: who may know whom, and what a file may look like."""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from seatrial.sim.catalogue import FOLDERS as FOLDERS_OF_EXTENSIONS

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("sim", "mocks", "scenarios", "reports")
MAY_KNOW = {
    "sim": {"sim"},
    "mocks": {"mocks", "sim"},
    "scenarios": {"scenarios", "mocks", "sim"},
    "reports": {"reports", "sim"},
}
APART = {  # folder of extensions -> folders of extensions that it never imports from, its own siblings included
    "seatrial.mocks.faults": ("seatrial.mocks.faults", "seatrial.mocks.partners"),
    "seatrial.mocks.partners": ("seatrial.mocks.partners", "seatrial.mocks.faults"),
    "seatrial.mocks.integrations": ("seatrial.mocks.integrations", "seatrial.mocks.faults", "seatrial.mocks.partners"),
    "seatrial.reports.measures": ("seatrial.reports.measures", "seatrial.reports.formats"),
    "seatrial.reports.formats": ("seatrial.reports.formats", "seatrial.reports.measures"),
}
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "core", "misc"}
LINES, MEDIAN_LINES, FUNCTION_LINES = 300, 120, 40

Sources = Mapping[str, str]
"""Text of every module by its import name; a package carries its plain name."""


def module_name(file: Path) -> str:
    """Import name of a file of the project: `sim/dice.py` is `seatrial.sim.dice`."""
    place = file.relative_to(ROOT / "src" if file.is_relative_to(ROOT / "src") else ROOT)
    parts = place.with_suffix("").parts
    parts = parts if parts[0] == "seatrial" else ("seatrial", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def project_files() -> list[Path]:
    """Every module of the project once: the links under src are not walked."""
    places = (ROOT / "src" / "seatrial", ROOT / "src" / "seatrial" / "testing", ROOT / "src")
    front = [file for place in places for file in sorted(place.glob("*.py"))]
    return front + [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]


@pytest.fixture(scope="module")
def sources() -> Sources:
    return {module_name(file): file.read_text(encoding="utf-8") for file in project_files()}


def imports_of(source: str, modules: Sources) -> set[str]:
    """The project's modules that a source names in its import statements, wherever these stand."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            named.update(inner & modules.keys())
            if not inner <= modules.keys():
                named.add(node.module)
    return {name for name in named if name.split(".")[0] == "seatrial"}


def area(module: str) -> str:
    """Folder of a module: sim, mocks, scenarios, reports, or `front` for the front door."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FOLDERS else "front"


def wrong_arrows(sources: Sources) -> Iterator[str]:
    for module, source in sources.items():
        known = MAY_KNOW.get(area(module))
        for target in sorted(imports_of(source, sources)):
            if known is not None and area(target) not in known:
                yield f"{module} imports {target}; {area(module)} knows only {', '.join(sorted(known))}"


def unit(module: str, folder: str) -> str:
    """The extension a module belongs to: its first name below the folder of extensions."""
    return module.removeprefix(folder + ".").split(".")[0]


def met_extensions(sources: Sources) -> Iterator[str]:
    for module, source in sources.items():
        folder = next((f for f in APART if module.startswith(f + ".")), "")
        for target in sorted(imports_of(source, sources)) if folder else ():
            other = next((f for f in APART[folder] if target.startswith(f + ".")), "")
            if other and (other != folder or unit(module, folder) != unit(target, folder)):
                yield f"{module} imports {target}; extensions meet only in the base they share"


def circle(sources: Sources) -> Iterator[str]:
    """One circle of imports, or nothing; an import for type checkers only is a thread of the knot as well."""
    graph = {module: imports_of(source, sources) - {module} for module, source in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield " <- ".join(error.args[1])


def relative_imports(sources: Sources) -> Iterator[str]:
    for module, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield f"{module}:{node.lineno} imports by dots; write the whole name"


def long_files(sources: Sources) -> Iterator[str]:
    for module, source in sources.items():
        lines = len(source.splitlines())
        reason = (ast.get_docstring(ast.parse(source)) or "").lower()
        if lines > LINES and "long" not in reason.replace(".", " ").split():
            yield f"{module} has {lines} lines; over {LINES} its docstring says why it is long"


def long_functions(sources: Sources) -> Iterator[str]:
    for module, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
                lines = (node.end_lineno or first.lineno) - first.lineno + 1
                if lines > FUNCTION_LINES:
                    yield f"{module}:{node.lineno} {node.name} has {lines} lines; {FUNCTION_LINES} are the limit"


def empty_names(sources: Sources) -> Iterator[str]:
    for module in sources:
        last = module.split(".")[-1]
        if last in EMPTY_WORDS:
            yield f"{module} is named after nothing it does"
        if last in sys.stdlib_module_names and last != "__main__":
            yield f"{module} is named like a module of the standard library"


def undocumented(sources: Sources) -> Iterator[str]:
    yield from (module for module, source in sources.items() if not ast.get_docstring(ast.parse(source)))


def test_the_arrows_between_folders_hold(sources: Sources) -> None:
    """sim imports nobody of ours, mocks only sim, reports only sim, scenarios mocks and sim; none the front door."""
    assert list(wrong_arrows(sources)) == []


def test_an_extension_never_imports_another(sources: Sources) -> None:
    """A fault, partner, measure or format stands alone, so that one file can be added or deleted."""
    assert list(met_extensions(sources)) == []


def test_every_kind_of_extension_stands_apart() -> None:
    """Each folder that the catalogue knows has its line among the folders whose files never meet."""
    assert APART.keys() >= set(FOLDERS_OF_EXTENSIONS.values())


def test_there_is_no_circle_of_imports(sources: Sources) -> None:
    """The modules can be put in an order in which each knows only those before it."""
    assert list(circle(sources)) == []


def test_imports_are_absolute(sources: Sources) -> None:
    """An import says the whole name."""
    assert list(relative_imports(sources)) == []


def test_files_are_short(sources: Sources) -> None:
    """No file has more than 300 lines without a reason, and half of them have at most 120."""
    assert list(long_files(sources)) == []
    assert statistics.median(len(source.splitlines()) for source in sources.values()) <= MEDIAN_LINES


def test_functions_are_short(sources: Sources) -> None:
    """No function body has more than 40 lines."""
    assert list(long_functions(sources)) == []


def test_names_say_what_a_file_does(sources: Sources) -> None:
    """No file is a drawer for anything, and none shadows the standard library."""
    assert list(empty_names(sources)) == []


def test_every_module_says_what_it_is(sources: Sources) -> None:
    """Every module has a docstring."""
    assert list(undocumented(sources)) == []


@pytest.mark.parametrize(
    ("rule", "planted"),
    [
        (wrong_arrows, {"seatrial.sim.a": "import seatrial.mocks.b", "seatrial.mocks.b": ""}),
        (wrong_arrows, {"seatrial.reports.a": "from seatrial.scenarios import b", "seatrial.scenarios.b": ""}),
        (wrong_arrows, {"seatrial.mocks.a": "from seatrial import run", "seatrial": ""}),
        (wrong_arrows, {"seatrial.mocks.a": "def f():\n import seatrial.scenarios.b", "seatrial.scenarios.b": ""}),
        (met_extensions, {"seatrial.mocks.faults.a": "import seatrial.mocks.faults.b", "seatrial.mocks.faults.b": ""}),
        (met_extensions, {"seatrial.mocks.faults.a": "import seatrial.mocks.partners.b"}),
        (met_extensions, {"seatrial.mocks.integrations.a": "import seatrial.mocks.integrations.b"}),
        (met_extensions, {"seatrial.reports.measures.a": "import seatrial.reports.measures.b.c"}),
        (circle, {"seatrial.sim.a": "import seatrial.sim.b", "seatrial.sim.b": "import seatrial.sim.a"}),
        (relative_imports, {"seatrial.sim.a": "from . import b"}),
        (long_files, {"seatrial.sim.a": '"""A."""\n' + "x = 1\n" * LINES}),
        (long_functions, {"seatrial.sim.a": "def f():\n" + " x = 1\n" * (FUNCTION_LINES + 1)}),
        (empty_names, {"seatrial.sim.utils": ""}),
        (empty_names, {"seatrial.sim.queue": ""}),
        (undocumented, {"seatrial.sim.a": "x = 1"}),
    ],
)
def test_a_planted_offence_is_seen(rule, planted: Sources) -> None:
    """Every rule of this file fails on the smallest thing that breaks it."""
    assert list(rule(planted))
