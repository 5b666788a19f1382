"""Files that a command writes besides what it prints."""

from __future__ import annotations

from pathlib import Path

from seatrial.sim.errors import BadInput


def write_text(path: Path, text: str, *, append: bool = False) -> None:
    """Write or append; the folder is made. Raises BadInput where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if append else "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        hint = "choose a file that you may write to"
        raise BadInput(f"cannot write this file ({error.strerror})", value=str(path), hint=hint) from None
