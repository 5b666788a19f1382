"""Suites on a Dask cluster: the same runs by digest, and a worker that dies is never a green run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import seatrial
from seatrial.sim.errors import BadInput
from seatrial.sim.runfolder import RunFolder
from seatrial.suite_log import load_suite

Suite = Callable[..., Result]


@pytest.mark.slow
def test_runs_of_a_cluster_are_those_of_this_machine(
    rough: Path, scenario: Path, tmp_path: Path, seatrial_suite: Suite
) -> None:
    """The digests are the same; a run whose worker dies once is made by another; one that kills all is an error."""
    out = tmp_path / "out"
    names = [word for name in ("once", "resilient", "exits") for word in ("--integration", name)]
    result = seatrial_suite(scenario, *names, "--seeds", "3-3", "--jobs", 2, "--dask", "local", "--out", out)
    assert result.exit_code == 3, result.output
    runs = {(run.integration, run.seed): run for run in load_suite(out).runs}
    for name in ("once", "resilient"):
        alone = seatrial.run(scenario, integration=name, seed=3)
        assert runs[name, 3].digest == alone.digest
        assert RunFolder.open(out / runs[name, 3].folder).digest() == alone.digest
    assert runs["exits", 3].outcome == "harness error"
    assert "2 workers died that had begun the run" in runs["exits", 3].why
    assert (out / runs["exits", 3].folder / "suite-error.json").is_file()
    assert "2 workers of a local Dask cluster" in result.stdout
    assert sorted(each.name for each in (out / "set-probe" / "resilient").iterdir()) == ["seed-3"]


@pytest.mark.slow
def test_a_run_that_hangs_costs_its_worker_and_no_other_run(rough: Path, scenario: Path, tmp_path: Path) -> None:
    """After its time it is a harness error; its worker is started anew, and makes the others."""
    out = tmp_path / "out"
    done = seatrial.suite(scenario, integrations=["hangs"], seeds="2-3", jobs=1, dask="local", out=out, timeout="6 s")
    hung, other = done.runs
    assert (hung.outcome, other.outcome) == ("harness error", "violated")
    assert hung.why.startswith("the run was not over after 6 s and was given up")


def test_a_cluster_that_does_not_answer_is_bad_input(
    scenario: Path, tmp_path: Path, seatrial_suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is named with the way out; nothing is left behind."""
    import seatrial.suite_dask

    monkeypatch.setattr(seatrial.suite_dask, "_ANSWER", 0.5)
    for address in ("tcp://127.0.0.1:1", "nonsense://x", "localhost"):
        result = seatrial_suite(scenario, "--dask", address, "--out", tmp_path / "out")
        assert result.exit_code == 2, result.output
        assert "no Dask scheduler answers" in result.stderr
        assert f"'{address}'" in result.stderr
        assert not (tmp_path / "out").exists()


def test_without_dask_the_extra_is_named(scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has not installed it reads what to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadInput, match=r"pip install 'seatrial\[cluster\]'"):
        seatrial.suite(scenario, dask="local", out=tmp_path / "out", seeds=1)
    assert not (tmp_path / "out").exists()


class Workers:
    """A client whose workers say what they are asked to say."""

    def __init__(self, *versions: object) -> None:
        self._versions = versions

    def wait_for_workers(self, count: int, timeout: float) -> None:
        if len(self._versions) < count:
            raise TimeoutError

    def run(self, what: object, on_error: str) -> dict[str, object]:
        return {f"tcp://w{number}": each for number, each in enumerate(self._versions)}


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ((), "the cluster has no workers"),
        ((seatrial.__version__, "0.0.1"), "(tcp://w1: 0.0.1)"),
        ((ModuleNotFoundError("No module named 'seatrial'"),), "(tcp://w0: No module named 'seatrial')"),
    ],
    ids=["none", "another version", "not installed"],
)
def test_workers_have_to_make_the_same_run(versions: tuple[object, ...], words: str) -> None:
    """A cluster without workers, or with one that has another version or none, is bad input."""
    from seatrial.suite_dask import _check_workers

    with pytest.raises(BadInput) as error:
        _check_workers(Workers(*versions), "tcp://scheduler:8786")
    assert words in str(error.value)
    _check_workers(Workers(seatrial.__version__), "tcp://scheduler:8786")
