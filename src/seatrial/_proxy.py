"""What mitmdump loads: hands over to our addon."""

from __future__ import annotations

from os import environ

from seatrial.mocks.wire.proxy_command import CHANNEL, TOKEN
from seatrial.mocks.wire.proxy_process import ProxyProcess

addons = [ProxyProcess(environ[CHANNEL], environ[TOKEN])]
