"""What every partner can be asked about the connection itself: sign in, subscribe to webhooks."""

from __future__ import annotations

import msgspec

from seatrial.sim.operation import Request


class SignedIn(msgspec.Struct, frozen=True, gc=False):
    """A token or session."""

    since: float
    """Second of the run from which it holds."""
    until: float | None = None
    """Second of the run at which it expires; none: it does not."""
    token: str = ""
    """What calls carry to prove it where HTTP is spoken; typed clients need none."""


class SignIn(Request[SignedIn], frozen=True):
    """Get a token or a session."""


class Subscription(msgspec.Struct, frozen=True, gc=False):
    """The integration's subscription to webhooks."""

    active: bool = False
    """Whether webhooks are sent; partners disable subscriptions whose receiver keeps failing."""
    lost: int = 0
    """Events that were not or no longer delivered since the last subscription."""


class Subscribe(Request[Subscription], frozen=True):
    """Subscribe to webhooks, again where the subscription was disabled."""

    url: str = ""
    """Where webhooks are to be sent; empty: where they were sent before."""


class GetSubscription(Request[Subscription], frozen=True):
    """Whether webhooks are still sent."""
