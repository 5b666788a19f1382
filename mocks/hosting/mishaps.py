"""What keeps a hosted integration from its work without being its fault."""

from __future__ import annotations

from seatrial.sim.errors import BadInput


class Unavailable(BadInput):
    """Something that the process needs is not there: its store, its bus, its port, its partners.

    The text reads as that of bad input, but nothing that was given is wrong.
    """

    exit_code = 3
