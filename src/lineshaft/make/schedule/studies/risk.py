"""How sure is the plan? Its sequences and assignments are kept and played with times that vary, many times over.

Every step's time is drawn from a lognormal distribution whose mean is the planned time and whose standard deviation
is `spread_pct` of it; a step starts as soon as all before it in the plan, on its route and on its lanes, has ended,
within working time. What is running or finished is as compiled. Source of the policy: Hagstrom 1988 (activity
networks), Van de Vonder et al. 2008, doi:10.1016/j.ejor.2007.06.035 (where buffers pay).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lineshaft.core import Kpi, Reason, Refused, Result, Run, param
from lineshaft.core.result import StoppedBy
from lineshaft.make.schedule.dispatch.deck import Deck
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.plan import moments
from lineshaft.make.schedule.shop import NEVER_S, Ints
from lineshaft.make.schedule.studies.course import Course, course, ran_out, run_samples
from lineshaft.make.schedule.studies.plans import InForce, in_force
from lineshaft.make.schedule.studies.tables import RiskPlan
from lineshaft.make.schedule.tables import ShopBook

BLOCK = 100
PERCENTS = (50, 80, 95)
MOST_BUFFERS = 50
MOST_REASONS = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RiskParams:
    """How the plan is played; one unit of work is 100 samples."""

    start: datetime | None = param(
        None, "the plan begins here; none: the first release", "计划起点;空:最早下达时间"
    )
    samples: int = param(1_000, "samples", "模拟次数", unit="1", min=BLOCK, max=100_000)
    spread_pct: int = param(
        15,
        "spread of times that name none (standard deviation)",
        "默认工时离散(标准差)",
        unit="%",
        min=0,
        max=300,
    )
    service_pct: int = param(90, "orders shall be on time in", "目标按期概率", unit="%", min=50, max=99)


@dataclass(frozen=True)
class Played:
    """Ends of all samples: `order_end_s[sample, order]`, `end_s[sample]` of all work, in s from the plan's start."""

    order_end_s: Ints
    end_s: Ints


def solve(book: ShopBook, params: RiskParams, run: Run) -> Result[RiskPlan]:
    """Play the plan in force many times over.

    Returns
    -------
    Result[RiskPlan]
        Ends and on-time probability of every order and of the plan, and the buffers that pay. KPIs: mean on-time
        probability of dated orders (`on_time_pct`), orders expected late, and minutes from the plan's start until all
        work is done with a probability of 50 and 95 %.

    Raises
    ------
    Refused
        There is no plan for some steps, or one that contradicts the order of work.
    """
    run.progress(0.0, "laying out the plan", "整理计划")
    plan = in_force(book, ScheduleParams(start=params.start))
    spread = spreads(book, plan, params.spread_pct)
    played, work, stopped_by = play(book, plan, spread, params, run)
    return propose(book, plan, spread, played, params, run.seed, work, stopped_by)


def play(
    book: ShopBook, plan: InForce, spread: Floats, params: RiskParams, run: Run
) -> tuple[Played, int, StoppedBy]:
    """Blocks of samples until there are enough, or a limit."""
    limit = -(-params.samples // BLOCK)
    blocks = limit if run.work_limit is None else min(limit, max(1, int(run.work_limit)))
    if not plan.compiled.shop.n_ops:
        return Played(np.zeros((1, 0), dtype=np.int64), np.zeros(1, dtype=np.int64)), 0, "done"
    way = course(plan.compiled.shop, plan.timetable, plan.locked_s)
    ends, spans = [], []
    for number in range(blocks):
        order_end_s, end_s = play_block(plan, way, spread, run.seed, number)
        ends.append(order_end_s)
        spans.append(end_s)
        played = Played(np.concatenate(ends), np.concatenate(spans))
        if number == 0:
            run.offer(propose(book, plan, spread, played, params, run.seed, 1, "done"))
        run.progress((number + 1) / blocks, f"{len(played.end_s)} samples", f"已模拟 {len(played.end_s)} 次")
        if number + 1 == blocks:
            break
        if run.cancelled() or run.out_of_time():
            return played, number + 1, "cancel" if run.cancelled() else "time"
    return played, blocks, "done" if blocks == limit else "work"


def spreads(book: ShopBook, plan: InForce, default_pct: int) -> Floats:
    """Standard deviation of each step's time as a share of it: its mode's, else the default; 0 for what has begun."""
    compiled, shop = plan.compiled, plan.compiled.shop
    of_mode = (
        compiled.modes.join(compiled.ops.with_row_index("op").cast({"op": pl.Int64}), on="op")
        .join(
            table(book, "modes").select("order_id", "op_no", "mode_no", "spread_pct"),
            on=["order_id", "op_no", "mode_no"],
            how="left",
            maintain_order="left",
        )["spread_pct"]
        .fill_null(default_pct)
        .to_numpy()
    )
    chosen = of_mode[plan.timetable.mode] if shop.n_ops else np.zeros(0)
    return np.where(shop.fixed, 0.0, chosen / 100)


def draws(mean_s: Ints, spread: Floats, seed: int, block: int) -> Ints:
    """Whole seconds of work, one row a sample: lognormal with the given means and relative spreads."""
    variance = np.log1p(spread**2)
    normal = np.random.default_rng((seed, block)).standard_normal((BLOCK, len(mean_s)))
    return np.rint(mean_s * np.exp(np.sqrt(variance) * normal - variance / 2)).astype(np.int64)


def play_block(
    plan: InForce, way: tuple[Course, Deck], spread: Floats, seed: int, block: int
) -> tuple[Ints, Ints]:
    """Ends (s) of the samples of one block: by order, and of all work.

    Raises
    ------
    Refused
        Some sample does not end within the calendars.
    """
    shop = plan.compiled.shop
    work_s = draws(way[0].plan_s, spread, seed, block)
    order_end_s = np.full((BLOCK, shop.n_orders), -NEVER_S, dtype=np.int64)
    span_s = np.zeros(BLOCK, dtype=np.int64)
    run_samples(*way, work_s, shop.op_order, shop.op_last, order_end_s, span_s)
    if ran_out(shop, span_s):
        raise Refused(
            "Played late, the work does not end within the calendars. Give them more working time.",
            "按延误模拟时,工作在日历范围内无法完成,请增加工作时间。",
        )
    return order_end_s, span_s


def quantile_s(end_s: Ints, percent: int) -> Ints:
    """The end by which at least `percent` of the samples (rows) have ended."""
    ordered = np.sort(end_s, axis=0)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def propose(
    book: ShopBook,
    plan: InForce,
    spread: Floats,
    played: Played,
    params: RiskParams,
    seed: int,
    work: int,
    stopped_by: StoppedBy,
) -> Result[RiskPlan]:
    """Tables, figures and reasons of the samples."""
    orders = order_risk(book, plan.compiled, played)
    span_s = [int(quantile_s(played.end_s, percent)) for percent in PERCENTS]
    whole = pl.DataFrame({"percent": PERCENTS, "end": moments(plan.compiled, np.array(span_s))})
    buffers = order_buffers(plan, spread, played, params, seed)
    frames = {
        "order_risk": orders,
        "plan_risk": whole if len(orders) else whole.clear(),
        "order_buffer": buffers,
    }
    dated = orders["on_time_pct"].drop_nulls()
    late = [float(100 - pct) for pct in dated]
    return Result(
        tables=RiskPlan.cast({name: frame.lazy() for name, frame in frames.items()}),
        kpis=(
            Kpi("on_time_pct", float(sum(dated) / len(dated)) if len(dated) else 100.0, "%", "high"),
            Kpi("late_orders", sum(late) / 100, "order", "low"),
            Kpi("finish_p50_min", span_s[0] / 60, "min", "low"),
            Kpi("finish_p95_min", span_s[-1] / 60, "min", "low"),
        ),
        reasons=tuple(risk_reasons(buffers)),
        work=work,
        stopped_by=stopped_by,
    )


def order_risk(book: ShopBook, compiled: Compiled, played: Played) -> pl.DataFrame:
    """One row an order."""
    shop = compiled.shop
    late_s = np.maximum(played.order_end_s - shop.order_due_s, 0)
    due = table(book, "work_orders").select("order_id", "due")
    planned = (
        table(book, "previous")
        .group_by("order_id")
        .agg(planned_end=pl.col("end").max().dt.cast_time_unit("us"))
    )
    on_time = pl.Series(100.0 * (late_s == 0).mean(axis=0), dtype=pl.Float64)
    ends = {
        f"p{percent}_end": moments(compiled, quantile_s(played.order_end_s, percent)) for percent in PERCENTS
    }
    return (
        compiled.orders.join(due, on="order_id", maintain_order="left")
        .join(planned, on="order_id", how="left", maintain_order="left")
        .with_columns(
            **ends,
            on_time_pct=pl.when(pl.col("due").is_null()).then(None).otherwise(on_time),
            tardiness_s=pl.Series(np.rint(late_s.mean(axis=0)), dtype=pl.Int64),
        )
    )


def order_buffers(
    plan: InForce, spread: Floats, played: Played, params: RiskParams, seed: int
) -> pl.DataFrame:
    """Orders below the service level, those first whose buffer gains most an hour."""
    shop = plan.compiled.shop
    due_s = shop.order_due_s
    buffer_min = -((due_s - quantile_s(played.order_end_s, params.service_pct)) // 60)
    without = 100.0 * (played.order_end_s <= due_s).mean(axis=0)
    late = np.flatnonzero((due_s < NEVER_S) & (buffer_min > 0))
    buffered = 100.0 * (played.order_end_s[:, late] <= due_s[late] + 60 * buffer_min[late]).mean(axis=0)
    gain = buffered - without[late]
    best = np.lexsort((late, -gain / buffer_min[late]))[:MOST_BUFFERS]
    chosen = late[best]
    driver, share = drivers(plan, spread, played, seed, chosen)
    steps = plan.compiled.ops.rename({"order_id": "driver_order_id", "op_no": "driver_op_no"})
    return plan.compiled.orders[chosen].with_columns(
        buffer_min=pl.Series(buffer_min[chosen], dtype=pl.Int64),
        on_time_pct=pl.Series(without[chosen], dtype=pl.Float64),
        buffered_pct=pl.Series(buffered[best], dtype=pl.Float64),
        gain_pct=pl.Series(gain[best], dtype=pl.Float64),
        **{name: steps[name].gather(driver) for name in steps.columns},
        driver_pct=pl.Series(share, dtype=pl.Float64),
    )


def drivers(plan: InForce, spread: Floats, played: Played, seed: int, orders: Ints) -> tuple[Ints, Floats]:
    """For each of some orders the step whose time goes most with its end, and the share of variance (%) it explains.

    The draws are made again, block by block, rather than kept: they are many.
    """
    shop = plan.compiled.shop
    mean_s = shop.mode_s[plan.timetable.mode]
    end_s = played.order_end_s[:, orders] - played.order_end_s[:, orders].mean(axis=0)
    together, square = np.zeros((len(orders), shop.n_ops)), np.zeros(shop.n_ops)
    for block in range(len(end_s) // BLOCK if len(orders) else 0):
        off_s = draws(mean_s, spread, seed, block) - mean_s
        together += end_s[block * BLOCK : (block + 1) * BLOCK].T @ off_s
        square += (off_s**2).sum(axis=0)
    scale = (end_s**2).sum(axis=0)[:, None] * square
    share = np.divide(together**2, scale, out=np.zeros_like(together), where=scale > 0)
    if not len(orders):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    driver = share.argmax(axis=1)
    return driver, np.minimum(100.0, 100 * share[np.arange(len(orders)), driver])


def risk_reasons(buffers: pl.DataFrame) -> list[Reason]:
    """What the buffers that pay most would do."""
    return [
        Reason(
            "order_buffer",
            (row["order_id"],),
            "buffer_pays",
            {
                "order_id": row["order_id"],
                "buffer_min": row["buffer_min"],
                "on_time_pct": round(row["on_time_pct"]),
                "buffered_pct": round(row["buffered_pct"]),
                "driver_order": row["driver_order_id"],
                "driver_op": row["driver_op_no"],
                "driver_pct": round(row["driver_pct"]),
            },
        )
        for row in buffers.head(MOST_REASONS).iter_rows(named=True)
    ]
