"""What every engine's answer keeps: rules, figures, bounds, limits, and the same bytes for the same question."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import polars as pl
import pytest

from lineshaft.core import BadInput, Run, engines, find_engine
from lineshaft.core.digest import result_bytes
from lineshaft.core.frames import check_tables, references
from lineshaft.core.solve import given_params, read_book, solve, table_name

WORK = 4


def example(engine):
    return engine.load("example")()


@cache
def answered(name, seed=1, work=WORK, workers=1):
    """The answer of an engine to its example; what many tests look at is worked out once."""
    engine = find_engine(name)
    return solve(engine, example(engine), run=Run(seed=seed, work_limit=work, workers=workers))


def checked(engine, frames, result):
    return engine.load("check")(read_book(engine, frames), result.tables, given_params(engine, None))


def assert_holds(engine, frames, result):
    """No violation, and every figure as the checker finds it."""
    found = checked(engine, frames, result)
    assert found.violations == ()
    assert {kpi.name: kpi.value for kpi in result.kpis} == pytest.approx(dict(found.kpis), rel=1e-12)


def test_the_example_is_valid_and_answered(engine):
    result = answered(engine.name)
    assert_holds(engine, example(engine), result)
    assert result.status in ("optimal", "feasible")
    assert (result.engine, result.version, len(result.digest)) == (engine.name, engine.version, 64)
    assert result.kpis


def test_an_empty_book_has_an_empty_answer(engine):
    schemas = engine.load("inputs").member_schemas()
    required = {m for m, info in engine.load("inputs").members().items() if not info.is_optional}
    frames = {member: schemas[member].create_empty() for member in required}
    result = solve(engine, frames, run=Run(work_limit=WORK))
    assert_holds(engine, frames, result)
    members = result.tables.member_schemas()
    assert all(getattr(result.tables, member).is_empty() for member in members)


def test_one_row_is_enough(engine):
    schemas = engine.load("inputs").member_schemas()
    first, *others = example(engine).items()
    few = {first[0]: first[1].head(1), **dict(others)}
    by_table = {table_name(schemas[member]): frame for member, frame in few.items()}
    kept, _ = check_tables(by_table, {table_name(schema): schema for schema in schemas.values()})
    frames = {member: kept[table_name(schemas[member])] for member in few}
    result = solve(engine, frames, run=Run(work_limit=WORK))
    assert_holds(engine, frames, result)


def test_permuted_rows_give_the_same_answer(engine):
    frames = example(engine)
    shuffled = {
        member: frame.sample(fraction=1.0, shuffle=True, seed=3) for member, frame in reversed(frames.items())
    }
    other = solve(engine, shuffled, run=Run(work_limit=WORK))
    assert result_bytes(answered(engine.name)) == result_bytes(other)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_work_gives_the_same_bytes(engine, workers):
    again = solve(engine, example(engine), run=Run(seed=5, work_limit=WORK, workers=workers))
    assert result_bytes(answered(engine.name, seed=5, workers=workers)) == result_bytes(again)


def test_the_digest_tells_questions_apart(engine):
    frames = example(engine)
    member = next(iter(frames))
    less = {**frames, member: frames[member].head(0)}
    digests = {answered(engine.name, seed, 1).digest for seed in (1, 5)}
    if references_hold(engine, less):
        digests.add(solve(engine, less, run=Run(work_limit=1)).digest)
    assert len(digests) >= 2


def references_hold(engine, frames):
    try:
        read_book(engine, frames)
    except BadInput:
        return False
    return True


def test_a_time_limit_is_honoured_and_can_be_replayed(engine):
    ticks = itertools.count()
    hasty = Run(time_limit_s=20, clock=lambda: float(next(ticks)))
    result = solve(engine, example(engine), run=hasty)
    assert result.stopped_by in ("time", "done")
    assert next(ticks) < 2_000
    assert_holds(engine, example(engine), result)
    again = solve(engine, example(engine), run=Run(work_limit=result.work))
    assert result_bytes(again) == result_bytes(result)


def test_a_clock_that_jumps_leaves_an_answer(engine):
    readings = itertools.chain([0.0] * 3, itertools.count(1e9, 1e9))
    result = solve(engine, example(engine), run=Run(time_limit_s=1, clock=lambda: next(readings)))
    assert_holds(engine, example(engine), result)


def test_a_cancelled_run_gives_its_best_so_far(engine):
    asked, offers = itertools.count(), []
    run = Run(seed=2, is_cancelled=lambda: next(asked) >= 1, on_offer=offers.append, time_limit_s=60)
    result = solve(engine, example(engine), run=run)
    assert result.stopped_by in ("cancel", "done")
    assert_holds(engine, example(engine), result)
    assert offers, "nothing was offered"
    for kpi, offered in zip(result.kpis[:1], offers[-1].kpis[:1]):
        assert kpi.name == offered.name


def test_a_killed_run_has_offered_whole_answers(engine):
    offers = []

    def die_at_once(result):
        offers.append(result)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve(engine, example(engine), run=Run(work_limit=WORK, on_offer=die_at_once))
    assert_holds(engine, example(engine), offers[-1])
    assert offers[-1].digest
    result_bytes(offers[-1])


def test_reasons_refer_to_rows_that_exist(engine):
    result, book = answered(engine.name), read_book(engine, example(engine))
    for reason in (*result.reasons, *(w for w in result.warnings if w.table)):
        side = result.tables if reason.table in result.tables.member_schemas() else book
        schema = side.member_schemas()[reason.table]
        rows = getattr(side, reason.table).select(schema.primary_key()).rows()
        assert tuple(reason.key) in rows, f"{reason.code} names no row of {reason.table}: {reason.key}"


@pytest.mark.parametrize("seeds", [(1, 5), pytest.param((1, 2, 3), marks=pytest.mark.slow)])
def test_no_answer_crosses_a_stated_bound(engine, seeds):
    results = [answered(engine.name, seed, work) for seed in seeds for work in (1, WORK)]
    for kpis in zip(*(result.kpis for result in results)):
        values, bounds = [k.value for k in kpis], [k.bound for k in kpis if k.bound is not None]
        if bounds and kpis[0].better == "low":
            assert max(bounds) <= min(values) + 1e-6, kpis[0].name
        elif bounds:
            assert min(bounds) >= max(values) - 1e-6, kpis[0].name
    for result in results:
        if result.status == "optimal":
            assert any(kpi.status == "optimal" for kpi in result.kpis)


def spoiled(engine):
    """Ways to spoil the example: all of a small one; of a large one each column once, each way in turn."""
    cases = list(all_spoiled(engine))
    if len(cases) <= 30:
        return cases
    columns = [list(ways) for _, ways in itertools.groupby(cases, key=lambda case: case[1:3])]
    return [ways[turn % len(ways)] for turn, ways in enumerate(columns)]


def all_spoiled(engine):
    """Every (what, member, column, cells) with one thing wrong in the example; no cells: the column is missing."""
    schemas = engine.load("inputs").member_schemas()
    known = {table_name(schema) for schema in schemas.values()}
    for member, frame in example(engine).items():
        if frame.is_empty():
            continue
        named = {
            column
            for reference in references(schemas[member])
            for column in reference.columns
            if reference.target in known
        }
        for name, column in schemas[member].columns().items():
            cells = frame[name]
            if not column.nullable:
                yield "null", member, name, cells.set(first(frame), None)
                yield "missing", member, name, None
            if column.dtype.is_numeric():
                yield "text", member, name, cells.cast(pl.String).set(first(frame), "many")
                if getattr(column, "min", None) is not None and name not in named:
                    yield "low", member, name, cells.set(first(frame), column.min - 1)
            if column.dtype == pl.String and name in named and cells.null_count() < len(cells):
                at = pl.Series([i == cells.is_not_null().arg_true()[0] for i in range(len(cells))])
                yield "unknown", member, name, cells.set(at, "no-such-thing")
            if isinstance(column.dtype, pl.Datetime):
                yield "text", member, name, cells.cast(pl.String).set(first(frame), "tomorrow")


def first(frame):
    return pl.Series([i == 0 for i in range(len(frame))])


def test_broken_input_is_refused_with_its_place(engine):
    """Every column of a collection once; for further engines that read the same collection each kind of fault once."""
    schemas = engine.load("inputs").member_schemas()
    tried = set()
    cases = list(spoiled(engine))
    if any(find_engine(name).inputs == engine.inputs for name in engines() if name < engine.name):
        cases = list({what: (what, *rest) for what, *rest in cases}.values())
    for what, member, name, cells in cases:
        frames = example(engine)
        frames[member] = (
            frames[member].drop(name) if cells is None else frames[member].with_columns(cells.alias(name))
        )
        with pytest.raises(BadInput) as refused:
            solve(engine, frames, run=Run(work_limit=1))
        mine = [
            f for f in refused.value.faults if f.table == table_name(schemas[member]) and named_by(f, name)
        ]
        assert mine, f"{what} in {member}.{name}: {[f.say('en') for f in refused.value.faults]}"
        assert what == "missing" or mine[0].key
        assert all(fault.say("en") != fault.say("zh") for fault in mine)
        tried.add(what)
    assert tried == {"null", "missing", "text", "low", "unknown"}


def named_by(fault, column):
    """A fault names the column, or its row where a reference of several columns is broken."""
    return fault.column == column or fault.rule == "ref"


def test_an_unknown_table_or_parameter_is_refused(engine):
    with pytest.raises(BadInput) as refused:
        solve(engine, {**example(engine), "no_such_table": pl.DataFrame()}, run=Run(work_limit=1))
    assert refused.value.faults[0].table == "no_such_table"
    with pytest.raises(BadInput) as refused:
        solve(engine, example(engine), {"no_such_parameter": 1}, Run(work_limit=1))
    assert refused.value.faults[0].column == "no_such_parameter"


def test_a_result_is_stamped_by_its_engine(engine):
    result = answered(engine.name, work=1)
    assert replace(result, digest="").engine == engine.name
    assert result.tables.member_schemas() == engine.load("outputs").member_schemas()
