"""What every engine that can be edited keeps: possible edits hold, impossible ones say why, locked rows stay."""

from __future__ import annotations

import random
from functools import cache

import polars as pl
import pytest

from lineshaft.core import BadInput, Change, Missing, Run
from lineshaft.core.digest import result_bytes
from lineshaft.core.frames import sort_by_key
from lineshaft.core.saying import reason_words
from lineshaft.core.solve import edit, given_params, on_plan, prepare_edit, read_book, solve

EDITS = 60


@pytest.fixture
def planned(engine):
    """The example's frames with a plan in force."""
    if not engine.edit:
        pytest.skip(f"{engine.name} cannot be edited")
    return plan_of(engine.name)(engine)


@cache
def plan_of(_name):
    frames = {}

    def make(engine):
        if not frames:
            example = engine.load("example")()
            frames.update(on_plan(engine, example, solve(engine, example, run=Run(work_limit=1)).tables))
        return dict(frames)

    return make


def tries(engine, plan):
    """Changes made of the plan's own values: a cell takes what stands in another row."""
    rng = random.Random(engine.name)
    cells = [
        (member, column)
        for member, schema in plan.member_schemas().items()
        for column in schema.column_names()
        if column not in schema.primary_key()
    ]
    for _ in range(EDITS):
        member, column = rng.choice(cells)
        frame = getattr(plan, member)
        keys = frame.select(plan.member_schemas()[member].primary_key()).rows()
        value = rng.choice(frame[column].to_list())
        yield Change(member, rng.choice(keys), {column: (not value) if isinstance(value, bool) else value})


def answers(engine, frames):
    """(change, answer) of every change that the engine can read."""
    prepared = prepare_edit(engine, frames)
    for change in tries(engine, prepared.unchanged.tables):
        try:
            yield change, edit(prepared, [change])
        except BadInput:
            continue


def test_edits_hold_or_say_why_not(engine, planned):
    book, params, check = read_book(engine, planned), given_params(engine, None), engine.load("check")
    unchanged = prepare_edit(engine, planned).unchanged
    seen = set()
    for change, result in answers(engine, planned):
        seen.add(result.status)
        found = check(book, result.tables, params)
        assert found.violations == ()
        assert {kpi.name: kpi.value for kpi in result.kpis} == pytest.approx(dict(found.kpis), rel=1e-12)
        if result.status == "infeasible":
            assert result_tables(result) == result_tables(unchanged)
            assert result.reasons, f"{change} cannot be, and nothing says why"
            assert all(reason.code.startswith("edit_") for reason in result.reasons)
        for reason in result.reasons:
            schema = result.tables.member_schemas()[reason.table]
            assert reason.key in getattr(result.tables, reason.table).select(schema.primary_key()).rows()
            assert "{" not in "".join(reason_words(engine, reason))
    assert seen == {"feasible", "infeasible"}


def result_tables(result):
    return [getattr(result.tables, member).rows() for member in result.tables.member_schemas()]


def test_a_possible_edit_does_what_was_asked(engine, planned):
    done = 0
    for change, result in answers(engine, planned):
        if result.status == "feasible":
            frame = getattr(result.tables, change.table)
            keys = result.tables.member_schemas()[change.table].primary_key()
            row = frame.filter(pl.all_horizontal(pl.col(k) == v for k, v in zip(keys, change.key)))
            assert {name: row[name][0] for name in change.values} == change.values
            done += 1
    assert done


def test_locked_rows_stay(engine, planned):
    prepared = prepare_edit(engine, planned)
    plan = prepared.unchanged.tables
    locks = [
        Change(member, key, {"locked": True})
        for member, schema in plan.member_schemas().items()
        if "locked" in schema.column_names()
        for key in getattr(plan, member).select(schema.primary_key()).rows()
    ]
    if not locks:
        pytest.skip(f"{engine.name} locks nothing")
    for lock in locks:
        for change in tries(engine, plan):
            if change.key == lock.key or "locked" in change.values:
                continue
            try:
                result = edit(prepared, [lock, change])
            except BadInput:
                continue
            kept = {column: value for column, value in row_of(plan, lock).items() if column != "setup_start"}
            now = row_of(result.tables, lock)
            assert {**kept, "locked": now["locked"]} == {column: now[column] for column in kept}
            assert now["locked"] == (result.status == "feasible")


def row_of(plan, change):
    keys = plan.member_schemas()[change.table].primary_key()
    matches = pl.all_horizontal(pl.col(k) == v for k, v in zip(keys, change.key))
    return getattr(plan, change.table).row(by_predicate=matches, named=True)


def test_the_same_edit_gives_the_same_bytes(engine, planned):
    shuffled = {
        member: frame if frame is None else frame.sample(fraction=1.0, shuffle=True, seed=3)
        for member, frame in reversed(planned.items())
    }
    changes = list(tries(engine, prepare_edit(engine, planned).unchanged.tables))
    states = [prepare_edit(engine, frames) for frames in (planned, shuffled)]
    digests = set()
    for change in changes:
        try:
            one, other = (edit(state, [change], explained=True) for state in states)
        except BadInput:
            continue
        assert result_bytes(one) == result_bytes(other)
        assert edit(states[0], [change]).digest == one.digest
        digests.add(one.digest)
    assert len(digests) > 1
    assert (one.engine, one.version) == (engine.name, engine.version)


def test_changes_may_come_as_text(engine, planned):
    prepared = prepare_edit(engine, planned)
    for change, result in answers(engine, planned):
        told = Change(
            change.table,
            tuple(str(part) for part in change.key),
            {
                name: value.isoformat() if hasattr(value, "isoformat") else str(value)
                for name, value in change.values.items()
            },
        )
        assert result_bytes(edit(prepared, [told])) == result_bytes(result)


def test_what_is_not_there_cannot_be_changed(engine, planned):
    prepared = prepare_edit(engine, planned)
    plan = prepared.unchanged.tables
    member, schema = next(iter(plan.member_schemas().items()))
    key = getattr(plan, member).select(schema.primary_key()).row(0)
    for change in (
        Change("no_such_table", key, {}),
        Change(member, (), {}),
        Change(member, ("no such row", *key[1:]), {}),
        Change(member, key, {"no_such_column": 1}),
    ):
        with pytest.raises(BadInput) as refused:
            edit(prepared, [change])
        assert refused.value.faults[0].table == change.table
        assert all(fault.say("en") != fault.say("zh") for fault in refused.value.faults)


def test_an_engine_without_edits_says_so(engine):
    if engine.edit:
        assert engine.prepare
    else:
        with pytest.raises(Missing):
            prepare_edit(engine, engine.load("example")())


def test_the_plan_in_force_comes_out_as_it_went_in(engine, planned):
    unchanged = prepare_edit(engine, planned).unchanged
    again = on_plan(engine, planned, unchanged.tables)
    schemas = engine.load("inputs").member_schemas()
    for member, frame in planned.items():
        if frame is not None:
            schema = schemas[member]
            before, after = (
                sort_by_key(pl.DataFrame(f), schema).select(schema.column_names())
                for f in (frame, again[member])
            )
            assert before.equals(after), member
