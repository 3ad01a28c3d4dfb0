"""Whatever the shop, a dispatched plan keeps every rule of `Shop`, judged by a plain reading of its docstring."""

import itertools
import sys
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.make.schedule.dispatch.rules import NoRoom, dispatch
from lineshaft.make.schedule.search.score import score
from lineshaft.make.schedule.shop import NEVER_S, START_START

sys.path.insert(0, str(Path(__file__).parents[1]))
from shops import shop

HORIZON_S = 5_000


def spells(lengths):
    """A calendar from alternating rest and work lengths."""
    calendar, t = [], 0
    for rest, work in lengths:
        calendar.append((t + rest, t + rest + work))
        t += rest + work
    return [*calendar, (t + 5, HORIZON_S)]


calendar = st.lists(st.tuples(st.integers(1, 20), st.integers(1, 40)), max_size=6).map(spells)


@st.composite
def shops(draw):
    """Small shops with every feature: lanes, pools, calendars, setups, lags, modes, fixed work."""
    calendars = draw(st.lists(calendar, min_size=1, max_size=3))
    n_lanes, families = draw(st.integers(1, 5)), 3
    lanes = [
        {
            "calendar": draw(st.integers(0, len(calendars))),
            "group": draw(st.integers(-1, 1)),
            "family": draw(st.integers(-1, families - 1)),
        }
        for _ in range(n_lanes)
    ]
    some_lanes = st.sets(st.integers(0, n_lanes - 1), min_size=1).map(sorted)
    pools = draw(st.lists(some_lanes, min_size=1, max_size=4))
    setup = st.integers(0, 15)
    setups = [
        [[0 if a == b else draw(setup) for b in range(families)] for a in range(families)] for _ in range(2)
    ]
    orders = [
        {"release": draw(st.integers(0, 50)), "due": draw(st.sampled_from([100, 300, int(NEVER_S)]))}
        for _ in range(draw(st.integers(1, 3)))
    ]
    ops, fixed = [], {}
    for op in range(draw(st.integers(1, 9))):
        modes = []
        for _ in range(draw(st.integers(1, 2))):
            first = draw(st.integers(0, len(pools) - 1))
            demands = [(first, draw(st.integers(1, len(pools[first]))))] if draw(st.integers(0, 9)) else []
            others = set(range(n_lanes)) - set(pools[first])
            second = [i for i, pool in enumerate(pools) if demands and set(pool) <= others]
            if second and draw(st.booleans()):
                demands.append((draw(st.sampled_from(second)), 1))
            modes.append((draw(st.integers(0, 30)), demands))
        before = draw(st.sets(st.integers(0, op - 1), max_size=2)) if op else ()
        ops.append(
            {
                "order": draw(st.integers(0, len(orders) - 1)),
                "modes": modes,
                "release": draw(st.integers(0, 60)),
                "family": draw(st.integers(-1, families - 1)),
                "pausable": draw(st.booleans()),
                "after": [(i, draw(st.integers(0, 1)), draw(st.integers(-5, 20))) for i in sorted(before)],
            }
        )
        if draw(st.integers(0, 4)) == 0:
            start = draw(st.integers(-50, 200))
            held = [lane for pool, quantity in modes[0][1] for lane in pools[pool][:quantity]]
            fixed[op] = (start, start + draw(st.integers(0, 60)), 0, held)
    return shop(
        ops,
        lanes,
        pools=pools,
        calendars=calendars,
        setups=setups,
        orders=orders,
        fixed=fixed,
        horizon_s=HORIZON_S,
    )


def works(s, c, t):
    return any(s.cal_start[i] <= t < s.cal_end[i] for i in range(s.cal_ptr[c], s.cal_ptr[c + 1]))


def worked(s, calendars, a, b):
    """Seconds from `a` to `b` in which all calendars work."""
    edges = sorted({a, b, *(int(x) for x in (*s.cal_start, *s.cal_end) if a < x < b)})
    return sum(y - x for x, y in itertools.pairwise(edges) if all(works(s, c, x) for c in calendars))


def faults(s, plan):
    """Everything in `plan` that breaks a rule of `Shop`."""
    found = []
    held = [list(plan.lane[plan.lane_ptr[op] : plan.lane_ptr[op + 1]]) for op in range(s.n_ops)]
    for op in range(s.n_ops):
        start, end, mode = int(plan.start_s[op]), int(plan.end_s[op]), int(plan.mode[op])
        if s.fixed[op]:
            kept = (start, end, mode, held[op]) == (
                s.fixed_start_s[op],
                s.fixed_end_s[op],
                s.fixed_mode[op],
                list(s.fixed_lane[s.fixed_ptr[op] : s.fixed_ptr[op + 1]]),
            )
            found += [] if kept else [f"{op} fixed, moved"]
            continue
        if not s.mode_ptr[op] <= mode < s.mode_ptr[op + 1]:
            found.append(f"{op} mode of another")
        if start < s.op_release_s[op] or end > s.horizon_s or start < 0:
            found.append(f"{op} before release or after horizon")
        for a in range(s.pred_ptr[op], s.pred_ptr[op + 1]):
            base = plan.start_s[s.pred_op[a]] if s.pred_kind[a] == START_START else plan.end_s[s.pred_op[a]]
            if start < base + s.pred_lag_s[a]:
                found.append(f"{op} before its predecessor {s.pred_op[a]}")
        wanted, k = list(held[op]), 0
        for demand in range(s.demand_ptr[mode], s.demand_ptr[mode + 1]):
            pool = set(s.pool_lane[s.pool_ptr[s.demand_pool[demand]] : s.pool_ptr[s.demand_pool[demand] + 1]])
            take = wanted[k : k + s.demand_quantity[demand]]
            k += s.demand_quantity[demand]
            if not set(take) <= pool or len(take) != s.demand_quantity[demand]:
                found.append(f"{op} lanes {take} not of the pool")
        if k != len(wanted) or len(set(wanted)) != len(wanted):
            found.append(f"{op} lanes {wanted}")
        calendars = [int(s.lane_calendar[lane]) for lane in wanted] or [0]
        if worked(s, calendars, start, end) != s.mode_s[mode]:
            found.append(f"{op} works {worked(s, calendars, start, end)} of {s.mode_s[mode]}")
        if not s.op_pausable[op] and end - start != s.mode_s[mode]:
            found.append(f"{op} pauses")
        if not all(works(s, c, start) for c in calendars):
            found.append(f"{op} starts outside working time")
    for lane in range(s.n_lanes):
        found += lane_faults(s, plan, lane, [op for op in range(s.n_ops) if lane in held[op]])
    return found


def lane_faults(s, plan, lane, ops):
    found, group, family, free, last = [], s.lane_group[lane], s.lane_family[lane], 0, None
    for op in sorted(ops, key=lambda i: (plan.start_s[i], plan.end_s[i], i)):
        free_op = not s.fixed[op] or (last is not None and not s.fixed[last])
        if free_op and last is not None and plan.start_s[op] < free:
            found.append(f"{op} starts on lane {lane} before {last} ends")
        if group >= 0 and family >= 0 and s.op_family[op] >= 0 and free_op:
            needed = s.setup_s[group, family, s.op_family[op]]
            if worked(s, [int(s.lane_calendar[lane])], max(0, free), int(plan.start_s[op])) < needed:
                found.append(f"{op} has no {needed} s of setup on lane {lane}")
        family, free, last = s.op_family[op], max(free, int(plan.end_s[op])), op
    return found


def plain_score(s, plan):
    """The four figures by loops."""
    flow = tardiness = setup = 0
    for order in range(s.n_orders):
        ends = [int(plan.end_s[i]) for i in range(s.n_ops) if s.op_order[i] == order and s.op_last[i]]
        if s.order_counts[order] and ends:
            flow += max(ends) - int(s.order_release_s[order])
            tardiness += int(s.order_weight[order]) * max(0, max(ends) - int(s.order_due_s[order]))
    for lane in range(s.n_lanes):
        ops = [i for i in range(s.n_ops) if lane in plan.lane[plan.lane_ptr[i] : plan.lane_ptr[i + 1]]]
        family, group = s.lane_family[lane], s.lane_group[lane]
        for op in sorted(ops, key=lambda i: (plan.start_s[i], plan.end_s[i], i)):
            if group >= 0 and family >= 0 and s.op_family[op] >= 0:
                setup += int(s.setup_s[group, family, s.op_family[op]])
            family = s.op_family[op]
    return (max(0, *map(int, plan.end_s), 0), tardiness, flow, setup)


@settings(max_examples=150, deadline=None)
@given(shops(), st.integers(0, 99), st.sampled_from(["time", "serial", "insert"]))
def test_a_dispatched_plan_keeps_every_rule(s, seed, flavour):
    key = np.random.default_rng(seed).random(s.n_ops)
    try:
        plan = dispatch(s, key, serial=flavour != "time", insert=flavour == "insert")
    except NoRoom:
        return
    assert faults(s, plan) == []
    figures = score(s, plan)
    assert (figures.makespan_s, figures.weighted_tardiness_s, figures.flow_s, figures.setup_s) == plain_score(
        s, plan
    )
