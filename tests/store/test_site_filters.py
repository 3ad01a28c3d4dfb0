"""What a partner sees: never a key of a hidden row, always the base rows asked for, whatever the tables look like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.core.frames import references
from lineshaft.crane_works.works import generate
from lineshaft.store.site import RowFilter
from lineshaft.tables import TABLES

Frames = Mapping[str, pl.DataFrame]


class Web(NamedTuple):
    """Tables that refer to each other in some way, rows of them, and a filter."""

    schemas: dict[str, type[dy.Schema]]
    frames: dict[str, pl.DataFrame]
    filter: RowFilter


@st.composite
def webs(draw) -> Web:
    """Up to five tables of two-part keys; references of one or both parts, optional or not, also in circles."""
    names = [f"t{n}" for n in range(draw(st.integers(1, 5)))]
    schemas, frames = {}, {}
    for name in names:
        columns: dict[str, Any] = {"a": dy.String(primary_key=True), "b": dy.Int64(primary_key=True)}
        for n in range(draw(st.integers(0, 3))):
            target, both, optional = draw(st.tuples(st.sampled_from(names), st.booleans(), st.booleans()))
            other_too = draw(st.booleans())
            ref = {"metadata": {"ref": f"{target}.a@r{n}"}}
            columns[f"r{n}a"] = dy.String(nullable=optional, **ref)
            if both:
                columns[f"r{n}b"] = dy.Int64(
                    nullable=optional and other_too, metadata={"ref": f"{target}.b@r{n}"}
                )
        if draw(st.booleans()) and len(names) > 1:
            columns["a"] = dy.String(primary_key=True, metadata={"ref": f"{draw(st.sampled_from(names))}.a"})
        columns["kind"] = dy.String(nullable=True)
        schemas[name] = type(name, (dy.Schema,), columns)
        row = {
            column: (st.none() | made if rule.nullable else made)
            for column, rule in schemas[name].columns().items()
            for made in [st.integers(0, 1) if rule.dtype == pl.Int64 else st.sampled_from("xyz")]
        }
        rows = draw(st.lists(st.fixed_dictionaries(row), max_size=6, unique_by=lambda r: (r["a"], r["b"])))
        types = {column: rule.dtype for column, rule in schemas[name].columns().items()}
        frames[name] = pl.DataFrame(rows, schema=types)
    values = draw(st.sets(st.sampled_from("xyz"), min_size=1, max_size=2))
    column = draw(st.sampled_from(["a", "kind"]))
    return Web(schemas, frames, RowFilter(draw(st.sampled_from(names)), column, tuple(sorted(values))))


def hidden_keys_shown(frames: Frames, seen: Frames, schemas) -> list[tuple[Any, ...]]:
    """References of visible rows to rows that are there and hidden."""
    shown = []
    for name, frame in seen.items():
        for ref in references(schemas[name]):
            there = set(frames[ref.target].select(ref.target_columns).iter_rows())
            visible = set(seen[ref.target].select(ref.target_columns).iter_rows())
            shown += [
                (name, ref, value)
                for value in frame.select(ref.columns).iter_rows()
                if value in there and value not in visible
            ]
    return shown


def seen_by_hand(web: Web) -> dict[str, set[tuple[Any, ...]]]:
    """The same rules, row by row: which keys are visible."""
    schemas, base = web.schemas, web.filter.table
    refs = {name: references(schema) for name, schema in schemas.items()}

    def must(name, ref):
        return not any(schemas[name].columns()[column].nullable for column in ref.columns)

    above, grown = set(), {base}
    while grown:
        grown = {r.target for name in grown for r in refs[name] if must(name, r)} - above
        above |= grown
    below = {base}
    while more := {
        name for name in schemas if name not in above | below and any(r.target in below for r in refs[name])
    }:
        below |= more
    rows = {name: list(frame.iter_rows(named=True)) for name, frame in web.frames.items()}
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in schemas}

    def value(row, columns):
        return tuple(row[column] for column in columns)

    def verdict(row, ref):
        named = value(row, ref.columns)
        if all(part is None for part in named):
            return None
        return any(value(other, ref.target_columns) == named for other in seen[ref.target])

    def spread(name, fits):
        new = [row for row in rows[name] if row not in seen[name] and fits(row)]
        seen[name] += new
        return bool(new)

    def hangs(name):
        def fits(row):
            verdicts = [verdict(row, ref) for ref in refs[name] if ref.target in below]
            return True in verdicts and False not in verdicts

        return fits

    def is_named(name):
        def fits(row):
            return any(
                value(other, ref.columns) == value(row, ref.target_columns)
                for source in schemas
                for ref in refs[source]
                if ref.target == name and (source in below or must(source, ref))
                for other in seen[source]
            )

        return fits

    if base not in above:
        seen[base] = [row for row in rows[base] if row[web.filter.column] in web.filter.values]
    while sum(spread(name, hangs(name)) for name in below - {base}):
        pass
    while sum(spread(name, is_named(name)) for name in set(schemas) - below):
        pass
    return {name: {(row["a"], row["b"]) for row in found} for name, found in seen.items()}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(webs())
def test_any_tables_show_what_the_rules_say_and_no_hidden_key(web):
    seen = web.filter.visible(web.frames, web.schemas)
    assert hidden_keys_shown(web.frames, seen, web.schemas) == []
    asked = web.frames[web.filter.table].filter(pl.col(web.filter.column).is_in(web.filter.values))
    assert len(seen[web.filter.table]) == (0 if web.filter.is_circular(web.schemas) else len(asked))
    assert {name: set(frame.select("a", "b").iter_rows()) for name, frame in seen.items()} == seen_by_hand(
        web
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(webs(), st.data())
def test_the_tables_needed_are_enough(web, data):
    name = data.draw(st.sampled_from(sorted(web.schemas)))
    needed = web.filter.needs([name], web.schemas)
    few = web.filter.visible({table: web.frames[table] for table in needed}, web.schemas)
    assert few[name].equals(web.filter.visible(web.frames, web.schemas)[name])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(webs())
def test_rows_are_only_left_out_and_cells_only_emptied(web):
    seen = web.filter.visible(web.frames, web.schemas)
    for name, frame in seen.items():
        before = {(row["a"], row["b"]): row for row in web.frames[name].iter_rows(named=True)}
        for row in frame.iter_rows(named=True):
            was = before[row["a"], row["b"]]
            assert all(cell in (None, was[column]) for column, cell in row.items())
            assert all(row[column] is None or was[column] is not None for column in row)
        assert frame.schema == web.frames[name].schema
        assert frame.select("a", "b").rows() == [
            key for key in before if key in set(frame.select("a", "b").rows())
        ]


@pytest.fixture(scope="module")
def crane():
    """The crane works with a plan that has a row for each order and step."""
    frames = generate()
    start, end = (pl.lit(datetime(2026, 3, day, tzinfo=UTC)) for day in (2, 3))
    steps, orders = frames["operation"].select("order_id", "op_no"), frames["work_order"].select("order_id")
    plans = {
        "order_plan": orders.with_columns(start=start, end=end, tardiness_s=0),
        "operation_plan": steps.with_columns(mode_no=1, setup_start=None, start=start, end=end, locked=False),
        "resource_plan": steps.with_columns(
            demand_no=1, unit_no=1, resource_id=pl.lit("CNCL-01"), place_no=1
        ),
    }
    empty = {name: pl.DataFrame(schema.create_empty()) for name, schema in TABLES.items()}
    return empty | frames | plans


FILTERS = [
    RowFilter("customer", "customer_id", ("PORT-1",)),
    RowFilter("work_order", "customer_id", ("PORT-1", "MINE-1")),
    RowFilter("operation", "op_no", ("10",)),
    RowFilter("resource", "kind", ("contractor",)),
    RowFilter("item", "kind", ("product",)),
    RowFilter("work_order", "order_id", ("nowhere",)),
]


@pytest.mark.parametrize("row_filter", FILTERS, ids=str)
def test_the_crane_works_shows_no_hidden_key(crane, row_filter):
    seen = row_filter.visible(crane, TABLES)
    assert hidden_keys_shown(crane, seen, TABLES) == []
    for name in TABLES:
        needed = {table: crane[table] for table in row_filter.needs([name], TABLES)}
        assert row_filter.visible(needed, TABLES)[name].equals(seen[name])


def test_a_customer_sees_their_orders_and_what_belongs_to_them(crane):
    seen = RowFilter("customer", "customer_id", ("PORT-1",)).visible(crane, TABLES)
    mine = crane["work_order"].filter(pl.col("customer_id") == "PORT-1").select("order_id")
    assert 0 < len(mine) < len(crane["work_order"])
    assert seen["customer"]["customer_id"].to_list() == ["PORT-1"]
    assert seen["work_order"].select("order_id").equals(mine)
    for name in (
        "operation",
        "operation_mode",
        "operation_plan",
        "resource_plan",
        "order_plan",
        "material_requirement",
    ):
        assert seen[name].equals(crane[name].join(mine, on="order_id", how="semi", maintain_order="left")), (
            name
        )
        assert len(seen[name])
    others = set(crane["work_order"]["item_id"]) - set(seen["work_order"]["item_id"])
    assert others
    assert not others & set(seen["item"]["item_id"]) - set(seen["material_requirement"]["item_id"])
    for name in ("receipt", "bom_line", "shift", "resource_capacity", "class_member", "setup_time"):
        assert len(seen[name]) == 0


def test_a_subcontractor_sees_the_steps_they_do_and_not_for_whom(crane):
    contractor = crane["resource"].filter(pl.col("kind") == "contractor")["resource_id"].to_list()
    seen = RowFilter("resource", "kind", ("contractor",)).visible(crane, TABLES)
    assert seen["resource"]["resource_id"].to_list() == contractor
    assert set(seen["resource_demand"]["resource_id"]) <= set(contractor)
    assert seen["work_order"]["customer_id"].null_count() == len(seen["work_order"])
    assert len(seen["customer"]) == 0
