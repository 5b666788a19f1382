"""One seed, one history: what Python does differently in every process stays out of the ground and the partners.

The lint settings ban chance and wall time by name; what they cannot see is looked for here, in the syntax trees.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
IDENTITY = {"id", "hash"}
BLIND_TO_ORDER = {"all", "any", "frozenset", "len", "max", "min", "set", "sorted", "sum"}
SETS = {"set", "frozenset", "Set", "AbstractSet", "MutableSet", "FrozenSet"}


def name_of(node: ast.AST) -> str:
    """`x` or `self.x` as text, empty for anything else."""
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def makes_set(node: ast.AST | None) -> bool:
    """Whether an expression is a set at first sight."""
    called = isinstance(node, ast.Call) and name_of(node.func) in {"set", "frozenset"}
    return called or isinstance(node, ast.Set | ast.SetComp)


def says_set(annotation: ast.AST | None) -> bool:
    """Whether a type is written as a set."""
    bare = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return name_of(bare).split(".")[-1] in SETS if bare is not None else False


def set_names(tree: ast.AST) -> set[str]:
    """Names that a module annotates or assigns as sets."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and says_set(node.annotation):
            names.add(name_of(node.target))
        elif isinstance(node, ast.Assign) and makes_set(node.value):
            names.update(name_of(target) for target in node.targets)
        elif isinstance(node, ast.arg) and says_set(node.annotation):
            names.add(node.arg)
    return names - {""}


def order_does_not_matter(tree: ast.AST) -> set[ast.AST]:
    """Comprehensions and calls whose result is the same in any order."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and name_of(node.func) in BLIND_TO_ORDER]
    return {argument for call in calls for argument in call.args}


def walked_sets(source: str) -> Iterator[str]:
    """Loops and comprehensions over sets whose order shows."""
    tree = ast.parse(source)
    sets, harmless = set_names(tree), order_does_not_matter(tree)
    for node in ast.walk(tree):
        walked: list[ast.expr] = []
        if isinstance(node, ast.For | ast.AsyncFor):
            walked = [node.iter]
        elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
            walked = [part.iter for part in node.generators]
        elif isinstance(node, ast.Call) and name_of(node.func) in {"list", "tuple", "iter", "enumerate", "next"}:
            walked = node.args[:1]
        if walked and node not in harmless:
            yield from (f"line {w.lineno}: {ast.unparse(w)}" for w in walked if makes_set(w) or name_of(w) in sets)


def identities(source: str) -> Iterator[str]:
    """Calls of id() and hash(), whose answers change with the process."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IDENTITY:
            yield f"line {node.lineno}: {ast.unparse(node)}"


def offences(rule: Callable[[str], Iterator[str]]) -> list[str]:
    files = [file for folder in ("sim", "mocks") for file in sorted((ROOT / folder).rglob("*.py"))]
    return [f"{file.relative_to(ROOT)} {found}" for file in files for found in rule(file.read_text(encoding="utf-8"))]


def test_no_order_comes_from_a_set() -> None:
    """No loop of sim or mocks takes its order from a set: it changes with PYTHONHASHSEED."""
    assert offences(walked_sets) == []


def test_no_decision_comes_from_an_address() -> None:
    """Nothing in sim or mocks asks for id() or hash(): they change with the process."""
    assert offences(identities) == []


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("for x in {1, 2}: pass", True),
        ("names: set[str] = set()\nfor x in names: pass", True),
        ("self.open = set()\ny = [x for x in self.open]", True),
        ("def f(names: frozenset[str]): return list(names)", True),
        ("names = set()\nfor x in sorted(names): pass", False),
        ("names = set()\nfine = all(x in 'ab' for x in names)", False),
        ("names = ['a']\nfor x in names: pass", False),
    ],
)
def test_a_walk_over_a_set_is_seen(source: str, seen: bool) -> None:
    """The rule sees a set by its making or its type, and lets pass what sorts it or does not care."""
    assert bool(list(walked_sets(source))) is seen


def test_an_address_is_seen() -> None:
    """The rule sees id() and hash() wherever they stand."""
    assert len(list(identities("a = id(x)\nb = {hash(y): 1}"))) == 2
