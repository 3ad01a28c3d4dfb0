"""A new order like another: its route for another quantity, and nothing else."""

from datetime import timedelta

import polars as pl
import pytest

from lineshaft.core import BadInput, Missing
from lineshaft.core.solve import read_book, table_name
from lineshaft.make.schedule import PROMISE
from lineshaft.make.schedule.copies import READS, copy_order
from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.repair.example import example

RELEASE = at(1, 8)


@pytest.fixture
def tables():
    schemas = PROMISE.load("inputs").member_schemas()
    book = read_book(PROMISE, example())
    found = {table_name(schema): getattr(book, member) for member, schema in schemas.items()}
    empty = {table_name(schema): schema.create_empty() for schema in schemas.values()}
    return {name: found[name] if found[name] is not None else empty[name] for name in READS}


def test_the_route_comes_along_for_the_new_quantity(tables):
    rows = copy_order(tables, "WO-2", "N", 8, RELEASE, None)
    head = rows["work_order"].row(0, named=True)
    assert (head["order_id"], head["quantity"], head["release"], head["due"]) == ("N", 8, RELEASE, None)
    assert head["parent_order_id"] is None, "it is made for nobody's assembly"
    for name in ("operation", "operation_mode", "resource_demand"):
        was = tables[name].filter(pl.col("order_id") == "WO-2")
        assert rows[name].drop("order_id").equals(was.drop("order_id"))
    assert rows["segment_dependency"].select("order_id", "after_order_id", "lag_s").rows() == [
        ("N", "N", 7_200)
    ]


def test_material_goes_by_the_pieces(tables):
    assert copy_order(tables, "WO-1", "N", 3, RELEASE, RELEASE + timedelta(days=9))["material_requirement"][
        "quantity"
    ].to_list() == [6.0]


def test_wrong_wishes_are_named(tables):
    with pytest.raises(Missing):
        copy_order(tables, "WO-77", "N", 1, RELEASE, None)
    for new_id, quantity, column in (("WO-1", 1, "order_id"), ("N", 0, "quantity")):
        with pytest.raises(BadInput) as refused:
            copy_order(tables, "WO-2", new_id, quantity, RELEASE, None)
        assert refused.value.faults[0].column == column
