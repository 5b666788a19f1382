"""What an error of others says, in one line: it may be long, and it may fail when it is asked."""

from __future__ import annotations

import re
from typing import Final

_LETTERS: Final = 500
_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")


def said(error: BaseException) -> str:
    """An error as `Kind('first line' ...)`, cut; raises nothing but what interrupts the run."""
    kind = type(error).__name__
    try:
        first, *more = str(error).splitlines() or [""]  # some libraries write a page into theirs
        told = f"{kind}({first!r} ...)" if more else repr(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 (it is asked while it is told how somebody died)
        return f"{kind} (it fails when it is asked what it says)"
    told = _ADDRESS.sub("", told)  # another one in every process
    told = " ".join(told.encode("utf-8", "backslashreplace").decode().splitlines())
    return told if len(told) <= _LETTERS else f"{told[:_LETTERS]} ..."
