"""A proxy in a process of its own before a partner that counts.

`harness` holds what the tests import; `plugin` is a package's registration that only the proxy's process is shown.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent / "harness"))

if TYPE_CHECKING:
    from proxy_harness import Harness


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for a module: its proxy, desk and partners live as long."""
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def harness(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """World's side, proxy and partner, running."""
    from proxy_harness import Harness

    made = Harness(tmp_path_factory.mktemp("proxy"))
    runner.run(made.start())
    yield made
    runner.run(made.stop())
