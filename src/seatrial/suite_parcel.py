"""A run that is made elsewhere comes back as a parcel: its whole folder, file by file, with what became of it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import msgspec

from seatrial.sim.errors import HarnessError
from seatrial.suite_job import Done, Job, carry_out
from seatrial.suite_place import take_in

_ONE_AT_A_TIME = Lock()
"""A worker with several threads makes one run after the other: they would share one core anyway."""


class Parcel(msgspec.Struct, frozen=True):
    """A run on its way."""

    done: Done
    """What became of it."""
    files: dict[str, bytes]
    """Its folder, by file name."""


def make(job: Job) -> Parcel:
    """Make a run in a folder of this machine and pack it: the one who wants it may not see our disk."""
    with _ONE_AT_A_TIME, TemporaryDirectory(prefix="seatrial-run-", dir=_desk()) as desk:
        folder = Path(desk) / "run"
        done = carry_out(job, folder)
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        return Parcel(done, {file.name: file.read_bytes() for file in files})


def unpack(parcel: Parcel, folder: Path) -> Done:
    """Put the run in its place. Raises HarnessError where the disk refuses, or the parcel is none."""
    strange = [name for name in parcel.files if Path(name).name != name]
    if strange:
        raise HarnessError(f"a run folder holds plain files, this one has {strange[0]!r}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".arriving-", dir=folder.parent) as desk:
            for name, data in parcel.files.items():
                (Path(desk) / name).write_bytes(data)
            take_in(folder, Path(desk))
    except OSError as error:
        raise HarnessError(f"cannot write {folder} · {error.strerror} · make room and run the suite again") from error
    return parcel.done


def _desk() -> str | None:
    """Where a Dask worker may write: its own folder, which goes when it goes."""
    from distributed import get_worker

    try:
        return str(get_worker().local_directory)
    except ValueError:  # not on a worker
        return None
