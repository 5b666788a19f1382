"""The integration's own database and broker: where they really are, and what the integration is told instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from seatrial.scenarios.loader import Loaded
from seatrial.scenarios.schema import DependencySpec
from seatrial.scenarios.targets import direction_of
from seatrial.sim.call import DEPENDENCY
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput
from seatrial.sim.partner import Partner

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_ADDRESS: Final = re.compile(r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:]+\]):(?P<port>\d{1,5})")


class Address(msgspec.Struct, frozen=True):
    """Where a server listens."""

    host: str
    """Name or number of its machine."""
    port: int
    """TCP port."""


def dependencies_of(loaded: Loaded, environment: Mapping[str, str]) -> dict[str, Address]:
    """Where each dependency of a scenario really listens. Raises BadInput with file and line."""
    return {name: _dependency(loaded, name, spec, environment) for name, spec in loaded.scenario.dependencies.items()}


def variable_of(dependency: str) -> str:
    """The environment variable in which the integration finds the proxy before a dependency, as `host:port`."""
    return f"SEATRIAL_DEPENDENCY_{dependency.upper()}"


def check_virtual(loaded: Loaded) -> None:
    """Raises BadInput, with file and line, for what only real sockets have: virtual time has no database.

    Names have been looked at before.
    """
    for index, spec in enumerate(loaded.scenario.faults):
        by_itself: str = Catalogue("faults").get(spec.fault).direction  # type: ignore[attr-defined]
        if direction_of(spec.direction, by_itself, spec.at, loaded.scenario.dependencies) == DEPENDENCY:
            _only_on_the_wire(loaded, f"$.faults[{index}]", f"a fault at a dependency ({spec.fault})", spec.at)
    for name, partner in loaded.world.partners.items():
        kind = Catalogue("partners").get(partner.kind)
        if issubclass(kind, Partner) and kind.open_ended:
            _only_on_the_wire(loaded, f"$.partners.{name}", f"a partner of kind {partner.kind}", name)


def _only_on_the_wire(loaded: Loaded, path: str, what: str, value: str) -> None:
    hint = "run it with `seatrial wire`, or leave it out"
    raise BadInput(f"only on the wire: {what}", value=value, hint=hint, where=loaded.document.where(path))


def _dependency(loaded: Loaded, name: str, spec: DependencySpec, environment: Mapping[str, str]) -> Address:
    with loaded.located(f"$.dependencies.{name}"):
        if not _NAME.fullmatch(name):
            hint = "it becomes part of an environment variable: small letters, digits and _"
            raise BadInput("not a name for a dependency", value=name, hint=hint)
        if name in {*loaded.world.partners, *(each.kind for each in loaded.world.partners.values())}:
            raise BadInput("a dependency has the name of a partner", value=name, hint="choose another")
        return _address(spec, environment)


def _address(spec: DependencySpec, environment: Mapping[str, str]) -> Address:
    written, told = spec.address, ""
    if not isinstance(written, str):
        told = f" in {written.env}"
        if written.env not in environment:
            hint = f"set it to host:port: export {written.env}=127.0.0.1:5432"
            raise BadInput("an environment variable is not set", value=written.env, hint=hint)
        written = environment[written.env]
    found = _ADDRESS.fullmatch(written.strip())
    if found is None or not 0 < int(found["port"]) < 65536:
        raise BadInput(f"not an address{told}", value=written, hint="write host:port, such as 127.0.0.1:5432")
    return Address(found["host"].strip("[]"), int(found["port"]))
