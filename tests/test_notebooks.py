"""The notebooks: they run from top to bottom, lie in git without outputs, and use nothing that is not public."""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

import seatrial

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
BUILD_ON = ("seatrial.sim", "seatrial.reports")
"""What extensions are built on (see `docs/extending.md`); only the notebook about them needs it."""
MINUTES = 10
"""A notebook takes less than two on a machine that has nothing else to do."""


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def cells(path: Path, kind: str = "code") -> list[dict[str, Any]]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def code(path: Path) -> ast.Module:
    return ast.parse("\n".join(cell["source"] for cell in cells(path)))


def imported(tree: ast.Module) -> set[str]:
    """Modules of ours that are imported, and `seatrial.name` for each name that is taken from the front door."""
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    front = {
        f"seatrial.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "seatrial"
    }
    return {name for name in names | front if name.split(".")[0] == "seatrial"} - {"seatrial"}


def stray(tree: ast.Module, allowed: tuple[str, ...]) -> list[str]:
    """What is imported of ours and is not for everybody."""
    public = {f"seatrial.{name}" for name in seatrial.__all__}
    return sorted(name for name in imported(tree) if name not in public and not name.startswith(allowed or ("-",)))


@pytest.mark.slow
def test_a_notebook_runs_from_top_to_bottom(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a kernel of its own, with this interpreter and this checkout."""
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(place for place in sys.path if place))
    notebook = nbformat.read(path, as_version=4)
    kernel = AsyncKernelManager(kernel_name="python3")
    assert kernel.kernel_spec
    kernel.kernel_spec.argv[0] = sys.executable
    client = NotebookClient(notebook, km=kernel, timeout=60 * MINUTES, resources={"metadata": {"path": str(FOLDER)}})
    client.execute()
    drawn = [out for cell in notebook.cells for out in cell.get("outputs", ()) if "image/png" in out.get("data", {})]
    assert drawn


def test_outputs_are_cleared(path: Path) -> None:
    """What git holds is what was written by hand: no outputs, no counts, ids that say what a cell is."""
    for cell in cells(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    ids = [cell["id"] for cell in nbformat.read(path, as_version=4).cells]
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []


def test_a_notebook_is_valid_and_says_what_it_is(path: Path) -> None:
    """By the format's own schema; it begins with its title, and every part has one."""
    nbformat.validate(nbformat.read(path, as_version=4))
    first = cells(path, "markdown")[0]["source"]
    assert first.startswith("# ")


def test_only_the_public_names_are_used(path: Path) -> None:
    """What stands in `seatrial.__all__`; only the notebook about extensions builds on the bases."""
    assert stray(code(path), BUILD_ON if path.name.startswith("05") else ()) == []


@pytest.mark.parametrize("text", ["import seatrial.voyage", "from seatrial.sim.loop import run", "seatrial.voyage"])
def test_a_private_name_is_seen(text: str) -> None:
    """The test above fails on the smallest thing that breaks it."""
    assert stray(ast.parse(text), ()) != []


def test_every_notebook_is_listed() -> None:
    """The page of the folder names each of them."""
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"({path.name})" not in listed] == []
