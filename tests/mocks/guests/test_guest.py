"""Code of others at sea: what it is given, and what it sees of a run."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import importlib
import os
import random
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from weakref import ref

import httpx
import httpx2
import numpy as np
import pytest
import requests
import respx
import tenacity
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seatrial.mocks.guests.sea import Sea, Webhook
from seatrial.mocks.hosting.signatures import is_genuine
from seatrial.voyage import Run

Sail = Callable[..., Run]
START = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_plain_httpx_meets_the_partners_in_virtual_time(sail: Sail, library: Any) -> None:
    """A client that knows of nothing asks a partner at its URL; its sleep moves the run's clock and no other."""
    seen: list[Any] = []

    async def main(sea: Sea) -> None:
        async with library.AsyncClient(base_url=sea.url("erp")) as client:
            await asyncio.sleep(7)
            seen.append((await client.get("/clock")).json()["now"])
            await asyncio.sleep(1e9)

    run = sail(main)
    assert seen == [7.0]
    assert run.failure == ""
    assert run.verdict.facts.integration.endswith("main")


def test_a_client_of_the_module_meets_them_too(sail: Sail) -> None:
    """A client that was made before the run, outside of it, is no other."""
    client = httpx.AsyncClient()
    seen: list[int] = []

    async def main(sea: Sea) -> None:
        seen.append((await client.get(sea.url("erp") + "/clock")).status_code)
        await asyncio.sleep(1e9)

    sail(main)
    assert seen == [200]


@pytest.mark.parametrize("library", [httpx, httpx2, requests])
def test_synchronous_code_shares_the_clock(sail: Sail, library: Any) -> None:
    """`time.sleep` and a blocking client wait in virtual time, while webhooks arrive at a function that waits, too."""
    seen: list[float] = []
    told: list[tuple[float, str]] = []

    def hear(hook: Webhook) -> None:
        time.sleep(0.25)
        told.append((time.monotonic(), hook.event))

    def main(sea: Sea) -> None:
        sea.webhooks(hear)
        while True:
            time.sleep(4)
            seen.append(library.get(sea.url("erp") + "/clock", timeout=5).json()["now"])

    run = sail(main)
    assert (run.failure, run.mishaps) == ("", ())
    assert seen[:2] == [4.0, 8.0]
    assert {event for _, event in told} == {"order.placed"}
    assert len({moment for moment, _ in told} | set(seen)) == len(told) + len(seen)


def test_a_thread_pool_is_synchronous_code_beside(sail: Sail) -> None:
    """`asyncio.to_thread` lets a blocking client wait while the others go on."""
    order: list[str] = []

    async def main(sea: Sea) -> None:
        async def tick() -> None:
            await asyncio.sleep(1)
            order.append("tick")

        def block() -> None:
            time.sleep(2)
            order.append(str(httpx.get(sea.url("erp") + "/clock").status_code))

        await asyncio.gather(asyncio.to_thread(block), tick())
        await asyncio.sleep(1e9)

    sail(main)
    assert order == ["tick", "200"]


def test_clocks_show_the_run(sail: Sail) -> None:
    """Whatever clock it reads, it reads the time of the scenario."""
    seen: list[Any] = []

    async def main(sea: Sea) -> None:
        await asyncio.sleep(5)
        seen.extend([time.monotonic(), time.time() - START.timestamp(), dt.datetime.now(dt.UTC) - START, sea.start])
        await asyncio.sleep(1e9)

    sail(main)
    assert seen == [5.0, 5.0, dt.timedelta(seconds=5), START]


def test_chance_comes_from_the_seed(sail: Sail) -> None:
    """`random`, `uuid4` and the system's bytes are the same for the same seed, and others for another."""

    def drawn(seed: int) -> list[Any]:
        seen: list[Any] = []

        async def main(_: Sea) -> None:
            seen.extend([random.random(), uuid.uuid4(), random.SystemRandom().random(), os.urandom(3)])
            seen.append(random.Random().random())
            random.seed()
            seen.append(random.random())
            seen.append(np.random.random())
            seen.append(np.random.default_rng().random())
            await asyncio.sleep(1e9)

        sail(main, seed=seed)
        return seen

    assert drawn(1) == drawn(1)
    assert not set(drawn(1)) & set(drawn(2))


def test_chance_of_the_caller_is_left_alone(sail: Sail) -> None:
    """A run in the middle of a test does not disturb what the test draws."""

    async def main(_: Sea) -> None:
        random.random()
        np.random.random()
        await asyncio.sleep(1e9)

    def seed() -> None:
        random.seed(5)
        np.random.seed(5)

    def draw() -> list[float]:
        return [random.random(), np.random.random()]

    seed()
    expected = [draw(), draw()]
    seed()
    drawn = [draw()]
    sail(main)
    assert [*drawn, draw()] == expected


@pytest.mark.parametrize("module", ["numpy.random", "lazy_draws"])
def test_who_imports_first_does_not_matter(
    module: str, sail: Sail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a module draws while it is imported is the same in the first run of a process and in the next."""
    (tmp_path / "lazy_draws.py").write_text("import random\nMINE = random.Random()\nrandom = MINE.random\n")
    monkeypatch.syspath_prepend(tmp_path)
    seen: list[Any] = []

    async def main(_: Sea) -> None:
        drawn = importlib.import_module(module).random()
        seen.append((drawn if module == "numpy.random" else 0, uuid.uuid4()))
        await asyncio.sleep(1e9)

    sail(main)
    sail(main)
    assert seen[0] == seen[1]


def test_numpy_that_is_imported_in_the_run_draws_the_same(sail: Sail) -> None:
    """In this process it was imported before, in the other one it is not: what it decides is the same."""
    run = sail(f"{Path(__file__).with_name('draws_by_numpy.py')}:main", twice=True)
    assert run.failure == ""


def test_a_program_is_called_by_its_file_and_nothing_else(sail: Sail) -> None:
    """What the command line of the harness says is not for it; what it makes of its own is gone afterwards."""
    before, arguments = list(sys.argv), sys.argv
    seen: list[list[str]] = []

    async def main() -> None:
        seen.append(list(sys.argv))
        sys.argv.append("--verbose")
        await asyncio.sleep(1e9)

    sail(main)
    assert seen == [[str(Path(__file__).resolve())]]
    assert sys.argv is arguments
    assert sys.argv == before


def test_a_life_after_a_crash_finds_what_a_started_program_finds(sail: Sail, tmp_path: Path) -> None:
    """Arguments and working directory that the life before had changed ended with its process."""
    seen: list[tuple[int, Path]] = []
    folder = Path.cwd()

    async def main(sea: Sea) -> None:
        seen.append((len(sys.argv), Path.cwd()))
        sys.argv.append("--again")
        os.chdir(tmp_path)
        await asyncio.sleep(1)
        async with httpx.AsyncClient(timeout=5) as client:
            token = {"Authorization": f"Bearer {sea.token('marketplace')}"}
            await client.get(sea.url("marketplace") + "/changes", headers=token)
        await asyncio.sleep(1e9)

    crash = "[{fault: integration_crash, at: marketplace.list_changes, times: 1, with: {down_for: 2 s}}]"
    assert sail(main, settings={"faults": crash}).failure == ""
    assert seen == [(1, folder)] * 2
    assert Path.cwd() == folder


def test_an_id_of_a_moment_is_the_runs(sail: Sail) -> None:
    """`uuid1` asks the system for both moment and machine, and remembers the last one that it gave, in the process."""
    seen: list[uuid.UUID] = []
    machine = uuid.getnode()

    async def main(sea: Sea) -> None:
        await asyncio.sleep(2)
        seen.extend((uuid.uuid1(), uuid.uuid1()))
        began = sea.start - dt.datetime(1582, 10, 15, tzinfo=dt.UTC)
        assert seen[-2].time == (began + dt.timedelta(seconds=2)) // dt.timedelta(microseconds=1) * 10
        await asyncio.sleep(1e9)

    for _ in range(2):
        assert sail(main).failure == ""
    assert seen[:2] == seen[2:]
    assert seen[0].node != machine == uuid.getnode()


def test_a_program_that_handles_signals_does_so_within_its_run(sail: Sail) -> None:
    """Afterwards whoever tells the harness to end is heard as before."""
    before = signal.getsignal(signal.SIGTERM)

    async def main(_: Sea) -> None:
        signal.signal(signal.SIGTERM, lambda *_: None)
        await asyncio.sleep(1e9)

    try:
        assert sail(main).failure == ""
        assert signal.getsignal(signal.SIGTERM) is before
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_program_may_go_to_another_directory(sail: Sail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its run is kept where that was asked for, and whoever comes after it is where he was."""
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    monkeypatch.chdir(home)

    async def main(_: Sea) -> None:
        os.chdir(away)
        away.rmdir()
        await asyncio.sleep(1)
        raise ValueError("lost")

    run = sail(main, out="run")
    assert Path.cwd() == home
    assert run.folder is not None
    assert run.folder.path == Path("run")
    assert run.folder.frame().height == run.rows
    assert "test_guest.py:" in run.failure


def test_a_program_without_arguments_reads_its_environment(sail: Sail) -> None:
    """It finds the partners by the variables that a program on real sockets gets; afterwards they are gone."""
    seen: list[int] = []

    async def main() -> None:
        async with httpx.AsyncClient(timeout=5) as client:
            seen.append((await client.get(os.environ["SEATRIAL_ERP_URL"] + "/clock")).status_code)
        await asyncio.sleep(1e9)

    before = dict(os.environ)
    sail(main)
    assert seen == [200]
    assert dict(os.environ) == before


def test_an_asgi_app_gets_its_webhooks(sail: Sail) -> None:
    """It starts with its lifespan, reads a signed request, and its status is the sender's answer."""
    log: list[str] = []
    secrets: dict[str, str] = {}

    async def hear(request: Request) -> Response:
        body = await request.body()
        partner = request.path_params["partner"]
        genuine = is_genuine(secrets[partner], body, request.headers)
        log.append(f"{request.app.state.ready} {genuine} {(await request.json())['event']}")
        return Response(status_code=202)

    async def start(app: Starlette) -> None:
        app.state.ready = True

    async def main(sea: Sea) -> None:
        secrets.update({name: sea.webhook_secret(name) for name in sea.partners})
        app = Starlette(routes=[Route("/webhooks/{partner}", hear, methods=["POST"])])
        await start(app)
        sea.webhooks(app)

    run = sail(main)
    assert run.failure == ""
    assert log
    assert set(log) == {"True True order.placed"}
    told = run.evidence.filter(kind="webhook", operation="order.placed")
    assert set(told["outcome"]) == {"ok"}


@pytest.mark.parametrize(
    ("answer", "status"), [(None, 200), (202, 200), (409, 409), (ValueError("boom"), 500), ("late", 0)]
)
def test_an_answer_is_what_the_sender_sees(sail: Sail, answer: Any, status: int) -> None:
    """None and 2xx are success; another status, an error and silence are failures, and it comes again."""

    async def hear(_: Webhook) -> Any:
        if isinstance(answer, Exception):
            raise answer
        if answer == "late":
            await asyncio.sleep(100)
        return answer

    async def main(sea: Sea) -> None:
        sea.webhooks(hear)

    run = sail(main)
    first = run.evidence.filter(kind="webhook", operation="order.placed", attempt=1)
    assert set(first["status"]) == {status}
    again = run.evidence.filter(kind="webhook", operation="order.placed", attempt=2)
    assert bool(again.height) is (status != 200)
    assert {each.error for each in run.mishaps} == ({repr(answer)} if isinstance(answer, Exception) else set())


def test_nobody_listens_before_webhooks_have_a_receiver(sail: Sail) -> None:
    """Senders try again until somebody takes what they say."""
    told: list[str] = []

    async def hear(hook: Webhook) -> None:
        told.append(hook.json()["notice_no"])

    async def main(sea: Sea) -> None:
        await asyncio.sleep(12)
        sea.webhooks(hear)

    run = sail(main)
    assert 503 in set(run.evidence.filter(kind="webhook")["status"])
    assert len(told) == len(set(told)) > 3


def test_a_crash_leaves_only_what_is_durable(sail: Sail) -> None:
    """Its tasks end, its function is called again, and it finds what it had written, as it had written it."""
    lives: list[Any] = []

    async def main(sea: Sea) -> None:
        life = [*sea.state.get("lives", []), len(lives)]
        sea.state["lives"] = life
        life.append("not written")
        lives.append(await sea.database.get("lives"))
        sea.webhooks(lambda _: None)
        async with httpx.AsyncClient(base_url=sea.url("marketplace")) as client:
            while True:
                await client.get("/changes", headers={"Authorization": f"Bearer {sea.token('marketplace')}"})
                await asyncio.sleep(1)

    run = sail(
        main,
        settings={
            "faults": "[{fault: integration_crash, at: marketplace.list_changes, times: 2, with: {down_for: 2 s}}]"
        },
    )
    assert run.evidence.filter(kind="note", operation="restart").height == 2
    assert lives == [[0], [0, 1], [0, 1, 2]]


def test_what_an_earlier_life_ends_in_is_nobodys_death(sail: Sail) -> None:
    """One that was killed and takes its time to end, in an error even, does not end the life that came after it."""
    lives: list[float] = []

    async def main(sea: Sea) -> None:
        lives.append(time.monotonic())
        try:
            async with httpx.AsyncClient(base_url=sea.url("b2b")) as client:
                while True:
                    await client.get("/batches/next")
                    await asyncio.sleep(1)
        except asyncio.CancelledError:
            await asyncio.sleep(3)
            raise RuntimeError("could not drain") from None

    crash = "[{fault: integration_crash, at: b2b.fetch_batch, times: 1, from: 3 s, with: {down_for: 2 s}}]"
    run = sail(main, settings={"faults": crash})
    assert run.failure == ""
    assert len(lives) == 2
    assert run.evidence.filter(kind="call")["time"].to_list()[-1] > (lives[1] + 10) * 1_000_000


def test_a_task_that_starts_another_and_ends_has_left_work_under_way(sail: Sail) -> None:
    """A function that returned is dead only when nothing of it goes on, however that was started."""
    kept: set[asyncio.Task[None]] = set()
    seen: list[int] = []

    async def work(sea: Sea) -> None:
        async with httpx.AsyncClient(base_url=sea.url("erp")) as client:
            while True:
                await asyncio.sleep(5)
                seen.append((await client.get("/clock")).status_code)

    async def boot(sea: Sea) -> None:
        await asyncio.sleep(0.5)
        kept.add(asyncio.create_task(work(sea)))

    async def main(sea: Sea) -> None:
        kept.add(asyncio.create_task(boot(sea)))

    assert sail(main).failure == ""
    assert len(seen) == 5


def test_what_a_lifespan_keeps_is_there_for_every_request(sail: Sail) -> None:
    """As servers have it: a copy of it is the state of each request."""
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, str]]:
        yield {"client": "ours"}

    async def hear(request: Request) -> Response:
        seen.append(request.state.client)
        request.state.client = "another"
        return Response(status_code=204)

    async def main(sea: Sea) -> None:
        routes = [Route("/webhooks/{partner}", hear, methods=["POST"])]
        sea.webhooks(Starlette(routes=routes, lifespan=lifespan))

    run = sail(main)
    assert run.mishaps == ()
    assert len(seen) > 3
    assert set(seen) == {"ours"}


def test_a_world_whose_guest_ends_with_a_wait_is_forgotten(sail: Sail) -> None:
    """Cleaning up takes a moment that the run has not any more: it is closed, and holds no world."""

    async def main(sea: Sea) -> None:
        worlds.append(ref(sea))
        try:
            await asyncio.sleep(1e9)
        finally:
            await sea.database.put("closed", True)

    worlds: list[ref[Sea]] = []
    sail(main)
    gc.collect()
    assert [world() for world in worlds] == [None]


def test_a_timeout_of_httpx_is_kept(sail: Sail) -> None:
    """A call that nobody answers ends after the client's own timeout, in virtual seconds."""
    waited: list[float] = []

    async def main(sea: Sea) -> None:
        begin = time.monotonic()
        async with httpx.AsyncClient(timeout=3.5) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(sea.url("falcon") + "/tracking/P1?order_no=X")
        waited.append(time.monotonic() - begin)
        await asyncio.sleep(1e9)

    run = sail(main, settings={"faults": "[{fault: blackhole, at: falcon}]"})
    assert (run.failure, waited) == ("", [3.5])


def test_tenacity_waits_in_virtual_time(sail: Sail) -> None:
    """A retry with backoff and jitter, as people write it, needs no real second."""
    attempts: list[float] = []

    @tenacity.retry(wait=tenacity.wait_exponential_jitter(1, 60), stop=tenacity.stop_after_delay(20))
    async def ask(client: httpx.AsyncClient) -> None:
        attempts.append(time.monotonic())
        (await client.get("/tracking/P1?order_no=X")).raise_for_status()

    async def main(sea: Sea) -> None:
        async with httpx.AsyncClient(base_url=sea.url("falcon")) as client:
            with pytest.raises(tenacity.RetryError):
                await ask(client)
        await asyncio.sleep(1e9)

    sail(main, settings={"calm": "40 s", "faults": "[{fault: outage, at: falcon}]"})
    assert len(attempts) > 4
    assert attempts[-1] >= 10


def test_other_hosts_may_be_mocked_beside(sail: Sail) -> None:
    """What the code asks besides partners, its own tests answer with respx as ever."""
    seen: list[Any] = []

    async def main(sea: Sea) -> None:
        async with httpx.AsyncClient() as client:
            seen.append((await client.get("https://tax.example/rate")).json())
            seen.append((await client.get(sea.url("erp") + "/clock")).status_code)
        await asyncio.sleep(1e9)

    with respx.mock(assert_all_mocked=False) as router:
        router.get("https://tax.example/rate").respond(json={"rate": 20})
        sail(main)
    assert seen == [{"rate": 20}, 200]


def _cancel(others: set[asyncio.Task[Any]]) -> None:
    for task in others:
        task.cancel()


@pytest.mark.parametrize("end", [_cancel, lambda others: asyncio.gather(*others, return_exceptions=True)])
def test_all_tasks_are_those_of_the_integration(sail: Sail, end: Callable[..., Any]) -> None:
    """Who cancels or awaits every task but its own, as programs do at their end, meets nobody of the harness."""
    seen: list[list[str]] = []

    async def main(_: Sea) -> None:
        poller = asyncio.create_task(asyncio.sleep(3), name="poller")
        others = asyncio.all_tasks() - {asyncio.current_task()}
        seen.append(sorted(each.get_name() for each in others))
        end(others)
        await asyncio.wait([poller])
        await asyncio.sleep(1e9)

    run = sail(main)
    assert (run.failure, run.mishaps) == ("", ())
    assert seen == [["poller"]]
