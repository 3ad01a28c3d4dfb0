"""What `<front-chart>` draws: the plans of a front, the limits they kept, and which of them is proposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from lineshaft.tables.front import FIGURES, FrontPoint

Frames = Mapping[str, pl.DataFrame | None]


def front_data(plan: Frames) -> dict[str, Any]:
    """The front of a result.

    Returns
    -------
    dict
        `figures` {name, en, zh, unit, bound}, that first by which points are numbered; `points` [number, values in that
        order]; `limits` [number, place of the figure, limit]; `chosen`: the number of the plan proposed (0: none).
    """
    figures, points, limits = (plan[name] for name in ("front_figure", "front_point", "front_limit"))
    assert figures is not None
    assert points is not None
    assert limits is not None
    names = figures["figure"].cast(pl.String).to_list()
    names.sort(key=lambda name: not points[column_of(name)].is_sorted())
    bounds = dict(zip(figures["figure"].cast(pl.String), figures["bound"]))
    place = {name: at for at, name in enumerate(names)}
    return {
        "figures": [
            {
                "name": name,
                "en": name.replace("_", " "),
                "zh": FIGURES[name],
                "unit": column_unit(name),
                "bound": bounds[name],
            }
            for name in names
        ],
        "points": points.select("point_no", *(column_of(name) for name in names)).rows(),
        "limits": [(no, place[name], limit) for no, name, limit in limits.rows()],
        "chosen": chosen_of(plan),
    }


def column_of(name: str) -> str:
    """The column of a figure in the points."""
    return next(column for column in FrontPoint.columns() if column.rpartition("_")[0] == name)


def column_unit(name: str) -> str:
    """The unit of a figure."""
    return str((FrontPoint.columns()[column_of(name)].metadata or {})["unit"])


def chosen_of(plan: Frames) -> int:
    """The point whose steps are those of the plan proposed."""
    steps, of_all = plan["operation_plan"], plan["front_operation"]
    assert steps is not None
    assert of_all is not None
    for no in of_all["point_no"].unique().sort():
        if of_all.filter(pl.col("point_no") == no).drop("point_no").sort(steps.columns[:2]).equals(steps):
            return int(no)
    return 0
