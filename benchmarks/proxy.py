"""What our addon costs: mitmdump with it, under rules of several kinds, against mitmdump with an empty addon.

Both stand before the same small server, started with the same options, and take turns in one run. The honest figure is
the processor's time of the mitmdump process for a request; requests per second depend on who else uses the machine. A
ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from socket import socket
from statistics import median
from typing import NamedTuple

import seatrial
from seatrial.mocks.faults.latency import Latency
from seatrial.mocks.faults.lost_reply import LostReply
from seatrial.mocks.faults.outage import Outage
from seatrial.mocks.wire.proxy_command import command_of, environment_of
from seatrial.mocks.wire.proxy_desk import ProxyDesk, introduction
from seatrial.sim.channel import Pier
from seatrial.sim.dice import Dice
from seatrial.sim.evidence import Evidence
from seatrial.sim.fault import Rule
from seatrial.sim.quantities import Seconds, Share
from seatrial.sim.rulebook import Rulebook

ROUNDS, REQUESTS, WARM, CONNECTIONS = 5, 640, 320, 16
LIMIT = 0.9
TICKS = os.sysconf("SC_CLK_TCK")
SCRIPT = Path(seatrial.__file__).parent / "_proxy.py"
SERVER = """
import asyncio, sys
BODY = b'{"id": "desk-N1"}'
SAID = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(BODY), BODY)
class Partner(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.held = transport, b""
    def data_received(self, data):
        self.held += data
        head, found, rest = self.held.partition(b"\\r\\n\\r\\n")
        if found:
            at = head.lower().find(b"content-length: ")
            if len(rest) >= int(head[at + 16:].partition(b"\\r\\n")[0]):
                self.held = b""
                self.transport.write(SAID)
async def main():
    server = await asyncio.get_running_loop().create_server(Partner, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""
EMPTY = "class Empty:\n    pass\n\n\naddons = [Empty()]\n"
BODY = b'{"message_no":"%s","order_no":"SF-1","audience":"customer","subject":"shipped"}'
CASES: dict[str, tuple[Rule, ...]] = {
    "no rules": (),
    "rules elsewhere": (
        Rule("elsewhere", LostReply(), at="erp"),
        Rule("webless", Outage(), at="desk.sign_in"),
    ),
    "aimed at, never matched": (
        Rule("other key", LostReply(), at="desk", key="MP-*"),
        Rule("other time", Outage(), at="desk.notify", start=Seconds(1e6)),
    ),
    "one of 500 struck": (Rule("few", Latency(Seconds(0.01)), at="desk.notify", probability=Share(0.002)),),
}


class Round(NamedTuple):
    """One turn of one process."""

    cpu: float  # seconds of the processor's time for a request
    rate: float  # requests per second


class Clock:
    """Business time stands still: windows are none of this benchmark's business."""

    pace, running = 1.0, False

    def now(self) -> float:
        return 0.0


def ports(count: int) -> list[int]:
    held = [socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    found = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return found


def processor_time(pid: int) -> float:
    """Seconds that a process has used, in its own and the kernel's code."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def ask(port: int, count: int, number: int) -> None:
    """One caller: request after request on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for turn in range(count):
        body = BODY % f"SF-{number}-{turn}".encode()
        head = b"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body) + body)
        said = await reader.readuntil(b"\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 200"), said
        await reader.readexactly(int(said.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    writer.close()


async def turn(port: int, pid: int, count: int) -> Round:
    loop = asyncio.get_running_loop()
    cpu, began = processor_time(pid), loop.time()
    await asyncio.gather(*(ask(port, count // CONNECTIONS, number) for number in range(CONNECTIONS)))
    return Round((processor_time(pid) - cpu) / count, count / (loop.time() - began))


async def started(stack: AsyncExitStack, *command: str, **more: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **more})

    async def end() -> None:
        if process.returncode is None:
            process.terminate()
        await process.wait()

    stack.push_async_callback(end)
    return process


async def listens(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def measure(folder: Path) -> dict[str, list[tuple[Round, Round]]]:
    """Rounds of the empty addon and of ours, in turns, for every case."""
    upstream, plain, ours = ports(3)
    empty = folder / "empty.py"
    empty.write_text(EMPTY)
    async with AsyncExitStack() as stack:
        await started(stack, sys.executable, "-c", SERVER, str(upstream))
        await listens(upstream)
        piers = [Pier("desk", "desk", port, f"http://127.0.0.1:{upstream}", slow=1.0) for port in (plain, ours)]
        bare = await started(stack, *command_of(piers[:1], (), folder / "a", empty))
        loop = asyncio.get_running_loop()
        evidence = Evidence(loop.time)
        rulebook = Rulebook((), Dice(1), evidence, loop.time)
        desk = ProxyDesk(rulebook, evidence, "t", introduction(piers[1:], (), 1, Clock()), lambda: None)
        channel = await desk.listen()
        armed = await started(stack, *command_of(piers[1:], (), folder / "b", SCRIPT), **environment_of(channel, "t"))
        stack.push_async_callback(desk.close)
        async with asyncio.timeout(30):
            await desk.ready.wait()
        await listens(plain)
        places = ((plain, bare.pid), (ours, armed.pid))
        for port, pid in places:
            await turn(port, pid, WARM)
        seen: dict[str, list[tuple[Round, Round]]] = {}
        for number in range(ROUNDS):
            for name, rules in CASES.items():
                desk.disarm()
                for rule in rules:
                    desk.arm(rule)
                await asyncio.sleep(0.05)
                pair = [await turn(*place, REQUESTS) for place in (places if number % 2 else places[::-1])]
                one, two = pair if number % 2 else pair[::-1]
                seen.setdefault(name, []).append((one, two))
        return seen


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        seen = asyncio.run(measure(Path(folder)))
    kept = True
    print(f"{'case':26}{'cpu ratio':>10}{'rate ratio':>11}{'us/request':>12}{'empty':>8}{'req/s':>8}{'empty':>8}")
    for name, rounds in seen.items():
        ratio = median(one.cpu / two.cpu for one, two in rounds)
        rate = median(two.rate / one.rate for one, two in rounds)
        own, empty = (median(each[place].cpu for each in rounds) * 1e6 for place in (1, 0))
        speed, bare = (median(each[place].rate for each in rounds) for place in (1, 0))
        kept = kept and ratio >= LIMIT
        print(f"{name:26}{ratio:10.3f}{rate:11.3f}{own:12.0f}{empty:8.0f}{speed:8.0f}{bare:8.0f}")
    print(f"limit: cpu ratio at least {LIMIT} · {'kept' if kept else 'NOT kept'}")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
