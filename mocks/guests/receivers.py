"""Who takes a guest's webhooks, looked at when it is named."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from seatrial.mocks.guests.entry import is_generator, name_of
from seatrial.sim.errors import BadInput

_ARGUMENTS: Final = 3
_HINT: Final = "give an ASGI app, or a function that takes a Webhook"


def check_receiver(receiver: object) -> None:
    """Raises BadInput for what can be no receiver, whatever it is told."""
    if not callable(receiver):
        raise BadInput("nobody who could take webhooks", value=receiver, hint=_HINT)
    if is_generator(receiver):
        raise BadInput("who takes webhooks is a generator", value=name_of(receiver), hint=_HINT)
    signature = _signature(receiver)
    if signature is None or is_asgi(receiver):
        return
    try:
        signature.bind(None)
    except TypeError as error:
        what = f"who takes webhooks cannot be called with one ({error})"
        raise BadInput(what, value=f"{name_of(receiver)}{signature}", hint=_HINT) from None


def is_asgi(receiver: Callable[..., Any]) -> bool:
    """Whether this is called with scope, receive and send, rather than with a webhook."""
    signature = _signature(receiver)
    parameters = () if signature is None else signature.parameters.values()
    needed = [each for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD]
    return len(needed) == _ARGUMENTS


def _signature(receiver: Callable[..., Any]) -> inspect.Signature | None:
    """How it is called; None: it does not say."""
    try:
        return inspect.signature(receiver)
    except (TypeError, ValueError):
        return None
