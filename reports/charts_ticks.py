"""Where an axis of time carries its labels, and what they say."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final

from seatrial.reports.page_words import Calendar

_DAY: Final = 86_400
_STEPS: Final = (1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_ROOMY: Final = 8
"""Labels from which on an axis has room for a day beside a time."""
_DAYS: Final = (1, 2, 7, 14, 28, 91, 182, 364)


def time_ticks(end: float, calendar: Calendar, most: int) -> list[tuple[float, str]]:
    """Second and label of at most `most` round moments from 0 to `end`: times of day, in longer runs days."""
    for step in _STEPS:
        if end <= step * most:
            return _times(end, calendar, step, crowded=step < 60 or most < _ROOMY)
    years = _DAYS[-1] * math.ceil(end / (_DAYS[-1] * _DAY * most))
    days = next((days for days in _DAYS if end <= days * _DAY * most), years)
    moments = _round(end, calendar, days * _DAY)
    if moments[0] > days * _DAY / 2:
        moments.insert(0, 0.0)  # there is room to say on which day it began
    return [(second, calendar.day(second)) for second in moments]


def _times(end: float, calendar: Calendar, step: int, *, crowded: bool) -> list[tuple[float, str]]:
    form = "%H:%M:%S" if step < 60 else "%H:%M"
    ticks: list[tuple[float, str]] = []
    day = ""
    for second in _round(end, calendar, step):
        time = calendar.at(second).strftime(form)
        today = calendar.day(second)
        after_a_day = crowded and bool(ticks) and " " in ticks[-1][1]  # the day before it takes the room of two
        ticks.append((second, ("" if after_a_day else time) if today == day else f"{today} {time}"))
        day = today
    return ticks


def _round(end: float, calendar: Calendar, step: int) -> list[float]:
    """Moments at whole multiples of `step` from midnight of the first day."""
    first = calendar.at(0)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    into = (first - midnight) / timedelta(seconds=1)
    second = -into % step if step < _DAY else -into % _DAY
    found: list[float] = []
    while second < end or not found:
        found.append(second)
        second += step
    return found
