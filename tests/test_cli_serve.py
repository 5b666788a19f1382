"""`seatrial serve`: partners stand where they were asked to until somebody interrupts, and leave nothing behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from seatrial.cli import main
from seatrial.scenarios.loader import parse_scenario
from seatrial.serving import Plan, ports_of, world_of
from seatrial.sim.errors import BadInput, UnknownName

ENTRY = "from seatrial.cli import main; main(prog_name='seatrial')"
PARTNERS: Mapping[str, object] = {"storefront": None, "erp": None, "north": None}


def refused(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["serve", *map(str, arguments)])
    assert "Traceback" not in result.output
    return result


def plan(**given: Any) -> Plan:
    return Plan(loaded=world_of("standard"), seed=1, time_scale=1, **given)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["standart"], "did you mean 'standard'"),
        (["missing.yaml"], "no such scenario file"),
        (["--port", "erp"], "write NAME=NUMBER"),
        (["--port", "erp=70000"], "65535"),
        (["--port", "epr=9001"], "did you mean 'erp'"),
        (["--port", "erp=9001", "--port", "north=9001"], "erp and north"),
        (["--base-port", "65530"], "highest first"),
        (["--webhooks", "localhost:8080"], "http://HOST:PORT"),
        (["--webhooks", "http://localhost:1", "--listen", "8080"], "give one of them"),
        (["--orders", "20"], "rate"),
        (["--rules", "carrier-outag"], "did you mean 'carrier-outage'"),
        (["--rules", "integration-crash"], "kill"),
    ],
)
def test_bad_input_ends_with_2_before_anything_listens(arguments: list[str], says: str) -> None:
    """Unknown names, ports and addresses that make no sense: one sentence that teaches, and exit code 2."""
    result = refused(*arguments)
    assert result.exit_code == 2, result.output
    assert says in result.output


def test_ports_follow_each_other() -> None:
    """The control room comes first, then the partners in their order; a port that is fixed by name stands."""
    assert ports_of(PARTNERS, plan()) == {}
    assert ports_of(PARTNERS, plan(base_port=9000)) == {"control": 9000, "storefront": 9001, "erp": 9002, "north": 9003}
    assert ports_of(PARTNERS, plan(base_port=9000, ports={"erp": 80}))["erp"] == 80
    with pytest.raises(BadInput, match="control and erp"):
        ports_of(PARTNERS, plan(base_port=9000, ports={"erp": 9000}))


def test_a_world_or_a_scenario_is_served() -> None:
    """A world by its name begins now; a scenario brings its own partners; everything else is unknown."""
    assert world_of("standard").scenario.world == "standard"
    assert world_of("carrier-outage").scenario.name == "carrier-outage"
    with pytest.raises(UnknownName, match="known: "):
        world_of("nowhere")
    assert parse_scenario(world_of("quick").text).scenario.duration > 365 * 86_400


Started = Callable[..., tuple[subprocess.Popen[str], list[str]]]


@pytest.fixture
def started() -> Iterator[Started]:
    """Starts the command as a process of its own, and reads until it is up."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> tuple[subprocess.Popen[str], list[str]]:
        process = subprocess.Popen(
            [sys.executable, "-c", ENTRY, "serve", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        running.append(process)
        lines: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if "Ctrl-C" in line:
                return process, lines
        raise AssertionError("\n".join(lines))

    yield start
    for process in running:
        process.kill()
        process.wait()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return reply.read()


def stopped(process: subprocess.Popen[str], number: int = signal.SIGINT) -> int:
    process.send_signal(number)
    process.communicate(timeout=20)
    return process.returncode


@pytest.mark.wire
@pytest.mark.slow
def test_a_world_stands_until_it_is_interrupted(started: Started, tmp_path: Path) -> None:
    """Every address answers, the file and the exports name them, Ctrl-C ends it with 0, and the run can be read."""
    env_file, out = tmp_path / "partners.env", tmp_path / "run"
    process, lines = started(
        "--env-file", env_file, "--print-env", "--listen", 8080, "--out", out, "--orders", "7200/h"
    )
    file = dict(line.split("=", 1) for line in env_file.read_text().splitlines())
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    exports = [shlex.split(line.removeprefix("export "))[0] for line in lines if line.startswith("export ")]
    assert dict(each.split("=", 1) for each in exports) == file
    assert file["PORT"] == "8080"
    for berth in json.loads(file["SEATRIAL_PARTNERS"]):
        assert json.loads(get(f"{berth['url']}/openapi.json"))["openapi"].startswith("3.1")
    assert json.loads(get(f"{file['SEATRIAL_CHANNEL_STOREFRONT_URL']}/shop/listings"))["listings"]
    mailbox = Path(file["SEATRIAL_MAILBOX"])
    assert mailbox == out / "mailbox"
    (mailbox / "erp" / "in" / "create_sales_order-1.json").write_text("{}")
    while not list((mailbox / "erp" / "in" / "failed").glob("*.error")):
        pass
    assert json.loads(get(f"{file['SEATRIAL_CHANNEL_B2B_URL']}/mailbox"))
    page = file["SEATRIAL_CONTROL_URL"]
    assert get(page).startswith(b"<!DOCTYPE html>")
    state = page.replace("/?", "/api/state?")
    while not json.loads(get(state))["flow"]["placed"]:
        pass
    with pytest.raises(urllib.error.HTTPError, match="401"):
        get(state.partition("?")[0])
    assert stopped(process) == 0
    shown = CliRunner().invoke(main, ["digest", str(out)])
    assert shown.exit_code == 0, shown.output
    judged = CliRunner().invoke(main, ["show", str(out)]).output
    assert judged.startswith("? INCONCLUSIVE")
    assert "there is no integration to judge" in judged
    assert "seatrial serve standard --seed 1" in judged


@pytest.mark.wire
@pytest.mark.slow
def test_states_come_as_a_stream(started: Started) -> None:
    """Over a real socket: the first events come at once, and the end of the world ends the stream."""
    process, lines = started("quick", "--rules", "carrier-outage")
    page = re.findall(r"http\S+token=\S+", "\n".join(lines))[0]
    with urllib.request.urlopen(page.replace("/?", "/api/events?"), timeout=10) as stream:
        text = b"".join(stream.readline() for _ in range(24)).decode()
        events = re.findall(r"^event: (\w+)$", text, re.MULTILINE)
        assert events[:3] == ["trends", "state", "calls"]
        state = json.loads(re.findall(r"event: state\ndata: (.*)", text)[0])
        assert {rule["name"] for rule in state["rules"]} == {"outage@falcon", "lost_reply@falcon.buy_label"}
        assert stopped(process, signal.SIGTERM) == 0
        stream.read()


@pytest.mark.wire
@pytest.mark.slow
def test_a_port_in_use_ends_with_3() -> None:
    """It says which port, for whom, and what to do; no run folder is begun."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-c", ENTRY, "serve", "--port", f"erp={port}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 3, result.stderr
    assert f"port {port} for erp" in result.stderr
    assert "--port erp=NUMBER" in result.stderr
    assert "Traceback" not in result.stderr
