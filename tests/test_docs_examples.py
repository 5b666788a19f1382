"""What the pages show is true: scenarios load, programs run, commands exist, links lead somewhere.

In a page, a fenced block is checked by its language:

- `yaml` is parsed; one that begins with `name:` is a scenario and is loaded as one. A first line `# file: NAME`, of
  a block in any language, puts it into the folder in which the programs of the same page run;
- `python` is compiled; with the word `run` behind the language it is executed, in a folder of its own, and with `test`
  pytest runs it there;
- `sh`: each line that begins with `seatrial` names a command and options that the command line has.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(?P<info>\w[^\n]*)\n(?P<text>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
FILE_MARK = re.compile(r"^# file: (\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: Path
    """The page it stands on."""
    line: int
    """Line of its fence, from 1."""
    info: tuple[str, ...]
    """Words behind the fence; the first is the language."""
    text: str
    """What it shows."""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def language(self) -> str:
        """Language, as highlighters know it."""
        return self.info[0]

    @property
    def file(self) -> str:
        """File it stands for, or empty."""
        named = FILE_MARK.match(self.text)
        return named.group(1) if named else ""

    @property
    def scenario(self) -> bool:
        """Whether it is a whole scenario."""
        return self.language == "yaml" and FILE_MARK.sub("", self.text).lstrip().startswith("name:")


def pages() -> list[Path]:
    """Every page of the project that people read."""
    return sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))


def blocks_of(page: Path, text: str) -> list[Block]:
    found = FENCE.finditer(text)
    return [Block(page, text.count("\n", 0, f.start()) + 1, tuple(f["info"].split()), f["text"]) for f in found]


BLOCKS = [block for page in pages() for block in blocks_of(page, page.read_text(encoding="utf-8"))]


def shown(language: str, *, word: str = "") -> list[Block]:
    """Blocks of a language, with a word behind it if one is asked for."""
    return [block for block in BLOCKS if block.language == language and (not word or word in block.info)]


@pytest.mark.parametrize("block", shown("yaml"), ids=str)
def test_yaml_on_a_page_can_be_read(block: Block, tmp_path: Path) -> None:
    """Every YAML block parses; a whole scenario is one that Seatrial accepts."""
    assert yaml.safe_load(block.text) is not None
    if block.scenario:
        from seatrial.scenarios.loader import load_scenario

        file = tmp_path / (block.file or "scenario.yaml")
        file.write_text(block.text, encoding="utf-8")
        assert load_scenario(file)


@pytest.mark.parametrize("block", shown("python"), ids=str)
def test_python_on_a_page_compiles(block: Block) -> None:
    """Every Python block is Python."""
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", shown("python", word="run"), ids=str)
def test_python_on_a_page_runs(block: Block, tmp_path: Path) -> None:
    """A program of a page runs to its end, with the files that the page showed before it."""
    put_files(block, tmp_path)
    ends_well([sys.executable, "-c", block.text], tmp_path)


@pytest.mark.parametrize("block", shown("python", word="test"), ids=str)
def test_a_test_on_a_page_passes(block: Block, tmp_path: Path) -> None:
    """A test of a page passes in a repository with the files that the page showed before it, without a warning."""
    put_files(block, tmp_path)
    (tmp_path / "test_page.py").write_text(block.text, encoding="utf-8")
    plain = ["-W", "error", "-p", "no:asyncio", "-p", "no:cacheprovider"]  # pytest-asyncio warns of its own settings
    ends_well([sys.executable, "-m", "pytest", "-q", *plain, "--rootdir", str(tmp_path)], tmp_path)


@pytest.mark.parametrize("recipe", ["test_a_page_that_fails_moves_no_cursor", "test_an_error_page_is_an_error"])
def test_a_recipe_fails_for_who_takes_a_page_of_html_for_no_orders(recipe: str, tmp_path: Path) -> None:
    """The cookbook's tests of error pages see the worst of them, the one with status 200."""
    (block,) = (each for each in shown("python", word="test") if f"def {recipe}" in each.text)
    put_files(block, tmp_path)
    shop, found = (tmp_path / "shop.py").read_text(encoding="utf-8"), "        try:\n            page = reply.json()"
    assert found in shop
    swallows = f'        if reply.text.lstrip().startswith("<"):\n            return 0\n{found}'
    (tmp_path / "shop.py").write_text(shop.replace(found, swallows), encoding="utf-8")
    (tmp_path / "test_page.py").write_text(block.text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False).stdout
    failed = [line for line in told.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1, told
    assert "200" in failed[0] or "fields1" in failed[0]


def put_files(block: Block, folder: Path) -> None:
    for file in BLOCKS:
        if file.page == block.page and file.line < block.line and file.file:
            (folder / file.file).write_text(file.text, encoding="utf-8")


def ends_well(command: list[str], folder: Path) -> None:
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def commands(block: Block) -> list[list[str]]:
    """Words of every call of our command line that a block shows; what follows `--` is a command of somebody else."""
    lines = block.text.replace("\\\n", " ").splitlines()
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    called = [w for w in words if w and Path(w[0]).name == "seatrial"]
    return [w[1 : w.index("--") if "--" in w else None] for w in called if len(w) > 1]


@pytest.mark.parametrize("block", [b for b in (*shown("sh"), *shown("console")) if commands(b)], ids=str)
def test_a_command_on_a_page_exists(block: Block) -> None:
    """Each command and each option that a page shows is one the command line has."""
    import click

    from seatrial import cli

    main: object = cli.main
    assert isinstance(main, click.Group)
    for name, *words in commands(block):
        assert name.startswith("-") or name in main.commands, f"no command {name}"
        known = main if name.startswith("-") else main.commands[name]
        options = {option for parameter in known.params for option in (*parameter.opts, *parameter.secondary_opts)}
        asked = {word.split("=")[0] for word in (name, *words) if word.startswith("-")}
        assert asked <= options | {"--help"}, f"seatrial {name}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_to_a_file(page: Path) -> None:
    """A relative link names a file of the project."""
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_blocks_are_found_where_they_stand() -> None:
    """The reader of pages sees language, marks, file name and line of a block."""
    text = "# T\n\n```yaml\n# file: a.yaml\nname: a\n```\n\n```python run\nx = 1\n```\n\n```sh\n$ seatrial run a\n```\n"
    first, second, third = blocks_of(ROOT / "README.md", text)
    assert (first.line, first.file, first.scenario) == (3, "a.yaml", True)
    assert (second.info, second.scenario) == (("python", "run"), False)
    assert commands(third) == [["run", "a"]]
