"""How much of the book can be planned at all, and what stands in the way of the rest?

Orders are taken out of the book, for the faults that the tables' rules and then the layout itself find, until what is
left can be laid out: so what is called plannable is what `make.schedule` accepts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from lineshaft.core import BadInput, Fault, Kpi, LineshaftError, Reason, Result, Run, param
from lineshaft.make.schedule.layout.compile import Compiled, compile_shop
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.studies.advice import advice
from lineshaft.make.schedule.studies.books import Needs, without
from lineshaft.make.schedule.studies.conflict import can_be_planned, conflict, has_room
from lineshaft.make.schedule.studies.doubts import doubts
from lineshaft.make.schedule.studies.finding import Finding
from lineshaft.make.schedule.studies.tables import HealthReport
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import table_name
from lineshaft.tables.rules import RULES, step_arcs, steps_have_no_cycle

MOST_REASONS = 200
MOST_CONFLICTS = 20


@dataclass(frozen=True)
class HealthParams:
    """From when on the book is looked at, and what counts as absurd."""

    start: datetime | None = param(
        None, "plan from here on; none: the first release", "排产起点;空:最早下达时间"
    )
    absurd_times: int = param(
        10,
        "times the item's median that a time may be off",
        "工时偏离中位数的倍数",
        unit="1",
        min=2,
        max=1_000,
    )


def solve(book: ShopBook, params: HealthParams, run: Run) -> Result[HealthReport]:
    """Look for everything that keeps orders from being planned, and for what is doubtful.

    Returns
    -------
    Result[HealthReport]
        Findings, orders that can be planned, advised settings. KPIs: share of orders and of steps that can be planned,
        findings that block and findings that are doubtful.
    """
    run.progress(0.0, "reading the rules", "检查规则")
    needs = Needs(book)
    given = ScheduleParams(start=params.start)
    blocking, compiled = peel(book, needs, given)
    blocking = with_conflicts(book, needs, blocking, given)
    result = propose(book, needs, blocking, compiled, [])
    run.offer(result)
    if run.cancelled():
        return result
    run.progress(0.5, "looking for doubtful values", "查找可疑数据")
    return propose(book, needs, blocking, compiled, doubts(book, compiled, params.absurd_times))


def peel(book: ShopBook, needs: Needs, params: ScheduleParams) -> tuple[list[Finding], Compiled | None]:
    """What keeps orders out, and the rest laid out (none where not even an empty book can be)."""
    found = [*cycles(book), *rule_findings(book, needs), *stepless(book)]
    while True:
        out = needs.followers(order for finding in found for order in finding.orders)
        asleep = {resource for finding in found for resource in finding.resources}
        rest = without(book, out, asleep)
        try:
            compiled = compile_shop(rest, params)
            lost = () if not compiled.shop.n_ops or has_room(compiled) else hopeless(rest, needs, params)
            if not lost:
                return found, compiled
            found += [Finding("work_order", (o,), "no_plan", {"order_id": o}, (o,)) for o in lost]
        except BadInput as error:
            more = [
                finding for finding in map(needs.finding, error.faults) if not out.issuperset(finding.orders)
            ]
            if not more:
                return [*found, *map(needs.finding, error.faults)], None
            found += more
        except LineshaftError as error:
            facts = {"en": error.words.en, "zh": error.words.zh}
            return [*found, Finding("work_order", (), "no_end", facts, all_orders(rest))], None


def all_orders(book: ShopBook) -> tuple[str, ...]:
    """Every order of a book."""
    return tuple(table(book, "work_orders")["order_id"].sort())


def hopeless(book: ShopBook, needs: Needs, params: ScheduleParams) -> tuple[str, ...]:
    """Orders with greatest lags that not even alone in the shop find a place."""
    tight = table(book, "dependencies").filter(pl.col("lag_max_s").is_not_null())["order_id"].unique().sort()
    return tuple(order for order in tight if not can_be_planned(alone(book, needs, order), params))


def alone(book: ShopBook, needs: Needs, order: str) -> ShopBook:
    """The book with nothing but an order and what it waits for."""
    return without(book, set(all_orders(book)) - needs.leaders([order]))


def with_conflicts(
    book: ShopBook, needs: Needs, found: list[Finding], params: ScheduleParams
) -> list[Finding]:
    """The first findings of steps and orders that find no place, each with the rules that conflict."""
    out, told = [], 0
    for finding in found:
        if finding.code in ("no_working_time", "no_plan") and told < MOST_CONFLICTS:
            told += 1
            rules = conflict(alone(book, needs, finding.orders[0]), params)
            both = {"en": "; ".join(r.words.en for r in rules), "zh": ";".join(r.words.zh for r in rules)}
            facts = finding.facts | {f"conflict_{name}": text for name, text in both.items()}
            finding = replace(finding, facts=facts)
        out.append(finding)
    return out


def rule_findings(book: ShopBook, needs: Needs) -> list[Finding]:
    """Faults of the rules across tables; circles of steps are found by `cycles`."""
    frames = by_table(book)
    faults: list[Fault] = []
    for rule in RULES:
        if rule is not steps_have_no_cycle:
            faults += rule(frames)
    return [needs.finding(fault) for fault in faults]


def by_table(book: ShopBook) -> dict[str, pl.DataFrame]:
    """The tables that are there, by name."""
    members = book.member_schemas()
    return {
        table_name(schema): pl.DataFrame(getattr(book, member))
        for member, schema in members.items()
        if getattr(book, member) is not None
    }


def cycles(book: ShopBook) -> list[Finding]:
    """Steps that wait for each other in circles: one finding a knot of circles, by its first step."""
    arcs = [(later, earlier) for later, earlier, _, _ in step_arcs(by_table(book))]
    return [
        Finding(
            "operation",
            knot[0],
            "step_cycle",
            {"order_id": knot[0][0], "op_no": knot[0][1], "steps": len(knot)},
            tuple(sorted({order for order, _ in knot})),
        )
        for knot in knots(arcs)
    ]


def knots(arcs: list[tuple[Any, Any]]) -> list[list[Any]]:
    """Strongly connected components of more than one node, each sorted, in order of their first nodes."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes = sorted({node for arc in arcs for node in arc})
    if not nodes:
        return []
    number = {node: i for i, node in enumerate(nodes)}
    rows, columns = [number[a] for a, _ in arcs], [number[b] for _, b in arcs]
    graph = coo_array(([1] * len(arcs), (rows, columns)), shape=(len(nodes), len(nodes)))
    _, label = connected_components(graph, directed=True, connection="strong")
    groups: dict[int, list[Any]] = {}
    for node, of in zip(nodes, label.tolist()):
        groups.setdefault(of, []).append(node)
    return sorted(group for group in groups.values() if len(group) > 1)


def stepless(book: ShopBook) -> list[Finding]:
    """Orders without steps."""
    bare = table(book, "work_orders").join(table(book, "operations"), on="order_id", how="anti")
    return [
        Finding("work_order", (order,), "no_steps", {"order_id": order}, (order,))
        for order in bare["order_id"].sort()
    ]


def propose(
    book: ShopBook, needs: Needs, blocking: list[Finding], compiled: Compiled | None, doubtful: list[Finding]
) -> Result[HealthReport]:
    """Tables, figures and reasons of the findings, those that block most first."""
    weight = [(finding, needs.followers(finding.orders)) for finding in blocking]
    weight.sort(key=lambda pair: (-needs.count(pair[1]), pair[0].table, str(pair[0].key), pair[0].code))
    first: dict[str, int] = {}
    rows = []
    for number, (finding, orders) in enumerate([*weight, *((some, frozenset()) for some in doubtful)], 1):
        severity = "blocks" if number <= len(weight) else "doubtful"
        key = " ".join(map(str, finding.key))[:200]
        rows.append((number, severity, finding.code, finding.table, key, len(orders), needs.count(orders)))
        for order in sorted(orders):
            first.setdefault(order, number)
    orders = sorted(table(book, "work_orders")["order_id"])
    health = [(order, order not in first, needs.count([order]), first.get(order)) for order in orders]
    schemas = HealthReport.member_schemas()
    advised = advice(book, compiled, len(first), len(orders))
    frames = {
        "data_finding": pl.DataFrame(
            rows, schema=schemas["data_finding"].create_empty().schema, orient="row"
        ),
        "order_health": pl.DataFrame(
            health, schema=schemas["order_health"].create_empty().schema, orient="row"
        ),
        "setting_advice": pl.DataFrame(
            [row for row, _ in advised], schema=schemas["setting_advice"].create_empty().schema, orient="row"
        ),
    }
    told = [finding for finding, _ in weight] + doubtful
    reasons = [
        Reason("data_finding", (number,), f"finding_{finding.code}", finding.facts)
        for number, finding in enumerate(told[:MOST_REASONS], 1)
    ]
    reasons += [Reason("setting_advice", (row[0],), f"advice_{row[0]}", facts) for row, facts in advised]
    return Result(
        tables=HealthReport.cast({name: frame.lazy() for name, frame in frames.items()}),
        kpis=figures(health, len(weight), len(doubtful)),
        reasons=tuple(reasons),
    )


def figures(health: list[tuple[str, bool, int, int | None]], blocking: int, doubtful: int) -> tuple[Kpi, ...]:
    """Shares in percent; all of nothing can be planned."""
    steps = sum(count for _, _, count, _ in health)
    good = sum(count for _, plannable, count, _ in health if plannable)
    plannable = sum(row[1] for row in health)
    return (
        Kpi("plannable_orders_pct", 100 * plannable / len(health) if health else 100.0, "%", "high"),
        Kpi("plannable_steps_pct", 100 * good / steps if steps else 100.0, "%", "high"),
        Kpi("blocking_findings", blocking, "1", "low"),
        Kpi("doubtful_findings", doubtful, "1", "low"),
    )
