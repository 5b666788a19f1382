"""What the process is told: by its command line, and by the environment that the harness sets."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import urldefrag, urlsplit

import msgspec

from seatrial.mocks.hosting.addresses import PartnerAt
from seatrial.mocks.hosting.stores import sqlite_url
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.quantities import read_quantity

T = TypeVar("T")
_PROGRAM: Final = "python -m seatrial.mocks.integrations"


class Settings(msgspec.Struct, frozen=True):
    """All that the process is told."""

    integration: str
    """Name of the integration."""
    partners: tuple[PartnerAt, ...]
    """Who is there (`SEATRIAL_PARTNERS`)."""
    controls: msgspec.Struct
    """Controls of the integration (`SEATRIAL_CONTROLS`, `--controls`)."""
    store: str
    """URL of its store (`SEATRIAL_STORE`, `--store`), without the name."""
    bus: str
    """URL of its event bus (`SEATRIAL_BUS`, `--bus`), without the name."""
    store_name: str
    """Name of its table: what follows `#` in the URL, else the integration's."""
    bus_name: str
    """Name of its stream: what follows `#` in the URL, else the integration's."""
    port: int = 0
    """Port for webhooks (`SEATRIAL_LISTEN_PORT`, `--port`); 0: any that is free."""
    scale: float = 1.0
    """Seconds of business time in a second (`SEATRIAL_TIME_SCALE`)."""
    seed: int = 0
    """Seed of the run (`SEATRIAL_SEED`)."""
    observer: str = ""
    """Where notes are told (`SEATRIAL_OBSERVER_URL`); empty: nowhere."""


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Command line and environment, the first before the second. Raises BadInput."""
    given = _parser().parse_args(arguments)
    store = given.store or environment.get("SEATRIAL_STORE") or sqlite_url(Path(f"seatrial-{given.name}.sqlite"))
    bus = given.bus or environment.get("SEATRIAL_BUS", "")
    controls = _said(environment, "SEATRIAL_CONTROLS", "{}", option=("--controls", given.controls))
    port = _said(environment, "SEATRIAL_LISTEN_PORT", "0", option=("--port", given.port))
    return Settings(
        integration=given.name,
        partners=_partners(environment),
        controls=_controls(given.name, *controls),
        store=urldefrag(store).url,
        bus=urldefrag(bus).url,
        store_name=urldefrag(store).fragment or given.name,
        bus_name=urldefrag(bus).fragment or given.name,
        port=int(_number(*port, 0, 65_535)),
        scale=_number(*_said(environment, "SEATRIAL_TIME_SCALE", "1"), 1e-6, 1e6),
        seed=int(_number(*_said(environment, "SEATRIAL_SEED", "0"), -(2.0**63), 2.0**63)),
        observer=environment.get("SEATRIAL_OBSERVER_URL", ""),
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message} · {' '.join(self.format_usage().split())}", where=_PROGRAM)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=_PROGRAM, description="Run a reference integration against partners that speak HTTP.")
    parser.add_argument("name", help=f"integration: {', '.join(Catalogue('integrations').names())}")
    parser.add_argument("--store", metavar="URL", help="sqlite:///FILE or postgresql://user@host:port/database#TABLE")
    parser.add_argument("--bus", metavar="URL", help="embedded, nats://host:port#STREAM or redis://host:port#STREAM")
    parser.add_argument("--port", metavar="N", help="port for webhooks")
    parser.add_argument("--controls", metavar="JSON", help='controls that differ, such as {"retry": false}')
    return parser


def _said(
    environment: Mapping[str, str], name: str, default: str, option: tuple[str, str | None] = ("", None)
) -> tuple[str, str]:
    """Where it was said, and what: by an option, by the environment, or by nobody."""
    flag, value = option
    return (flag, value) if value is not None else (name, environment.get(name) or default)


def _partners(environment: Mapping[str, str]) -> tuple[PartnerAt, ...]:
    where, text = _said(environment, "SEATRIAL_PARTNERS", "")
    if not text:
        hint = 'it holds a JSON list: [{"name": "erp", "kind": "erp", "url": "http://127.0.0.1:8101"}, ...]'
        raise BadInput("nobody said where the partners are", where=where, hint=hint)
    partners = _decode(text, tuple[PartnerAt, ...], where)
    for each in partners:
        if urlsplit(each.url).scheme not in ("http", "https"):
            raise BadInput(f"{each.name} has no URL", value=each.url, where=where, hint="write http://127.0.0.1:PORT")
        try:
            Catalogue("partners").get(each.kind)
        except UnknownName as error:
            raise error.at(where) from error
    return partners


def _controls(name: str, where: str, text: str) -> msgspec.Struct:
    try:
        kind: type[msgspec.Struct] = Catalogue("integrations").get(name).Settings  # type: ignore[attr-defined]
    except UnknownName as error:
        raise error.at(_PROGRAM) from error
    known = [field.name for field in msgspec.structs.fields(kind)]
    for control in _decode(text, dict[str, Any], where):
        if control not in known:
            raise UnknownName(f"{name} has no such control", value=control, known=known, where=where)
    return _decode(text, kind, where)


def _decode(text: str, kind: type[T], where: str) -> T:
    try:
        return msgspec.json.decode(text, type=kind, dec_hook=read_quantity)
    except BadInput as error:
        raise error.at(where) from error
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise BadInput("not the JSON that is wanted", value=text[:80], hint=str(error), where=where) from error


def _number(where: str, text: str, least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise BadInput("not a number in its range", value=text, hint=f"from {least:g} to {most:g}", where=where)
    return number
