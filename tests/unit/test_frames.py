"""The door of every table: what is wrong is named with table, key, column, value and words in both languages."""

from datetime import UTC, datetime

import polars as pl
import pytest

from lineshaft.core import BadInput
from lineshaft.core.frames import SOURCE, check_tables, make_book, references
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import TABLES, table_name
from lineshaft.tables.operation import OperationMode, SegmentDependency
from lineshaft.tables.rules import RULES

DAY = datetime(2026, 1, 5, tzinfo=UTC)


def orders(**more):
    return pl.DataFrame(
        {"order_id": ["A", "B"], "quantity": [1, 2], "release": [DAY, DAY], "weight": [1, 1]} | more
    )


def steps(order_ids=("A", "B"), op_nos=(10, 10)):
    return pl.DataFrame({"order_id": order_ids, "op_no": op_nos, "pausable": [True] * len(order_ids)})


def places(faults):
    return [(fault.table, fault.key, fault.column, fault.rule) for fault in faults]


def test_text_is_read_and_good_rows_come_back_typed_and_sorted():
    text = pl.DataFrame(
        {
            "order_id": ["B", "A"],
            "quantity": ["2", "1"],
            "release": ["2026-01-05T08:00:00+08:00"] * 2,
            "weight": ["1", "1"],
        }
    )
    good, faults = check_tables({"work_order": text}, TABLES)
    assert faults == []
    assert good["work_order"]["order_id"].to_list() == ["A", "B"]
    assert good["work_order"]["release"].to_list() == [DAY, DAY]
    assert good["work_order"].columns == list(TABLES["work_order"].columns())


@pytest.mark.parametrize(
    ("column", "value", "rule", "says"),
    [
        ("quantity", ["1", "-5"], "min", "is -5 piece, must be ≥ 1 piece"),
        ("quantity", ["1", "2.5"], "dtype", "is '2.5', must be a whole number"),
        ("quantity", [1.0, 2.5], "dtype", "is 2.5, must be a whole number"),
        ("quantity", [1, None], "nullability", "must be given"),
        ("quantity", ["1", "many"], "dtype", "is 'many', must be a whole number"),
        (
            "release",
            ["2026-01-05T08:00:00Z", "2026-02-30T08:00:00Z"],
            "dtype",
            "is '2026-02-30T08:00:00Z', must be a time",
        ),
        ("weight", [1, 5000], "max", "is 5000, must be ≤ 1000"),
    ],
)
def test_a_bad_cell_is_named_and_the_good_row_taken(column, value, rule, says):
    good, faults = check_tables({"work_order": orders(**{column: value})}, TABLES)
    assert places(faults) == [("work_order", ("B",), column, rule)]
    assert faults[0].words.en.startswith(says)
    assert any("\u4e00" <= character <= "\u9fff" for character in faults[0].words.zh)
    assert good["work_order"]["order_id"].to_list() == ["A"]


def test_a_missing_column_is_named():
    _, faults = check_tables({"work_order": orders().drop("quantity")}, TABLES)
    assert places(faults) == [("work_order", (), "quantity", "missing_column")]


def test_a_key_given_twice_takes_neither_row():
    good, faults = check_tables({"work_order": orders(order_id=["A", "A"])}, TABLES)
    assert places(faults) == [("work_order", ("A",), "", "primary_key")] * 2
    assert good["work_order"].is_empty()


def test_a_row_rule_speaks_both_languages():
    early = datetime(2025, 1, 1, tzinfo=UTC)
    _, faults = check_tables({"work_order": orders(due=[early, None])}, TABLES)
    assert places(faults) == [("work_order", ("A",), "", "due_after_release")]
    assert faults[0].words == ("the due date is before the release", "交期早于最早开工时间")


def test_rows_that_name_nothing_fall_and_so_do_those_that_name_them():
    frames = {
        "work_order": orders(),
        "operation": steps(("A", "Z"), (10, 10)),
        "operation_mode": pl.DataFrame(
            {"order_id": ["A", "Z"], "op_no": [10, 10], "mode_no": [1, 1], "lot_s": [0, 0], "piece_s": [1, 1]}
        ),
    }
    good, faults = check_tables(frames, TABLES)
    assert places(faults) == [
        ("operation", ("Z", 10), "order_id", "ref"),
        ("operation_mode", ("Z", 10, 1), "op_no", "ref_faulty"),
    ]
    assert "not in work_order" in faults[0].words.en
    assert "has a fault itself" in faults[1].words.en
    assert len(good["operation_mode"]) == 1


def test_the_place_a_row_was_read_from_is_told():
    _, faults = check_tables(
        {"work_order": orders(quantity=[1, 0]).with_columns(pl.Series(SOURCE, ["Sheet1!2", "Sheet1!3"]))},
        TABLES,
    )
    assert faults[0].source == "Sheet1!3"
    assert faults[0].say("en") == "work_order / B / quantity (Sheet1!3): is 0 piece, must be ≥ 1 piece"
    assert faults[0].say("zh") == "work_order / B / quantity (Sheet1!3):为 0 piece,须 ≥ 1 piece"


def test_references_are_read_from_the_columns():
    assert references(OperationMode)[0].target == "operation"
    assert references(OperationMode)[0].columns == ("order_id", "op_no")
    assert [r.columns for r in references(SegmentDependency)] == [
        ("order_id", "op_no"),
        ("after_order_id", "after_op_no"),
    ]


def test_a_book_without_a_needed_table_is_refused():
    with pytest.raises(BadInput) as caught:
        make_book(ShopBook, {"work_orders": orders()}, table_name)
    assert {fault.table for fault in caught.value.faults} == {
        "operation",
        "operation_mode",
        "resource_demand",
        "resource",
    }


@pytest.mark.parametrize(
    ("table", "frame", "code"),
    [
        (
            "bom_line",
            pl.DataFrame(
                {"item_id": ["a", "b", "c"], "component_id": ["b", "c", "a"], "quantity": [1.0] * 3}
            ),
            "bom_cycle",
        ),
        (
            "segment_dependency",
            pl.DataFrame(
                {
                    "order_id": ["A", "B"],
                    "op_no": [10, 10],
                    "after_order_id": ["B", "A"],
                    "after_op_no": [10, 10],
                    "kind": ["end_start"] * 2,
                    "lag_s": [0, 0],
                }
            ),
            "step_cycle",
        ),
    ],
)
def test_circles_are_found(table, frame, code):
    frames = {
        "work_order": orders(),
        "operation": steps(),
        "item": pl.DataFrame({"item_id": ["a", "b", "c"], "kind": ["part"] * 3}),
        table: frame,
    }
    _, faults = check_tables(frames, TABLES, RULES)
    assert [fault.rule for fault in faults] == [code]
    assert "→" in faults[0].words.zh


def test_a_step_without_a_mode_and_a_demand_beyond_capacity_are_found():
    frames = {
        "work_order": orders(),
        "operation": steps(),
        "operation_mode": pl.DataFrame(
            {"order_id": ["A"], "op_no": [10], "mode_no": [1], "lot_s": [0], "piece_s": [1]}
        ),
        "resource": pl.DataFrame({"resource_id": ["M"], "kind": ["machine"], "capacity": [1]}),
        "resource_demand": pl.DataFrame(
            {
                "order_id": ["A"],
                "op_no": [10],
                "mode_no": [1],
                "demand_no": [1],
                "resource_id": ["M"],
                "quantity": [2],
            }
        ),
    }
    _, faults = check_tables(frames, TABLES, RULES)
    assert {(fault.table, fault.rule) for fault in faults} == {
        ("operation", "no_mode"),
        ("resource_demand", "no_capacity"),
    }
