"""Moments of a run as people write them: "day 2 14:00", "Mon 14:00", "2011-12-05 14:00", "36 h"."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

from seatrial.sim.errors import BadInput
from seatrial.sim.units import parse_duration

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_DAY: Final = re.compile(r"day\s+([0-9]{1,4})(?:\s+(\S+))?", re.IGNORECASE)


def parse_time_of_day(text: object) -> float:
    """Seconds since midnight of "22:00" or "06:30:15"; "24:00" is the end of the day."""
    match = _CLOCK.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        # YAML 1.1 reads an unquoted 22:00 as the number 1320: the hint has to say so.
        raise BadInput("not a time of day", value=text, hint="write hours and minutes in quotes: '22:00'")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or total > 86_400:
        raise BadInput("a time of day lies between 00:00 and 24:00", value=text)
    return float(total)


def parse_when(text: object, start: datetime) -> float:
    """Seconds from `start`, the wall-clock start of the run, to a moment; raises BadInput if it lies before.

    A moment is a duration since the start ("36 h"), a date with or without a time ("2011-12-05 14:00"), a day of the
    run, counted from 1 ("day 2 14:00"), or the next such weekday ("Mon 14:00").
    """
    moment = _moment(text, start)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=start.tzinfo)
    elif start.tzinfo is None:
        raise BadInput("moments of this run carry no time zone", value=text, hint="write '2011-12-05 14:00'")
    if moment < start:
        raise BadInput("the moment lies before the start of the run", value=text, hint=f"the run starts {start}")
    return (moment - start).total_seconds()


def _moment(text: object, start: datetime) -> datetime:
    if isinstance(text, date):  # YAML reads an unquoted date by itself
        return text if isinstance(text, datetime) else datetime(text.year, text.month, text.day)  # noqa: DTZ001 (below)
    words = text.split() if isinstance(text, str) else []
    if words and (moment := _day_of_run(words, start) or _next_weekday(words, start) or _calendar(words)):
        return moment
    hint = "write '36 h' after the start, '2011-12-05 14:00', 'day 2 14:00' or 'Mon 14:00'"
    try:
        return start + timedelta(seconds=parse_duration(text))
    except OverflowError:
        raise BadInput("the calendar ends before that moment", value=text) from None
    except BadInput as error:
        if error.known:
            raise
        raise BadInput("not a moment of the run", value=text, hint=hint) from None


def _day_of_run(words: list[str], start: datetime) -> datetime | None:
    match = _DAY.fullmatch(" ".join(words))
    return _midnight(start, int(match[1]) - 1, match[2]) if match else None


def _next_weekday(words: list[str], start: datetime) -> datetime | None:
    name = words[0].lower()[:3]
    if name not in WEEKDAYS or len(words) > 2:
        return None
    days = (WEEKDAYS.index(name) - start.weekday()) % 7
    moment = _midnight(start, days, words[1] if len(words) > 1 else None)
    return moment if moment >= start else moment + timedelta(days=7)


def _calendar(words: list[str]) -> datetime | None:
    try:
        return datetime.fromisoformat(" ".join(words))
    except ValueError:
        return None


def _midnight(start: datetime, days: int, clock: str | None) -> datetime:
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=days, seconds=parse_time_of_day(clock) if clock else 0.0)
