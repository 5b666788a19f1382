"""The watch: which releases and parcels have been silent, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.mocks.middleware.files import OrderFile


class Watch:
    """Open releases in the order of their last news, so that the silent ones stand in front."""

    def __init__(self) -> None:
        self._at_warehouse: dict[str, tuple[float, str]] = {}
        self._on_the_road: dict[str, tuple[float, str]] = {}

    def see(self, file: OrderFile) -> None:
        """Take note of an order's releases as they are now."""
        for release in file.releases:
            number, stage = release.release_no, release.stage
            news = (release.news_at, file.order.order_no)
            if stage in ("released", "labelled"):
                self._keep(self._at_warehouse, number, news)
            elif stage == "shipped":
                self._at_warehouse.pop(number, None)
                self._keep(self._on_the_road, number, news)
            else:
                self._at_warehouse.pop(number, None)
                self._on_the_road.pop(number, None)

    def see_all(self, files: Iterable[OrderFile]) -> None:
        """Begin anew with these files, whatever their order."""
        for file in files:
            self.see(file)
        for rows in (self._at_warehouse, self._on_the_road):
            ordered = sorted(rows.items(), key=lambda row: (row[1], row[0]))
            rows.clear()
            rows.update(ordered)

    def silent_at_warehouse(self, since: float) -> Iterator[tuple[str, str]]:
        """Release and order numbers without news from the warehouse since then."""
        return self._silent(self._at_warehouse, since)

    def silent_on_the_road(self, since: float) -> Iterator[tuple[str, str]]:
        """Release and order numbers of parcels that have been under way without arriving since then."""
        return self._silent(self._on_the_road, since)

    def _keep(self, rows: dict[str, tuple[float, str]], number: str, news: tuple[float, str]) -> None:
        if rows.get(number) != news:
            rows.pop(number, None)
            rows[number] = news

    def _silent(self, rows: dict[str, tuple[float, str]], since: float) -> Iterator[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for number, (news_at, order_no) in rows.items():
            if news_at >= since:
                break
            found.append((number, order_no))
        return iter(found)
