"""Values set over those of a scenario, by dotted name: `--set faults.0.probability=10 %`."""

from __future__ import annotations

from typing import Any

import yaml

from seatrial.scenarios.document import Document
from seatrial.sim.errors import BadInput


def set_over(document: Document, key: str, value: str) -> None:
    """Replace one value by its dotted name. List positions are numbers: `faults.0.probability`.

    Raises BadInput for a place that the document has not, and for a value that is not YAML.
    """
    origin = f"--set {key}={value}"
    if not isinstance(value, str):  # Python callers give anything
        raise BadInput("a setting is text, as it would be written in the scenario", value=value, where=origin)
    # The name of a measure has dots of its own.
    steps = key.split(".", 1) if key.startswith("expect.") else key.split(".")
    place: Any = document.plain
    path = "$"
    try:
        written = _read(value)
        for number, step in enumerate(steps):
            name: Any = _name(place, step, ".".join(steps[:number]))
            path += f"[{name}]" if isinstance(place, list) else f".{step}"
            if number == len(steps) - 1:
                place[name] = written
            else:
                place = place[name] if isinstance(place, list) else place.setdefault(name, {})
    except BadInput as error:
        raise error.at(origin) from None
    document.give(path, origin)


def _name(place: Any, step: str, so_far: str) -> int | str:
    """What a step is called in a place: a number in a list, a name in a table."""
    if isinstance(place, dict):
        return step
    if not isinstance(place, list):
        hint = f"{so_far} is one value: write `{so_far}=...`"
        raise BadInput(f"cannot be set: {so_far} has no parts", value=step, hint=hint)
    if step.isdecimal() and step.isascii() and len(step) < 10 and int(step) < len(place):
        return int(step)
    what = f"{so_far} has no such entry" if step.removeprefix("-").isdecimal() else f"{so_far} is counted by numbers"
    last = f" to {so_far}.{len(place) - 1}" if len(place) > 1 else ""
    hint = f"it has {len(place)}: {so_far}.0{last}" if place else "it is empty"
    raise BadInput(f"cannot be set: {what}", value=step, hint=hint)


def _read(value: str) -> Any:
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError as error:
        what = getattr(error, "problem", None) or str(error)
        raise BadInput(f"cannot be set: not YAML: {what}", value=value, hint="write it as in the file") from None
    except RecursionError:
        raise BadInput("cannot be set: not YAML: it is nested too deep", value=value[:40]) from None
    except ValueError as error:  # a date such as 2011-02-30
        raise BadInput(f"cannot be set: not a value: {error}", value=value) from None
