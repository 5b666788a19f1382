"""Partners nearby: a small world that answers the HTTP clients of a test, each call at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol


class Nearby(Protocol):
    """Partners that a program can call although it is no guest."""

    def owns(self, url: str) -> bool:
        """Whether a call to this URL is for them."""
        ...

    def answer(self, request: Any) -> Any:
        """Answer a request of httpx whose body was read, or raise what the client would raise on a socket."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let time pass: somebody waits before he asks again."""
        ...


_present: Final[list[Nearby]] = []


@contextmanager
def present(partners: Nearby) -> Iterator[None]:
    """While this lasts, in every thread, these partners answer; of several, the last that came."""
    _present.append(partners)
    try:
        yield
    finally:
        _present.remove(partners)


def nearby(url: str) -> Nearby | None:
    """Who nearby answers a call to this URL; None: it goes to the network."""
    for partners in reversed(_present):
        if partners.owns(url):
            return partners
    return None
