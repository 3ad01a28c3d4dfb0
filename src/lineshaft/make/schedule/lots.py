"""Orders split into lots and merged again, as changes of the tables alone: quantities, work and references are kept.

Frames come and go by table name. What has begun is never touched: its events say how many pieces are done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import polars as pl

from lineshaft.core.errors import Missing, Refused
from lineshaft.tables import TABLES, frame_of

Frames = dict[str, pl.DataFrame]
Tables = Mapping[str, pl.DataFrame]
Step = tuple[str, int]

ROUTE = ("operation", "operation_mode", "resource_demand", "material_requirement")
PLANNED = ("operation_plan", "resource_plan", "order_plan")
READS = ("work_order", *ROUTE, "segment_dependency", "actual_event", *PLANNED)
"""The tables that splitting and merging look at."""

NAME_MAX = 80
OP = ["order_id", "op_no"]
ORDER, AFTER = pl.col("order_id"), pl.col("after_order_id")


def of(order_id: str) -> pl.Expr:
    """Rows of an order."""
    return ORDER.eq(order_id)


def after(order_id: str) -> pl.Expr:
    """Dependencies on a step of an order."""
    return AFTER.eq(order_id)


def even_lots(quantity: int, lots: int) -> list[int]:
    """A quantity in lots that differ by one piece at most, the larger ones first.

    >>> even_lots(10, 3)
    [4, 3, 3]
    """
    share, rest = divmod(quantity, lots)
    return [share + (number < rest) for number in range(lots)]


def split_order(tables: Tables, order_id: str, quantities: Sequence[int]) -> Frames:
    """Split an order into lots that go their way alone.

    The first lot keeps the order's number, the others get it with /2, /3 … Route, dates, weight and dependencies are
    the order's; material and loads go by the pieces. What waits for the order waits for every lot, and every lot waits
    for the order's components. Each lot takes the time per lot anew.

    Parameters
    ----------
    tables
        The tables in `READS`, by name.
    quantities
        Pieces of each lot; together the order's.

    Returns
    -------
    frames
        The tables that change, whole.

    Raises
    ------
    Missing
        No such order.
    Refused
        The quantities are not the order's, or it has begun.
    """
    order = found_order(tables, order_id)
    refuse_other_quantities(order, quantities)
    refuse_begun(tables, of(order_id), order_id)
    lots = [order_id, *free_names(tables, order_id, len(quantities) - 1)]
    pieces = pl.DataFrame({"lot": lots, "pieces": quantities}, schema={"lot": pl.String, "pieces": pl.Int64})

    def parted(name: str, *values: pl.Expr) -> pl.DataFrame:
        return with_parts(tables[name], of(order_id), pieces, pl.col("lot").alias("order_id"), *values)

    links = tables["segment_dependency"]
    touching = links.filter(of(order_id) | after(order_id))
    copies = [
        touching.with_columns(ORDER.replace(order_id, lot), AFTER.replace(order_id, lot)) for lot in lots[1:]
    ]
    waits = [((lot, op), end) for op, end in components(tables, order_id) for lot in lots[1:]]
    share = pl.col("pieces") / order["quantity"]
    return {
        "work_order": parted("work_order", pl.col("pieces").alias("quantity")),
        "operation": parted("operation", pl.col("load") * share),
        "operation_mode": parted("operation_mode"),
        "resource_demand": parted("resource_demand"),
        "material_requirement": parted("material_requirement", pl.col("quantity") * share),
        "segment_dependency": pl.concat([links, *copies, following(waits)]),
    }


def split_step(tables: Tables, order_id: str, op_no: int, quantities: Sequence[int]) -> Frames:
    """Split one step of an order into lots that can be worked side by side.

    The first lot keeps the step's number, the others take the free numbers behind it. Each takes the time per lot and
    that of its pieces; material and load go by the pieces. What waits for the step waits for every lot. Where the step
    waits for no other of its order, no lot starts before the first.

    Raises
    ------
    Missing
        No such order or step.
    Refused
        The quantities are not the order's, the step has begun, or too few numbers behind it are free.
    """
    order, step = found_order(tables, order_id), of(order_id) & (pl.col("op_no") == op_no)
    if tables["operation"].filter(step).is_empty():
        raise Missing(f"Order {order_id} has no step {op_no}.", f"工单 {order_id} 没有工序 {op_no}。")
    refuse_other_quantities(order, quantities)
    refuse_begun(tables, step, f"{order_id} {op_no}")
    numbers = [op_no, *free_numbers(tables, order_id, op_no, len(quantities) - 1)]
    pieces = pl.DataFrame(
        {"lot": numbers, "pieces": quantities}, schema={"lot": pl.Int64, "pieces": pl.Int64}
    )
    pieces = pieces.with_columns(told=pl.format(" ({}/{})", pl.int_range(1, pl.len() + 1), pl.len()))

    def parted(name: str, *values: pl.Expr) -> pl.DataFrame:
        return with_parts(tables[name], step, pieces, pl.col("lot").alias("op_no"), *values)

    share = pl.col("pieces") / order["quantity"]
    all_s = pl.col("lot_s") + pl.col("piece_s") * pl.col("pieces")
    told = (pl.col("name") + pl.col("told"), pl.lit(None, pl.Int64).alias("transfer_quantity"))
    return {
        "operation": parted("operation", pl.col("load") * share, *told),
        "operation_mode": parted(
            "operation_mode", all_s.alias("lot_s"), pl.lit(0, pl.Int64).alias("piece_s")
        ),
        "resource_demand": parted("resource_demand"),
        "material_requirement": parted("material_requirement", pl.col("quantity") * share),
        "segment_dependency": step_links(tables, order_id, numbers),
    }


def step_links(tables: Tables, order_id: str, numbers: list[int]) -> pl.DataFrame:
    """The dependencies when the first of `numbers` is split into all of them."""
    links, (op_no, *others) = tables["segment_dependency"], numbers
    is_later = of(order_id) & (pl.col("op_no") == op_no)
    is_earlier = after(order_id) & (pl.col("after_op_no") == op_no)
    copies = [
        links.filter(rows).with_columns(pl.lit(other, pl.Int64).alias(column))
        for other in others
        for rows, column in ((is_later, "op_no"), (is_earlier, "after_op_no"))
    ]
    by_number = number_arcs(tables, order_id)
    before = [earlier for later, earlier in by_number if later == op_no]
    behind = [later for later, earlier in by_number if earlier == op_no]
    waits = [((order_id, other), (order_id, earlier)) for other in others for earlier in before]
    waits += [((order_id, later), (order_id, lot)) for lot in numbers for later in behind]
    waits += [
        ((order_id, lot), end) for op, end in components(tables, order_id) if op == op_no for lot in others
    ]
    free = not before and links.filter(is_later, after(order_id)).is_empty()
    beside = [((order_id, other), (order_id, op_no)) for other in others] if free else []
    return pl.concat([links, *copies, following(waits), following(beside, "start_start")])


def merge_orders(tables: Tables, order_ids: Sequence[str]) -> Frames:
    """Merge orders of one item and one route into the first of them.

    It is released with the last, due with the first and weighs as much as the heaviest; pieces, material and loads add
    up. What waited for one of them waits for it, and it waits for what one of them waited for. The plan of the others
    goes; that of the first stays as it is until the next is made.

    Raises
    ------
    Missing
        No such order.
    Refused
        Fewer than two orders, items or routes differ, one has begun, or one waits for another.
    """
    ids = list(dict.fromkeys(order_ids))
    rows = [found_order(tables, order_id) for order_id in ids]
    refuse_unlike(tables, ids, rows)
    for order_id in ids:
        refuse_begun(tables, of(order_id), order_id)
    kept = dict.fromkeys(ids, ids[0])
    parents = list(
        dict.fromkeys((r["parent_order_id"], r["parent_op_no"]) for r in rows if r["parent_order_id"])
    )
    waits = [(parent, end) for parent in parents[1:] for end in ends(tables, ids[0])]
    others = ORDER.is_in(ids[1:])
    steps, needs = tables["operation"], tables["material_requirement"].with_columns(ORDER.replace(kept))
    added = pl.when(pl.col("load").is_not_null().any()).then(pl.col("load").sum())
    sums = steps.filter(ORDER.is_in(ids)).group_by("op_no").agg(added.alias("load"), pl.col("earliest").max())
    sums = sums.with_columns(order_id=pl.lit(ids[0]))
    return {
        name: tables[name].filter(~others) for name in ("operation_mode", "resource_demand", *PLANNED)
    } | {
        "work_order": merged_order(tables["work_order"], rows, kept, parents),
        "operation": steps.filter(~others).update(sums, on=OP, how="left").select(steps.columns),
        "material_requirement": needs.group_by(*OP, "item_id", maintain_order=True).agg(
            pl.col("quantity").sum()
        ),
        "segment_dependency": pl.concat([merged_links(tables["segment_dependency"], kept), following(waits)]),
    }


def merged_order(
    orders: pl.DataFrame, rows: list[dict[str, Any]], kept: Mapping[str, str], parents: list[Step]
) -> pl.DataFrame:
    """The orders with one in the place of several; their components are made for it."""
    customers = {row["customer_id"] for row in rows}
    parent_id, parent_op = parents[0] if parents else (None, None)
    one = rows[0] | {
        "quantity": sum(row["quantity"] for row in rows),
        "release": max(row["release"] for row in rows),
        "due": min((row["due"] for row in rows if row["due"]), default=None),
        "weight": max(row["weight"] for row in rows),
        "customer_id": customers.pop() if len(customers) == 1 else None,
        "parent_order_id": parent_id,
        "parent_op_no": parent_op,
    }
    rest = orders.filter(~ORDER.is_in(list(kept))).with_columns(pl.col("parent_order_id").replace(dict(kept)))
    return pl.concat([rest, pl.DataFrame([one], schema=orders.schema)])


def merged_links(links: pl.DataFrame, kept: Mapping[str, str]) -> pl.DataFrame:
    """The dependencies of the merged order: the strictest where several had one.

    Raises
    ------
    Refused
        Two of them had dependencies of different kinds on the same step.
    """
    key = links.columns[:4]
    both = links.with_columns(ORDER.replace(dict(kept)), AFTER.replace(dict(kept)))
    made = both.group_by(key, maintain_order=True).agg(
        pl.col("kind").first(),
        pl.col("lag_s").max(),
        pl.col("lag_max_s").min(),
        kinds=pl.col("kind").n_unique(),
    )
    if len(torn := made.filter((pl.col("kinds") > 1) | (pl.col("lag_max_s") < pl.col("lag_s")))):
        order, op, *_ = torn.row(0)
        raise Refused(
            f"The dependencies of step {order} {op} contradict each other; merge the orders after changing them.",
            f"工序 {order} {op} 的前后关系相互矛盾,请先修改再合并。",
        )
    return made.select(links.columns)


def with_parts(frame: pl.DataFrame, rows: pl.Expr, pieces: pl.DataFrame, *values: pl.Expr) -> pl.DataFrame:
    """The frame with some rows once for each lot, changed by `values`."""
    parts = frame.filter(rows).join(pieces, how="cross", maintain_order="left_right").with_columns(values)
    return pl.concat([frame.filter(~rows), parts.select(frame.columns)])


def following(arcs: Iterable[tuple[Step, Step]], kind: str = "end_start") -> pl.DataFrame:
    """Rows of `segment_dependency` from (later step, earlier step) without a lag, each once."""
    rows = [(*later, *earlier, kind, 0) for later, earlier in dict.fromkeys(arcs)]
    return frame_of(TABLES["segment_dependency"], rows)


def components(tables: Tables, order_id: str) -> list[tuple[int, Step]]:
    """(step number, last step of a component made for it), for all components of an order."""
    made_for = tables["work_order"].filter(pl.col("parent_order_id") == order_id)
    return [
        (op, end)
        for child, op in made_for.select("order_id", "parent_op_no").iter_rows()
        for end in ends(tables, child)
    ]


def ends(tables: Tables, order_id: str) -> list[Step]:
    """The steps of an order whose end no other step of it waits for."""
    numbers = tables["operation"].filter(of(order_id))["op_no"].sort().to_list()
    ended = pl.col("kind") != "start_start"
    own = tables["segment_dependency"].filter(of(order_id), after(order_id), ended)
    passed = set(own["after_op_no"]) | {earlier for _, earlier in number_arcs(tables, order_id)}
    return [(order_id, op) for op in numbers if op not in passed]


def number_arcs(tables: Tables, order_id: str) -> list[tuple[int, int]]:
    """(later, earlier) step numbers of an order where the number alone says so, on every alternative route."""
    steps = tables["operation"].filter(of(order_id)).sort("op_no").select("op_no", "route_no").rows()
    told = set(tables["segment_dependency"].filter(of(order_id), after(order_id))["op_no"])
    routes = {route for _, route in steps if route is not None} or {None}
    return sorted(
        {
            (later, earlier)
            for route in routes
            for earlier, later in pairwise(op for op, of in steps if of in (None, route))
            if later not in told
        }
    )


def found_order(tables: Tables, order_id: str) -> dict[str, Any]:
    """The row of an order; raises Missing."""
    found = tables["work_order"].filter(of(order_id))
    if found.is_empty():
        raise Missing(f"There is no order {order_id}.", f"没有工单 {order_id}。")
    return found.row(0, named=True)


def refuse_other_quantities(order: dict[str, Any], quantities: Sequence[int]) -> None:
    """Lots are two or more of at least a piece, and together the order."""
    if len(quantities) < 2 or min(quantities) < 1 or sum(quantities) != order["quantity"]:
        raise Refused(
            f"Order {order['order_id']} has {order['quantity']} pieces; name two or more lots that make as many.",
            f"工单 {order['order_id']} 共 {order['quantity']} 件;请给出两个以上、合计相符的批量。",
        )


def refuse_begun(tables: Tables, rows: pl.Expr, said: str) -> None:
    """What has events stays as it is."""
    if len(tables["actual_event"].filter(rows)):
        raise Refused(
            f"{said} has begun; only what has not can be split or merged.", f"{said} 已开工,不能拆分或合并。"
        )


def refuse_unlike(tables: Tables, ids: list[str], rows: list[dict[str, Any]]) -> None:
    """Orders to merge are two or more of one item and route, and none waits for another."""
    if len(ids) < 2:
        raise Refused("Name two or more orders to merge.", "请给出两个以上要合并的工单。")
    for order_id, row in zip(ids[1:], rows[1:]):
        if row["item_id"] != rows[0]["item_id"] or route_of(tables, order_id) != route_of(tables, ids[0]):
            raise Refused(
                f"Orders {ids[0]} and {order_id} differ in item or route.",
                f"工单 {ids[0]} 与 {order_id} 的物料或工艺路线不同。",
            )
    links = tables["segment_dependency"].filter(ORDER.is_in(ids), AFTER.is_in(ids), ORDER != AFTER)
    if len(links) or any(row["parent_order_id"] in ids for row in rows):
        raise Refused("One of these orders waits for another.", "所选工单之间有前后关系,不能合并。")


def route_of(tables: Tables, order_id: str) -> list[list[tuple[Any, ...]]]:
    """What two orders must share to be merged: steps, ways, demands and dependencies within, without loads."""
    own = tables["segment_dependency"].filter(of(order_id), after(order_id))
    steps = tables["operation"].drop("load", "earliest")
    parts = (steps, tables["operation_mode"], tables["resource_demand"])
    return [
        sorted(frame.drop("order_id").rows(), key=repr)
        for frame in (*(part.filter(of(order_id)) for part in parts), own.drop("after_order_id"))
    ]


def free_names(tables: Tables, order_id: str, many: int) -> list[str]:
    """Numbers for lots of an order that no order has."""
    taken = set(tables["work_order"]["order_id"])
    names = [
        name for number in range(2, many + len(taken) + 2) if (name := f"{order_id}/{number}") not in taken
    ]
    if names and len(names[many - 1]) > NAME_MAX:
        raise Refused(
            f"The number {order_id} is too long to be followed by a lot's.",
            f"工单号 {order_id} 过长,无法附加批号。",
        )
    return names[:many]


def free_numbers(tables: Tables, order_id: str, op_no: int, many: int) -> list[int]:
    """Step numbers behind a step, before the next one."""
    numbers = tables["operation"].filter(of(order_id))["op_no"]
    following_op = numbers.filter(numbers > op_no).min()
    most = int(following_op) if following_op is not None else 10_000  # type: ignore[arg-type]
    if op_no + many >= most:
        raise Refused(
            f"Behind step {order_id} {op_no} only {most - op_no - 1} numbers are free.",
            f"工序 {order_id} {op_no} 之后只有 {most - op_no - 1} 个空号。",
        )
    return list(range(op_no + 1, op_no + 1 + many))
