"""Laws of a search: what it finds is real, small, known from then on, and the same for the same seed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from seatrial.mocks.guests.sea import Sea
from seatrial.mocks.integrations.resilient import Resilient
from seatrial.scenarios.loader import load_scenario
from seatrial.search_explored import Explored
from seatrial.searching import SearchResult, Watcher, search
from seatrial.sim import catalogue
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput, HarnessError, UnknownName
from seatrial.strategies import chart_of
from seatrial.twice import Diverged
from seatrial.voyage import run

LONG = "10 min"
"""More than any of these needs: what they look for is found within some tens of runs."""


def looked(integration: str, **options: object) -> SearchResult:
    return search("open-water", integration=integration, budget=LONG, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("integration", ["naive", "retrying"])
def test_who_lacks_safeguards_is_caught_by_a_small_storm(integration: str, tmp_path: Path) -> None:
    """What is found is shrunk to no more than two rules and three orders, and the file replays the very run."""
    result = looked(integration, out=tmp_path)
    assert result.found is not None
    assert result.finding is not None
    assert result.finding.witness
    assert len(result.found.rules) <= 2
    assert len(result.found.demand.orders) <= 3
    assert result.path is not None
    again = run(result.path, seed=result.found.seed, integration=integration)
    assert again.digest == result.digest
    assert result.finding.code in {each.code for each in again.verdict.findings}


def test_one_seed_is_one_search() -> None:
    """The same seed looks at the same storms, finds the same and shrinks it to the same."""
    first, second = looked("retrying", seed=3), looked("retrying", seed=3)
    assert first.found is not None
    assert second.found is not None
    assert (first.found.text, first.digest, first.explored.runs, first.shrink_runs) == (
        second.found.text, second.digest, second.explored.runs, second.shrink_runs,
    )  # fmt: skip


def test_what_was_found_is_tried_first(tmp_path: Path) -> None:
    """A storm that is known does its harm in the first run of the next search, and is not written again."""
    first = looked("retrying", out=tmp_path)
    second = looked("retrying", out=tmp_path, seed=7)
    assert second.known
    assert second.explored.runs == 1
    assert (second.path, second.digest) == (first.path, first.digest)
    assert len(list(tmp_path.glob("*.yaml"))) == 1


def test_a_known_storm_that_does_no_harm_any_more_stops_nobody(tmp_path: Path) -> None:
    """It is sailed and passed, and the search goes on."""
    looked("retrying", out=tmp_path)
    result = search("open-water", integration="resilient", budget=2.0, out=tmp_path)
    assert result.found is None
    assert result.explored.runs > 1


def test_only_the_findings_asked_for_count() -> None:
    """Whoever looks for one thing is not stopped by another."""
    result = looked("retrying", findings=["DUPLICATE_LABEL"])
    assert result.finding is not None
    assert result.finding.code == "DUPLICATE_LABEL"


class Hasty(Resilient):
    """It needs at one moment what another of its tasks has ready at that very moment."""

    ready = False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._prepare())
            tasks.create_task(self._use())
            tasks.create_task(super().run())

    async def _prepare(self) -> None:
        await asyncio.sleep(1.0)
        self.ready = True

    async def _use(self) -> None:
        await asyncio.sleep(1.0)
        if not self.ready:
            raise RuntimeError("not ready")


def test_a_race_is_found_by_another_order_of_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order in which tasks come it never shows; what is left of the storm is no fault at all, but that order."""
    monkeypatch.setattr(catalogue, "_ADDED", {})
    Catalogue("integrations").add(Hasty)
    result = looked("hasty", orders=4)
    assert result.found is not None
    assert result.found.rules == ()
    assert result.found.interleave == "seeded"
    assert len(result.found.demand.orders) == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_the_resilient_comes_through_many_storms(seed: int) -> None:
    """What is drawn is fair, and what is fair it survives."""
    result = search("open-water", integration="resilient", budget=LONG, runs=150, seed=seed)
    assert result.found is None, result.found
    assert result.explored.runs == 150


async def deaf(sea: Sea) -> None:
    """Code of others that does nothing at all."""
    await asyncio.sleep(1e9)


def test_code_of_others_is_searched_in_the_same_way() -> None:
    """A function is the integration, and is named by its module where the storm is told."""
    result = search("open-water", integration=deaf, budget=LONG, orders=3)
    assert result.found is not None
    assert result.finding is not None
    assert result.finding.code == "UNRELEASED_ORDER"
    assert result.found.rules == ()
    assert result.verdict is not None
    assert result.verdict.facts.integration.endswith(":deaf")


def test_the_time_ends_a_search() -> None:
    """Nothing found is told as such, with what was explored."""
    result = search("open-water", integration="resilient", budget="1 s", orders=3)
    assert (result.found, result.finding, result.path) == (None, None, None)
    assert result.explored.runs > 0
    assert 0 < result.explored.interleavings <= result.explored.runs


def test_an_interruption_keeps_what_was_found() -> None:
    """Stopped while it is made smaller, a storm is told as small as it was by then."""

    def stop(runs: int, _storm: object) -> None:
        if runs == 4:
            raise KeyboardInterrupt

    result = looked("retrying", watcher=Watcher(shrinking=stop))
    assert result.found is not None
    assert not result.settled


def test_a_finding_that_no_limit_forbids_is_not_looked_for_in_vain() -> None:
    """Nobody would find it, and green would say that it is not there."""
    with pytest.raises(
        BadInput, match=r"no limit of the scenario forbids this: 'DRIFT_LEFT_ERP'.*expect\.drift\.erp\.left=0"
    ):
        looked("naive", findings=["DRIFT_LEFT_ERP"])
    loaded = load_scenario("open-water", {"expect.drift.erp.left": "0"})
    assert search(loaded, integration="naive", budget=LONG, findings=["DRIFT_LEFT_ERP"], runs=60).found is not None
    with pytest.raises(UnknownName):
        looked("naive", findings=["LIMIT_NOTHING_LIKE_IT"])


def test_trouble_ends_a_search_as_it_is() -> None:
    """Whoever draws storms does not try it again and say that it was flaky."""

    def fails(explored: Explored) -> None:
        if explored.runs > 60:  # each kind alone is over: it draws
            raise HarnessError("out of coal")

    with pytest.raises(HarnessError, match="out of coal"):
        search("open-water", integration="resilient", budget=LONG, orders=4, watcher=Watcher(exploring=fails))


def test_an_interruption_before_anything_was_found_says_so() -> None:
    """What was explored by then is told."""

    def stop(_explored: object) -> None:
        raise KeyboardInterrupt

    result = search("open-water", integration="resilient", budget=LONG, watcher=Watcher(exploring=stop))
    assert result.interrupted
    assert result.found is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": "0 s"}, "a search needs time"),
        ({"budget": "soon"}, "not a duration"),
        ({"budget": -1}, "a search needs time"),
        ({"orders": 0}, "a search needs orders"),
        ({"findings": ["DUPLICATE_LABLE"]}, "did you mean 'DUPLICATE_LABEL'"),
        ({"integration": "resilent"}, "did you mean 'resilient'"),
    ],
)
def test_bad_input_is_told(options: dict[str, object], said: str) -> None:
    """Before anything is sailed."""
    with pytest.raises(BadInput, match=said):
        search("open-water", **options)  # type: ignore[arg-type]


def test_a_folder_that_cannot_be_written_is_told_before_the_search(tmp_path: Path) -> None:
    """And not after it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="storms cannot be kept there"):
        search("open-water", out=tmp_path / "file" / "storms")


def test_a_damaged_storm_is_told_with_its_line(tmp_path: Path) -> None:
    """It is not passed over: CI would believe that it was tried."""
    (tmp_path / "odd.yaml").write_text("name: odd\nasks: x\nduratoin: 1 d\n")
    with pytest.raises(BadInput, match=r"odd\.yaml"):
        search("open-water", out=tmp_path)


def test_code_that_does_not_do_the_same_twice_is_told_first(root: Path) -> None:
    """What a search found could not be replayed, so it does not begin."""
    file = root / "tests" / "mocks" / "guests" / "undecided.py"
    with pytest.raises(Diverged, match="did not do the same twice"):
        search("open-water", integration=f"{file}:main", runs=1)


def test_a_fault_that_kills_the_program_is_found(tmp_path: Path) -> None:
    """An error that nobody catches ends it: that is the finding, whatever was lost by it, at one operation."""

    async def main(sea: Sea) -> None:
        async with httpx.AsyncClient(base_url=sea.url("marketplace")) as client:
            while True:
                await asyncio.sleep(1)
                page = await client.get("/changes", headers={"Authorization": f"Bearer {sea.token('marketplace')}"})
                page.json()["changes"]

    found = search("open-water", integration=main, findings=("INTEGRATION_DIED",), runs=50, orders=3, twice=False)
    assert found.finding is not None
    assert found.finding.code == "INTEGRATION_DIED"
    assert found.found is not None
    assert [rule.at for rule in found.found.rules] == ["marketplace.list_changes"]


def test_what_is_known_to_harm_can_be_left_out() -> None:
    """A kind of fault that is left out strikes in no storm; one that nobody knows is refused."""
    result = looked(
        "naive", without=[each for each in chart_of(load_scenario("open-water")).kinds if each != "lost_reply"]
    )
    assert result.found is not None
    assert {rule.fault for rule in result.found.rules} <= {"lost_reply"}
    with pytest.raises(UnknownName, match="did you mean 'lost_reply'"):
        search("open-water", without=["lost_replay"])
