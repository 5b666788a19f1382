"""Seatrial in tests of yours: what the fixtures of its pytest plugin are, for type hints and for what they raise."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.testing.channel import ChannelAtHand
    from seatrial.testing.partner import PartnerAtHand
    from seatrial.testing.partners import Partners
    from seatrial.testing.sailing import SeedRun
    from seatrial.testing.strikes import ArmedFault, NeverStruck
    from seatrial.testing.trial import Died, FaultNeverStruck, NothingSailed, NothingToCount, SeaTrial

__all__ = [
    "ArmedFault", "ChannelAtHand", "Died", "FaultNeverStruck", "NeverStruck", "NothingSailed", "NothingToCount",
    "PartnerAtHand", "Partners", "SeaTrial", "SeedRun",
]  # fmt: skip
_WHERE = {
    "ArmedFault": "strikes",
    "ChannelAtHand": "channel",
    "Died": "trial",
    "FaultNeverStruck": "trial",
    "NeverStruck": "strikes",
    "NothingSailed": "trial",
    "NothingToCount": "trial",
    "PartnerAtHand": "partner",
    "Partners": "partners",
    "SeaTrial": "trial",
    "SeedRun": "sailing",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module 'seatrial.testing' has no attribute {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    found = getattr(import_module(f"seatrial.testing.{_WHERE[name]}"), name)
    globals()[name] = found
    return found
