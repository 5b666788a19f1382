"""Retries with a known answer: a partner that fails by chance, and a caller that insists."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.slow
SEEDS = range(8)
ORDERS = 400


@pytest.mark.parametrize("failing", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("attempts", [2, 4, 12])
def test_retries_amplify_by_the_closed_formula(failing: float, attempts: int, theory: Any) -> None:
    """`retry.amplification` is (1 - p^n) / (1 - p) for n attempts at most; with many, 1 / (1 - p)."""
    found = [theory.read(theory.retries(seed, failing, attempts, ORDERS))["retry.amplification"] for seed in SEEDS]
    assert theory.agrees(found, (1 - failing**attempts) / (1 - failing)), found


def test_the_error_rate_of_a_partner_is_its_chance_to_fail(theory: Any) -> None:
    """Whatever the caller does, a share p of its calls fails."""
    found = [theory.read(theory.retries(seed, 0.3, 4, ORDERS))["partner_sla.counter.error_rate"] for seed in SEEDS]
    assert theory.agrees(found, 0.3), found
    assert not theory.agrees(found, 0.36)
