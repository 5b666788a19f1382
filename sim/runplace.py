"""A place for a run: whether a folder holds one, may take one, and what to say if not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from seatrial.sim.errors import BadInput
from seatrial.sim.manifest import MANIFEST, START, About, Manifest, Start, load
from seatrial.sim.parts import PART_NAME, UNFINISHED, salvage

_SHOWN: Final = 8
"""Names that an error lists at most."""


def holds_run(path: Path, names: list[str]) -> bool:
    """Whether the folder with these entries is ours: it has a start, a last word or parts of evidence."""
    if START in names or MANIFEST in names:
        return any(_reads(path / name) for name in (START, MANIFEST) if name in names) or bool(salvage(path).parts)
    return bool(salvage(path).parts)


def _reads(path: Path) -> bool:
    try:
        load(path, Start if path.name == START else Manifest)
    except BadInput:
        return False
    return True


def clear(path: Path) -> None:
    """Remove what an earlier run wrote, its last word first: a crash in between leaves an incomplete run."""
    kept = start_of(path).files
    parts = [file for file in sorted(path.glob("part-*")) if PART_NAME.fullmatch(file.name.removesuffix(UNFINISHED))]
    for file in (path / MANIFEST, *parts, *(path / Path(name).name for name in kept)):
        file.unlink(missing_ok=True)


def refuse_foreign(path: Path, names: list[str], force: bool) -> None:
    """Raise BadInput for a folder of somebody else; with `force` only if its files stand where ours would."""
    clash = [name for name in names if name in (MANIFEST, START) or PART_NAME.fullmatch(name)]
    if force and not clash:
        return
    hint = "choose another folder, or an empty one: --out DIR; nothing in it was touched"
    what = f"the folder holds no run, but other files ({_some(names)})"
    raise BadInput(what, value=str(path), hint=hint)


def no_run(path: Path, names: list[str]) -> BadInput:
    """The error for a path that holds no run: says what is there instead and what to give."""
    hint = "give the folder that `seatrial run --out DIR` wrote"
    if not path.exists():
        return BadInput("no such run folder", value=str(path), known=_runs_in(path.parent), hint=hint)
    if not path.is_dir():
        if holds_run(path.parent, sorted(each.name for each in path.parent.iterdir())):
            hint = f"give its folder: {path.parent}"
        return BadInput("a run is a folder, this is a file", value=str(path), hint=hint)
    runs = _runs_in(path)
    what = "not a run folder, though there are runs in it" if runs else "not a run folder: it holds no evidence"
    return BadInput(what, value=str(path), known=runs, hint=f"it holds {_some(names)} · {hint}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more


def _runs_in(path: Path) -> list[str]:
    inner = sorted(path.iterdir()) if path.is_dir() else []
    return [str(folder) for folder in inner if (folder / START).is_file() or (folder / MANIFEST).is_file()][:_SHOWN]


def start_of(path: Path, manifest: Manifest | None = None) -> Start:
    """What is known of the run's start, from its own file or else from its last word."""
    if (path / START).exists() and _reads(path / START):
        return load(path / START, Start)
    return Start(manifest.about if manifest else About(versions={}))
