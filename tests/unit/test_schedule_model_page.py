"""The page on the model names columns that exist, and leaves none of the model's out."""

import re
from pathlib import Path

from lineshaft.core.solve import table_name
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "schedule-model.md").read_text(encoding="utf-8")
SAID_ELSEWHERE = {"name", "note", "title"}
"""What people call things changes no plan."""


def named():
    """(table, column) of everything that the page names so."""
    return {
        (table, column) for table, column in re.findall(r"`([a-z_]+)\.([a-z_]+)`", PAGE) if table in TABLES
    }


def test_every_column_that_the_page_names_exists():
    assert [one for one in named() if one[1] not in TABLES[one[0]].columns()] == []
    assert all(table in TABLES for table, _ in re.findall(r"`([a-z_]+)\.([a-z_]+)`", PAGE) if table != "make")


def test_no_column_that_shapes_a_plan_is_left_out():
    there = named()
    for schema in ShopBook.member_schemas().values():
        table = table_name(schema)
        if table == "resource_plan":
            continue
        free = {
            column
            for column, rule in schema.columns().items()
            if not rule.primary_key and column not in SAID_ELSEWHERE
        }
        missing = {column for column in free if (table, column) not in there}
        assert missing <= IDENTIFY.get(table, set()), table


IDENTIFY = {
    "calendar": {"time_zone"},
    "calendar_exception": {"start_min", "end_min"},
    "resource_class": {"kind"},
    "work_order": {"item_id", "customer_id"},
    "receipt": {"item_id"},
    "actual_event": {"order_id", "op_no", "resource_id", "mode_no"},
    "operation_plan": {"mode_no", "setup_start", "start", "end"},
}
"""Columns that say which row is meant, or what the plan in force is."""
