"""The command line with which the proxy is started."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from seatrial.sim.channel import Mooring, Pier

CHANNEL: Final = "SEATRIAL_PROXY_CHANNEL"
"""Environment variable of the proxy: where the world listens for it, as `host:port`."""
TOKEN: Final = "SEATRIAL_PROXY_TOKEN"  # noqa: S105 (the variable's name)
"""Environment variable of the proxy: what it proves itself with."""
_OPTIONS: Final[Mapping[str, str]] = {
    "connection_strategy": "lazy",
    "keep_host_header": "true",
    "http2": "false",
    "http3": "false",
    "websocket": "false",
    "rawtcp": "true",
    "onboarding": "false",
    "flow_detail": "0",
    "termlog_verbosity": "error",
    "showhost": "false",
    "validate_inbound_headers": "false",
    "store_streamed_bodies": "false",
    "stream_large_bodies": "4m",  # what is larger passes piece by piece: nobody fills our memory
}


def command_of(
    piers: Sequence[Pier],
    moorings: Sequence[Mooring],
    folder: Path,
    script: Path,
) -> list[str]:
    """Mitmdump before partners and dependencies; whatever it writes is written in `folder`.

    `script` is the file that hands over to our addon. How large a body may be is said by who takes it: the proxy would
    refuse it in words of its own.
    """
    modes = [f"reverse:{each.upstream}@127.0.0.1:{each.listen_port}" for each in piers]
    modes += [f"reverse:tcp://{_host(each)}:{each.port}@127.0.0.1:{each.listen_port}" for each in moorings]
    options = {"confdir": str(folder), "listen_host": "127.0.0.1", **_OPTIONS}
    command = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "--quiet"]
    for mode in modes:
        command += ["--mode", mode]
    for name, value in options.items():
        command += ["--set", f"{name}={value}"]
    return [*command, "-s", str(script)]


def environment_of(channel: str, token: str) -> dict[str, str]:
    """What the proxy's process has to find in its environment."""
    return {CHANNEL: channel, TOKEN: token}


def _host(mooring: Mooring) -> str:
    return f"[{mooring.host}]" if ":" in mooring.host else mooring.host
