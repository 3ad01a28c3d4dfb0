"""Shops written down in a few lines, and random ones, for the tests of the scheduling kernels."""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.shop import NEVER_S, Shop

DAY_S = 86_400
HOUR_S = 3_600


def ints(values) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def rows(lists) -> tuple[np.ndarray, np.ndarray]:
    """CSR pointer and values of a list of lists."""
    lists = [list(row) for row in lists]
    return ints(np.concatenate(([0], np.cumsum([len(row) for row in lists])))), ints(
        [value for row in lists for value in row]
    )


def intersect(a, b):
    """Intervals in which both lists of intervals hold."""
    return [(max(s, x), min(e, y)) for s, e in a for x, y in b if max(s, x) < min(e, y)]


def shop(
    ops,
    lanes=(),
    *,
    calendars=(),
    orders=None,
    setups=None,
    pools=None,
    fixed=None,
    horizon_s=10**7,
) -> Shop:
    """A shop from plain lists.

    `ops`: dicts with `modes` [(seconds, [(pool, quantity), …]), …] and optionally `order`, `release`, `family`,
    `pausable`, `last`, `after` [(op, kind, lag, lag_max)]. `lanes`: dicts with `calendar`, `group`, `family`.
    `pools`: lists of lanes (default: pool i is lane i). `calendars`: lists of (start, end); number 1 onwards.
    `orders`: dicts with `release`, `due`, `weight`, `counts`. `setups[group][from][to]`.
    `fixed`: {op: (start, end, mode within op, lanes)}.
    """
    fixed = fixed or {}
    n_orders = 1 + max((op.get("order", 0) for op in ops), default=-1)
    orders = orders or [{} for _ in range(n_orders)]
    followed = {before for op in ops for before, *_ in op.get("after", ())}
    pools = [[i] for i in range(len(lanes))] if pools is None else pools
    spans, both = calendar_closure([list(c) for c in calendars], horizon_s)
    modes = [mode for op in ops for mode in op["modes"]]
    mode_ptr = ints(np.concatenate(([0], np.cumsum([len(op["modes"]) for op in ops]))))
    demand_ptr, demand_pool = rows([[pool for pool, _ in demands] for _, demands in modes])
    pred_ptr, pred_op = rows([[a[0] for a in op.get("after", ())] for op in ops])
    arcs = [(*a, *(0, 0, NEVER_S)[len(a) - 1 :]) for op in ops for a in op.get("after", ())]
    pool_ptr, pool_lane = rows(pools)
    fixed_ptr, fixed_lane = rows([fixed[i][3] if i in fixed else [] for i in range(len(ops))])
    flat = [span for calendar in spans for span in calendar]
    lengths = [np.cumsum([0] + [e - s for s, e in calendar])[:-1] for calendar in spans]
    return Shop(
        order_release_s=ints([o.get("release", 0) for o in orders]),
        order_due_s=ints([o.get("due", NEVER_S) for o in orders]),
        order_weight=ints([o.get("weight", 1) for o in orders]),
        order_counts=np.array([o.get("counts", True) for o in orders], dtype=np.bool_),
        op_order=ints([op.get("order", 0) for op in ops]),
        op_release_s=ints(
            [max(op.get("release", 0), orders[op.get("order", 0)].get("release", 0)) for op in ops]
        ),
        op_family=ints([op.get("family", -1) for op in ops]),
        op_pausable=np.array([op.get("pausable", True) for op in ops], dtype=np.bool_),
        op_last=np.array([op.get("last", i not in followed) for i, op in enumerate(ops)], dtype=np.bool_),
        op_mix=ints([op.get("mix", -1) for op in ops]),
        op_load=ints([op.get("load", 0) for op in ops]),
        pred_ptr=pred_ptr,
        pred_op=pred_op,
        pred_kind=ints([a[1] for a in arcs]),
        pred_lag_s=ints([a[2] for a in arcs]),
        pred_lag_max_s=ints([a[3] for a in arcs]),
        topo=topological(ops),
        mode_ptr=mode_ptr,
        mode_s=ints([seconds for seconds, _ in modes]),
        mode_first_s=ints([seconds for seconds, _ in modes]),
        mode_last_s=ints([0 for _ in modes]),
        mode_from=ints([-1 for _ in modes]),
        mode_to=ints([-1 for _ in modes]),
        demand_ptr=demand_ptr,
        demand_quantity=ints([quantity for _, demands in modes for _, quantity in demands]),
        demand_pool=demand_pool,
        pool_ptr=pool_ptr,
        pool_lane=pool_lane,
        lane_resource=ints(range(len(lanes))),
        lane_place=ints([1] * len(lanes)),
        lane_calendar=ints([lane.get("calendar", 0) for lane in lanes]),
        lane_group=ints([lane.get("group", -1) for lane in lanes]),
        lane_family=ints([lane.get("family", -1) for lane in lanes]),
        lane_load_max=ints([lane.get("load_max", 0) for lane in lanes]),
        setup_s=ints(setups) if setups else np.zeros((0, 0, 0), dtype=np.int64),
        cal_ptr=ints(np.concatenate(([0], np.cumsum([len(c) for c in spans])))),
        cal_start=ints([s for s, _ in flat]),
        cal_end=ints([e for _, e in flat]),
        cal_before=ints(np.concatenate(lengths)),
        cal_both=both,
        horizon_s=horizon_s,
        fixed=np.array([i in fixed for i in range(len(ops))], dtype=np.bool_),
        fixed_start_s=ints([fixed[i][0] if i in fixed else 0 for i in range(len(ops))]),
        fixed_end_s=ints([fixed[i][1] if i in fixed else 0 for i in range(len(ops))]),
        fixed_mode=ints([mode_ptr[i] + fixed[i][2] if i in fixed else -1 for i in range(len(ops))]),
        fixed_ptr=fixed_ptr,
        fixed_lane=fixed_lane,
        warm_mode=ints([-1] * len(ops)),
        warm_start_s=ints([NEVER_S] * len(ops)),
    )


def calendar_closure(calendars, horizon_s):
    """Calendar 0 and the given ones, closed under intersection, with the table of pairs."""
    spans = [((0, horizon_s),)] + [tuple(c) for c in calendars]
    both = {}
    a = 0
    while a < len(spans):
        for b in range(a + 1):
            common = tuple(intersect(spans[a], spans[b]))
            if common not in spans:
                spans.append(common)
            both[a, b] = both[b, a] = spans.index(common)
        a += 1
    return spans, ints([[both[a, b] for b in range(len(spans))] for a in range(len(spans))])


def topological(ops):
    """Operations, each after all that it follows."""
    order, left = [], set(range(len(ops)))
    while left:
        free = sorted(i for i in left if not any(a[0] in left for a in ops[i].get("after", ())))
        order += free
        left -= set(free)
    return ints(order)


def days(n_days, spells):
    """A calendar of `spells` (start, end hour) on every weekday of `n_days` days from a Monday."""
    return [
        (day * DAY_S + int(a * HOUR_S), day * DAY_S + int(b * HOUR_S))
        for day in range(n_days)
        if day % 7 < 5
        for a, b in spells
    ]


def random_shop(seed, n_orders, *, steps=10, machines=30, people=0, calendars=False, families=0, load=0.9):
    """Orders of about `steps` steps on groups of machines, with people, calendars and setups as wanted."""
    draw = np.random.default_rng(seed)
    groups = np.array_split(np.arange(machines), max(1, machines // 3))
    crews = np.array_split(machines + np.arange(people), max(1, people // 8)) if people else []
    ops, orders = [], []
    for order in range(n_orders):
        for step in range(int(draw.integers(max(1, steps // 2), steps + steps // 2 + 1))):
            group = int(draw.integers(len(groups)))
            demands = [(group, 1)] + ([(len(groups) + int(draw.integers(len(crews))), 1)] if people else [])
            ops.append(
                {
                    "order": order,
                    "modes": [(int(draw.integers(10, 200)) * 60, demands)],
                    "family": int(draw.integers(families)) if families else -1,
                    "after": [(len(ops) - 1,)] if step else [],
                }
            )
    work_s = sum(op["modes"][0][0] for op in ops)
    open_share = 16 / 24 * 5 / 7 if calendars else 1.0
    if people:
        open_share *= min(1.0, people / machines / 2)
    span_s = work_s / (machines * load * open_share)
    work = np.bincount([op["order"] for op in ops], [op["modes"][0][0] for op in ops])
    for order in range(n_orders):
        release = int(draw.uniform(0, 0.75 * span_s))
        due = release + int(draw.uniform(1.3, 3.0) * work[order] / open_share)
        orders.append({"release": release, "due": due, "weight": int(draw.choice([1, 1, 1, 2, 2, 5, 10]))})
    n_days = int(span_s * 4 / DAY_S) + 14
    shifts = [
        days(n_days, [(6, 14), (14, 22)]),
        days(n_days, [(6, 10), (10.5, 14)]),
        days(n_days, [(14, 18), (18.5, 22)]),
    ]
    lanes = [
        {"calendar": int(calendars), "group": 0 if families else -1, "family": 0} for _ in range(machines)
    ]
    lanes += [{"calendar": 2 + i % 2 if calendars else 0} for i in range(people)]
    change = draw.integers(5, 40, (families, families)) * 60
    np.fill_diagonal(change, 0)
    return shop(
        ops,
        lanes,
        pools=[list(map(int, g)) for g in (*groups, *crews)],
        calendars=shifts if calendars else (),
        orders=orders,
        setups=[change.tolist()] if families else None,
        horizon_s=n_days * DAY_S,
    )
