"""Chrome trace: the run as a time line that can be zoomed, a track for every partner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, ClassVar

import msgspec
import polars as pl

from seatrial.reports.facts import Facts
from seatrial.reports.format import Format
from seatrial.reports.logbook import Logbook
from seatrial.reports.tracks import Tracks, lines_of
from seatrial.reports.tracks_rows import row_events
from seatrial.reports.tracks_run import run_events


class Chrome(Format):
    """A time line in the trace-event format of Chrome, for Perfetto (`ui.perfetto.dev`) and `chrome://tracing`.

    A process for each partner, with its calls and webhooks as slices, its documents and events as instants; above them
    every order from its placing to its last stage, the fault windows with their strikes, and counters for the orders
    that wait and the units adrift in the ERP. Time is that of the run, in microseconds.
    """

    suffix: ClassVar[str] = ".trace.json"

    def write(self, log: Logbook, facts: Facts, out: BinaryIO) -> None:
        """What is known of the run, the names of the tracks, what they hold."""
        tracks = Tracks.of(log)
        about = {"scenario": facts.scenario, "seed": facts.seed, "integration": facts.integration}
        head = msgspec.json.encode({"displayTimeUnit": "ms", "otherData": about | {"started": facts.started}})
        out.write(head[:-1] + b',"traceEvents":[\n')
        out.write(",\n".join(tracks.names(facts)).encode())
        for events in self._events(log, facts, tracks):
            lines = lines_of(events)
            if lines:
                out.write(b",\n" + lines.encode())
        out.write(b"\n]}\n")

    def _events(self, log: Logbook, facts: Facts, tracks: Tracks) -> Iterator[Iterable[pl.DataFrame]]:
        """First what concerns the whole run, then page by page what the rows say."""
        yield run_events(log, facts)
        for page in log.pages():
            yield row_events(page, tracks)
