"""A hand of a suite: it does not outlive its owner."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ORPHANED = """\
import sys
from unittest import mock
import seatrial
from seatrial import suite_hand

with mock.patch("os.getppid", return_value=1):
    teller = suite_hand._Teller(None, 0)
seatrial.run(sys.argv[1], integration="resilient", seed=1, progress=teller)
print("nobody ended it")
"""


def test_a_run_ends_its_process_when_nobody_waits_for_it(scenario: Path) -> None:
    """Within virtual time too, where user code may not do that."""
    done = subprocess.run(
        [sys.executable, "-c", ORPHANED, scenario], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
