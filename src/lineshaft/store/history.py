"""What was done, or is planned, as people look at it: how long orders take, who is loaded, where work waits."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from lineshaft.store.attendance import busy_times
from lineshaft.store.eventlog import SCHEMA
from lineshaft.store.people import as_steps, read_people

HOUR_S = 3_600


def plan_view(tables: Mapping[str, pl.DataFrame], zone: str) -> dict[str, pl.DataFrame]:
    """The figures of `history_view` for the plan in force, which is history after the import of a log."""
    steps = (
        tables["operation_plan"]
        .join(tables["operation"].select("order_id", "op_no", "name"), on=["order_id", "op_no"])
        .select("order_id", "op_no", "start", "end", activity=pl.col("name").fill_null("-"))
    )
    held = steps.join(tables["resource_plan"], on=["order_id", "op_no"]).rename({"resource_id": "resource"})
    alone = held.unique(["order_id", "op_no"], keep="first", maintain_order=True)
    one_each = steps.join(alone.select("order_id", "op_no", "resource"), on=["order_id", "op_no"], how="left")
    return history_view(_as_log(one_each), _as_log(held), zone=zone)


def _as_log(steps: pl.DataFrame) -> pl.DataFrame:
    return (
        steps.rename({"order_id": "case_id"})
        .select(list(SCHEMA))
        .sort("case_id", "start", maintain_order=True)
    )


def history_view(
    log: pl.DataFrame, held: pl.DataFrame | None = None, *, zone: str = "UTC"
) -> dict[str, pl.DataFrame]:
    """Figures of what happened; `infer_works(…).history` has the same as a plan to draw.

    Parameters
    ----------
    log
        One row an operation, as in `EventLog.frame`.
    held
        One row an operation and resource where an operation may hold several; by default `log`.
    zone
        Where the people are (IANA name).

    Returns
    -------
    dict
        `order_flow`: order_id, start, end, steps, work_h, flow_d, work_share (of clock time).
        `person_load`: person, operations, work_h, busy_h (with at least one in hand), attended_h, at_once_mean,
        at_once_max, load (busy of attended).
        `activity_load`: activity, operations, people, work_h, step_h (median), at_once_max.
        `queue`: activity, steps, wait_h_mean, wait_h_median, wait_h_90 and wait_d_sum: clock time between the last end
        of all earlier steps of the order and the start, none where they overlap; first steps of orders have none.
    """
    return {
        "order_flow": order_flow(log),
        "person_load": person_load(log if held is None else held, zone),
        "activity_load": activity_load(log),
        "queue": queue(log),
    }


def hours(start: str = "start", end: str = "end") -> pl.Expr:
    """Hours from one column of times to another."""
    return (pl.col(end) - pl.col(start)).dt.total_seconds() / HOUR_S


def order_flow(log: pl.DataFrame) -> pl.DataFrame:
    """Each order from its first start to its last end."""
    return (
        log.group_by("case_id")
        .agg(start=pl.col("start").min(), end=pl.col("end").max(), steps=pl.len(), work_h=hours().sum())
        .with_columns(flow_d=hours() / 24)
        .with_columns(work_share=pl.col("work_h") / 24 / pl.col("flow_d"))
        .rename({"case_id": "order_id"})
        .sort("order_id")
    )


def person_load(log: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Each person's operations, hours and how many at once."""
    people = read_people(as_steps(log, zone), sustained=0.5)
    rows = []
    for person, presence in people.presence.items():
        pieces = [piece for some in presence.pieces for piece in some]
        busy = busy_times(pieces)
        work_h = sum(end - start for start, end in pieces) / HOUR_S
        busy_h = sum(end - start for start, end, _ in busy) / HOUR_S
        attended_h = sum(end - start for start, end in presence.stretches) / HOUR_S
        at_once_max = max((at_once for _, _, at_once in busy), default=0)
        at_once_mean = work_h / busy_h if busy_h else 0.0
        load = busy_h / attended_h
        operations = len(presence.pieces)
        rows.append((person, operations, work_h, busy_h, attended_h, at_once_mean, at_once_max, load))
    names = ["person", "operations", "work_h", "busy_h", "attended_h", "at_once_mean", "at_once_max", "load"]
    return pl.DataFrame(rows, schema=names, orient="row")


def activity_load(log: pl.DataFrame) -> pl.DataFrame:
    """Each activity's operations, hours and how many at once."""
    spans = pl.struct(pl.col("start").dt.epoch("s"), pl.col("end").dt.epoch("s"))
    return (
        log.group_by("activity")
        .agg(
            operations=pl.len(),
            people=pl.col("resource").drop_nulls().n_unique(),
            work_h=hours().sum(),
            step_h=hours().median(),
            at_once_max=spans.map_batches(
                lambda some: pl.Series(
                    [max((n for _, _, n in busy_times(some.struct.unnest().rows())), default=0)],
                    dtype=pl.Int64,
                ),
                return_dtype=pl.Int64,
                returns_scalar=True,
            ),
        )
        .sort("work_h", "activity", descending=[True, False])
    )


def queue(log: pl.DataFrame) -> pl.DataFrame:
    """How long steps waited, by activity."""
    earlier = pl.col("end").cum_max().shift(1).over("case_id")
    wait_h = hours("earlier", "start").clip(0)
    return (
        log.sort("case_id", "start", maintain_order=True)
        .with_columns(earlier=earlier)
        .filter(pl.col("earlier").is_not_null())
        .group_by("activity")
        .agg(
            steps=pl.len(),
            wait_h_mean=wait_h.mean(),
            wait_h_median=wait_h.median(),
            wait_h_90=wait_h.quantile(0.9),
            wait_d_sum=wait_h.sum() / 24,
        )
        .sort("wait_d_sum", "activity", descending=[True, False])
    )
