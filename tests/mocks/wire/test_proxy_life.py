"""The lives of world and proxy hang together: whoever is left alone notices at once."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from proxy_harness import PLUGIN, SCRIPT, Harness, free_ports, observe

import seatrial
from seatrial.mocks.wire.proxy_command import command_of, environment_of
from seatrial.sim.channel import Pier
from seatrial.sim.fault import Rule

pytestmark = [pytest.mark.wire, pytest.mark.slow]


def test_a_proxy_that_dies_is_missed_at_once(tmp_path: Path) -> None:
    """The end of its connection tells the world."""

    async def play() -> None:
        harness = Harness(tmp_path)
        await harness.start()
        assert harness.process is not None
        harness.process.kill()
        async with asyncio.timeout(2):
            await harness.lost.wait()
        await harness.stop()

    asyncio.run(play())


def test_a_proxy_that_is_told_the_end_is_not_missed_and_reports_what_it_holds(tmp_path: Path) -> None:
    """Farewell ends it in good order, calls that it holds included: nothing is written outside its folder."""

    async def play() -> Harness:
        from bound import Bound

        harness = Harness(tmp_path)
        await harness.start()
        await harness.storm(Rule("hole", Bound("Drop"), at="desk"))
        held = asyncio.create_task(observe(harness.port, timeout=20))
        await asyncio.sleep(0.3)
        await harness.stop()
        assert not harness.lost.is_set()
        assert (await held).outcome != "ok"
        return harness

    harness = asyncio.run(play())
    assert harness.process is not None
    assert harness.process.returncode == 0
    assert [(each.matched, each.fired) for each in harness.rulebook.coverage] == [(1, 1)]
    assert [row["outcome"] for row in harness.rows("call")] == ["cancelled"]


WORLD = """
import asyncio, sys
async def serve(reader, writer):
    await reader.readline()
    writer.write(sys.argv[1].encode() + b"\\n")
    await reader.readline()
    print("ready", flush=True)
    await asyncio.Event().wait()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[2]))
    print("listening", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_a_proxy_without_a_world_ends_by_itself(tmp_path: Path) -> None:
    """A world that is killed takes its proxy with it, which waits for none of its clients."""
    import msgspec

    from seatrial.mocks.faults.blackhole import Blackhole
    from seatrial.sim.channel import Welcome
    from seatrial.sim.travelling import rule_on_wire

    async def play() -> None:
        channel, listen, upstream = free_ports(3)
        pier = Pier("desk", "desk", listen, f"http://127.0.0.1:{upstream}")
        rule = rule_on_wire(Rule("hole", Blackhole(), at="desk"))
        told = msgspec.json.encode(Welcome((pier,), (rule,), 1, 1.0, 0.0, 0.0)).decode()
        world = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORLD, told, str(channel), stdout=asyncio.subprocess.PIPE
        )
        assert world.stdout is not None
        assert await world.stdout.readline() == b"listening\n"
        path = os.pathsep.join([str(Path(seatrial.__file__).parents[1]), PLUGIN])
        environment = {**os.environ, "PYTHONPATH": path, **environment_of(f"127.0.0.1:{channel}", "secret")}
        proxy = await asyncio.create_subprocess_exec(*command_of((pier,), (), tmp_path, SCRIPT), env=environment)
        try:
            async with asyncio.timeout(20):
                assert await world.stdout.readline() == b"ready\n"
            held = [asyncio.create_task(observe(listen, timeout=30)) for _ in range(5)]
            await asyncio.sleep(0.3)
            world.kill()
            async with asyncio.timeout(20):  # its clients would wait for longer
                await proxy.wait()
            await asyncio.gather(*held)
        finally:
            for process in (world, proxy):
                if process.returncode is None:
                    process.kill()
                await process.wait()

    asyncio.run(play())


def test_a_proxy_whose_world_never_comes_ends_with_an_error(tmp_path: Path) -> None:
    """It says whom it could not reach, and does not stay."""

    async def play() -> str:
        channel, listen, upstream = free_ports(3)
        pier = Pier("desk", "desk", listen, f"http://127.0.0.1:{upstream}")
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(seatrial.__file__).parents[1]),
            **environment_of(f"127.0.0.1:{channel}", "secret"),
        }
        proxy = await asyncio.create_subprocess_exec(
            *command_of((pier,), (), tmp_path, SCRIPT),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(20):
            said, _ = await proxy.communicate()
        assert f"127.0.0.1:{channel}" in said.decode()
        return said.decode()

    assert "cannot work with the world" in asyncio.run(play())
