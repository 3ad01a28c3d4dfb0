"""A small engine to test the store with: it starts each order `delay_h` hours after its release, round by round."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dataframely as dy
import polars as pl

from lineshaft.core import Cancelled, Engine, Kpi, Reason, Result, Run, param
from lineshaft.tables.order import WorkOrder
from lineshaft.tables.plan import OrderPlan

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
ROUNDS = 5


class LineBook(dy.Collection):
    """What the toy reads."""

    orders: dy.DataFrame[WorkOrder]
    previous: dy.DataFrame[OrderPlan] | None


class LinePlan(dy.Collection):
    """What the toy proposes."""

    plan: dy.DataFrame[OrderPlan]


@dataclass(frozen=True)
class LineParams:
    """How late to start; `stop` makes it misbehave."""

    delay_h: int = param(0, "delay", "推迟", unit="h", min=0, max=1_000)
    stop: str = param("", "misbehave", "异常", choices=("", "crash", "cancel", "hang", "before"))


TOY = Engine(
    name="toy.line",
    version=1,
    title=("Toy line", "示例产线"),
    inputs="toy_line:LineBook",
    outputs="toy_line:LinePlan",
    params="toy_line:LineParams",
    solve="toy_line:solve",
    check="toy_line:check",
)
FREE = Engine(
    name="toy.free",
    version=1,
    title=("Toy that upserts", "示例增量"),
    inputs="toy_line:LineBook",
    outputs="toy_line:LinePlan",
    params="toy_line:LineParams",
    solve="toy_line:solve",
    check="toy_line:check",
    accept={"plan": "upsert"},
)


def solve(book: LineBook, params: LineParams, run: Run) -> Result[LinePlan]:
    """Each round moves every order a minute; a round is one step of work."""
    if params.stop == "before":
        raise Cancelled
    done = 0
    while done < ROUNDS and not (run.work_limit is not None and done >= run.work_limit):
        done += 1
        run.progress(done / ROUNDS, f"round {done}", f"第 {done} 轮")
        run.offer(answer(book, params, done, "done"))
        if params.stop == "crash" and done == 2:
            raise ZeroDivisionError("as asked")
        if params.stop == "cancel" and done == 2:
            raise KeyboardInterrupt
        while params.stop == "hang" and done == 2:
            if run.cancelled():
                return answer(book, params, done, "cancel")
            run.progress(0.4, "hanging", "等待")
    stopped = "work" if run.work_limit is not None and done < ROUNDS else "done"
    return answer(book, params, done, stopped)


def answer(book: LineBook, params: LineParams, done: int, stopped_by: str) -> Result[LinePlan]:
    start = pl.col("release") + timedelta(hours=params.delay_h, minutes=done)
    plan = book.orders.select(
        "order_id", start=start, end=start + timedelta(hours=1), tardiness_s=pl.lit(0, dtype=pl.Int64)
    )
    reasons = tuple(Reason("orders", (row,), "moved", {"until": MONDAY}) for row in plan["order_id"])
    return Result(
        tables=LinePlan.validate({"plan": plan.lazy()}),
        kpis=(Kpi("delay_min", params.delay_h * 60 + done, "min", better="low", bound=0.0),),
        reasons=reasons,
        work=done,
        stopped_by=stopped_by,
    )


def orders(*ids: str, quantity: int = 1) -> pl.DataFrame:
    """Work orders with these numbers."""
    rows = [{"order_id": id, "quantity": quantity, "release": MONDAY, "weight": 1} for id in ids]
    return pl.DataFrame(
        rows,
        schema={
            "order_id": pl.String,
            "quantity": pl.Int64,
            "release": pl.Datetime("us", "UTC"),
            "weight": pl.Int64,
        },
    )
