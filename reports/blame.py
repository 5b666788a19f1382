"""Blame: the fault that harmed documents have in common, and the others have not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl


class Blame(NamedTuple):
    """The rule that struck the orders of a class's harmed documents more than those of its others."""

    rule: str
    """Fault rule."""
    touched: int
    """Harmed documents in orders that it struck."""
    harmed: int
    """Harmed documents in all."""
    keys: tuple[str, ...]
    """Business keys of the first that it touched."""

    def __str__(self) -> str:
        many = "all" if self.touched == self.harmed else f"{self.touched:,} of them"
        return f"{many} in orders that {self.rule} struck"


def blame(strikes: pl.DataFrame, harmed: pl.DataFrame, everything: pl.DataFrame, keys: int) -> Mapping[str, Blame]:
    """By class of document the rule whose strikes tell harmed documents from the others best.

    Formula: of all rules that struck and mattered the one with the largest difference between the share of harmed
    documents in orders that it struck and that share of the others (the risk difference of epidemiology); none where no
    difference is above zero. A rule that strikes every order explains nothing by itself. `strikes` say which rule
    struck which order (see `orders_struck`), the other tables have the columns `document`, `key` and `correlation`;
    `keys` are the keys that are named.
    """
    if strikes.is_empty() or harmed.is_empty():
        return {}
    of_ill, of_all = _struck(harmed, strikes), _struck(everything, strikes)
    compared = (
        of_ill.group_by("document", "rule", maintain_order=True)
        .agg(pl.len().alias("touched"), pl.col("key").head(keys).alias("keys"))
        .join(of_all.group_by("document", "rule").agg(pl.len().alias("met")), on=["document", "rule"], how="left")
        .join(_counted(harmed, "harmed"), on="document")
        .join(_counted(everything, "all"), on="document", how="left")
        .with_columns(pl.col("met", "all").fill_null(0))
    )
    others = (pl.col("all").cast(pl.Int64) - pl.col("harmed")).clip(lower_bound=1)
    spared = (pl.col("met").cast(pl.Int64) - pl.col("touched")).clip(lower_bound=0)
    told = compared.with_columns((pl.col("touched") / pl.col("harmed") - spared / others).alias("difference"))
    best = told.filter(pl.col("difference") > 0).sort("difference", "rule", descending=[True, False])
    return {
        row["document"]: Blame(row["rule"], row["touched"], row["harmed"], tuple(row["keys"]))
        for row in best.unique("document", keep="first", maintain_order=True).iter_rows(named=True)
    }


def _struck(rows: pl.DataFrame, strikes: pl.DataFrame) -> pl.DataFrame:
    """The documents in orders that each rule struck."""
    found = rows.select("document", "key", "correlation").join(strikes, on="correlation", maintain_order="left")
    return found.with_columns(pl.col("document").cast(pl.String))


def _counted(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.group_by("document").agg(pl.len().alias(name)).with_columns(pl.col("document").cast(pl.String))
