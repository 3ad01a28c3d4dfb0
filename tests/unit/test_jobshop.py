from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import shop

from lineshaft.make.schedule.dispatch.rules import best_rule, dispatch
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.layout.compile import compile_shop
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.search import blocks, jobshop, jobshop_beam, lines
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.store.instances import read_jsp
from lineshaft.tables import table_name

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "aps" / "jsp"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no shared data")
MAKESPAN = parse_goal("makespan", 1)


def load(name):
    tables = read_jsp(DATA / name)
    members = {member: tables.get(table_name(kind)) for member, kind in ShopBook.member_schemas().items()}
    book = ShopBook.validate({member: frame.lazy() for member, frame in members.items() if frame is not None})
    return compile_shop(book, ScheduleParams(objective="makespan")).shop


def job_shop(jobs, releases=()):
    """A job shop from rows of (lane, seconds)."""
    ops = []
    for number, job in enumerate(jobs):
        for i, (lane, work_s) in enumerate(job):
            op = {"order": number, "modes": [(work_s, [(lane, 1)])]}
            op |= {"after": [(len(ops) - 1, 0)]} if i else {"release": dict(releases).get(number, 0)}
            ops.append(op)
    return shop(ops, [{} for _ in range(1 + max(lane for job in jobs for lane, _ in job))])


def random_job_shop(seed, jobs=8, machines=4, steps=6):
    """Jobs that come back to machines, some of them released later."""
    draw = np.random.default_rng(seed)
    rows = [
        [(int(draw.integers(machines)), int(draw.integers(1, 60))) for _ in range(steps)] for _ in range(jobs)
    ]
    return job_shop(rows, {0: 40, 1: 90})


def full_shop(seed, jobs=12, machines=10, span_s=20_000):
    """A shop cut out of a plan in which no machine rests before `span_s`: each piece goes to a job that is then free."""
    draw = np.random.default_rng(seed)
    pieces = []
    for lane in range(machines):
        ends = np.append(np.sort(draw.choice(np.arange(1, span_s), 29, replace=False)), span_s)
        pieces += [(begin, lane, end) for begin, end in zip(np.append(0, ends), ends)]
    free_s, rows = np.zeros(jobs), [[] for _ in range(jobs)]
    for begin, lane, end in sorted(pieces):
        waiting = np.flatnonzero(free_s <= begin)
        job = draw.choice(waiting)
        rows[job].append((lane, int(end - begin)))
        free_s[job] = end
    return job_shop([row for row in rows if row])


def by_start(plan):
    return np.argsort(plan.start_s, kind="stable").astype(np.uint32)


def searched(s, rounds, moves, *, seed=1, workers=1):
    search = jobshop.start(s, best_rule(s, MAKESPAN)[0], seed)
    for _ in range(rounds):
        jobshop.step(search, moves, workers)
    return search.best


@needs_data
@pytest.mark.parametrize(
    ("name", "optimum"),
    [
        ("FisherThompson1963/ft06.txt", 55),
        ("FisherThompson1963/ft10.txt", 930),
        ("Lawrence1984/la21.txt", 1046),
    ],
)
def test_known_optima_are_near(name, optimum):
    assert optimum * 60 <= searched(load(name), 12, 12_500).end_s.max() <= optimum * 60 * 1.015


@pytest.mark.parametrize("seed", range(3))
def test_a_full_shop_is_filled_again_by_a_beam(seed):
    s = full_shop(seed)
    first, line = best_rule(s, MAKESPAN)[0], lines.make_line(s)
    lines.lay(line, by_start(first))
    lines.lay(line, jobshop_beam.search(line, 200))
    assert lines.makespan(line) == 20_000 < first.end_s.max()


def test_the_answer_does_not_depend_on_the_threads():
    s = random_job_shop(3, 20, 6, 8)
    alone, together = (searched(s, 4, 2_000, workers=workers) for workers in (1, 2))
    assert np.array_equal(alone.start_s, together.start_s)


def test_another_seed_searches_elsewhere():
    s = random_job_shop(3, 20, 6, 8)
    one, other = (jobshop.start(s, dispatch(s, "SPT"), seed) for seed in (1, 2))
    for search in (one, other):
        jobshop.step(search, 50)
    assert not np.array_equal(one.islands[0].line.step, other.islands[0].line.step)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(1, 300))
def test_times_are_kept_up_and_sequences_stay_whole(seed, moves):
    s = random_job_shop(seed)
    line, board = lines.make_line(s), blocks.make_board(s.n_ops)
    first = dispatch(s, "MWKR")
    lines.lay(line, by_start(first))
    began_s, best = int(lines.makespan(line)), np.zeros(s.n_ops, dtype=np.uint32)
    reached_s = blocks.improve(line, board, np.array([seed + 1]), moves, began_s + 1, best)
    assert began_s <= first.end_s.max()
    ends, fronts = line.end.copy(), line.front.copy()
    assert_sound(s, lines.timetable(s, line))
    lines.lay(line, lines.order(line))
    assert (line.end == ends).all()
    assert (line.front == fronts).all()
    if reached_s <= began_s:
        lines.lay(line, best)
        assert lines.makespan(line) == reached_s


def assert_sound(s, plan):
    """Each step in its time after the one before it, one at a time on each lane."""
    assert (plan.end_s - plan.start_s == s.mode_s).all()
    assert (plan.start_s >= s.op_release_s).all()
    later = np.repeat(np.arange(s.n_ops), np.diff(s.pred_ptr))
    assert (plan.start_s[later] >= plan.end_s[s.pred_op]).all()
    for lane in range(s.n_lanes):
        held = np.flatnonzero(plan.lane == lane)
        held = held[np.argsort(plan.start_s[held])]
        assert (plan.start_s[held[1:]] >= plan.end_s[held[:-1]]).all()


def test_only_plain_job_shops_suit():
    plain = random_job_shop(1)
    assert lines.suits(plain)
    two_ways = shop([{"modes": [(5, [(0, 1)]), (6, [(1, 1)])]}], [{}, {}])
    calendar = shop([{"modes": [(5, [(0, 1)])]}], [{"calendar": 1}], calendars=[[(0, 100)]])
    assembly = shop(
        [{"modes": [(5, [(0, 1)])], "after": [(1, 0), (2, 0)]}, *[{"modes": [(5, [(0, 1)])]}] * 2], [{}]
    )
    lagged = shop([{"modes": [(5, [(0, 1)])]}, {"modes": [(5, [(0, 1)])], "after": [(0, 0, 7)]}], [{}])
    assert not any(lines.suits(s) for s in (two_ways, calendar, assembly, lagged))
