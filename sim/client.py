"""The typed client: how an integration talks to a partner, in every mode."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from seatrial.sim.operation import Request

ReplyT = TypeVar("ReplyT")


class Client(Protocol):
    """A connection to one partner.

    `call` raises the `CallError` that tells what the caller knows: `Refused`, `TimedOut`, `Disconnected`,
    `Unreadable` or `Rejected`.
    """

    @property
    def name(self) -> str:
        """Name of the partner."""
        ...

    @property
    def kind(self) -> str:
        """Kind of the partner."""
        ...

    def offers(self, request: type[Request[Any]]) -> bool:
        """Whether the partner has this operation."""
        ...

    async def call(
        self, request: Request[ReplyT], *, timeout: float = 30.0, idempotency_key: str = "", attempt: int = 1
    ) -> ReplyT:
        """Ask the partner; `timeout` in seconds, `attempt` from 1."""
        ...

    async def sign_in(self) -> None:
        """Get a new token or session, where the partner wants one."""
        ...
