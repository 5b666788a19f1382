"""What was answered lately, by number: whoever asks again gets the same answer."""

from __future__ import annotations

from typing import Final

MOST: Final = 20_000
"""Answers that are kept: at hundreds of orders a second, longer than anybody repeats a request."""


class Recollection:
    """The last answers; the oldest one is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._answers: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, number: str) -> bytes | None:
        """What was answered, or None."""
        return self._answers.get(number)

    def keep(self, number: str, answer: bytes) -> bytes:
        """Keep an answer, and give it back."""
        if len(self._answers) >= self._most:
            del self._answers[next(iter(self._answers))]
        self._answers[number] = answer
        return answer
