"""A crew on a Dask cluster: the same runs, made by workers that may stand anywhere."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from math import inf
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from seatrial.own_process import unheard
from seatrial.reports.page_words import counted, listed
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.suite_crew import LOCAL, Ended, Further
from seatrial.suite_job import Done, Job, failed, overdue
from seatrial.suite_parcel import Parcel, make, unpack
from seatrial.suite_place import version_here

if TYPE_CHECKING:
    from distributed import Client, Future

_LOCAL: Final = {
    "distributed.scheduler.allowed-failures": 1,  # here there is no better machine to try the run on
    "distributed.deploy.lost-worker-timeout": "1 day",  # a worker that is started anew is not lost
}
"""How a cluster of our own differs from what Dask would do."""
_ATTEMPTS: Final = 2
"""How often a run is handed in whose scheduler forgot it; workers that die are the scheduler's own count."""
_ANSWER: Final = 15.0
"""Seconds in which a scheduler has to answer, and a worker to be there."""
_DESERTED: Final = 60.0
"""Seconds after which a cluster without workers is given up."""
_COUNT_EVERY: Final = 2.0
"""Seconds between two counts of the workers."""


class DaskCrew:
    """The workers of a cluster, each with one run at a time.

    Dask gives a run whose worker died to another worker, as often as its scheduler allows (to 4 workers in all unless
    it was configured, to 2 on this machine); then it is a harness error. Runs come back as parcels: nobody has to share
    a disk, and a worker that was given up and lives on writes nowhere of ours. A worker whose run takes too long is
    started anew where somebody looks after it (a nanny), else it gets no other run. Raises BadInput where the cluster
    cannot be used, HarnessError where it goes away.
    """

    def __init__(self, address: str, jobs: int) -> None:
        _check_installed()
        self._closing = ExitStack()
        # Any: to a type checker every answer of a client may be a coroutine.
        self._client: Any = self._local(jobs) if address == LOCAL else self._reached(address)
        self._where = "a local Dask cluster" if address == LOCAL else f"Dask at {address}"
        self._under_way: dict[int, tuple[Future[Any], Job, Path, int]] = {}
        self._due: dict[int, float] = {}
        self._something = Event()
        self._present, self._lost = frozenset[str](), set[str]()
        self._counted = 0.0
        self._seen = monotonic()
        try:
            _check_workers(self._client, address)
        except BaseException:
            self.stop()
            raise

    @property
    def about(self) -> str:
        """Who they are."""
        return f"{counted(len(self._present) or self._count(), 'worker')} of {self._where}"

    def free(self) -> int:
        """Workers without a run."""
        return max(0, self._count() - len(self._under_way))

    def take(self, number: int, job: Job, folder: Path) -> None:
        """Hand a run to the cluster."""
        self._due[number] = monotonic() + (job.timeout or inf)
        self._hand_in(number, job, folder, 1)

    def news(self, patience: float) -> Sequence[Further | Ended]:
        """What has happened. Dask does not tell how far a run is."""
        self._something.wait(patience)
        self._something.clear()
        over = [number for number, (future, *_) in self._under_way.items() if future.status != "pending"]
        told = [each for number in over for each in self._over(number)]
        late = [number for number in self._under_way if monotonic() > self._due[number]]
        return told + [self._give_up(number) for number in late]

    def stop(self) -> None:
        """Forget what is under way and leave; what a worker of somebody else is at ends there, unread."""
        with suppress(Exception):
            self._client.cancel([future for future, *_ in self._under_way.values()], force=True)
        with suppress(Exception):
            self._closing.close()

    def _hand_in(self, number: int, job: Job, folder: Path, attempt: int) -> None:
        key, others = f"{folder.as_posix()}#{attempt}@{self._seen}", sorted(self._present - self._lost)
        future = self._client.submit(make, job, key=key, pure=False, workers=others if self._lost else None)
        self._under_way[number] = (future, job, folder, attempt)
        future.add_done_callback(lambda _: self._something.set())

    def _over(self, number: int) -> list[Ended]:
        future, job, folder, attempt = self._under_way.pop(number)
        if future.status == "finished":
            return [Ended(number, self._arrived(future, folder))]
        if future.status == "error":
            return [Ended(number, failed(_obituary(future.exception())))]
        if attempt == _ATTEMPTS or self._client.status != "running":
            return [Ended(number, failed("the cluster forgot the run: its scheduler went away or was started anew"))]
        self._hand_in(number, job, folder, attempt + 1)
        return []

    def _give_up(self, number: int) -> Ended:
        """A thread cannot be ended: its worker has to go, or has to be left alone."""
        future, job, *_ = self._under_way.pop(number)
        workers = [worker for worker, keys in self._client.processing().items() if future.key in keys]
        with suppress(Exception):
            self._client.cancel([future], force=True)
        try:
            self._client.restart_workers(workers, timeout=_ANSWER)
        except Exception:  # noqa: BLE001 (nobody looks after it, or it does not come back: either way it is lost)
            self._lost.update(workers)
        return Ended(number, overdue(job))

    def _arrived(self, future: Future[Any], folder: Path) -> Done:
        try:
            parcel = future.result(timeout=_DESERTED)
            assert isinstance(parcel, Parcel)
            return unpack(parcel, folder)
        except Exception as error:  # noqa: BLE001 (a parcel that is lost on the road is one run, not all)
            return failed(f"the run was made, but did not arrive: {type(error).__name__}: {error}")

    def _count(self) -> int:
        """Workers at the moment; raises HarnessError when there were none for too long."""
        if self._client.status in ("closed", "closing"):
            raise HarnessError(f"{self._where} has gone: its scheduler does not answer any more")
        now = monotonic()
        if now - self._counted >= _COUNT_EVERY:
            self._counted = now
            self._present = _workers(self._client)
        free = len(self._present - self._lost)
        if free:
            self._seen = now
        elif now - self._seen > _DESERTED:
            raise HarnessError(f"{self._where} has had no workers for {_DESERTED:.0f} s")
        return free

    def _local(self, jobs: int) -> Client:
        import dask.config as settings
        from distributed import Client, LocalCluster

        self._closing.enter_context(settings.set(_LOCAL))
        with unheard():  # the thread that starts the workers, now and later, hands this on to them
            cluster = LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                dashboard_address=None,  # pyright: ignore[reportArgumentType] (it means none at all)
                silence_logs=logging.CRITICAL,
                memory_limit=0,
                env={"POLARS_MAX_THREADS": "1"},
            )
        self._closing.callback(cluster.close)
        client = Client(cluster)
        self._closing.callback(client.close)
        return client

    def _reached(self, address: str) -> Client:
        from distributed import Client

        try:
            client = Client(address, timeout=_ANSWER)
        except (OSError, ValueError, TimeoutError, AssertionError) as error:  # the last where it gives up half-way
            hint = "start one with `dask scheduler`, or use this machine: --dask local"
            what = f"no Dask scheduler answers ({error or type(error).__name__})"
            raise BadInput(what, value=address, where="--dask", hint=hint) from None
        self._closing.callback(client.close)
        return client


def _check_installed() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise BadInput("Dask is not installed", where="--dask", hint="pip install 'seatrial[cluster]'") from None


def _check_workers(client: Any, address: str) -> None:
    """A run on another version would be another run."""
    try:
        client.wait_for_workers(1, timeout=_ANSWER)
    except TimeoutError:
        hint = f"start some: dask worker {address} --nthreads 1"
        raise BadInput("the cluster has no workers", value=address, where="--dask", hint=hint) from None
    found = client.run(version_here, on_error="return")
    wrong = {worker: each for worker, each in found.items() if each != version_here()}
    if wrong:
        told = [f"{worker}: {each}" for worker, each in list(wrong.items())[:3]]
        hint = "install the same version on every worker"
        what = f"the workers do not have Seatrial {version_here()} ({listed(told)})"
        raise BadInput(what, value=address, where="--dask", hint=hint)


def _workers(client: Any) -> frozenset[str]:
    try:
        return frozenset(client.nthreads())
    except Exception:  # noqa: BLE001 (whatever it is, nobody can be seen)
        return frozenset()


def _obituary(error: Any) -> str:
    if type(error).__name__ == "KilledWorker":
        tries = getattr(error, "allowed_failures", 0) + 1
        return f"{counted(tries, 'worker')} died that had begun the run: out of memory, or it kills its process"
    return f"{type(error).__name__}: {error}"
