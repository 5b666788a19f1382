"""Code that cannot live in virtual time: each kind is told in its own words, and none hangs."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib
import inspect
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from seatrial.mocks.guests import entry, habitat, watchdog
from seatrial.mocks.guests.sea import Sea, Webhook
from seatrial.mocks.guests.watchdog import Blocked
from seatrial.sim.errors import HarnessError
from seatrial.sim.fences import LeftVirtualTime
from seatrial.twice import Diverged
from seatrial.voyage import Interrupted, Run

Sail = Callable[..., Run]


async def opens_a_socket(_: Sea) -> None:
    socket.create_connection(("127.0.0.1", 9))


async def asks_a_stranger(_: Sea) -> None:
    async with httpx.AsyncClient() as client:
        await client.get("http://stranger.example/orders")


async def starts_a_thread(_: Sea) -> None:
    threading.Thread(target=print).start()


async def starts_a_process(_: Sea) -> None:
    subprocess.run(["true"], check=False)  # noqa: ASYNC221


async def leaves(_: Sea) -> None:
    os._exit(7)


async def sleeps_with_its_turn(_: Sea) -> None:
    time.sleep(1)  # noqa: ASYNC251


async def asks_with_its_turn(sea: Sea) -> None:
    httpx.get(sea.url("erp") + "/clock")  # noqa: ASYNC210


def asks_a_stranger_and_waits(_: Sea) -> None:
    httpx.get("http://stranger.example/orders")


@pytest.mark.parametrize(
    ("main", "said"),
    [
        (opens_a_socket, "socket.getaddrinfo"),
        (asks_a_stranger, "GET http://stranger.example/orders"),
        (starts_a_thread, "threading.Thread.start"),
        (starts_a_process, "subprocess"),
        (leaves, "os._exit"),
        (sleeps_with_its_turn, "await asyncio.sleep"),
        (asks_with_its_turn, "await httpx.AsyncClient"),
        (asks_a_stranger_and_waits, "GET http://stranger.example/orders"),
    ],
)
def test_what_leaves_virtual_time_is_named(sail: Sail, main: Callable[..., Any], said: str) -> None:
    """Whatever the code makes of the error: the run ends with the call and the way out."""

    async def swallowing(sea: Sea) -> None:
        try:
            given = main(sea)
            if given is not None:
                await given
        except Exception:  # noqa: BLE001
            await asyncio.sleep(1e9)

    for function in (main, swallowing) if asyncio.iscoroutinefunction(main) else (main,):
        with pytest.raises(LeftVirtualTime, match=said.replace("(", r"\(") + r".* · at .*test_trouble\.py:\d+"):
            sail(function)


async def loops(_: Sea) -> None:
    while True:
        pass


async def never_waits(_: Sea) -> None:
    while True:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def waits_for_itself(_: Sea) -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


async def loops_and_swallows(_: Sea) -> None:
    while True:
        try:
            await asyncio.sleep(0)
        except Exception:  # noqa: BLE001
            continue


def loops_in_step(_: Sea) -> None:
    while True:
        pass


ENDLESS = [loops, never_waits, waits_for_itself, loops_and_swallows, loops_in_step]


@pytest.mark.parametrize("main", ENDLESS)
def test_who_keeps_its_turn_is_stopped_and_named(
    sail: Sail, main: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop without a wait, a lock that nobody frees: the run ends, and says in which line it stood."""
    monkeypatch.setattr(habitat, "PATIENCE", 0.5)
    with pytest.raises(Blocked, match=rf"{main.__name__} .*test_trouble.py:\d+"):
        sail(main)


class Endless:
    """Whoever throws it away has to wait for ever."""

    def __del__(self) -> None:
        while True:
            pass


def endless() -> Iterator[int]:
    """Whoever closes it has to wait for ever."""
    try:
        yield 1
    finally:
        while True:
            pass


async def throws_away(sea: Sea) -> None:
    """Python swallows whatever is raised while it takes something away."""
    Endless()
    await asyncio.sleep(1e9)


async def leaves_a_generator(sea: Sea) -> None:
    """The same where a generator is left."""
    next(endless())
    await asyncio.sleep(1e9)


async def swallows_everything(sea: Sea) -> None:
    """Stopped, it goes on as if nothing had been."""
    with contextlib.suppress(BaseException):
        await loops(sea)
    await asyncio.sleep(1e9)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("main", [throws_away, leaves_a_generator, swallows_everything])
def test_who_was_stopped_is_named_whatever_became_of_that(
    sail: Sail, main: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run did after somebody in it was stopped says nothing."""
    monkeypatch.setattr(habitat, "PATIENCE", 0.5)
    with pytest.raises(Blocked, match=r"(__del__|endless|loops) .*test_trouble.py:\d+"):
        sail(main)


async def tries_every_way(sea: Sea) -> None:
    """A regular expression with two stars keeps the interpreter to itself: no other thread has its turn."""
    await asyncio.sleep(1)
    re.match(r"(a+)+$", "a" * 60 + "b")


def tries_every_way_in_step(sea: Sea) -> None:
    """The same without await."""
    time.sleep(1)
    re.match(r"(a+)+$", "a" * 60 + "b")


@pytest.mark.parametrize("main", [tries_every_way, tries_every_way_in_step])
def test_who_keeps_the_interpreter_is_stopped_and_named(
    sail: Sail, main: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread can look at it: an alarm of the system does."""
    monkeypatch.setattr(habitat, "PATIENCE", 0.5)
    with pytest.raises(Blocked, match=rf"{main.__name__} .*test_trouble.py:\d+"):
        sail(main)
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL


def test_who_keeps_the_interpreter_and_hears_nothing_ends_with_its_process(tmp_path: Path) -> None:
    """A sum without an end looks for no signals: the process ends, and prints in which line it stood."""
    script = tmp_path / "deaf.py"
    script.write_text(
        "import itertools\n"
        "from seatrial.mocks.guests import watchdog\n"
        "watchdog._BARKS = 1\n"
        "with watchdog.guarded(lambda: 0.0, 0.2):\n"
        "    sum(itertools.count())\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGPROF
    assert f'File "{script}", line 5' in done.stderr


def test_who_is_told_in_the_last_moment_is_stopped_within_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a moment later, where nobody would expect it."""
    off = watchdog.Alarm.off

    def told(alarm: watchdog.Alarm) -> None:
        off(alarm)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(threading.get_ident()), ctypes.py_object(watchdog.Stopped)
        )

    begun = threading.Event()

    def now() -> float:
        begun.set()
        return 0.0

    monkeypatch.setattr(watchdog.Alarm, "off", told)
    with pytest.raises(watchdog.Stopped), watchdog.guarded(now, 10.0):
        assert begun.wait(30)  # a thread that is about to begin still bears the name of this one


def test_a_profiler_can_be_used_after_a_run() -> None:
    """Nothing is left pending in the interpreter: it would look for it at every step, and under a profiler for ever."""
    script = (
        "import cProfile\n"
        "from seatrial.mocks.guests.watchdog import guarded\n"
        "with guarded(lambda: 0.0, 10.0): pass\n"
        "def work(): return 42\n"
        "print(cProfile.Profile().runcall(work))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30)
    assert done.stdout == "42\n"


def test_who_has_an_alarm_keeps_it(sail: Sail) -> None:
    """A profiler's timer rings for the profiler, before, during and after a run."""
    rings: list[int] = []
    before = signal.signal(signal.SIGPROF, lambda *_: rings.append(1))
    signal.setitimer(signal.ITIMER_PROF, 1000.0)
    try:
        assert sail(waits_a_moment).failure == ""
        assert signal.getitimer(signal.ITIMER_PROF)[0] > 0
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        assert signal.signal(signal.SIGPROF, before) is not signal.SIG_DFL


def test_a_watchdog_that_cannot_begin_leaves_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be had nobody would wind it up, and it would end the process later, for nothing."""

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", refuse)
    try:
        with pytest.raises(RuntimeError, match="new thread"), watchdog.guarded(lambda: 0.0, 60):
            pass
        assert signal.getitimer(signal.ITIMER_PROF) == signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)


@pytest.mark.parametrize(("processors", "pause"), [(2, 0.5), (256, 25 / 512)])
def test_the_alarm_is_wound_up_before_many_processors_have_worked_it_off(
    monkeypatch: pytest.MonkeyPatch, processors: int, pause: float
) -> None:
    """It counts the work of all threads: code in C that lets others have their turn works on all processors."""
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    assert watchdog._Watchdog(lambda: 0.0, 10.0).pause == pytest.approx(pause)


async def waits_a_moment(sea: Sea) -> None:
    """Nothing to see."""
    await asyncio.sleep(1e9)


def test_no_thread_that_an_import_begins_holds_the_process(sail: Sail, tmp_path: Path) -> None:
    """A command ends after its verdict, whatever a library began when it was imported."""
    file = tmp_path / "begins_at_sea.py"
    file.write_text(
        "import asyncio, threading\n"
        "THREAD = threading.Thread(target=threading.Event().wait, args=(60,))\n"
        "THREAD.start()\n"
        "async def main(): await asyncio.sleep(1e9)\n"
    )
    assert sail(f"{file}:main").failure == ""
    assert sys.modules["seatrial_guest_begins_at_sea"].THREAD.daemon


def test_imports_in_two_threads_leave_the_threads_of_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a notebook one may import while another one does: whoever ends first or last, nothing stays changed."""
    start, one, other = threading.Thread.start, threading.Event(), threading.Event()
    gates = {"one": (one, other), "other": (other, one)}
    daemons: list[bool] = []
    for name in gates:
        (tmp_path / f"{name}_at_sea.py").write_text("import sys\nsys.modules['gates_at_sea'].wait(__name__)\n")

    def wait(module: str) -> None:
        name = module.removeprefix("seatrial_guest_").removesuffix("_at_sea")
        mine, theirs = gates[name]
        mine.set()
        assert theirs.wait(10)
        if name == "other":
            first.join(10)

    monkeypatch.setitem(sys.modules, "gates_at_sea", types.SimpleNamespace(wait=wait))
    first, last = (
        threading.Thread(target=entry.entry_of, args=(f"{tmp_path / name}_at_sea.py:sys.exit",)) for name in gates
    )
    first.start()
    assert one.wait(10)
    last.start()
    bystander = threading.Thread(target=lambda: daemons.append(threading.current_thread().daemon))
    bystander.start()
    for thread in (bystander, first, last):
        thread.join(20)
    assert daemons == [False]
    assert threading.Thread.start is start


@pytest.mark.parametrize("line", ["while True: pass", "import threading; threading.Event().wait()"])
def test_an_import_that_comes_to_no_end_is_stopped_and_named(
    sail: Sail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """It says in which line it stood, before anything runs."""
    monkeypatch.setattr(entry, "PATIENCE", 0.5)
    file = tmp_path / "endless_at_sea.py"
    file.write_text(f"import asyncio\n{line}\nasync def main(): ...\n")
    with pytest.raises(Blocked, match=r"comes to no end when it is imported.*<module> .*endless_at_sea.py:2"):
        sail(f"{file}:main")


def test_who_goes_on_when_cancelled_is_told(sail: Sail) -> None:
    """The run ends all the same, with its verdict."""

    async def main(_: Sea) -> None:
        while True:
            try:
                await asyncio.sleep(1)
            except BaseException:  # noqa: BLE001
                continue

    run = sail(main)
    assert [(each.what, each.error) for each in run.mishaps] == [
        ("task 'integration', cancelled at its end,", "it swallowed that and went on")
    ]


def test_who_is_born_at_the_end_and_goes_on_is_told(sail: Sail) -> None:
    """A task that another one begins when it is cancelled is cancelled, too; the run ends whatever that makes of it."""

    async def stubborn() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(1e9)

    async def main(_: Sea) -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            born.append(asyncio.create_task(stubborn(), name="stubborn"))
            await asyncio.sleep(0)  # it has begun

    born: list[asyncio.Task[None]] = []
    (told,) = sail(main).mishaps
    assert str(told).startswith("task 'stubborn', cancelled at its end, at 30 s: it swallowed that and went on")


def test_a_generator_that_comes_to_no_end_is_told(sail: Sail) -> None:
    """What is open at the end of the run is closed, the oldest first; one whose end waits is left behind."""
    ended: list[str] = []

    async def ticks(name: str, end: Callable[[], Any]) -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await end()
            ended.append(name)

    async def fail() -> None:
        raise LookupError("no such order")

    async def swallow() -> None:
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue

    async def main(_: Sea) -> None:
        dropped = ticks("five", swallow)
        await anext(dropped)
        turn, forever = partial(asyncio.sleep, 0), asyncio.Event().wait
        held.extend(ticks(*each) for each in (("one", turn), ("two", forever), ("three", turn), ("four", fail)))
        for each in held:
            await anext(each)
        await asyncio.sleep(1e9)

    held: list[AsyncIterator[int]] = []
    run = sail(main)
    assert ended == ["one", "three"]
    told = {"LookupError('no such order')", "it waits on, and comes to no end"}
    assert {each.error for each in run.mishaps} == told
    assert all("ticks'" in each.what for each in run.mishaps)


def test_a_background_task_that_dies_is_told(sail: Sail) -> None:
    """Nobody awaited it, as in production; here its error is told with its line."""

    async def main(_: Sea) -> None:
        async def poll() -> None:
            await asyncio.sleep(1)
            raise ValueError("no such order")

        asyncio.create_task(poll(), name="poller")  # noqa: RUF006
        await asyncio.sleep(1e9)

    told = [str(each) for each in sail(main).mishaps]
    assert len(told) == 1
    assert "'poller'" in told[0]
    assert "ValueError('no such order') · " in told[0]
    assert Path(__file__).name in told[0]


def test_a_background_task_that_somebody_holds_is_told(sail: Sail) -> None:
    """Whoever keeps his tasks, as one should, hears of one that died, too; one that was awaited was heard."""

    async def main(_: Sea) -> None:
        async def fail(why: str) -> None:
            await asyncio.sleep(1)
            raise ValueError(why)

        held = [asyncio.create_task(fail(why), name=why) for why in ("second", "first", "heard")]
        await asyncio.wait(held)
        assert held[2].exception()
        await asyncio.sleep(1e9)

    assert [each.what for each in sail(main).mishaps] == [
        f"background task {name!r}, seen" for name in ("second", "first")
    ]


def test_a_function_that_dies_is_told(sail: Sail) -> None:
    """The integration is dead from then on, and its last words have a line."""

    async def main(_: Sea) -> None:
        await asyncio.sleep(1)
        raise KeyError("sku")

    run = sail(main)
    assert run.failure.startswith("KeyError('sku') at ")
    assert "test_trouble.py:" in run.failure


def test_a_function_that_returns_is_told(sail: Sail) -> None:
    """Where nobody takes webhooks and no task is under way, nobody works any more: that is an end."""

    async def main(_: Sea) -> None:
        await asyncio.sleep(1)

    run = sail(main)
    assert run.failure == "it returned, and nobody works any more"
    assert "INTEGRATION_DIED" in {finding.code for finding in run.verdict.findings}


async def cancels_itself(_: Sea) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(1)


async def awaits_what_it_cancelled(_: Sea) -> None:
    task = asyncio.create_task(asyncio.sleep(100))
    await asyncio.sleep(1)
    task.cancel()
    await task


async def raises_it(_: Sea) -> None:
    await asyncio.sleep(1)
    raise asyncio.CancelledError("odd")


def raises_it_in_step(_: Sea) -> None:
    time.sleep(1)
    raise asyncio.CancelledError("odd")


@pytest.mark.parametrize("main", [cancels_itself, awaits_what_it_cancelled, raises_it, raises_it_in_step])
def test_a_function_that_is_cancelled_by_itself_is_dead(sail: Sail, main: Callable[..., Any]) -> None:
    """No crash did that, and nobody works any more: it is told with the line at which it ended."""
    run = sail(main)
    lines, first = inspect.getsourcelines(main)
    assert run.failure.startswith("it was cancelled by its own code, or awaited what was: CancelledError(")
    assert f"test_trouble.py:{first + len(lines) - 1}" in run.failure
    assert "INTEGRATION_DIED" in {finding.code for finding in run.verdict.findings}


async def exits(_: Sea) -> None:
    await asyncio.sleep(1)
    sys.exit(0)


def exits_in_step(_: Sea) -> None:
    time.sleep(1)
    sys.exit(0)


@pytest.mark.parametrize("main", [exits, exits_in_step])
def test_a_function_that_exits_is_dead(sail: Sail, main: Callable[..., Any]) -> None:
    """`sys.exit` ends its process, never ours: a green exit code would say that the run has passed."""
    failure = sail(main).failure
    assert failure.startswith("Exited('sys.exit(0)') at ")
    assert "test_trouble.py:" in failure


def test_a_receiver_that_exits_is_told(sail: Sail) -> None:
    """Its sender gets a 500."""

    async def main(sea: Sea) -> None:
        sea.webhooks(lambda _: sys.exit(0))

    assert "sys.exit(0)" in sail(main).mishaps[0].error


def test_a_task_that_exits_ends_the_run_as_an_error(sail: Sail) -> None:
    """Nobody can say what the rest of the process would have done: it is told with its line, and judged by nobody."""

    async def main(_: Sea) -> None:
        asyncio.create_task(exits(_))  # noqa: RUF006
        await asyncio.sleep(1e9)

    with pytest.raises(HarnessError, match=r"sys\.exit\(0\) at .*test_trouble\.py:\d+"):
        sail(main)


async def interrupts(_: Sea) -> None:
    await asyncio.sleep(1)
    raise KeyboardInterrupt


def interrupts_in_step(_: Sea) -> None:
    time.sleep(1)
    raise KeyboardInterrupt


@pytest.mark.parametrize("main", [interrupts, interrupts_in_step])
def test_a_function_that_interrupts_itself_is_dead(sail: Sail, main: Callable[..., Any]) -> None:
    """Nobody pressed Ctrl-C: neither the command nor the session of tests is over."""
    failure = sail(main).failure
    assert failure.startswith("Exited('raise KeyboardInterrupt()') at ")
    assert "test_trouble.py:" in failure


def test_a_receiver_that_interrupts_is_told(sail: Sail) -> None:
    """Its sender gets a 500."""

    async def main(sea: Sea) -> None:
        sea.webhooks(interrupts)

    assert "raise KeyboardInterrupt()" in sail(main).mishaps[0].error


def test_a_task_that_interrupts_ends_the_run_as_an_error(sail: Sail) -> None:
    """It would have ended its process."""

    async def main(sea: Sea) -> None:
        asyncio.create_task(interrupts(sea))  # noqa: RUF006
        await asyncio.sleep(1e9)

    with pytest.raises(HarnessError, match=r"raised KeyboardInterrupt\(\) at .*test_trouble\.py:\d+"):
        sail(main)


def test_who_is_at_the_keyboard_is_heard(sail: Sail) -> None:
    """Ctrl-C ends the run, wherever in the code it strikes."""

    async def main(_: Sea) -> None:
        press: Any = signal.getsignal(signal.SIGINT)
        for _times in range(2):  # the first time asyncio asks the run to end
            press(signal.SIGINT, None)

    with pytest.raises(Interrupted):
        sail(main)


def test_a_set_that_decides_is_found_out(sail: Sail) -> None:
    """The order of a set is another in another process: the first event that differs is shown."""
    with pytest.raises(Diverged, match=r"row \d+, it was \w+ .* and then \w+ .* sort before"):
        sail(f"{Path(__file__).with_name('undecided.py')}:main", twice=True)


def test_a_global_that_decides_is_found_out(sail: Sail) -> None:
    """What outlives a run in this process makes the second one another."""
    calls: list[int] = []

    async def main(sea: Sea) -> None:
        calls.append(1)
        await asyncio.sleep(len(calls))
        async with httpx.AsyncClient() as client:
            await client.get(sea.url("erp") + "/nothing")
        await asyncio.sleep(1e9)

    with pytest.raises(Diverged, match="keep no state in a module"):
        sail(main, twice=True)


def test_who_does_the_same_twice_passes(sail: Sail) -> None:
    """Jitter, ids and webhooks of a decent function are the same in another process."""
    sail(f"{Path(__file__).with_name('decent.py')}:main", twice=True)


def test_a_thread_of_the_import_does_not_keep_the_second_process(sail: Sail, caplog: pytest.LogCaptureFixture) -> None:
    """It ends when its log is written, whatever still runs there."""
    try:
        sail(f"{Path(__file__).with_name('restless.py')}:main", twice=True)
    finally:
        sys.modules["seatrial_guest_restless"].ENDING.set()
    assert caplog.text == ""


def test_a_second_process_that_fails_is_told(
    sail: Sail, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The voyage is repeated here instead, and nobody thinks that hashes were tried."""
    monkeypatch.setenv("SEATRIAL_TEST_ALONE", str(os.getpid()))
    sail(f"{Path(__file__).with_name('lonely.py')}:main", twice=True)
    assert "another process could not repeat the voyage (" in caplog.text
    assert "only in the process that said so" in caplog.text
    assert "nothing that goes by hashes is found" in caplog.text


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


def test_an_error_that_says_nothing_is_told(sail: Sail) -> None:
    """Of the function, of a task and of a handler: by its kind and line, and the run is judged."""

    async def main(sea: Sea) -> None:
        async def fail() -> None:
            raise Mute

        def hear(_: Webhook) -> None:
            raise Mute

        sea.webhooks(hear)
        held = asyncio.create_task(fail())  # nobody asks what became of it
        await asyncio.wait({held})
        await asyncio.sleep(20)
        raise Mute

    run = sail(main)
    assert run.failure.startswith("Mute (it fails when it is asked what it says) at ")
    assert "test_trouble.py:" in run.failure
    assert [each.error for each in run.mishaps] == ["Mute (it fails when it is asked what it says)"] * 2


def test_an_error_in_a_group_is_told_where_it_was_raised(sail: Sail) -> None:
    """Not where the group ended; and what it was raised from."""

    async def work() -> None:
        try:
            {}["missing"]
        except KeyError as error:
            raise RuntimeError("no such order") from error

    async def main(_: Sea) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work())

    lines, first = inspect.getsourcelines(work)
    raised = first + next(number for number, line in enumerate(lines) if "raise" in line)
    missing = first + next(number for number, line in enumerate(lines) if "missing" in line)
    failure = sail(main).failure
    assert f"test_trouble.py:{raised}, from KeyError('missing') at " in failure
    assert failure.endswith(f"test_trouble.py:{missing}")


def test_an_error_that_was_raised_from_itself_is_told_once(sail: Sail) -> None:
    """`raise error from error` closes a ring."""

    async def main(_: Sea) -> None:
        error = LookupError("no such order")
        raise error from error

    assert "LookupError('no such order') at " in sail(main).failure


def within_a_library() -> ValueError:
    try:
        json.loads("{")
    except ValueError as error:
        inner = error.__traceback__.tb_next if error.__traceback__ else None
        return error.with_traceback(inner)
    raise AssertionError


@pytest.mark.parametrize(
    ("cause", "told"), [(within_a_library(), ""), (ValueError("never raised"), r", from ValueError\('never raised'\)")]
)
def test_a_cause_is_told_as_far_as_it_is_the_codes_own(sail: Sail, cause: Exception, told: str) -> None:
    """The chain ends where only lines of others are left; a cause that was never raised has no line."""

    async def main(_: Sea) -> None:
        raise LookupError("no such order") from cause

    assert re.search(rf"\) at [^<,]*test_trouble\.py:\d+{told}$", sail(main).failure)


def test_a_host_that_is_no_partner_is_told_without_what_we_met(sail: Sail) -> None:
    """Its line is the caller's, and nothing of ours comes after it."""
    with pytest.raises(LeftVirtualTime, match=r" · at [^<,]*test_trouble\.py:\d+$"):
        sail(asks_a_stranger)


def test_an_error_of_requests_is_told_as_on_a_socket(sail: Sail) -> None:
    """It names no cause, and no line of ours."""
    causes: list[BaseException | None] = []

    def main(sea: Sea) -> None:
        signed = {"Authorization": f"Bearer {sea.token('erp')}"}
        try:
            requests.get(sea.url("erp") + "/sales-orders/T-1", headers=signed, timeout=1)
        except requests.ReadTimeout as error:
            causes.append(error.__cause__)
            raise

    faults = "[{fault: blackhole, at: erp}]"
    assert re.search(r"^ReadTimeout\(.*\) at [^<,]*test_trouble\.py:\d+$", sail(main, {"faults": faults}).failure)
    assert causes == [None]


def test_a_group_whose_errors_were_never_raised_has_its_own_line(sail: Sail) -> None:
    """They were only put into it."""

    async def main(_: Sea) -> None:
        raise ExceptionGroup("many", [ValueError(1), ExceptionGroup("inner", [KeyError("x")])])

    assert re.search(r" at [^<,]*test_trouble\.py:\d+$", sail(main).failure)


def test_where_no_line_is_the_codes_own_the_function_is_named(sail: Sail) -> None:
    """A handler that cannot keep a webhook as a key fails before its first line: that is not ours."""

    @cache
    def hear(webhook: Webhook) -> None: ...

    async def main(sea: Sea) -> None:
        sea.webhooks(hear)

    assert re.search(r"^hear \([^<,]*test_trouble\.py:\d+\)$", sail(main).mishaps[0].place)
    assert sail(partial(int, "no number")).failure.endswith(" at functools:partial")


def test_a_module_that_asks_the_system_while_it_is_imported_may(sail: Sail, tmp_path: Path) -> None:
    """Some look for a library: an import is no part of the run. What calls it afterwards is fenced as ever."""
    module = tmp_path / "asks_at_sea.py"
    module.write_text("import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''], check=True)\nanswer = 42\n")
    seen: list[int] = []

    async def main(_: Sea) -> None:
        seen.append(importlib.import_module("asks_at_sea").answer)
        await asyncio.sleep(1e9)

    sys.path.insert(0, str(tmp_path))
    try:
        assert sail(main).failure == ""
    finally:
        sys.path.remove(str(tmp_path))
    assert seen == [42]


def test_what_hears_nobody_ends_with_its_process(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A loop in C takes no notice of errors and signals: after a while the process ends, and says why."""
    ended: list[int] = []
    monkeypatch.setattr(watchdog, "END", ended.append)
    dog = watchdog._Watchdog(lambda: 0.0, 10.0)
    dog._watched = 0  # a thread that does not exist hears nobody either
    dog._over.set()
    for _ in range(watchdog._BARKS):
        dog._bark("somewhere")
    assert ended == []
    dog._bark("somewhere")
    assert ended == [3]
    assert "kept its turn" in capsys.readouterr().err


def test_a_script_that_runs_its_own_function_is_not_run_by_whoever_imports_it(tmp_path: Path) -> None:
    """The second voyage finds the function, stops there, and begins no third one."""
    log = tmp_path / "log"
    environment = {**os.environ, "SEATRIAL_TEST_LOG": str(log)}
    script = [sys.executable, str(Path(__file__).with_name("script.py"))]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(log.read_text().split()) == 2


def test_trouble_is_of_the_harness() -> None:
    """None of it says anything about resilience: the exit code is that of a harness error."""
    for kind in (Blocked, LeftVirtualTime, Diverged):
        assert issubclass(kind, HarnessError)
        assert kind.exit_code == 3
