"""What came of the plan in force: planned and actual times of steps, orders and resources side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from lineshaft.core import Kpi, Reason, Result, Run, param
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.studies.tables import DeviationReport
from lineshaft.make.schedule.tables import ShopBook

STEP = ["order_id", "op_no"]
MOST_REASONS = 20


@dataclass(frozen=True)
class DeviationParams:
    """What counts as on time, and when it is looked at."""

    tolerance_min: int = param(
        15, "so much later is still on time", "允许偏差", unit="min", min=0, max=525_600
    )
    now: datetime | None = param(None, "looked at then; none: the last event", "查看时间;空:最近一次实绩")


def solve(book: ShopBook, params: DeviationParams, run: Run) -> Result[DeviationReport]:
    """Compare the plan in force with what was seen.

    Returns
    -------
    Result[DeviationReport]
        Deviations of every planned step, of orders and of resources. KPIs: share of starts and of ends on time, mean
        deviation of ends, time taken of time planned, steps that should have started.
    """
    steps = step_deviations(book, seen_until(book, params.now))
    frames = {
        "operation_deviation": steps,
        "order_deviation": order_deviations(book, steps),
        "resource_deviation": resource_deviations(steps),
    }
    result = Result(
        tables=DeviationReport.cast({name: frame.lazy() for name, frame in frames.items()}),
        kpis=figures(steps, params.tolerance_min * 60),
        reasons=(*step_reasons(steps), *resource_reasons(frames["resource_deviation"])),
    )
    run.offer(result)
    return result


def seen_until(book: ShopBook, now: datetime | None) -> datetime | None:
    """When it is looked at: as asked (UTC without a zone), else the last event."""
    if now is None:
        return table(book, "events")["at"].max()
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)


def step_deviations(book: ShopBook, now: datetime | None) -> pl.DataFrame:
    """One row a planned step."""
    kind, at = pl.col("kind").cast(pl.String), pl.col("at")
    seen = (
        table(book, "events")
        .sort("at", "event_id")
        .group_by(STEP, maintain_order=True)
        .agg(
            actual_start=at.filter(kind == "start").last(),
            actual_end=at.filter(kind == "finish").last(),
            resource_id=pl.col("resource_id").drop_nulls().last(),
        )
        .with_columns(pl.coalesce("actual_start", "actual_end"))
    )
    machine = (
        table(book, "previous_resources")
        .sort(*STEP, "demand_no", "unit_no")
        .group_by(STEP, maintain_order=True)
        .agg(machine=pl.col("resource_id").first())
    )
    planned = table(book, "previous").select(*STEP, planned_start="start", planned_end="end")
    rows = planned.join(seen, on=STEP, how="left").join(machine, on=STEP, how="left").sort(STEP)
    overdue = pl.col("actual_start").is_null() & (
        pl.col("planned_start") < pl.lit(now, pl.Datetime("us", "UTC"))
    )
    done = pl.col("actual_end").is_not_null()
    state = (
        pl.when(done)
        .then(pl.lit("finished"))
        .when(pl.col("actual_start").is_not_null())
        .then(pl.lit("running"))
        .when(overdue.fill_null(False))
        .then(pl.lit("overdue"))
        .otherwise(pl.lit("waiting"))
    )
    planned_s = later_s("planned_start", "planned_end")
    actual_s = later_s("actual_start", "actual_end")
    began = pl.when(state == "overdue").then(pl.lit(now, pl.Datetime("us", "UTC"))).otherwise("actual_start")
    return rows.select(
        *STEP,
        pl.coalesce("resource_id", "machine").alias("resource_id"),
        state.cast(pl.Enum(["finished", "running", "overdue", "waiting"])).alias("state"),
        "planned_start",
        "planned_end",
        "actual_start",
        "actual_end",
        start_deviation_s=(began - pl.col("planned_start")).dt.total_seconds(),
        end_deviation_s=later_s("planned_end", "actual_end"),
        duration_deviation_s=actual_s - planned_s,
        duration_pct=pl.when(planned_s > 0).then(100.0 * actual_s / planned_s),
    )


def later_s(a: str, b: str) -> pl.Expr:
    """Whole seconds from column a to column b, towards zero."""
    return (pl.col(b) - pl.col(a)).dt.total_seconds()


def order_deviations(book: ShopBook, steps: pl.DataFrame) -> pl.DataFrame:
    """One row a planned order; it has ended when all its planned steps have."""
    state = pl.col("state").cast(pl.String)
    done = (state == "finished").all()
    return (
        steps.group_by("order_id")
        .agg(
            steps=pl.len().cast(pl.Int64),
            finished=(state == "finished").sum().cast(pl.Int64),
            overdue=(state == "overdue").sum().cast(pl.Int64),
            planned_end=pl.col("planned_end").max(),
            actual_end=pl.when(done).then(pl.col("actual_end").max()),
        )
        .join(table(book, "work_orders").select("order_id", "due"), on="order_id")
        .with_columns(
            end_deviation_s=later_s("planned_end", "actual_end"),
            tardiness_s=pl.when(pl.col("actual_end").is_not_null() & pl.col("due").is_not_null()).then(
                later_s("due", "actual_end").clip(lower_bound=0)
            ),
        )
        .drop("due")
        .sort("order_id")
    )


def resource_deviations(steps: pl.DataFrame) -> pl.DataFrame:
    """One row a resource on which steps were finished."""
    done = steps.filter(pl.col("state").cast(pl.String) == "finished").drop_nulls("resource_id")
    planned_s, actual_s = (
        later_s("planned_start", "planned_end").sum(),
        later_s("actual_start", "actual_end").sum(),
    )
    return (
        done.group_by("resource_id")
        .agg(
            steps=pl.len().cast(pl.Int64),
            planned_s=planned_s,
            actual_s=actual_s,
            duration_pct=pl.when(planned_s > 0).then(100.0 * actual_s / planned_s),
            start_deviation_s=pl.col("start_deviation_s").sum() / pl.len(),
            end_deviation_s=pl.col("end_deviation_s").sum() / pl.len(),
        )
        .sort("resource_id")
    )


def figures(steps: pl.DataFrame, tolerance_s: int) -> tuple[Kpi, ...]:
    """Shares of nothing are whole."""
    state = steps["state"].cast(pl.String)
    begun, done = steps.filter(state.is_in(["finished", "running"])), steps.filter(state == "finished")
    planned_s = done.select(later_s("planned_start", "planned_end").sum()).item()
    actual_s = done.select(later_s("actual_start", "actual_end").sum()).item()
    ends = done["end_deviation_s"]
    return (
        Kpi("starts_on_time_pct", share_pct(begun["start_deviation_s"] <= tolerance_s), "%", "high"),
        Kpi("ends_on_time_pct", share_pct(ends <= tolerance_s), "%", "high"),
        Kpi("mean_end_deviation_min", ends.sum() / len(ends) / 60 if len(ends) else 0.0, "min", "low"),
        Kpi("time_taken_pct", 100 * actual_s / planned_s if planned_s else 100.0, "%", "low"),
        Kpi("overdue_steps", int((state == "overdue").sum()), "1", "low"),
    )


def share_pct(good: pl.Series) -> float:
    """How many are true, in percent."""
    return 100 * int(good.sum()) / len(good) if len(good) else 100.0


def step_reasons(steps: pl.DataFrame) -> list[Reason]:
    """The finished steps that ended latest against the plan, then those longest overdue."""
    late = pl.col("end_deviation_s").fill_null(pl.col("start_deviation_s")).alias("late_s")
    worst = steps.with_columns(late).filter(
        (pl.col("late_s") > 0) & pl.col("state").cast(pl.String).is_in(["finished", "overdue"])
    )
    worst = worst.sort("state", -pl.col("late_s"), *STEP).head(MOST_REASONS)
    return [
        Reason(
            "operation_deviation",
            (row["order_id"], row["op_no"]),
            f"step_{row['state']}",
            {
                "order_id": row["order_id"],
                "op_no": row["op_no"],
                "resource_id": row["resource_id"] or "-",
                "late_min": row["late_s"] / 60,
                "longer_min": max(0, row["duration_deviation_s"] or 0) / 60,
            },
        )
        for row in worst.iter_rows(named=True)
    ]


def resource_reasons(resources: pl.DataFrame) -> list[Reason]:
    """Resources whose steps took longer than planned, those that lost most first."""
    lost = (resources["actual_s"] - resources["planned_s"]).alias("lost_s")
    slow = resources.with_columns(lost).filter(pl.col("lost_s") > 0).sort(-pl.col("lost_s"), "resource_id")
    return [
        Reason(
            "resource_deviation",
            (row["resource_id"],),
            "resource_slow",
            {"resource_id": row["resource_id"], "steps": row["steps"], "lost_min": row["lost_s"] / 60},
        )
        for row in slow.head(MOST_REASONS).iter_rows(named=True)
    ]
