"""Whatever the shop and the moves, sequences stay free of cycles and their times are what a plain reading gives."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import shop
from test_dispatch_property import faults, shops

from lineshaft.make.schedule.dispatch import hours
from lineshaft.make.schedule.dispatch.rules import NoRoom, dispatch
from lineshaft.make.schedule.search import graph, moves, tabu, times
from lineshaft.make.schedule.shop import END_START, NEVER_S, START_START


def earliest(s, net, sol):
    """Starts and ends by repeated relaxation: no order is assumed, and a cycle never settles."""
    start = np.zeros(s.n_ops, dtype=np.int64)
    end = np.zeros(s.n_ops, dtype=np.int64)
    for _ in range(2 * s.n_ops + 2):
        before = start.copy(), end.copy()
        for v in range(s.n_ops):
            start[v], end[v] = times_of(s, net, sol, v, start, end)
        if (before[0] == start).all() and (before[1] == end).all():
            return start, end
    raise AssertionError("the sequences have a cycle")


def times_of(s, net, sol, v, start, end):
    if s.fixed[v]:
        return s.fixed_start_s[v], s.fixed_end_s[v]
    ready = [s.op_release_s[v]]
    for j in range(s.pred_ptr[v], s.pred_ptr[v + 1]):
        u = s.pred_op[j]
        ready.append((start[u] if s.pred_kind[j] == START_START else end[u]) + s.pred_lag_s[j])
    o = sol.job[v, graph.OPTION]
    for lane in net.held[net.option[o, graph.FIRST_HELD] : net.option[o + 1, graph.FIRST_HELD]]:
        row = sequence(net, sol, lane)
        u = row[row.index(v) - 1] if row[0] != v else -1
        free = 0 if u < 0 else net.op[u, graph.FIXED_FREE] if s.fixed[u] else end[u]
        ready.append(times.set_up(net, lane, u, v, free))
    calendar = net.option[o, graph.CALENDAR_OF]
    return hours.run(net, calendar, max(ready), net.option[o, graph.WORK_S], s.op_pausable[v])


def sequence(net, sol, lane):
    return sol.seq[net.base[lane] : net.base[lane] + sol.size[lane]].tolist()


def longest_ways(net, sol, start):
    """From each operation's start to the end, by plain recursion (no calendars, no fixed work)."""
    work = net.option[sol.job[:, graph.OPTION], graph.WORK_S]
    known = {}

    def way(v):
        if v not in known:
            o = sol.job[v, graph.OPTION]
            after = [0]
            for j in range(net.op[v, graph.FIRST_SUCC], net.op[v + 1, graph.FIRST_SUCC]):
                w, more = net.succ[j, graph.OP], net.succ[j, graph.LAG_S]
                from_end = more + way(w) - (work[v] if net.succ[j, graph.KIND] == START_START else 0)
                after.append(from_end)
            for lane in net.held[net.option[o, graph.FIRST_HELD] : net.option[o + 1, graph.FIRST_HELD]]:
                row = sequence(net, sol, lane)
                if row[-1] != v:
                    w = row[row.index(v) + 1]
                    after.append(times.setup(net, lane, v, w) + way(w))
            known[v] = max(after) + work[v]
        return known[v]

    return [way(v) for v in range(len(start))]


def first_plan(s, seed):
    try:
        return dispatch(s, np.random.default_rng(seed).random(s.n_ops))
    except NoRoom:
        return None


@settings(max_examples=100, deadline=None)
@given(shops(), st.integers(0, 99))
def test_moves_keep_times_exact_and_plans_sound(s, seed):
    plan = first_plan(s, seed)
    if plan is None:
        return
    net = graph.make_net(s, plan)
    try:
        sol = graph.make_sol(s, net, plan)
    except graph.Tangled:
        return
    times.rebuild(net, sol)
    room, rng = moves.make_room(net), np.array([seed + 1])
    for _ in range(12):
        start, end = earliest(s, net, sol)
        assert (start == sol.job[:, graph.START]).all()
        assert (end == sol.job[:, graph.END]).all()
        if not (net.calendars or net.frozen):
            assert longest_ways(net, sol, start) == sol.job[:, graph.FRONT].tolist()
        if end.max() > s.horizon_s:
            return
        if times.intact(net, sol):
            assert faults(s, graph.to_timetable(net, sol)) == []
        many = moves.critical_path(net, sol, times.makespan(sol), rng, room.path)
        v, option = moves.any_move(net, sol, room, many, rng)
        if v >= 0:
            moves.move(net, sol, room, v, option)


@settings(max_examples=60, deadline=None)
@given(shops(), st.integers(0, 99))
def test_a_search_never_returns_a_worse_or_a_broken_plan(s, seed):
    plan = first_plan(s, seed)
    if plan is None:
        return
    search = tabu.start(s, plan, seed)
    for _ in range(5):
        tabu.step(search, 20)
        assert faults(s, search.best) == []
        assert search.best.end_s.max() <= plan.end_s.max()


def moved_and_read(s, net, plan, seed):
    """Fourteen moves, the times read plainly before each: the solution, the ends before, and whether it moved."""
    try:
        sol = graph.make_sol(s, net, plan)
    except graph.Tangled:
        return
    times.rebuild(net, sol)
    room, rng = moves.make_room(net), np.array([seed + 1])
    for now in range(1, 15):
        start, end = earliest(s, net, sol)
        assert (end == sol.job[:, graph.END]).all()
        assert longest_ways(net, sol, start) == sol.job[:, graph.FRONT].tolist()
        many = moves.critical_path(net, sol, end.max(), rng, room.path)
        v, option = moves.choose(net, sol, room, many, now, 0, rng)
        if v >= 0:
            yield sol, end, moves.move(net, sol, room, v, option)


@st.composite
def plain_shops(draw):
    """Flexible job shops and nothing else."""
    ops, lanes = [], draw(st.integers(1, 4))
    for order in range(draw(st.integers(1, 4))):
        for step in range(draw(st.integers(1, 4))):
            choices = draw(st.sets(st.integers(0, lanes - 1), min_size=1))
            ops.append(
                {
                    "order": order,
                    "modes": [(draw(st.integers(1, 20)), [(lane, 1)]) for lane in sorted(choices)],
                    "after": [(len(ops) - 1, END_START, 0, NEVER_S)] if step else [],
                }
            )
    return shop(ops, [{}] * lanes)


@settings(max_examples=80, deadline=None)
@given(plain_shops(), st.integers(0, 99))
def test_fast_kernels_agree_with_plain_reading(s, seed):
    net = graph.make_net(s, plan := first_plan(s, seed))
    assert net.plain
    for _sol, _end, moved in moved_and_read(s, net, plan, seed):
        assert moved


@st.composite
def wide_shops(draw):
    """Flexible job shops with a worker beside each machine and setups between families on the machines."""
    ops, machines, workers = [], draw(st.integers(1, 3)), draw(st.integers(1, 2))
    for order in range(draw(st.integers(1, 4))):
        for step in range(draw(st.integers(1, 4))):
            ways = draw(
                st.sets(st.tuples(st.integers(0, machines - 1), st.integers(0, workers - 1)), min_size=1)
            )
            ops.append(
                {
                    "order": order,
                    "family": draw(st.integers(-1, 2)),
                    "modes": [
                        (draw(st.integers(1, 20)), [(machine, 1), (machines + worker, 1)])
                        for machine, worker in sorted(ways)
                    ],
                    "after": [(len(ops) - 1, END_START, 0, NEVER_S)] if step else [],
                }
            )
    setups = [[[draw(st.integers(0, 9)) for _ in range(3)] for _ in range(3)]]
    return shop(ops, [{"group": 0, "family": 1}] * machines + [{}] * workers, setups=setups)


@settings(max_examples=60, deadline=None)
@given(wide_shops(), st.integers(0, 99))
def test_kernels_for_several_lanes_agree_with_plain_reading(s, seed):
    net = graph.make_net(s, plan := first_plan(s, seed))
    assert net.wide
    for sol, end, moved in moved_and_read(s, net, plan, seed):
        assert faults(s, graph.to_timetable(net, sol)) == []
        assert moved or (end == sol.job[:, graph.END]).all()
