"""When the disk refuses: nothing that was written is lost, and nobody carries on unrecorded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from seatrial.sim.errors import HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.parts import part_name
from seatrial.sim.runfolder import RunFolder

FILL_THE_DISK = """
import random, resource, sys
from pathlib import Path
from seatrial.sim.errors import HarnessError
from seatrial.sim.evidence import Evidence
from seatrial.sim.runfolder import RunFolder

folder = RunFolder.create(sys.argv[1])
evidence = Evidence(lambda: 0.0, folder.path, part_rows=1000)
noise = random.Random(7)
for number in range(3_500):
    if number == 2_500:  # from now on no file may grow beyond 4 kB, as if the disk were full
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    try:
        evidence.event("order.placed", "store", f"{noise.random()}", f"{noise.random()}")
    except HarnessError as error:
        print(error)
        break
try:
    evidence.close()
except HarnessError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_full_disk_keeps_what_is_there(tmp_path: Path) -> None:
    """A part that does not fit is a harness error with the path; the parts before it are whole and readable."""
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(tmp_path / "run")], capture_output=True, text=True, check=True
    )
    refused = done.stdout.splitlines()
    assert len(refused) == 2, done
    assert all("cannot write evidence" in line and part_name(2) in line and "2 parts" in line for line in refused)
    run = RunFolder.open(tmp_path / "run")
    assert (run.complete, run.frame().height) == (False, 2_000)
    assert not list(run.path.glob("*.unfinished"))


def test_after_a_refusal_every_row_says_so(tmp_path: Path) -> None:
    """An integration that swallows the first error meets it again at its next step; no row is lost meanwhile."""
    folder = tmp_path / "run"
    evidence = Evidence(lambda: 0.0, folder, part_rows=2)
    evidence.note("retry")
    for _ in range(3):
        with pytest.raises(HarnessError, match="cannot write evidence"):
            evidence.note("retry")
    folder.mkdir()
    evidence.close()
    assert evidence.frame()["number"].to_list() == [0, 1, 2, 3]
