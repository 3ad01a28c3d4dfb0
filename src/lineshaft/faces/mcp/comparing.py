"""Two plans side by side, as tools tell it."""

from __future__ import annotations

from lineshaft.core import Refused, Words
from lineshaft.faces.desk.comparing import Comparison
from lineshaft.faces.mcp import answers
from lineshaft.faces.mcp.seat import Seat
from lineshaft.faces.mcp.telling import counts_out, differences, pairs_out
from lineshaft.faces.saying import amount
from lineshaft.store.records import RunRecord


def comparison_out(
    here: Seat,
    first: RunRecord,
    second: RunRecord | None,
    *,
    limit: int,
    offset: int = 0,
    table: str = "",
    made: Comparison | None = None,
) -> tuple[answers.ComparisonOut, Words]:
    """Figures and rows that differ, from the first plan to the second (or to the one that `made` was made with).

    Raises
    ------
    Refused
        The runs are of two engines.
    """
    if second is not None and second.engine != first.engine:
        raise Refused(
            f"Runs of {first.engine} and {second.engine} cannot be compared.",
            f"{first.engine} 与 {second.engine} 的运行无法比较。",
        )
    name = second.run_id if second else "edit"
    found = made or here.desk.compare(first.run_id, name)
    tables = {one: change for one, change in found.tables.items() if one == table or not table}
    rows, left = differences(tables, here.desk.works.catalog.schemas, here.zone, offset, limit)
    data = answers.ComparisonOut(
        first=first.run_id,
        second=name,
        engine=first.engine,
        kpis=pairs_out(found.kpis),
        tables=counts_out(found.tables),
        rows=rows,
        left_out=left,
    )
    told = [
        f"{pair.name} {amount(pair.first.value, pair.unit)} → {amount(pair.second.value, pair.unit)}"
        for pair in found.kpis
        if pair.first and pair.second and pair.difference
    ]
    figures = "; ".join(told)
    return data, Words(
        f"From {first.run_id} to {name}: {figures or 'the same figures'}.",
        f"从 {first.run_id} 到 {name}:{figures or '各项指标相同'}。",
    )
