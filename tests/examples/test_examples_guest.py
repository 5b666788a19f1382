"""An integration that lives on real sockets elsewhere comes through short storms in virtual time, unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

import seatrial

CALM = "open-water"
STORMS = ["fidelity/garbled-replies", "examples/crashes-and-doubles.yaml"]


@pytest.fixture
def shop(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The asynchronous example, as a run names it, from the folder in which its scenarios are found."""
    monkeypatch.chdir(root)
    return "examples/python-async/main.py:main"


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("scenario", [CALM, *STORMS])
def test_the_asynchronous_example_passes_as_a_guest(shop: str, scenario: str, seed: int) -> None:
    """Broken replies, webhooks that come twice, a crash after a commit: nothing is doubled, lost or left unanswered."""
    run = seatrial.run(scenario, integration=shop, seed=seed, twice=False)
    assert run.verdict.outcome == "passed", run.verdict.reasons


def test_the_asynchronous_example_does_the_same_twice(shop: str) -> None:
    """Whatever decides in it comes from the seed: another process has the same history."""
    assert seatrial.run(STORMS[1], integration=shop, seed=3, twice=True).digest
