"""Run a reference integration as a program of its own: `python -m seatrial.mocks.integrations resilient`."""

from __future__ import annotations

import os
import sys

from seatrial.mocks.hosting.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
