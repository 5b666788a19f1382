"""Settings of partners that nobody could go by are bad input: they are refused before the run, where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from seatrial.cli import main

SCENARIO = """\
name: probe
asks: Does it hold?
start: 2026-03-02 08:00:00
duration: 1 h
calm: 6 h
demand: {kind: synthetic, arrivals: {kind: poisson, rate: 30/h}, skus: 20}
partners:
"""
"""Seven lines; what a test says of a partner begins on line 8."""


def of(partner: str, part: str, *lines: str) -> str:
    """A scenario that changes a part of one partner; its own lines begin on line 10."""
    return f"{SCENARIO}  {partner}:\n    {part}:\n" + "".join(f"      {line}\n" for line in lines)


def tariff(*lines: str) -> str:
    """Other prices of a carrier, from line 11 on."""
    return of("heron", "settings", "tariff:", *(f"  {line}" for line in lines))


def limit(*lines: str) -> str:
    """Another limit on all that the ERP is asked, from line 12 on."""
    return of("erp", "conduct", "limits:", '  "*":', *(f"    {line}" for line in lines))


BAD = {
    "a price below zero": (
        tariff("services:", "  - {name: parcel, price: 300}", "  - {name: drone,", "     price: -5}"),
        14,
        ("price has to be 0 or more: -5",),
    ),
    "a price beyond all bounds": (
        tariff("services: [{name: parcel, price: 10000000000000000000000}]"),
        11,
        ("price has to be 1000000000 or less: 10000000000000000000000",),
    ),
    "a factor below zero": (tariff("abroad_price: -2.5"), 11, ("abroad_price has to be 0 or more: -2.5",)),
    "a factor without end": (tariff("abroad_price: .inf"), 11, ("abroad_price has to be 1000000 or less: inf",)),
    "a factor that is no number": (tariff("abroad_price: .nan"), 11, ("abroad_price has to be 0 or more: nan",)),
    "a parcel that is there before it left": (
        tariff("services: [{name: parcel, price: 300, days: 0}]"),
        11,
        ("days has to be 1 or more: 0",),
    ),
    "a carrier that carries nothing": (tariff("services: []"), 11, ("services are empty", "give at least one")),
    "two services of one name": (
        tariff("services: [{name: parcel, price: 300}, {name: parcel, price: 200}]"),
        11,
        ("services have one name", "'parcel'"),
    ),
    "a duration below zero": (tariff("hold: -3 s"), 11, ("a duration cannot be negative: '-3 s'",)),
    "a duration below zero in a list": (
        of("north", "settings", "losses:", "  - {at: 1 h}", "  - {at: -1 h}"),
        12,
        ("a duration cannot be negative: '-1 h'",),
    ),
    "a share over one": (of("heron", "settings", "refusals: 1.5"), 10, ("a share lies between 0 % and 100 %: 1.5",)),
    "a rate below zero": (of("north", "settings", "shrink_rate: -1/h"), 10, ("a rate cannot be negative",)),
    "a guard below zero": (of("storefront", "settings", "refund_guard: -1"), 10, ("refund_guard has to be 0 or more",)),
    "a bucket below zero": (
        limit("{kind: token_bucket, rate: 2/s, burst: -5}"),
        12,
        ("burst has to be 0 or more: -5",),
    ),
    "a queue below zero": (
        limit("{kind: concurrency, slots: 2, queue: -1}"),
        12,
        ("queue has to be 0 or more: -1",),
    ),
    "costs below zero": (
        limit("kind: cost_points", "points: 2/s", "bucket: 9", "costs:", "  post_invoice: -2"),
        16,
        ("post_invoice has to be 0 or more: -2",),
    ),
    "costs of an operation that is not there": (
        limit("kind: cost_points", "points: 2/s", "bucket: 9", "costs:", "  post_invoise: 2"),
        16,
        ("unknown operation in limits of erp", "did you mean 'post_invoice'"),
    ),
    "a status that is no error": (
        of("erp", "conduct", "idempotency:", "  post_invoice: {kind: state_guard, status: 40000}"),
        11,
        ("status has to be 599 or less: 40000",),
    ),
    "patience below zero": (
        of("storefront", "conduct", "webhooks: {disable_after: -1}"),
        10,
        ("disable_after has to be 0 or more: -1",),
    ),
    "a sign-in that never holds": (
        of("erp", "conduct", "auth:", "  kind: bearer", "  lifetime: 0"),
        12,
        ("lifetime has to be above zero: 0",),
    ),
    "a session that never holds": (
        of("erp", "conduct", "auth: {kind: session, lifetime: 0 s}"),
        10,
        ("lifetime has to be above zero: 0",),
    ),
    "nobody is waited for": (
        of("storefront", "conduct", "webhooks: {timeout: 0 s}"),
        10,
        ("timeout has to be above zero: 0",),
    ),
    "a carrier that the scenario does not have": (
        of("north", "settings", "carriers:", "  - falcon", "  - herron"),
        12,
        ("unknown carrier in carriers of north", "'herron'", "did you mean 'heron'", "known: falcon, heron"),
    ),
    "a partner that is no carrier": (
        of("north", "settings", "carriers: [desk]"),
        10,
        ("unknown carrier in carriers of north", "'desk'", "known: falcon, heron"),
    ),
    "a time of day that is none": (of("heron", "settings", "vans: '25:00'"), 8, ("a time of day lies between",)),
}


@pytest.mark.parametrize(("text", "line", "words"), BAD.values(), ids=BAD)
def test_a_bad_setting_is_refused_where_it_stands(text: str, line: int, words: tuple[str, ...], tmp_path: Path) -> None:
    """The error names file and line, the value, and what is known; no run folder is left behind."""
    file, out = tmp_path / "probe.yaml", tmp_path / "out"
    file.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["run", str(file), "--out", str(out)])
    assert "Traceback" not in result.output
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"error: {file}:{line}: ")
    assert [word for word in words if word not in result.stderr] == []
    assert not out.exists()


def test_a_carrier_of_the_scenario_itself_is_known(tmp_path: Path) -> None:
    """Who collects at a warehouse may be somebody whom only this scenario has."""
    file = tmp_path / "probe.yaml"
    added = SCENARIO.replace("duration: 1 h", "duration: 5 min") + "  kestrel: {kind: carrier}\n"
    file.write_text(f"{added}  north:\n    settings: {{carriers: [falcon, kestrel]}}\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["run", str(file), "--out", str(tmp_path / "out")])
    assert result.exit_code in (0, 1, 4), result.output
