"""Sheets find their tables and headings their columns, in people's own words and units."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.core import BadInput
from lineshaft.store.mapping import HeadingMap, column_labels, normal, split_unit
from lineshaft.store.matching import match_tables
from lineshaft.store.sheets import RawSheet
from lineshaft.store.units import FAMILIES, LABELS_ZH, factor, find_unit, unit_label
from lineshaft.tables import TABLES


def sheet(name, *rows):
    return RawSheet("book.xlsx", name, [list(row) for row in rows], in_workbook=True)


def matched(*sheets, headings=None):
    found = match_tables(sheets, TABLES, headings)
    assert not found.faults
    return found.matched[0]


@pytest.mark.parametrize(
    "name", ["work_order", "WorkOrder", "工单", "Work orders", " WORK ORDERS ", "work-order"]
)
def test_a_table_is_known_by_any_of_its_names(name):
    assert matched(sheet(name, ["order_id", "quantity"])).table == "work_order"


@pytest.mark.parametrize(
    "heading", ["piece_s", "单件时间", "time per piece", "Time Per Piece *", "单 件 时 间", "单件时间（s）"]
)
def test_a_column_is_known_by_name_or_label_in_either_language(heading):
    assert matched(sheet("operation_mode", ["order_id", heading])).columns == {"order_id": 0, "piece_s": 1}


@pytest.mark.parametrize(
    ("heading", "times"),
    [("单件时间(min)", 60), ("单件时间（分钟）", 60), ("piece_s [h]", 3600), ("time per piece (小时)", 3600)],
)
def test_a_unit_in_the_heading_gives_an_exact_factor(heading, times):
    assert matched(sheet("operation_mode", ["order_id", heading])).factors == {"piece_s": Fraction(times)}


def test_a_unit_row_is_no_data_and_data_is_no_unit_row():
    found = matched(
        sheet("operation_mode", ["order_id", "lot_s", "piece_s"], [None, "min", "s"], ["WO", 1, 2])
    )
    assert (found.first, found.factors) == (2, {"lot_s": Fraction(60)})
    assert matched(sheet("customer", ["customer_id", "name"], ["s", None], ["min", "h"])).first == 1


def test_titles_above_the_headings_are_passed_over():
    rows = (["2026 年 1 月生产计划"], [None], ["工单", "数量", "拖期权重"], ["WO-1", 3, 1])
    found = matched(sheet("工单", *rows))
    assert found.first == 3
    assert found.columns == {"order_id": 0, "quantity": 1, "weight": 2}


def test_a_sheet_of_any_name_is_known_by_its_headings():
    found = matched(sheet("Sheet1", ["order_id", "op_no", "mode_no", "lot_s", "piece_s", "remark"]))
    assert found.table == "operation_mode"


def test_a_sheet_that_could_be_two_tables_is_nobodys():
    found = match_tables([sheet("Sheet1", ["order_id", "start", "end"])], TABLES)
    assert found.matched == [] or found.matched[0].table not in ("work_order", "resource_plan")
    unknown = match_tables([sheet("Sheet1", ["foo"])], TABLES)
    assert [fault.rule for fault in unknown.warnings] == ["unknown_table"]


def test_an_unknown_heading_is_a_warning_with_its_cell():
    found = match_tables([sheet("customer", ["customer_id", "电话"], ["C-1", "123"])], TABLES)
    warning = found.warnings[0]
    assert (warning.rule, warning.column, warning.source) == (
        "unknown_column",
        "电话",
        "book.xlsx customer B1",
    )


def test_a_users_own_headings_are_remembered():
    learnt = HeadingMap().learn(
        ["机台表=resource", "机台号=resource.resource_id", "备注=resource.-", "封面=-"]
    )
    kept = HeadingMap.from_json(learnt.to_json())
    assert kept == learnt
    rows = sheet("机台表", ["机 台 号", "备注", "类别"], ["lathe", "x", "machine"])
    found = match_tables([sheet("封面", ["hello"]), rows], TABLES, kept)
    assert found.warnings == []
    assert found.matched[0].columns == {"resource_id": 0, "kind": 2}


@pytest.mark.parametrize("said", ["no equals sign", "=work_order", "own="])
def test_a_pair_that_makes_no_sense_is_refused(said):
    with pytest.raises(BadInput) as refused:
        HeadingMap().learn([said])
    assert refused.value.faults[0].value == said


@pytest.mark.parametrize(
    "said", ["own=no_such_table", "own=work_order.no_such_column", "own=no_such_table.x"]
)
def test_a_name_that_is_no_table_or_column_is_a_fault(said):
    faults = match_tables([sheet("customer", ["customer_id"])], TABLES, HeadingMap().learn([said])).faults
    assert [(fault.rule, fault.table) for fault in faults] == [("mapping", "mapping")]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"tables": 1}', '{"columns": {"a": "b"}}', '{"tables": {"a": 3}}']
)
def test_a_mapping_file_that_is_none_is_refused(text):
    with pytest.raises(BadInput) as refused:
        HeadingMap.from_json(text)
    assert refused.value.faults[0].rule == "mapping"


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_of_every_table_has_a_label_of_its_own_in_both_languages(name):
    labels = column_labels(TABLES[name])
    for column, rule in TABLES[name].columns().items():
        assert labels[normal(column)] == column
        assert labels[normal(rule.description)] == column, rule.description
        assert labels[normal(rule.metadata["zh"])] == column, rule.metadata["zh"]


def test_units_have_exact_factors():
    assert factor("min", "s") == 60
    assert factor("g", "kg") == Fraction(1, 1000)
    assert factor("kg", "s") is None
    assert find_unit("分钟") == find_unit("ＭＩＮ") == "min"
    assert find_unit("furlong") == ""
    assert {unit: find_unit(unit_label(unit, "zh")) for unit in LABELS_ZH} == {
        unit: unit for unit in LABELS_ZH
    }


@given(st.sampled_from(FAMILIES).flatmap(lambda family: st.tuples(*[st.sampled_from(sorted(family))] * 3)))
def test_factors_chain(units):
    one, two, three = units
    assert factor(one, two) * factor(two, three) == factor(one, three)


@given(st.text("ab工单 (", max_size=5), st.sampled_from(["s", "min", "分钟"]))
def test_a_heading_splits_into_label_and_unit(label, unit):
    assert split_unit(f"{label.strip()}({unit})") == (label.strip(), unit)
