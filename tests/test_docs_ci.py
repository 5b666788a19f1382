"""What the pages give to CI: workflows that parse, commands that exist, and inputs that never become script."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from seatrial.cli import main

CI = Path(__file__).resolve().parent.parent / "docs" / "ci"
GITHUB = yaml.safe_load((CI / "seatrial-gate.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((CI / "gitlab-seatrial-gate.yml").read_text(encoding="utf-8"))
JOB = GITHUB["jobs"]["gate"]
CALL = GITHUB[True]["workflow_call"]  # YAML 1.1 reads `on` as a truth value
SCRIPTS = [step["run"] for step in JOB["steps"] if "run" in step] + GITLAB["seatrial-gate"]["script"]


def calls(script: str) -> Iterator[list[str]]:
    """Words of each call of our command line."""
    for line in script.replace("\\\n", " ").splitlines():
        if re.match(r"\S*\bseatrial ", line):
            yield shlex.split(line.split("||")[0])[1:]


def test_both_run_a_suite_and_a_gate() -> None:
    """The reader below finds something to check."""
    assert sorted(words[0] for script in SCRIPTS for words in calls(script)) == [
        "gate",
        "gate",
        "suite",
        "suite",
        "suite",
    ]


@pytest.mark.parametrize("script", SCRIPTS)
def test_commands_of_a_workflow_exist(script: str) -> None:
    """Each command and each option is one the command line has."""
    assert isinstance(main, click.Group)
    for name, *words in calls(script):
        known = {option for parameter in main.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known


def test_inputs_never_become_part_of_a_script() -> None:
    """They reach it as variables: a branch name with a semicolon is a name."""
    assert [script for script in SCRIPTS if "${{" in script] == []


def test_every_input_is_declared_and_used() -> None:
    """A typing error in one would be an empty text."""
    text = (CI / "seatrial-gate.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(CALL["inputs"])
    variables = set(re.findall(r"\$\{?([A-Z_]+)", "\n".join(SCRIPTS)))
    assert variables <= set(JOB["env"]) | set(GITLAB["seatrial-gate"]["variables"])


def test_the_workflow_may_only_read() -> None:
    """It needs no more of the repository than its files."""
    assert GITHUB["permissions"] == {"contents": "read"}
