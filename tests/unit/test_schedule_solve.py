"""The whole engine on small books: feasible, proven where it can be, the same again, and stopped when asked."""

import pytest

from lineshaft.core import BadInput, Cancelled, Run, find_engine
from lineshaft.core.solve import read_book, solve
from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.example import example
from lineshaft.make.schedule.params import ScheduleParams

ENGINE = find_engine("make.schedule")
COSTS = ["setup_cost_cny", "energy_cost_cny", "overtime_cost_cny"]
NAMES = ["makespan_min", "weighted_tardiness_min", "mean_flow_time_min", "setup_min", *COSTS]


def plan(objective="weighted_tardiness,mean_flow_time,makespan", frames=None, **run):
    return solve(ENGINE, frames or example(), {"objective": objective}, Run(**run))


def frames_of(result):
    return [getattr(result.tables, member) for member in result.tables.members()]


@pytest.mark.parametrize(
    "objective", ["makespan", "weighted_tardiness", "mean_flow_time", "setup", "makespan:1+setup:2"]
)
def test_the_example_is_planned_without_a_violation(objective):
    result = plan(objective, work_limit=2)
    checked = check(read_book(ENGINE, example()), result.tables, ScheduleParams(objective=objective))
    assert checked.violations == ()
    assert [kpi.name for kpi in result.kpis] == NAMES
    for kpi in result.kpis:
        assert checked.kpis[kpi.name] == pytest.approx(kpi.value)
        assert kpi.bound <= kpi.value


def test_the_late_shaft_has_its_reasons_in_both_languages():
    result = plan(work_limit=1)
    late = [reason for reason in result.reasons if reason.code == "late"]
    assert [reason.key for reason in late] == [("WO-3",)]
    assert late[0].facts["cause"] == "too_long"
    assert late[0].facts["late_min"] == 165
    words = ENGINE.load("words")
    for reason in result.reasons:
        assert all(text.format(**reason.facts) for text in words[reason.code])


def test_the_same_work_gives_the_same_tables_whoever_stops_it():
    ticks = iter(range(10_000))
    timed = plan("makespan", time_limit_s=4, clock=lambda: next(ticks))
    assert timed.stopped_by in ("time", "done")
    for again in (
        plan("makespan", work_limit=timed.work),
        plan("makespan", work_limit=timed.work, workers=2),
    ):
        assert all(a.equals(b) for a, b in zip(frames_of(timed), frames_of(again)))


def test_an_empty_book_is_planned_at_once():
    result = plan(frames={member: frame.clear() for member, frame in example().items()})
    assert [kpi.value for kpi in result.kpis] == [0] * len(NAMES)
    assert (result.status, result.stopped_by) == ("optimal", "done")
    assert all(frame.is_empty() for frame in frames_of(result))


def test_orders_without_steps_are_left_out_with_a_warning():
    frames = example() | {"operations": example()["operations"].filter(order_id="WO-3")}
    for member in ("modes", "demands"):
        frames[member] = frames[member].filter(order_id="WO-3")
    for member in ("dependencies", "requirements"):
        frames[member] = frames[member].clear()
    frames["work_orders"] = frames["work_orders"].remove(order_id="WO-2")
    result = plan(frames=frames, work_limit=0)
    assert [(warning.code, warning.key) for warning in result.warnings] == [("no_steps", ("WO-1",))]
    assert result.tables.order_plan["order_id"].to_list() == ["WO-3"]


def test_a_cancelled_run_keeps_its_best_or_says_that_there_is_none():
    with pytest.raises(Cancelled):
        plan(is_cancelled=lambda: True)
    asked = iter([False, True, True])
    result = plan("setup:1+makespan:1", is_cancelled=lambda: next(asked))
    assert result.stopped_by in ("cancel", "done")
    assert len(result.tables.operation_plan) == 6


def test_answers_are_offered_on_the_way():
    offers = []
    plan(work_limit=0, on_offer=offers.append)
    assert len(offers) == 1
    assert offers[0].digest


def test_progress_is_told_in_both_languages():
    told = []
    plan("makespan", work_limit=2, on_progress=lambda fraction, words: told.append((fraction, words)))
    assert told[0][0] == 0
    assert told[-1][0] == 1
    assert all(words.en and words.zh for _, words in told)


def test_a_wrong_objective_is_refused():
    with pytest.raises(BadInput):
        plan("fastest")


def test_the_accepted_plan_can_be_planned_again_from():
    first = plan(work_limit=0)
    locked = first.tables.operation_plan.with_columns(locked=True)
    again = plan(
        frames=example() | {"previous": locked, "previous_resources": first.tables.resource_plan},
        work_limit=0,
    )
    assert again.tables.operation_plan.drop("setup_start").equals(locked.drop("setup_start"))
    assert again.tables.resource_plan.equals(first.tables.resource_plan)
    assert again.kpis[0].value == first.kpis[0].value
