"""Seatrial takes an order-to-cash integration through rough water before it goes live, and says what broke."""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.extending import extend
    from seatrial.gating import compare, gate
    from seatrial.opening import SavedRun, open_run
    from seatrial.scenarios.loader import load_scenario
    from seatrial.searching import SearchResult, search
    from seatrial.suite_log import Suite
    from seatrial.suite_voyage import suite
    from seatrial.voyage import Run, run

try:
    __version__ = version("seatrial")
except PackageNotFoundError:  # a checkout on the path that was never installed
    __version__ = "0+checkout"

__all__ = [
    "Run", "SavedRun", "SearchResult", "Suite", "__version__", "compare", "extend", "gate", "load_scenario", "open_run",
    "run", "search", "suite",
]  # fmt: skip
_WHERE = {
    "Run": "seatrial.voyage",
    "SavedRun": "seatrial.opening",
    "SearchResult": "seatrial.searching",
    "Suite": "seatrial.suite_log",
    "compare": "seatrial.gating",
    "extend": "seatrial.extending",
    "gate": "seatrial.gating",
    "load_scenario": "seatrial.scenarios.loader",
    "open_run": "seatrial.opening",
    "run": "seatrial.voyage",
    "search": "seatrial.searching",
    "suite": "seatrial.suite_voyage",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import seatrial` itself stays cheap."""
    if name not in _WHERE:
        raise AttributeError(f"module 'seatrial' has no attribute {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    found = getattr(import_module(_WHERE[name]), name)
    globals()[name] = found
    return found
