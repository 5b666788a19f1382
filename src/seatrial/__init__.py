"""Seatrial takes an order-to-cash integration through rough water before it goes live, and says what broke."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("seatrial")
except PackageNotFoundError:  # a checkout on the path that was never installed
    __version__ = "0+checkout"

__all__ = ["__version__"]
