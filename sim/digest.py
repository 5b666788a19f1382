"""The identity of a run: one SHA-256 over its evidence, whatever files and libraries carried the rows.

The canonical form, so that it can be computed by any program: the rows in order, cut into blocks of 16,384 (the last
may be shorter). Of each block: the number of its rows as a little-endian 8-byte integer; then column by column in the
order of the table, numbers as little-endian 8-byte integers, text as the length of each cell in UTF-8 bytes
(little-endian 4-byte integers) followed by the cells themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import polars as pl

from seatrial.sim.rows import SCHEMA, TEXT

BLOCK_ROWS: Final = 16_384


class Digest:
    """A digest that grows with the rows: how they were cut into tables does not matter, their order does."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()
        self._rest: pl.DataFrame | None = None

    def update(self, frame: pl.DataFrame) -> None:
        """Take in the next rows."""
        rows = frame if self._rest is None else pl.concat([self._rest, frame])
        full = rows.height - rows.height % BLOCK_ROWS
        for first in range(0, full, BLOCK_ROWS):
            _feed(self._sha, rows.slice(first, BLOCK_ROWS))
        self._rest = rows.slice(full) if rows.height > full else None

    def hexdigest(self) -> str:
        """The digest of all rows so far, as 64 hexadecimal digits; more may follow."""
        sha = self._sha.copy()
        if self._rest is not None:
            _feed(sha, self._rest)
        return sha.hexdigest()


def digest_of(frames: Iterable[pl.DataFrame]) -> str:
    """The digest of the evidence that these tables hold one after the other."""
    digest = Digest()
    for frame in frames:
        digest.update(frame)
    return digest.hexdigest()


def text_digest(text: str) -> str:
    """The digest of a text such as a scenario file; line ends of another system do not count."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


def _feed(sha: hashlib._Hash, block: pl.DataFrame) -> None:
    sha.update(block.height.to_bytes(8, "little"))
    lengths = block.select(pl.col(TEXT).str.len_bytes())
    joined = block.select(pl.col(TEXT).str.join("")).row(0)
    texts = dict(zip(TEXT, joined, strict=True))
    for name in SCHEMA:
        if name in texts:
            sha.update(lengths[name].to_numpy().astype("<u4", copy=False).tobytes())
            sha.update(texts[name].encode())
        else:
            sha.update(block[name].cast(pl.Int64).to_numpy().astype("<i8", copy=False).tobytes())
