"""Laws of what the process is told: one clear line for whatever cannot be used."""

from __future__ import annotations

import json

import pytest

from seatrial.mocks.hosting.settings import read_settings
from seatrial.mocks.middleware.controls import Controls
from seatrial.sim.errors import BadInput

ERP = {"name": "erp", "kind": "erp", "role": "erp", "url": "http://127.0.0.1:1", "token": "t", "webhook_secret": ""}
GOOD = {"SEATRIAL_PARTNERS": json.dumps([ERP])}


def test_options_come_before_the_environment() -> None:
    """What the command line says replaces what the environment says; what nobody says has its default."""
    env = GOOD | {"SEATRIAL_LISTEN_PORT": "81", "SEATRIAL_TIME_SCALE": "60", "SEATRIAL_STORE": "sqlite:///a"}
    env |= {"SEATRIAL_CONTROLS": '{"retry": false}', "SEATRIAL_SEED": "7", "SEATRIAL_BUS": "nats://h:1#run-9"}
    told = read_settings(["resilient"], env)
    assert (told.port, told.scale, told.seed, told.store) == (81, 60.0, 7, "sqlite:///a")
    assert (told.bus, told.bus_name, told.store_name) == ("nats://h:1", "run-9", "resilient")
    assert isinstance(told.controls, Controls)
    assert not told.controls.retry
    told = read_settings(["naive", "--port", "82", "--store", "sqlite:///b", "--controls", '{"patience": "3 s"}'], env)
    assert (told.port, told.store) == (82, "sqlite:///b")
    assert isinstance(told.controls, Controls)
    assert (told.controls.patience, told.controls.retry) == (3.0, False)


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        ([], GOOD, "required: name"),
        (["resilint"], GOOD, "did you mean 'resilient'"),
        (["resilient", "--speed", "1"], GOOD, "--speed"),
        (["resilient"], {}, "SEATRIAL_PARTNERS: nobody said"),
        (["resilient"], {"SEATRIAL_PARTNERS": "{"}, "SEATRIAL_PARTNERS: not the JSON"),
        (["resilient"], {"SEATRIAL_PARTNERS": '[{"name": "x"}]'}, "missing required field"),
        (["resilient"], {"SEATRIAL_PARTNERS": json.dumps([ERP | {"kind": "erq"}])}, "did you mean 'erp'"),
        (["resilient"], {"SEATRIAL_PARTNERS": json.dumps([ERP | {"url": "localhost"}])}, "no URL"),
        (["resilient"], GOOD | {"SEATRIAL_LISTEN_PORT": "99999"}, "SEATRIAL_LISTEN_PORT: not a number in its range"),
        (["resilient"], GOOD | {"SEATRIAL_TIME_SCALE": "0"}, "SEATRIAL_TIME_SCALE"),
        (["resilient"], GOOD | {"SEATRIAL_SEED": "seven"}, "SEATRIAL_SEED"),
        (["resilient"], GOOD | {"SEATRIAL_CONTROLS": '{"retries": 1}'}, "did you mean 'retry'"),
        (["resilient", "--controls", '{"patience": "3 parsecs"}'], GOOD, "--controls: unknown unit"),
        (["resilient", "--controls", '{"retry": 7}'], GOOD, "--controls: not the JSON"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(arguments, environment, words) -> None:
    """Every mistake names its place, its value and what is known instead."""
    with pytest.raises(BadInput) as raised:
        read_settings(arguments, environment)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
