"""Bad input to `seatrial wire` ends with code 2 and a sentence, before anything is started or written."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from seatrial.cli import main
from seatrial.cli_wire import called

ATTACH = ("--attach", "http://127.0.0.1:1")
BAD = {
    "an unknown scenario": (("no-such",), "unknown scenario: 'no-such' · known:"),
    "no time": (("calm-day", "--time-scale", "0"), "business time needs a scale above 0"),
    "time backwards": (("calm-day", "--time-scale", "-1"), "business time needs a scale above 0"),
    "no number of time": (("calm-day", "--time-scale", "nan"), "time_scale"),
    "endless time": (("calm-day", "--time-scale", "inf"), "time_scale"),
    "a seed below zero": (("calm-day", "--seed", "-1"), "--seed: a seed is a whole number from 0 up: -1"),
    "no number": (("calm-day", "--seed", "x"), "--seed"),
    "an unknown setting": (("calm-day", "--set", "nonsense=1"), "unknown setting: 'nonsense' · known:"),
    "no setting": (("calm-day", "--set", "nonsense"), "write key=value"),
    "an unknown port": (("calm-day", "--port", "epr=9"), "'epr' · did you mean 'erp'?"),
    "no port": (("calm-day", "--port", "erp=nine"), "write partner=number"),
    "a sign that is none": (("calm-day", "--ready", "moon"), "--ready: no such sign of readiness: 'moon' · known:"),
    "a broken pattern": (("calm-day", "--ready", "log:["), "no regular expression"),
    "a log that is not ours": (("calm-day", "--ready", "log:x", *ATTACH), "only of a command that is started here"),
    "no patience": (("calm-day", "--ready-within", "0"), "needs time to become ready"),
    "no end of patience": (("calm-day", "--ready-within", "nan"), "needs time to become ready"),
    "a command that is not there": (("calm-day", "--", "no-such-program"), "no such command"),
    "a command and an address": (("calm-day", *ATTACH, "--", "true"), "a command and an integration to attach to"),
    "a command and ours": (("calm-day", "--integration", "naive", "--", "true"), "a command and one of our"),
    "ours and an address": (("calm-day", "--integration", "naive", *ATTACH), "to attach to and one of our"),
    "none of ours": (("calm-day", "--integration", "niave"), "unknown integration: 'niave' · did you mean 'naive'?"),
    "less than no load": (("calm-day", "--load-workers", "-1"), "--load-workers: not a number of load generators"),
    "too much of a load": (("calm-day", "--load-guests", "999"), "--load-guests: not a number of load generators"),
    "one port for two": (("calm-day", "--port", "erp=9", "--listen", "9"), "one port for two, --port erp and --listen"),
    "a function": (("calm-day", "--integration", "mine.py:main"), "a function runs in virtual time only"),
    "no address": (("calm-day", "--attach", "nonsense"), "--attach: not an address"),
    "no address for webhooks": (("calm-day", "--webhooks", "ftp://x"), "--webhooks: not an address"),
    "an address and another port": (("calm-day", *ATTACH, "--listen", "9"), "it listens at the port of --attach, 1"),
    "the port of an address": (("calm-day", *ATTACH, "--port", "erp=1"), "for two, --port erp and --attach"),
    "a crash of what is not ours": (("integration-crash", *ATTACH), "nobody here can kill or freeze"),
    "a listening port beyond all": (("calm-day", "--listen", "70000"), "--listen: not a port"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_before_anything_starts(case: str, tmp_path: Path) -> None:
    """One sentence on stderr, exit code 2, no traceback, no folder."""
    words, told = BAD[case]
    folder = tmp_path / "run"
    result = CliRunner().invoke(main, ["wire", words[0], "--out", str(folder), *words[1:]])
    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert "Traceback" not in result.output
    assert not folder.exists()


def test_a_freeze_of_what_is_not_ours_is_refused(tmp_path: Path) -> None:
    """What can only be done to a process of ours is found among the faults of the scenario."""
    scenario = tmp_path / "freeze.yaml"
    text = "name: freeze\nasks: Does it hold?\nstart: 2026-03-02 08:00:00\nduration: 1 h\ncalm: 1 h\n"
    text += "demand: {kind: synthetic, arrivals: {kind: poisson, rate: 30/h}, skus: 20}\n"
    scenario.write_text(text + "faults:\n  - fault: integration_freeze\n    at: erp\n    with: {lasts: 1 min}\n")
    result = CliRunner().invoke(main, ["wire", str(scenario), *ATTACH])
    assert result.exit_code == 2
    assert "freeze.yaml:8: nobody here can kill or freeze" in result.stderr


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    """The folder, the reason and the option."""
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["wire", "calm-day", "--out", str(tmp_path / "file" / "run")])
    assert result.exit_code == 2
    assert "cannot write a run folder here (Not a directory)" in result.stderr


def test_the_environment_can_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--print-env` names every variable that an integration gets, and starts nothing."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["wire", "calm-day", "--print-env"])
    assert result.exit_code == 0
    names = {line.partition("=")[0] for line in result.stdout.splitlines()}
    assert {"SEATRIAL_ERP_URL", "SEATRIAL_PARTNERS", "SEATRIAL_LISTEN_PORT", "PORT", "SEATRIAL_TIME_SCALE"} <= names
    assert {"SEATRIAL_STORE", "SEATRIAL_MAILBOX"} <= names
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "port"),
    [
        (("--attach", "http://127.0.0.1:18080"), 18080),
        (("--attach", "http://127.0.0.1:18080/base/", "--listen", "18080"), 18080),
        (("--attach", "https://shop.example"), 443),
        (("--listen", "9009"), 9009),
    ],
)
def test_an_integration_is_told_the_port_at_which_it_will_be_looked_for(words: tuple[str, ...], port: int) -> None:
    """Whoever starts it with what `--print-env` says can be attached to at the address that was said."""
    result = CliRunner().invoke(main, ["wire", "calm-day", "--print-env", *words])
    told = dict(line.split("=", 1) for line in result.stdout.splitlines())
    assert (told["PORT"], told["SEATRIAL_LISTEN_PORT"]) == (str(port), str(port))


def test_a_port_need_not_be_free_to_be_told() -> None:
    """It may be that of a run under way."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(main, ["wire", "calm-day", "--print-env", "--port", f"erp={port}"])
    told = dict(line.split("=", 1) for line in result.stdout.splitlines())
    assert told["SEATRIAL_ERP_URL"] == f"http://127.0.0.1:{port}"
    assert f'"url":"http://127.0.0.1:{port}"' in told["SEATRIAL_PARTNERS"]


def test_what_cannot_be_is_not_told_either() -> None:
    """`--print-env` refuses what a run would refuse."""
    for words in (("--port", "epr=9"), (*ATTACH, "--listen", "9"), ("--attach", "nonsense")):
        assert CliRunner().invoke(main, ["wire", "calm-day", "--print-env", *words]).exit_code == 2


def test_an_integration_that_runs_already_can_be_told_where_its_database_is(tmp_path: Path) -> None:
    """The port of the proxy before a dependency can be chosen, and is told; its store is not in a folder to come."""
    scenario = tmp_path / "cut.yaml"
    text = "name: cut\nasks: Does it hold?\nstart: 2026-03-02 08:00:00\nduration: 1 h\ncalm: 1 h\n"
    text += "demand: {kind: synthetic, arrivals: {kind: poisson, rate: 30/h}, skus: 20}\n"
    scenario.write_text(text + "dependencies:\n  database: {address: '127.0.0.1:5432'}\n")
    words = ["wire", str(scenario), *ATTACH, "--port", "database=15432", "--out", str(tmp_path / "run"), "--print-env"]
    told = dict(line.split("=", 1) for line in CliRunner().invoke(main, words).stdout.splitlines())
    assert told["SEATRIAL_DEPENDENCY_DATABASE"] == "127.0.0.1:15432"
    assert told["SEATRIAL_MAILBOX"] == str(tmp_path / "run" / "mailbox")
    assert "SEATRIAL_STORE" not in told


def test_a_dependency_that_is_not_there_is_told_before_anything_starts(tmp_path: Path) -> None:
    """Exit code 3: behind the proxy it would look like a failure of the integration."""
    with socket.socket() as probe:  # bound, and nobody listens
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        words = ["wire", "calm-day", "--out", str(tmp_path / "run"), "--set", f"dependencies.broker.address={address}"]
        result = CliRunner().invoke(main, words)
    assert result.exit_code == 3, result.output
    assert f"nobody listens at {address}, where the scenario has broker" in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("/usr/bin/node", "src/main.js", "fast"), "node main.js"),
        (("java", "-jar", "build/shop.jar"), "java shop.jar"),
        (("python", "-m", "shop"), "python shop"),
        (("./serve",), "serve"),
    ],
)
def test_a_program_is_called_by_what_it_runs(command: tuple[str, ...], name: str) -> None:
    """Not by an option of its interpreter."""
    assert called(command) == name
