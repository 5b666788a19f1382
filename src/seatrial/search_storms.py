"""Known storms: what searches have found, each a scenario in a folder, tried before anything new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from seatrial.scenarios.document import read_text
from seatrial.sim.digest import text_digest
from seatrial.sim.errors import BadInput
from seatrial.storms import Storm, read_storm

STORMS: Final = Path(".seatrial/storms")
"""Where the storms of a project are kept, if nobody says otherwise."""
_SEED: Final = re.compile(r"^# seatrial run .*--seed (\d+)", re.MULTILINE)


def known_storms(folder: Path) -> Iterator[tuple[Path, Storm]]:
    """Every storm of a folder, by the name of its file. Raises BadInput with file and line for one that is damaged."""
    for path in sorted(folder.glob("*.yaml")):
        try:
            text = read_text(path)
        except BadInput as error:
            hint = "mend it or take it out of the folder of known storms"
            raise BadInput(error.what, value=error.value, where=error.where, hint=hint) from None
        told = _SEED.search(text)
        yield path, read_storm(text, str(path), int(told[1]) if told else 1)


def keep(storm: Storm, folder: Path, code: str, integration: str) -> Path:
    """Write a storm down under a name that says what it does. Raises BadInput where the folder cannot be written."""
    name = f"{code.lower().replace('_', '-')}-{text_digest(f'{storm.seed} {storm.text}')[:8]}"
    path = folder / f"{name}.yaml"
    asks = f"Does an integration come through this without {code}, as {integration} did not?"
    head = f"# {code}: found with integration {integration}, and shrunk.\n# {command(path, storm.seed, integration)}\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(head + storm.written(name, asks), encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"cannot write the storm: {error.strerror}", value=str(path), hint="give another --out"
        ) from None
    return path


def check_folder(folder: Path) -> None:
    """Raise BadInput where nothing could be written: before the search, not after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        hint = "give another folder: --out DIR"
        raise BadInput(f"storms cannot be kept there: {error.strerror}", value=str(folder), hint=hint) from None


def command(path: Path, seed: int, integration: str) -> str:
    """The command that makes the run again."""
    from shlex import quote

    return f"seatrial run {quote(str(path))} --seed {seed} --integration {quote(integration)}"
