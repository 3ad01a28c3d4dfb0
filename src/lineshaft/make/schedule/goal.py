"""What to minimise, from the planner's words to numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lineshaft.core import BadInput, Fault, Kpi, Words
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.shop import OBJECTIVES, Goal


def parse_goal(objective: str, n_counted: int) -> Goal:
    """Levels by commas, sums by `+`, weights by `:`, as in ``weighted_tardiness:1+setup:0.2,makespan``.

    Parameters
    ----------
    n_counted
        Orders whose flow time counts: the mean is the sum over them.

    Returns
    -------
    Goal
        Weights of seconds of makespan, Σ weighted tardiness, Σ flow time and Σ setup.

    Raises
    ------
    BadInput
        Naming the part that is no objective, has no proper weight or comes twice.
    """
    levels = np.zeros((0, len(OBJECTIVES)))
    seen: set[str] = set()
    for level in objective.split(","):
        weights = np.zeros(len(OBJECTIVES))
        for part in level.split("+"):
            name, _, weight = (text.strip() for text in part.partition(":"))
            if name not in OBJECTIVES:
                raise _wrong(objective, f"{name!r} is no objective; known: {', '.join(OBJECTIVES)}",
                             f"{name!r} 不是优化目标;可用:{', '.join(OBJECTIVES)}")  # fmt: skip
            if name in seen:
                raise _wrong(objective, f"{name!r} comes twice", f"{name!r} 重复出现")
            seen.add(name)
            weights[OBJECTIVES.index(name)] = _weight(objective, name, weight or "1")
        levels = np.vstack([levels, weights])
    levels[:, OBJECTIVES.index("mean_flow_time")] /= max(1, n_counted)
    return Goal(levels)


def rank(kpis: Sequence[Kpi], params: ScheduleParams) -> tuple[float, ...]:
    """What `params` minimise, level by level, in minutes: of several plans the lowest is the best."""
    figures = {kpi.name: kpi.value for kpi in kpis}
    minutes = [figures[f"{name}_min"] for name in OBJECTIVES]
    return tuple((parse_goal(params.objective, 1).levels @ minutes).tolist())


def _weight(objective: str, name: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not (0 < weight < 1e9):
        raise _wrong(objective, f"the weight of {name!r} is {text!r}, must be a number above 0",
                     f"{name!r} 的权重为 {text!r},须为大于 0 的数")  # fmt: skip
    return weight


def _wrong(objective: str, en: str, zh: str) -> BadInput:
    return BadInput([Fault("parameters", (), "objective", objective, "objective", Words(en, zh))])
