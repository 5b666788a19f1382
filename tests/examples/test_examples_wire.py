"""Integrations in other languages, written from the wire guide alone, come through a short storm on real sockets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.wire, pytest.mark.slow]

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
needs_requests = pytest.mark.skipif(find_spec("requests") is None, reason="requests is not installed")
needs_httpx = pytest.mark.skipif(find_spec("httpx") is None, reason="httpx is not installed")
EXAMPLES = [
    pytest.param("node", "examples/node/main.js", marks=needs_node, id="node"),
    pytest.param(sys.executable, "examples/python-sync/main.py", marks=needs_requests, id="python-sync"),
    pytest.param(sys.executable, "examples/python-async/main.py", marks=needs_httpx, id="python-async"),
]
SEATRIAL = (sys.executable, "-c", "from seatrial.cli import main; main()")


@pytest.fixture
def voyage(root: Path, tmp_path: Path) -> Any:
    """Runs a scenario against a command; its exit code and all that was said."""

    def run(scenario: str, *command: str) -> tuple[int, str]:
        asked = [*SEATRIAL, "wire", scenario, "--faults-at", "partner", "--out", str(tmp_path / "run"), "--", *command]
        surroundings = {**os.environ, "PYTHONPATH": str(root / "src")}
        kept: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 300}
        done = subprocess.run(asked, cwd=root, env=surroundings, check=False, **kept)
        log = tmp_path / "run" / "integration.log"
        said = log.read_text(errors="replace")[-4000:] if log.exists() else ""
        return done.returncode, f"{done.stdout}\n{done.stderr}\n{said}"

    return run


@pytest.mark.parametrize(("program", "script"), EXAMPLES)
def test_an_example_is_killed_and_hears_everything_twice_and_nothing_is_lost_or_doubled(
    voyage: Any, root: Path, program: str, script: str
) -> None:
    """A program that knows only the guide passes: killed twice after a commit, with webhooks that stutter."""
    code, said = voyage("examples/crashes-and-doubles.yaml", program, str(root / script))
    assert code == 0, said


@pytest.mark.parametrize(("program", "script"), EXAMPLES)
def test_an_example_enters_no_order_twice_where_replies_are_lost(
    voyage: Any, root: Path, program: str, script: str
) -> None:
    """An ERP that commits and loses its reply ends up with one sales order for each order."""
    code, said = voyage("fidelity/lost-replies", program, str(root / script))
    assert code == 0, said


@pytest.mark.parametrize(("program", "script"), EXAMPLES)
def test_an_example_brings_every_second_thought_to_its_end(voyage: Any, root: Path, program: str, script: str) -> None:
    """The repeat of a cancellation is refused as done already; the repeat of a credit memo has to say the same."""
    code, said = voyage("examples/second-thoughts.yaml", program, str(root / script))
    assert code == 0, said


def test_in_the_compose_file_the_integration_shares_the_network_of_seatrial(root: Path) -> None:
    """What listens on loopback only is reached from the same network namespace, and from nowhere else."""
    services = yaml.safe_load((root / "examples" / "compose.yaml").read_text())["services"]
    assert services["integration"]["network_mode"] == "service:seatrial"
    assert not any("ports" in service for service in services.values())
