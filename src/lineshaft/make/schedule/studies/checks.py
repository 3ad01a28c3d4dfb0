"""Independent checks of the studies: plain loops over rows, nothing shared with what made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lineshaft.core import Checked
from lineshaft.make.schedule.checks.check import plan_start_s
from lineshaft.make.schedule.checks.hours import rows, to_s
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.studies.deviation import DeviationParams
from lineshaft.make.schedule.studies.health import HealthParams
from lineshaft.make.schedule.studies.lateness import LatenessParams
from lineshaft.make.schedule.studies.risk import RiskParams
from lineshaft.make.schedule.studies.tables import DeviationReport, HealthReport, LatenessReport, RiskPlan
from lineshaft.make.schedule.tables import ShopBook

EPS = 1e-9


def check_risk(book: ShopBook, plan: RiskPlan, params: RiskParams) -> Checked:
    """Every planned order once, quantiles in order and in line with the probabilities, buffers that do what they say."""
    told = {row["order_id"]: row for row in rows(plan.order_risk)}
    start_s = plan_start_s(book, ScheduleParams(start=params.start))
    finish = {row["percent"]: to_s(row["end"]) - start_s for row in rows(plan.plan_risk)}
    dated = [row["on_time_pct"] for row in told.values() if row["due"]]
    kpis = {
        "on_time_pct": sum(dated) / len(dated) if dated else 100.0,
        "late_orders": sum(100 - pct for pct in dated) / 100,
        "finish_p50_min": finish.get(50, 0) / 60,
        "finish_p95_min": finish.get(95, 0) / 60,
    }
    faults = [*risk_faults(book, told), *buffer_faults(plan, told, params)]
    return Checked(tuple(faults), kpis)


def risk_faults(book: ShopBook, told: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Rows of orders against the plan in force and against themselves."""
    planned: dict[str, datetime] = {}
    for row in rows(book.previous):
        planned[row["order_id"]] = max(row["end"], planned.get(row["order_id"], row["end"]))
    due = {row["order_id"]: row["due"] for row in rows(book.work_orders)}
    for order_id in planned.keys() - told.keys():
        yield f"{order_id}: is planned and has no line"
    for order_id, row in told.items():
        if row["planned_end"] != planned.get(order_id) or row["due"] != due[order_id]:
            yield f"{order_id}: is planned to end {planned.get(order_id)} and due {due[order_id]}"
        if not row["p50_end"] <= row["p80_end"] <= row["p95_end"]:
            yield f"{order_id}: its ends are not in order"
        if (row["on_time_pct"] is None) != (row["due"] is None):
            yield f"{order_id}: an on-time probability goes with a due date"
        for percent in (50, 80, 95) if row["due"] else ():
            if (row[f"p{percent}_end"] <= row["due"]) != (row["on_time_pct"] >= percent - EPS):
                yield f"{order_id}: on time in {row['on_time_pct']} %, but {percent} % end {row[f'p{percent}_end']}"


def buffer_faults(plan: RiskPlan, told: dict[str, dict[str, Any]], params: RiskParams) -> Iterator[str]:
    """A buffer belongs to an order below the service level and lifts it there."""
    for row in rows(plan.order_buffer):
        before = told[row["order_id"]]["on_time_pct"]
        if before is None or abs(before - row["on_time_pct"]) > EPS or before >= params.service_pct:
            yield f"{row['order_id']}: is on time in {before} %, its buffer says {row['on_time_pct']} %"
        if row["buffered_pct"] < params.service_pct - EPS:
            yield f"{row['order_id']}: its buffer lifts it to {row['buffered_pct']} % only"
        if abs(row["gain_pct"] - (row["buffered_pct"] - row["on_time_pct"])) > EPS:
            yield f"{row['order_id']}: its gain is not the difference"


def check_health(book: ShopBook, report: HealthReport, params: HealthParams) -> Checked:  # noqa: ARG001
    """Every order once with its steps; what waits for a blocked order is blocked; counts are those of the rows."""
    steps = Counter(row["order_id"] for row in rows(book.operations))
    told = {row["order_id"]: row for row in rows(report.order_health)}
    found = {row["finding_no"]: row for row in rows(report.data_finding)}
    good = [order for order, row in told.items() if row["plannable"]]
    kinds = Counter(row["severity"] for row in found.values())
    kpis = {
        "plannable_orders_pct": 100 * len(good) / len(told) if told else 100.0,
        "plannable_steps_pct": 100 * sum(steps[order] for order in good) / steps.total() if steps else 100.0,
        "blocking_findings": kinds["blocks"],
        "doubtful_findings": kinds["doubtful"],
    }
    return Checked(tuple(health_faults(book, told, found, steps)), kpis)


def health_faults(
    book: ShopBook, told: dict[str, dict[str, Any]], found: dict[int, dict[str, Any]], steps: Counter[str]
) -> Iterator[str]:
    """Rows of orders against the book and the findings."""
    orders = {row["order_id"]: row["parent_order_id"] for row in rows(book.work_orders)}
    if orders.keys() != told.keys():
        yield f"orders told and given differ: {sorted(orders.keys() ^ told.keys())}"
    links = [(row["after_order_id"], row["order_id"]) for row in rows(book.dependencies)]
    for before, after in [*orders.items(), *links]:
        if after is not None and told[after]["plannable"] and not told[before]["plannable"]:
            yield f"{after}: can be planned, but waits for {before}, which cannot"
    for order_id, row in told.items():
        if row["operations"] != steps[order_id]:
            yield f"{order_id}: has {steps[order_id]} steps, not {row['operations']}"
        if row["plannable"] != (row["finding_no"] is None):
            yield f"{order_id}: what cannot be planned, and only that, names a finding"
        if row["finding_no"] is not None and found[row["finding_no"]]["severity"] != "blocks":
            yield f"{order_id}: finding {row['finding_no']} blocks nothing"
        if row["plannable"] and not steps[order_id]:
            yield f"{order_id}: has no steps to plan"


def check_deviation(book: ShopBook, report: DeviationReport, params: DeviationParams) -> Checked:
    """Every planned step with its own times, every figure from the rows of steps."""
    steps = {(row["order_id"], row["op_no"]): row for row in rows(report.operation_deviation)}
    done = [row for row in steps.values() if row["state"] == "finished"]
    begun = [row for row in steps.values() if row["state"] in ("finished", "running")]
    slack_s = 60 * params.tolerance_min
    ends_s = [to_s(row["actual_end"]) - to_s(row["planned_end"]) for row in done]
    starts_s = [to_s(row["actual_start"]) - to_s(row["planned_start"]) for row in begun]
    planned_s = sum(to_s(row["planned_end"]) - to_s(row["planned_start"]) for row in done)
    actual_s = sum(to_s(row["actual_end"]) - to_s(row["actual_start"]) for row in done)
    kpis = {
        "starts_on_time_pct": 100 * sum(s <= slack_s for s in starts_s) / len(begun) if begun else 100.0,
        "ends_on_time_pct": 100 * sum(s <= slack_s for s in ends_s) / len(done) if done else 100.0,
        "mean_end_deviation_min": sum(ends_s) / len(done) / 60 if done else 0.0,
        "time_taken_pct": 100 * actual_s / planned_s if planned_s else 100.0,
        "overdue_steps": sum(row["state"] == "overdue" for row in steps.values()),
    }
    faults = [*step_faults(book, steps), *sum_faults(report, steps)]
    return Checked(tuple(faults), kpis)


def step_faults(book: ShopBook, steps: dict[tuple[str, int], dict[str, Any]]) -> Iterator[str]:
    """Times of steps against the plan and the events."""
    seen: dict[tuple[str, int], dict[str, datetime]] = {}
    for event in sorted(rows(book.events), key=lambda row: (row["at"], row["event_id"])):
        seen.setdefault((event["order_id"], event["op_no"]), {})[event["kind"]] = event["at"]
    planned = {(row["order_id"], row["op_no"]): row for row in rows(book.previous)}
    for key in planned.keys() ^ steps.keys():
        yield f"{key[0]} {key[1]}: planned and told differ"
    for key, row in steps.items():
        plan, events = planned[key], seen.get(key, {})
        if (row["planned_start"], row["planned_end"]) != (plan["start"], plan["end"]):
            yield f"{key[0]} {key[1]}: was planned otherwise"
        start = events.get("start", events.get("finish"))
        if (row["actual_start"], row["actual_end"]) != (start, events.get("finish")):
            yield f"{key[0]} {key[1]}: went otherwise"
        state = "finished" if "finish" in events else "running" if start else row["state"]
        if row["state"] != state or (row["state"] in ("overdue", "waiting") and start):
            yield f"{key[0]} {key[1]}: is {state}, not {row['state']}"


def sum_faults(report: DeviationReport, steps: dict[tuple[str, int], dict[str, Any]]) -> Iterator[str]:
    """Orders and resources are the sums of their steps."""
    for row in rows(report.order_deviation):
        mine = [step for (order_id, _), step in steps.items() if order_id == row["order_id"]]
        states = Counter(step["state"] for step in mine)
        if (row["steps"], row["finished"], row["overdue"]) != (
            len(mine),
            states["finished"],
            states["overdue"],
        ):
            yield f"{row['order_id']}: its steps are counted otherwise"
        ended = max(step["actual_end"] for step in mine) if states["finished"] == len(mine) else None
        if row["actual_end"] != ended:
            yield f"{row['order_id']}: ended {ended}, not {row['actual_end']}"
    for row in rows(report.resource_deviation):
        mine = [
            s for s in steps.values() if s["resource_id"] == row["resource_id"] and s["state"] == "finished"
        ]
        late_s = sum(s["end_deviation_s"] for s in mine) / len(mine)
        if row["steps"] != len(mine) or abs(row["end_deviation_s"] - late_s) > 1e-6:
            yield f"{row['resource_id']}: its steps ended {late_s:g} s later on average"


def check_lateness(book: ShopBook, report: LatenessReport, params: LatenessParams) -> Checked:
    """Late orders are late, their causes add up to their way, remedies to their lateness."""
    orders = {row["order_id"]: row for row in rows(book.work_orders)}
    late = {row["order_id"]: row for row in rows(report.late_order)}
    tried = rows(report.remedy)
    weighted_s = sum(
        row["tardiness_s"] * orders[order]["weight"]
        for order, row in late.items()
        if orders[order]["parent_order_id"] is None
    )
    kpis = {
        "late_orders": len(late),
        "weighted_tardiness_min": weighted_s / 60,
        "best_remedy_min": max([0.0, *(row["goal_won_min"] for row in tried)]),
        "orders_saved": len({row["order_id"] for row in tried if row["left_min"] == 0}),
    }
    start_s = plan_start_s(book, ScheduleParams(start=params.start))
    return Checked(tuple(lateness_faults(report, orders, late, start_s)), kpis)


def lateness_faults(
    report: LatenessReport, orders: dict[str, dict[str, Any]], late: dict[str, dict[str, Any]], start_s: int
) -> Iterator[str]:
    """Rows of late orders and remedies against the book and each other."""
    for order_id, row in late.items():
        due_s, end_s = to_s(orders[order_id]["due"]), to_s(row["end"])
        if row["tardiness_s"] != end_s - due_s or row["tardiness_s"] <= 0:
            yield f"{order_id}: ends {end_s - due_s} s after its due date, not {row['tardiness_s']}"
        way_s = sum(value for name, value in row.items() if name.endswith("_s") and name != "tardiness_s")
        if way_s > end_s - min(start_s, *(to_s(other["release"]) for other in orders.values())):
            yield f"{order_id}: its causes take {way_s} s, longer than the plan"
    for row in rows(report.remedy):
        was_min = late[row["order_id"]]["tardiness_s"] / 60
        if abs(was_min - row["order_won_min"] - row["left_min"]) > 1e-6:
            yield f"{row['order_id']}, {row['kind']}: {was_min} min late, {row['order_won_min']} won, {row['left_min']} left"
