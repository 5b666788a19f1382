"""Traffic under watch: how often each partner is called, how that ends, and whether somebody has stopped calling."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import ceil, log2
from typing import Final

from seatrial.mocks.control.picture import Seen, Told, Traffic
from seatrial.sim.partner import Partner
from seatrial.sim.rows import WIDTH, Cells

WINDOW: Final = 30
"""Real seconds that figures of traffic look back."""
_FINE: Final = 16
"""Steps of latency in an octave: a percentile is right to 5 %."""
_TRIPS: Final = 5
"""Failures in a row after which silence looks like an open breaker."""
_KEPT: Final = 500
"""Calls that can be listed."""
_TOLD: Final = {
    "retry": "retries",
    "dead_letter": "dead_letters",
    "dropped": "dropped",
    "replayed": "replayed",
    "crash": "crashes",
}


class _Second:
    """What happened in one second."""

    __slots__ = ("calls", "failed", "latencies", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.calls = self.failed = 0
        self.latencies: dict[int, int] = {}


class _Line:
    """The traffic of one partner."""

    __slots__ = ("calls", "failures", "last", "rhythm", "seconds", "told_open")

    def __init__(self) -> None:
        self.calls = self.failures = 0
        self.last = -1.0
        self.rhythm = 0.0  # real seconds between two calls, lately
        self.seconds: deque[_Second] = deque(maxlen=WINDOW + 1)
        self.told_open = False

    def take(self, at: float, failed: bool, latency: float) -> None:
        """One call; `at` in real seconds of the run."""
        seconds, number, step = self.seconds, int(at), round(log2(latency) * _FINE) if latency > 1e-6 else -320
        if not seconds or seconds[-1].number < number:
            seconds.append(_Second(number))
        second = seconds[-1]
        second.calls += 1
        latencies = second.latencies
        latencies[step] = latencies.get(step, 0) + 1
        if failed:
            second.failed += 1
            self.failures += 1
        else:
            self.failures = 0
        if self.calls:
            gap = at - self.last
            self.rhythm += ((gap if gap < 60.0 else 60.0) - self.rhythm) * 0.2
        self.calls += 1
        self.last = at

    def since(self, now: float) -> list[_Second]:
        """The seconds that count."""
        first = int(now) - WINDOW
        return [each for each in self.seconds if each.number > first]

    def breaker(self, now: float) -> str:
        """Whether somebody has stopped calling for a reason."""
        if self.told_open:
            return "told"
        tripped = self.failures >= _TRIPS and now - self.last > max(2.0, 6 * self.rhythm)
        return "likely" if tripped else ""


class TrafficWatch:
    """Calls by partner over the last half minute, and the last calls one by one."""

    def __init__(self, pace: float) -> None:
        self.told = Told()
        self.calls = 0
        self._pace = pace
        self._lines: dict[str, _Line] = {}
        self._recent: deque[tuple[int, Cells]] = deque(maxlen=_KEPT)

    def call(self, cells: Cells, at: int) -> None:
        """A call has ended."""
        self.calls += 1
        self._recent.append((self.calls, cells[at : at + WIDTH]))
        name, status = cells[at + 2], cells[at + 9]
        failed = cells[at + 8] not in ("ok", "rejected") or status >= 500 or status == 429
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = _Line()
        line.take(cells[at] / self._pace, failed, float(cells[at + 10]))

    def note(self, cells: Cells, at: int) -> None:
        """The integration says something about itself."""
        name, detail = cells[at + 3], cells[at + 11]
        field = _TOLD.get(name)
        if field is not None:
            setattr(self.told, field, getattr(self.told, field) + 1)
        elif name in ("breaker_opened", "breaker_closed") and detail in self._lines:
            self._lines[detail].told_open = name == "breaker_opened"

    def recent(self, most: int, after: int = 0) -> list[Seen]:
        """The last calls, newest first, behind a number."""
        return [_seen(number, row) for number, row in _newest(self._recent, most) if number > after]

    def traffic(self, partner: Partner, now: float) -> Traffic:
        """Figures of one partner; `now` is the second of the run."""
        real, post = now / self._pace, partner.post
        line = self._lines.get(partner.name) or _Line()
        seconds = line.since(real)
        calls = sum(each.calls for each in seconds)
        lasted = min(float(WINDOW), max(1.0, real))
        active = "active" if post.subscription().active else "disabled"
        return Traffic(
            name=partner.name,
            kind=partner.kind,
            role=partner.role or partner.kind,
            rate=round(calls / lasted, 3),
            calls=line.calls,
            errors=round(sum(each.failed for each in seconds) / calls, 4) if calls else 0.0,
            p95=round(_percentile(seconds, calls, 0.95) * 1000, 1),
            failures=line.failures,
            quiet=round(max(0.0, real - line.last), 1) if line.calls else -1.0,
            breaker=line.breaker(real),
            retrying=post.waiting,
            subscription=active if partner.events else "",
        )


def _newest(recent: deque[tuple[int, Cells]], most: int) -> Iterator[tuple[int, Cells]]:
    for place in range(1, min(most, len(recent)) + 1):
        yield recent[-place]


def _percentile(seconds: list[_Second], calls: int, share: float) -> float:
    """Latency in seconds, by nearest rank over steps of latency."""
    if not calls:
        return 0.0
    counts: dict[int, int] = {}
    for second in seconds:
        for step, count in second.latencies.items():
            counts[step] = counts.get(step, 0) + count
    rank = ceil(calls * share)
    for step in sorted(counts):
        rank -= counts[step]
        if rank <= 0:
            return float(2.0 ** (step / _FINE))
    return 0.0  # pragma: no cover (the ranks end with the last step)


def _seen(number: int, row: Cells) -> Seen:
    time, latency = float(row[0]), float(row[10])
    return Seen(
        number=number,
        time=round(time, 3),
        partner=row[2],
        operation=row[3],
        key=row[5],
        order=row[6],
        attempt=row[7],
        outcome=row[8],
        status=row[9],
        latency=round(latency * 1000, 2),
        rule=row[14],
    )
