"""The digest: the same rows have the same, any other rows another, whatever carried them."""

from __future__ import annotations

import hashlib
import struct
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.sim import digest as digest_module
from seatrial.sim.digest import Digest, digest_of, text_digest
from seatrial.sim.rows import KINDS, SCHEMA, TEXT, WIDTH, empty_frame, frame_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SMALL, WHOLE = st.integers(-(2**15), 2**15 - 1), st.integers(-(2**63), 2**63 - 1)
SECONDS = st.floats(0, 1e6)
ROW = st.tuples(
    SECONDS,
    st.sampled_from(sorted(KINDS)),
    *[TEXTS] * 5,
    SMALL,
    TEXTS,
    SMALL,
    SECONDS,
    TEXTS,
    WHOLE,
    WHOLE,
    TEXTS,
    TEXTS,
)
ROWS = st.lists(ROW, max_size=30)


def table(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return frame_of([cell for row in rows for cell in row], 0)


def by_hand(frame: pl.DataFrame) -> str:
    """The digest by the words of the module's docstring, cell by cell."""
    sha = hashlib.sha256()
    for first in range(0, frame.height, digest_module.BLOCK_ROWS):
        block = frame.slice(first, digest_module.BLOCK_ROWS)
        sha.update(struct.pack("<q", block.height))
        for name in SCHEMA:
            cells = block[name].to_list()
            if name in TEXT:
                cells = [cell.encode() for cell in cells]
                sha.update(struct.pack(f"<{len(cells)}I", *map(len, cells)) + b"".join(cells))
            else:
                sha.update(struct.pack(f"<{len(cells)}q", *cells))
    return sha.hexdigest()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of four rows, so that small tables have several of them."""
    monkeypatch.setattr(digest_module, "BLOCK_ROWS", 4)


@given(ROWS)
def test_the_digest_is_what_its_docstring_says(rows: list[tuple[object, ...]]) -> None:
    """A program that knows only the description computes the same digest."""
    assert digest_of([table(rows)]) == by_hand(table(rows))


@given(ROWS, st.lists(st.integers(0, 30), max_size=5))
def test_how_rows_are_cut_into_parts_does_not_matter(rows: list[tuple[object, ...]], cuts: list[int]) -> None:
    """Any division of the rows into tables, empty ones included, has the digest of the whole."""
    frame = table(rows)
    edges = sorted({0, frame.height, *(min(cut, frame.height) for cut in cuts)})
    pieces = [frame.slice(first, last - first) for first, last in pairwise(edges)]
    assert digest_of([empty_frame(), *pieces]) == digest_of([frame])


@given(ROWS, st.data())
def test_any_change_shows(rows: list[tuple[object, ...]], data: st.DataObject) -> None:
    """A row added, removed, moved or altered in one cell gives another digest."""
    changed = list(rows)
    deed = data.draw(st.sampled_from(["add", "remove", "move", "alter"] if rows else ["add"]))
    place = data.draw(st.integers(0, max(0, len(rows) - 1)))
    if deed == "add":
        changed.insert(place, data.draw(ROW))
    elif deed == "remove":
        del changed[place]
    elif deed == "move":
        changed.insert(data.draw(st.integers(0, len(rows) - 1)), changed.pop(place))
    else:
        cell = data.draw(st.integers(0, WIDTH - 1))
        changed[place] = (*rows[place][:cell], data.draw(ROW)[cell], *rows[place][cell + 1 :])
    assert (digest_of([table(changed)]) == digest_of([table(rows)])) == table(changed).equals(table(rows))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), st.data())
def test_where_a_text_ends_matters(text: str, data: st.DataObject) -> None:
    """The same letters spread otherwise over neighbouring cells or rows are other evidence."""
    cut, other = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))

    def split(at: int) -> pl.DataFrame:
        return table([(0.0, "note", text[:at], text[at:], *[""] * 3, 0, "", 0, 0.0, "", 0, 0, "", "")])

    assert (digest_of([split(cut)]) == digest_of([split(other)])) == (cut == other)


@given(ROWS)
def test_a_digest_can_be_read_while_it_grows(rows: list[tuple[object, ...]]) -> None:
    """Asking for the digest midway changes nothing in what follows."""
    frame, digest = table(rows), Digest()
    for place in range(frame.height):
        digest.update(frame.slice(place, 1))
        assert digest.hexdigest() == digest_of([frame.head(place + 1)])
    assert digest.hexdigest() == digest_of([frame])


@pytest.mark.parametrize("form", ["parquet", "ipc", "ndjson"])
def test_the_file_format_does_not_matter(tmp_path: Path, form: str) -> None:
    """Rows that went through a file of another format have the digest they had before."""
    frame = table(
        [(0.25 * n, "call", "erp", "ö", "", f"k{n}", "", n, "ok", 200, 1.5, "", n, -n, "", "") for n in range(10)]
    )
    getattr(frame, f"write_{form}")(tmp_path / "rows")
    assert digest_of([getattr(pl, f"read_{form}")(tmp_path / "rows")]) == digest_of([frame])


def test_these_digests_are_for_ever() -> None:
    """Later versions, other Pythons and other machines compute these same digests."""
    known = ("erp", "create_order", "order", "573744", "573744", 2, "rejected", 409, 0.25, "SO-1", 3, 1250, "lost")
    row = (1.5, "call", *known, "order_closed")
    assert digest_of([]) == hashlib.sha256(b"").hexdigest()
    assert digest_of([table([row])]) == "042b646d7ac7c505a705725675b3acf26c8ef88ae43ddaab369ef7013d3a0dc4"
    assert text_digest("name: calm-day\n") == text_digest("name: calm-day\r\n")
