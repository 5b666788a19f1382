"""Seatrial takes an order-to-cash integration through rough water before it goes live, and says what broke."""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.scenarios.loader import load_scenario
    from seatrial.voyage import Run, run

try:
    __version__ = version("seatrial")
except PackageNotFoundError:  # a checkout on the path that was never installed
    __version__ = "0+checkout"

__all__ = ["Run", "__version__", "load_scenario", "run"]
_WHERE = {"Run": "seatrial.voyage", "run": "seatrial.voyage", "load_scenario": "seatrial.scenarios.loader"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import seatrial` itself stays cheap."""
    if name not in _WHERE:
        raise AttributeError(f"module 'seatrial' has no attribute {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    found = getattr(import_module(_WHERE[name]), name)
    globals()[name] = found
    return found
