"""The extras of the installation: which of them brings a package that is missing."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution, requires
from typing import Final

from seatrial.sim.errors import BadInput

_NEEDED: Final = re.compile(r"""([\w.-]+).*\bextra\s*==\s*["']([\w-]+)["']""")


def package_of(module: str) -> str:
    """The package that a module is in, as it is imported."""
    return module.partition(".")[0].lower()


def extra_with(module: str) -> str:
    """The first extra that brings the package of a module; empty: none does."""
    return next((extra for extra, names in extras().items() if package_of(module) in names), "")


def extras() -> dict[str, list[str]]:
    """The packages that each extra brings, as they are written; those that gather other extras are left out."""
    try:
        wanted = requires("seatrial") or []
    except PackageNotFoundError:
        return {}
    brought: dict[str, list[str]] = {}
    for found in filter(None, map(_NEEDED.match, wanted)):
        brought.setdefault(found[2], []).append(found[1].lower())
    return {extra: names for extra, names in brought.items() if "seatrial" not in names}


def is_installed(package: str) -> bool:
    """Whether a package is there, by its name in the registry."""
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def missing_extra(error: ModuleNotFoundError) -> BadInput | None:
    """The same as bad input that says what to install; None: it is no package of ours that is missing."""
    name = package_of(error.name or "")
    extra = extra_with(name)
    if not extra:
        return None
    return BadInput(f"{name} is not installed", hint=f"it needs the extra `{extra}`: pip install 'seatrial[{extra}]'")
