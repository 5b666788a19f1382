"""Real time as calls on real sockets take it; loops have clocks of their own, some no finer than a millisecond."""

from __future__ import annotations

from time import perf_counter

stopwatch = perf_counter
"""Seconds, from wherever."""
