"""Laws of the command that a run on real sockets leaves for whoever wants to repeat it."""

from __future__ import annotations

from shlex import split
from typing import Any

import pytest
from click.testing import CliRunner

import seatrial.wire_run
from seatrial.cli import main
from seatrial.sim.errors import HarnessError
from seatrial.wire_options import WireOptions

GIVEN = {
    "--faults-at": "partner",
    "--ready": "log:at your service",
    "--ready-within": "2.5",
    "--listen": "9000",
    "--webhooks": "http://127.0.0.1:9000/hooks",
    "--port": "erp=9001",
    "--load-workers": "2",
    "--load-guests": "1",
    "--load-port": "9100",
    "--settle": "2",
    "--replay": "runs/an earlier one",
}
"""Options that change what happens."""
APART = {"--integration", "--attach", "--seed", "--set", "--time-scale", "--out", "--load-web", "--print-env"}
"""Those of which the command says more, or nothing: where the run is kept, and what only shows it."""
PROGRAM = ("--", "node", "my integration.js", "--settle", "9")
ATTACHED = ("--attach", "http://127.0.0.1:9000")


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> WireOptions:
    """What a run would be made with."""
    seen: list[WireOptions] = []

    def wire_run(_loaded: object, options: WireOptions, *_: Any, **__: Any) -> None:
        seen.append(options)
        raise HarnessError("seen")

    monkeypatch.setattr(seatrial.wire_run, "wire_run", wire_run)
    assert "seen" in CliRunner().invoke(main, ["wire", "calm-day", "--seed", "1", *words]).stderr
    return seen[0]


@pytest.mark.parametrize("program", [PROGRAM, ATTACHED, ("--integration", "naive"), ()])
@pytest.mark.parametrize("given", [(), *GIVEN.items(), tuple(word for pair in GIVEN.items() for word in pair)])
def test_a_run_is_repeated_as_it_was_made(
    given: tuple[str, ...], program: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that is told, given again, asks for the same, and tells the same."""
    once = asked(monkeypatch, *given, *program)
    assert asked(monkeypatch, *split(once.how)) == once


def test_a_port_is_said_for_each_partner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each; and what was not said is not."""
    words = ("--port", "erp=9001", "--port", "desk=9002", "--integration", "resilient", "--load-web", "9200")
    assert asked(monkeypatch, *words).how == "--integration resilient --port erp=9001 --port desk=9002"


def test_no_option_is_forgotten() -> None:
    """One that is new changes what happens, or is named here."""
    known = {each.opts[0] for each in main.commands["wire"].params if each.param_type_name == "option"}
    assert known == {*GIVEN, *APART}
