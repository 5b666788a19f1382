"""How many orders a second one generator places, next to a plain Locust loop against the same bare server.

    python benchmarks/load.py [--seconds 4] [--rates 500,1000,2000]

Generator and server have a core each. Ours is open-loop: a rate counts where the generator did not fall behind (half
of the orders not more than 50 ms late) and placed every order; each one is made up, sent, answered, decoded, entered in
the ledger and its file, and reported. Plain is a closed loop of 32 users that post the same body and look at nothing.
On a machine with neighbours the processor time of an order is the steadier figure: from two runs of different length,
so that the start does not count. All counts are bounded by `--seconds`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from seatrial.mocks.messages.orders import ChannelOrder, Customer, OrderLine
from seatrial.mocks.messages.shop import OrderPlaced, PlaceOrder
from seatrial.mocks.wire.load_book import LoadBook
from seatrial.mocks.wire.load_options import LoadOptions
from seatrial.mocks.wire.load_process import HEADWAY, LoadOrder, free_port, launches

ON_TIME = 0.05
SOMEBODY = Customer("GB-0001", "Ann Other", "gb-0001@customers.example", "1 High Street", "Leeds", "LS1", "UK")
LINES = tuple(OrderLine(f"SKU-{n:04d}", 2, 1999) for n in range(3))
REPLY = msgspec.json.encode(OrderPlaced(ChannelOrder("SF-1", "storefront", 1.0, SOMEBODY, "GBP", LINES, 99.0)))
BODY = msgspec.json.encode(PlaceOrder("SF-1", SOMEBODY, "GBP", LINES))
PLAIN = """
from locust import FastHttpUser, task
BODY = {body!r}
class Loop(FastHttpUser):
    @task
    def place(self):
        self.client.post("/shop/orders", data=BODY, headers={{"content-type": "application/json"}})
"""
SCENARIO = """
name: bench
asks: How fast?
start: 2026-03-02 10:00:00
duration: {seconds} s
calm: 1 s
demand: {{kind: synthetic, arrivals: {{kind: constant, rate: {rate}/s}}, lines: [3, 3], cancellations: 0, returns: 0}}
"""


class BareServer(asyncio.Protocol):
    """Reads requests as far as their length and answers always the same; keeps the reports of the load."""

    book = LoadBook()

    def __init__(self):
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            lower = head.lower()
            length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in lower else 0
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            reply = REPLY if b"/shop/" in head else self.control(head, rest[:length])
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(reply), reply))

    def control(self, head, body):
        if head.startswith(b"POST /load"):
            return self.book.take(body)[1]
        book = self.book
        told = [book.complete, len(book.outcomes), sum(word == "placed" for word in book.outcomes.values())]
        tally = msgspec.to_builtins(book.tallies)
        BareServer.book = LoadBook()
        return json.dumps([*told, tally]).encode()


async def serve(port):
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    server = await asyncio.get_running_loop().create_server(BareServer, "127.0.0.1", port)
    await server.serve_forever()


def wait_for(port):
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


def ours(rate, seconds, port, folder):
    """Places `rate` orders a second; gives (on time and complete, orders placed, lag, latency p99)."""
    import urllib.request

    scenario = folder / "bench.yaml"
    scenario.write_text(SCENARIO.format(seconds=seconds, rate=rate))
    url = f"http://127.0.0.1:{port}"
    options = LoadOptions(
        scenario=str(scenario),
        start=time.time() + 1.5 * HEADWAY,
        channels=dict.fromkeys(("storefront", "marketplace", "b2b"), url),
        control_url=url,
        ledger=str(folder / "load.jsonl"),
        pages=0.0,
    )
    (launch,) = launches(LoadOrder(options=options, lasts=seconds), os.environ, time.time())
    run = subprocess.run(
        launch.argv,
        check=False,
        env=launch.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    complete, orders, placed, tallies = json.loads(urllib.request.urlopen(f"{url}/told").read())
    tally = tallies["0"]
    lag, latency = tally["lag"], tally["requests"]["place"]["latency"]["p99"]
    good = run.returncode == 0 and complete and placed == orders and lag["p50"] <= ON_TIME
    return good, placed, lag, latency


def plain(seconds, port, folder):
    """Requests a second of a plain FastHttpUser loop."""
    file = folder / "plain.py"
    file.write_text(PLAIN.format(body=BODY.decode()))
    argv = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "-u", "32", "-r", "100", "--json"]
    argv += ["--run-time", f"{round(seconds)}s", "--host", f"http://127.0.0.1:{port}", "--loglevel", "ERROR"]
    ran = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder)
    (entry,) = json.loads(ran.stdout[ran.stdout.index("[") :])
    return entry["num_requests"] / (entry["last_request_timestamp"] - entry["start_time"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rates", default="500,1000,1500,2000,2500,3000,3500,4000")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if options.serve:
        os.sched_setaffinity(0, {cores[-1]})
        asyncio.run(serve(options.serve))
        return
    port = free_port()
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(port)])
    os.sched_setaffinity(0, {cores[0]})
    wait_for(port)
    try:
        with tempfile.TemporaryDirectory() as name:
            report(list(map(int, options.rates.split(","))), options.seconds, port, Path(name))
    finally:
        server.terminate()
        server.wait()


def report(rates, seconds, port, folder):
    begin = cpu()
    few = plain(seconds / 2, port, folder)
    half = cpu()
    many = plain(seconds * 2, port, folder)
    plain_cost = (cpu() - half - (half - begin)) / (many * seconds * 2 - few * seconds / 2)
    best, costs = 0, []
    print("| orders/s asked | placed | on time | lag p50, p99 ms | latency p99 ms |\n|---|---|---|---|---|")
    for rate in rates:
        for _ in range(2):  # a neighbour on the machine may have been in the way
            before = cpu()
            good, placed, lag, latency = ours(rate, seconds, port, folder)
            costs.append((placed, cpu() - before))
            late = f"{lag['p50'] * 1e3:.1f}, {lag['p99'] * 1e3:.1f}"
            print(f"| {rate} | {placed} | {'yes' if good else 'no'} | {late} | {latency * 1e3:.1f} |", flush=True)
            if good:
                break
        if not good:
            break
        best = rate
    (few, least), (many, most) = min(costs), max(costs)
    cost = (most - least) / max(1, many - few)
    print(f"\nopen-loop generator: {best} orders/s on time")
    print(f"processor time: {cost * 1e6:.0f} us an order, plain loop {plain_cost * 1e6:.0f} us a request: ", end="")
    print(f"{plain_cost / cost:.2f} of the plain loop")


def cpu():
    """Processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
