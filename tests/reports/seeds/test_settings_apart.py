"""Runs of one scenario with other settings are of one scenario: they can be held side by side, other texts cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

import seatrial
from seatrial.sim.errors import BadInput

SHORT = {"duration": "5 s", "calm": "5 s"}


def runs(place: Path, scenario: str | Path, **settings: str) -> Path:
    seatrial.suite(scenario, out=place, seeds=1, jobs=1, settings={**SHORT, **settings}, evidence=False)
    return place


def test_controls_are_compared(tmp_path: Path) -> None:
    """`--set controls.retry=false` on one side, as the page of gates has it."""
    plain = runs(tmp_path / "a", "open-water")
    other = runs(tmp_path / "b", "open-water", **{"controls.retry": "false"})
    assert seatrial.compare(plain, other).side == "settings"
    assert seatrial.gate(other, baseline=plain).checks


def test_another_text_is_another_scenario(tmp_path: Path) -> None:
    """Also where the settings differ as well."""
    text = (Path(seatrial.__file__).parent / "scenarios/library/open-water.yaml").read_text(encoding="utf-8")
    changed = tmp_path / "open-water.yaml"
    changed.write_text(text.replace("skus: 12", "skus: 13"), encoding="utf-8")
    plain = runs(tmp_path / "a", "open-water")
    other = runs(tmp_path / "b", changed, **{"controls.retry": "false"})
    with pytest.raises(BadInput, match="different texts"):
        seatrial.compare(plain, other)
