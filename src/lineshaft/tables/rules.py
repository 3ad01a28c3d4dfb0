"""Rules across tables: what no single row can show. Each takes the frames that are there and names the rows at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

import polars as pl

from lineshaft.core.errors import Fault, Words
from lineshaft.tables.worktime import calendar_faults

Frames = Mapping[str, pl.DataFrame]


def bom_has_no_cycle(frames: Frames) -> Iterable[Fault]:
    """No item is made, through any number of levels, of itself."""
    if "bom_line" not in frames:
        return
    lines = frames["bom_line"].select("item_id", "component_id").rows()
    cycle = find_cycle(lines)
    if cycle:
        path = " → ".join(cycle)
        words = Words(f"the bill of material runs in a circle: {path}", f"物料清单成环:{path}")
        yield Fault("bom_line", (cycle[0], cycle[1]), "component_id", cycle[1], "bom_cycle", words)


def steps_have_no_cycle(frames: Frames) -> Iterable[Fault]:
    """Routes, dependencies and parent orders together never wait for themselves."""
    if "operation" not in frames or "work_order" not in frames:
        return
    arcs = step_arcs(frames)
    cycle = find_cycle((later, earlier) for later, earlier, _, _ in arcs)
    if not cycle:
        return
    path = " → ".join(f"{order} {op}" for order, op in reversed(cycle))
    words = Words(f"these steps wait for each other in a circle: {path}", f"工序相互等待成环:{path}")
    around = set(pairwise(cycle))
    for later, earlier, table, key in arcs:
        if (later, earlier) in around and table != "operation":
            column = "after_op_no" if table == "segment_dependency" else "parent_order_id"
            yield Fault(table, key, column, " ".join(map(str, earlier)), "step_cycle", words)
            return


def step_arcs(frames: Frames) -> list[tuple[tuple[str, int], tuple[str, int], str, tuple[Any, ...]]]:
    """(later step, earlier step, table that says so, key of its row) for every precedence of the works."""
    arcs: list[tuple[tuple[str, int], tuple[str, int], str, tuple[Any, ...]]] = []
    own: set[tuple[str, int]] = set()
    for row in frames.get("segment_dependency", pl.DataFrame()).iter_rows(named=True):
        later, earlier = (row["order_id"], row["op_no"]), (row["after_order_id"], row["after_op_no"])
        arcs.append((later, earlier, "segment_dependency", (*later, *earlier)))
        if later[0] == earlier[0]:
            own.add(later)
    steps = sorted(frames["operation"].select("order_id", "op_no").rows())
    of_order: dict[str, list[tuple[str, int]]] = {}
    for step in steps:
        of_order.setdefault(step[0], []).append(step)
    for earlier, later in pairwise(steps):
        if earlier[0] == later[0] and later not in own:
            arcs.append((later, earlier, "operation", later))
    parents = frames["work_order"].select("order_id", "parent_order_id", "parent_op_no").drop_nulls()
    for order, parent, op_no in parents.iter_rows():
        arcs += [((parent, op_no), step, "work_order", (order,)) for step in of_order.get(order, [])]
    return arcs


def operations_have_a_mode(frames: Frames) -> Iterable[Fault]:
    """Every step can be done in at least one way."""
    if "operation" not in frames or "operation_mode" not in frames:
        return
    keys = ["order_id", "op_no"]
    words = Words("the step has no operation mode", "该工序没有任何工序方案")
    without = frames["operation"].join(frames["operation_mode"], on=keys, how="anti").select(keys)
    for key in without.iter_rows():
        yield Fault("operation", key, "", None, "no_mode", words)


def classes_serve_their_demands(frames: Frames) -> Iterable[Fault]:
    """A demand never asks for more places than a resource, or the members of a class, have together."""
    if "resource_demand" not in frames or "resource" not in frames:
        return
    places = dict(frames["resource"].select("resource_id", "capacity").iter_rows())
    extra = frames.get("resource_capacity", pl.DataFrame())
    for resource, capacity in extra.select("resource_id", "capacity").iter_rows() if len(extra) else ():
        places[resource] = max(places.get(resource, 0), capacity)
    of_class: dict[str, int] = {}
    for class_id, resource in frames.get("class_member", pl.DataFrame({"a": [], "b": []})).iter_rows():
        of_class[class_id] = of_class.get(class_id, 0) + places.get(resource, 0)
    for row in frames["resource_demand"].iter_rows(named=True):
        there = places.get(row["resource_id"]) if row["resource_id"] else of_class.get(row["class_id"], 0)
        if there is not None and there < row["quantity"]:
            name = row["resource_id"] or row["class_id"]
            words = Words(
                f"asks for {row['quantity']} places of {name}, which has {there}",
                f"需要 {name} 的 {row['quantity']} 个位置,但仅有 {there} 个",
            )
            key = (row["order_id"], row["op_no"], row["mode_no"], row["demand_no"])
            yield Fault("resource_demand", key, "quantity", row["quantity"], "no_capacity", words)


def find_cycle(arcs: Iterable[tuple[Any, Any]]) -> list[Any]:
    """A circle in a directed graph as the list of its nodes (first = last), or an empty list."""
    sorter: TopologicalSorter[Any] = TopologicalSorter()
    for node, before in sorted(arcs):
        sorter.add(node, before)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


READS: dict[Callable[[Frames], Iterable[Fault]], frozenset[str]] = {
    bom_has_no_cycle: frozenset({"bom_line"}),
    steps_have_no_cycle: frozenset({"operation", "work_order", "segment_dependency"}),
    operations_have_a_mode: frozenset({"operation", "operation_mode"}),
    classes_serve_their_demands: frozenset(
        {"resource_demand", "resource", "resource_capacity", "class_member"}
    ),
    calendar_faults: frozenset({"calendar", "shift", "shift_break", "calendar_exception"}),
}
RULES = tuple(READS)
