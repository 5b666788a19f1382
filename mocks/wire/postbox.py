"""The mailbox of batch partners: files that they leave for the integration, and files that it leaves for them.

A folder for each partner: `out/` holds what the partner sends, `in/` what it is sent. A file is written under a name
that ends in `.part` and renamed once it is whole; whoever reads leaves such names alone. A file in `in/` is named
`<operation>[-anything].json` and holds the JSON of that operation's request; it is moved to `in/done/`, or to
`in/failed/` beside a file with the partner's refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from seatrial.sim.envelopes import UNREADABLE, refusal_of
from seatrial.sim.errors import HarnessError, Rejected
from seatrial.sim.operation import Operation, Request

_PART: Final = ".part"
_SAFE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")  # file systems take 255, with endings
MOST_BYTES: Final = 16 << 20
"""Bytes of a file at most."""
Take = Callable[[Operation, Request[Any]], Any]
"""Has the partner do what a file asks for; gives its reply or raises Rejected."""


class Mailbox:
    """The folders of one partner. Raises HarnessError where the disk refuses."""

    def __init__(self, folder: Path, operations: dict[str, Operation], take: Take) -> None:
        self.folder = folder
        self._operations = operations
        self._take = take
        for name in ("out", "in/done", "in/failed"):
            self._made(folder / name)

    def leave(self, name: str, document: msgspec.Struct) -> None:
        """Put a file out for the integration."""
        self._write(self.folder / "out" / f"{name}.json", msgspec.json.encode(document))

    def collect(self) -> int:
        """Work off what the integration has left; gives the number of files."""
        count = 0
        for path in sorted((self.folder / "in").glob("*.json")):
            count += 1
            try:
                self._work(path)
            except Rejected as error:
                self._write(self.folder / "in" / "failed" / f"{path.stem}.error", refusal_of(error))
                _move(path, self.folder / "in" / "failed")
            else:
                _move(path, self.folder / "in" / "done")
        return count

    def handle(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """The same over HTTP: `GET /mailbox` lists, `GET /mailbox/NAME` reads, `PUT /mailbox/NAME` leaves a file."""
        name = path.removeprefix("/mailbox").strip("/")
        try:
            if method == "GET":
                return 200, self.read(name) if name else msgspec.json.encode({"files": self.names()})
            if method == "PUT":
                self.put(name, body)
                return 202, b"{}"
            raise Rejected("method_not_allowed", f"{path} takes GET and PUT, not {method}", status=405)
        except Rejected as error:
            return error.status, refusal_of(error)

    def names(self) -> tuple[str, ...]:
        """What lies out for the integration, by name."""
        return tuple(self._whole(self.folder / "out"))

    def read(self, name: str) -> bytes:
        """A file that lies out. Raises Rejected 404 `unknown_file`."""
        if name not in self.names():
            raise Rejected("unknown_file", f"no file {name!r} lies in the mailbox", status=404)
        return (self.folder / "out" / name).read_bytes()

    def put(self, name: str, body: bytes) -> None:
        """Take a file from the integration by HTTP instead of by folder. Raises Rejected 422 `bad_name`."""
        if not _SAFE.fullmatch(name) or not name.endswith(".json"):
            rule = "a file is called <operation>[-anything].json, without a folder, in 200 characters at most"
            raise Rejected("bad_name", rule, status=422)
        self._write(self.folder / "in" / name, body)

    def _whole(self, folder: Path) -> Iterator[str]:
        return (path.name for path in sorted(folder.iterdir()) if path.is_file() and path.suffix != _PART)

    def _work(self, path: Path) -> None:
        named = path.stem.partition("-")[0]
        operation = self._operations.get(named)
        if operation is None:
            known = ", ".join(sorted(self._operations))
            raise Rejected("unknown_operation", f"no operation {named!r} · known: {known}", status=404)
        try:
            with path.open("rb") as file:
                body = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise Rejected("unreadable", f"the file cannot be read ({error.strerror})", status=400) from error
        if len(body) > MOST_BYTES:
            raise Rejected("too_large", f"a file of more than {MOST_BYTES:,} bytes", status=413)
        try:
            request: Request[Any] = msgspec.json.decode(body, type=operation.request)
        except UNREADABLE as error:
            raise Rejected("invalid_request", str(error), status=400) from error
        self._take(operation, request)

    def _made(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HarnessError(f"cannot make the mailbox {folder} · {error.strerror}") from error

    def _write(self, path: Path, body: bytes) -> None:
        part = path.with_name(path.name + _PART)
        try:
            part.write_bytes(body)
            part.replace(path)
        except OSError as error:
            raise HarnessError(f"cannot write {path} · {error.strerror} · make room, then run again") from error


def _move(path: Path, folder: Path) -> None:
    """Put a file aside; whoever left it may have taken it away meanwhile. Raises HarnessError: it would come again."""
    try:
        path.replace(folder / path.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise HarnessError(f"cannot move {path} to {folder} · {error.strerror}") from error
