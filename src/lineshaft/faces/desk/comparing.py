"""Two proposals side by side: figures, and rows that differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from lineshaft.core import Kpi, Result
from lineshaft.core.solve import table_name
from lineshaft.store.state import TableChange, compare


@dataclass(frozen=True)
class KpiPair:
    """One figure of two results; `better` is "first", "second" or "same"."""

    name: str
    unit: str
    first: Kpi | None
    second: Kpi | None

    @property
    def difference(self) -> float | None:
        """Second less first."""
        return None if self.first is None or self.second is None else self.second.value - self.first.value

    @property
    def better(self) -> str:
        """Which of the two is better."""
        if not self.difference:
            return "same"
        wants_low = (self.second or self.first).better == "low"
        return "second" if (self.difference < 0) == wants_low else "first"


@dataclass(frozen=True)
class Comparison:
    """Figures in the order of the second result, and table → rows that differ (from the first to the second)."""

    kpis: list[KpiPair]
    tables: dict[str, TableChange]


def compare_results(first: Result[Any], second: Result[Any]) -> Comparison:
    """What changes from the first result to the second."""
    of_first, of_second = ({kpi.name: kpi for kpi in result.kpis} for result in (first, second))
    names = [*of_second, *(name for name in of_first if name not in of_second)]
    kpis = [
        KpiPair(name, (of_second.get(name) or of_first[name]).unit, of_first.get(name), of_second.get(name))
        for name in names
    ]
    before, after = frames_of(first), frames_of(second)
    schemas = {table_name(schema): schema for schema in type(second.tables).member_schemas().values()}
    tables = {
        name: compare(before[name], after[name], schemas[name])
        for name in after
        if name in before and name in schemas
    }
    return Comparison(kpis, tables)


def frames_of(result: Result[Any]) -> Mapping[str, pl.DataFrame]:
    """Table → frame of a result."""
    members = type(result.tables).member_schemas()
    frames = {table_name(schema): getattr(result.tables, member) for member, schema in members.items()}
    return {name: pl.DataFrame(frame) for name, frame in frames.items() if frame is not None}
