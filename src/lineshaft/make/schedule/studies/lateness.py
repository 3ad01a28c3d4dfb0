"""What would make late orders less late? Remedies for the worst, each tried out by planning again with the same effort.

The base and every trial get the best dispatching rule and the same rounds of search with the same seed, so that a
difference is the remedy's and the search's, not a longer search's. What a search does not find is not won.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
import polars as pl

from lineshaft.core import Kpi, LineshaftError, Reason, Result, Run, param
from lineshaft.core.result import StoppedBy
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.plan import moments
from lineshaft.make.schedule.reasons.waits import CAUSES, Wait, Walker
from lineshaft.make.schedule.search.rounds import Rounds
from lineshaft.make.schedule.search.score import order_end_s
from lineshaft.make.schedule.shop import NEVER_S, Ints, Score, Timetable
from lineshaft.make.schedule.solve import first_plan
from lineshaft.make.schedule.studies.remedies import Remedy, one_more, remedies
from lineshaft.make.schedule.studies.tables import LatenessReport
from lineshaft.make.schedule.tables import ShopBook

OBJECTIVE = "weighted_tardiness,mean_flow_time"
HELD = ("resource", "person", "setup")
MOST_WALKED = 200


@dataclass(frozen=True)
class LatenessParams:
    """How many late orders and bottlenecks are tried, and how hard each plan is searched for."""

    start: datetime | None = param(
        None, "plan from here on; none: the first release", "排产起点;空:最早下达时间"
    )
    orders: int = param(3, "late orders to find remedies for", "补救工单数", unit="1", min=0, max=100)
    bottlenecks: int = param(3, "resources to value an hour of", "评估瓶颈数", unit="1", min=0, max=100)
    rounds: int = param(1, "rounds of search for each plan", "每次搜索轮数", unit="1", min=0, max=1_000)
    overtime_min: int = param(60, "overtime a day", "每日加班", unit="min", min=15, max=720)


@dataclass(frozen=True)
class Plan:
    """A plan for one book: end and tardiness of every order (s)."""

    compiled: Compiled
    timetable: Timetable
    end_s: Ints
    tardiness_s: Ints


@dataclass(frozen=True)
class Late:
    """A late order with what its end waited for and the work on its way (s)."""

    order: int
    waits: list[Wait]
    work_s: int


def solve(book: ShopBook, params: LatenessParams, run: Run) -> Result[LatenessReport]:
    """Plan, see which orders are late and why, and try remedies for the worst and more hours of the bottlenecks.

    Returns
    -------
    Result[LatenessReport]
        KPIs: late orders and weighted tardiness of the base, the most that one remedy wins of it, and how many orders
        some remedy brings back on time. One unit of work is one plan.
    """
    run.progress(0.0, "planning", "排产")
    base = make_plan(book, params, run.seed)
    late = late_orders(base)
    waiting = waiting_for(base, late)
    trials = list(all_trials(book, base, late, waiting, params))
    tried: list[tuple[Remedy, Plan]] = []
    run.offer(propose(base, late, waiting, tried, 1, "done"))
    stopped_by: StoppedBy = "done"
    for number, remedy in enumerate(trials, 1):
        if run.cancelled() or run.out_of_time():
            stopped_by = "cancel" if run.cancelled() else "time"
            break
        if run.work_limit is not None and number + 1 > run.work_limit:
            stopped_by = "work"
            break
        run.progress(
            number / len(trials), f"trying {number} of {len(trials)}", f"试算 {number}/{len(trials)}"
        )
        try:
            tried.append((remedy, make_plan(remedy.book, params, run.seed)))
        except LineshaftError:
            continue
    else:
        number = len(trials) + 1
    return propose(base, late, waiting, tried, number, stopped_by)


def make_plan(book: ShopBook, params: LatenessParams, seed: int) -> Plan:
    """The best rule's plan and some rounds of search."""
    given = ScheduleParams(objective=OBJECTIVE, start=params.start)
    compiled, goal, timetable = first_plan(book, given)
    shop = compiled.shop
    if shop.n_ops:
        nothing = Score(*(0 for _ in fields(Score)))
        search = Rounds(shop, goal, timetable, nothing, seed, 1)
        for _ in range(params.rounds):
            search.next(None)
        timetable = search.best
    end_s = order_end_s(shop.n_orders, shop.op_order, shop.op_last, timetable.end_s)
    tardiness_s = np.where(shop.order_due_s < NEVER_S, np.maximum(end_s - shop.order_due_s, 0), 0)
    return Plan(compiled, timetable, end_s, tardiness_s)


def weighted_min(base: Plan, plan: Plan) -> float:
    """Weighted tardiness of a plan in minutes, with the weights of the base."""
    shop = base.compiled.shop
    return int((plan.tardiness_s * shop.order_weight)[shop.order_counts].sum()) / 60


def late_orders(base: Plan) -> list[Late]:
    """Late orders, those first that weigh most."""
    shop = base.compiled.shop
    if not shop.n_ops:
        return []
    weight = base.tardiness_s * np.where(shop.order_counts, shop.order_weight, 0)
    late = np.flatnonzero(base.tardiness_s > 0)
    walker = Walker(base.compiled, base.timetable)
    worst = late[np.lexsort((late, -base.tardiness_s[late], -weight[late]))]
    return [Late(order, *walker.walk(order)) for order in worst.tolist()]


def waiting_for(base: Plan, late: list[Late]) -> dict[str, Counter[int]]:
    """Resource → late order → seconds it waits for it, over the worst orders."""
    names = base.compiled.lanes["resource_id"].to_list()
    waiting: dict[str, Counter[int]] = defaultdict(Counter)
    for one in late[:MOST_WALKED]:
        for wait in one.waits:
            if wait.cause in HELD and wait.lane >= 0 and wait.seconds > 0:
                waiting[names[wait.lane]][one.order] += wait.seconds
    return waiting


def all_trials(
    book: ShopBook, base: Plan, late: list[Late], waiting: dict[str, Counter[int]], params: LatenessParams
) -> Iterator[Remedy]:
    """Remedies of the worst orders, then more hours of the resources most waited for."""
    for one in late[: params.orders]:
        yield from remedies(
            book, base.compiled, one.order, one.waits, int(base.end_s[one.order]), params.overtime_min
        )
    for resource in ranked(waiting)[: params.bottlenecks]:
        yield one_more(book, base.compiled, resource)


def ranked(waiting: dict[str, Counter[int]]) -> list[str]:
    """Resources, those first that are waited for longest."""
    return sorted(waiting, key=lambda resource: (-waiting[resource].total(), resource))


def propose(
    base: Plan,
    late: list[Late],
    waiting: dict[str, Counter[int]],
    tried: list[tuple[Remedy, Plan]],
    work: int,
    stopped_by: StoppedBy,
) -> Result[LatenessReport]:
    """Tables, figures and reasons of what was tried."""
    helped = [remedy_row(base, remedy, plan) for remedy, plan in tried if remedy.order >= 0]
    values = {
        remedy.resource_id: (
            (weighted_min(base, base) - weighted_min(base, plan)) / remedy.extra_h,
            remedy.extra_h,
        )
        for remedy, plan in tried
        if remedy.order < 0 and remedy.extra_h > 0
    }
    schemas = LatenessReport.member_schemas()
    rows = {
        "late_order": [late_row(base, one) for one in late],
        "remedy": helped,
        "bottleneck": [bottleneck_row(base, name, waiting[name], values) for name in ranked(waiting)],
    }
    frames = {
        name: pl.DataFrame(found, schema=schemas[name].create_empty().schema, orient="row")
        for name, found in rows.items()
    }
    saved = {row[0] for row in helped if row[-1] == 0}
    return Result(
        tables=LatenessReport.cast({name: frame.lazy() for name, frame in frames.items()}),
        kpis=(
            Kpi("late_orders", len(late), "order", "low"),
            Kpi("weighted_tardiness_min", weighted_min(base, base), "min", "low"),
            Kpi("best_remedy_min", max([0.0, *(row[-2] for row in helped)]), "min", "high"),
            Kpi("orders_saved", len(saved), "order", "high"),
        ),
        reasons=(*remedy_reasons(frames["remedy"]), *bottleneck_reasons(frames["bottleneck"])),
        work=work,
        stopped_by=stopped_by,
    )


def late_row(base: Plan, one: Late) -> tuple[object, ...]:
    """When the order ends, then work and the seconds of every cause."""
    total = Counter[str]()
    for wait in one.waits:
        total[wait.cause] += wait.seconds
    due, end = moments(
        base.compiled, np.array([base.compiled.shop.order_due_s[one.order], base.end_s[one.order]])
    )
    order_id = base.compiled.orders["order_id"][one.order]
    causes = (total[cause] for cause in CAUSES)
    return order_id, due, end, int(base.tardiness_s[one.order]), one.work_s, *causes


def remedy_row(base: Plan, remedy: Remedy, plan: Plan) -> tuple[object, ...]:
    """What a remedy won for its order and for all."""
    order_id = base.compiled.orders["order_id"][remedy.order]
    left_s = int(plan.tardiness_s[remedy.order])
    return (
        order_id,
        remedy.kind,
        remedy.resource_id,
        remedy.receipt_id,
        remedy.amount_min,
        (int(base.tardiness_s[remedy.order]) - left_s) / 60,
        weighted_min(base, base) - weighted_min(base, plan),
        left_s / 60,
    )


def bottleneck_row(
    base: Plan, resource: str, waiting: Counter[int], values: dict[str | None, tuple[float, float]]
) -> tuple[object, ...]:
    """Load, waiting and, where it was tried, the value of an hour more."""
    value, extra_h = values.get(resource, (None, None))
    return resource, load_pct(base, resource), waiting.total() / 60, len(waiting), extra_h, value


def load_pct(base: Plan, resource: str) -> float:
    """Working time taken of a resource's lanes until the last end, in percent; setups are not counted."""
    shop, timetable = base.compiled.shop, base.timetable
    lanes = np.flatnonzero((base.compiled.lanes["resource_id"] == resource).to_numpy())
    op = np.repeat(np.arange(shop.n_ops), np.diff(timetable.lane_ptr))
    spans = {
        (int(start), int(end), int(lane))
        for start, end, lane in zip(timetable.start_s[op], timetable.end_s[op], timetable.lane)
        if lane in lanes
    }
    last_s = int(timetable.end_s.max(initial=0))
    taken = sum(worked_s(base, lane, start, end) for start, end, lane in spans)
    there = sum(worked_s(base, int(lane), 0, last_s) for lane in lanes)
    return min(100.0, 100 * taken / there) if there else 0.0


def worked_s(base: Plan, lane: int, start_s: int, end_s: int) -> int:
    """Working seconds of a lane between two times."""
    shop = base.compiled.shop
    row = slice(shop.cal_ptr[shop.lane_calendar[lane]], shop.cal_ptr[shop.lane_calendar[lane] + 1])
    starts, ends = np.maximum(shop.cal_start[row], start_s), np.minimum(shop.cal_end[row], end_s)
    return int(np.maximum(ends - starts, 0).sum())


def remedy_reasons(tried: pl.DataFrame) -> list[Reason]:
    """What helped, and what did not, order by order."""
    return [
        Reason(
            "remedy",
            (row["order_id"], row["kind"]),
            f"remedy_{row['kind']}",
            {
                "order_id": row["order_id"],
                "resource_id": row["resource_id"] or "-",
                "receipt_id": row["receipt_id"] or "-",
                "amount_min": row["amount_min"] or 0,
                "won_min": max(0.0, row["order_won_min"]),
                "lost_min": max(0.0, -row["order_won_min"]),
                "left_min": row["left_min"],
            },
        )
        for row in tried.sort("order_id", -pl.col("order_won_min"), "kind").iter_rows(named=True)
    ]


def bottleneck_reasons(bottlenecks: pl.DataFrame) -> list[Reason]:
    """The resources whose hour was valued."""
    valued = bottlenecks.drop_nulls("value_min_h").sort(-pl.col("value_min_h"), "resource_id")
    return [
        Reason(
            "bottleneck",
            (row["resource_id"],),
            "bottleneck",
            {
                "resource_id": row["resource_id"],
                "load_pct": round(row["load_pct"]),
                "waiting_min": row["waiting_min"],
                "orders": row["orders"],
                "value_min": row["value_min_h"],
                "extra_h": round(row["extra_h"]),
            },
        )
        for row in valued.iter_rows(named=True)
    ]
