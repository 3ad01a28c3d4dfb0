"""A preview shows what would come in and names every cell that would not; good rows can be taken alone."""

import copy
import shutil
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.broken_files import SHOP, right_book, text, workbook

from lineshaft.core import BadInput, Missing, find_engine
from lineshaft.store.cells import BadCell, read_cells, to_utc
from lineshaft.store.folder import write_folder
from lineshaft.store.importing import file_digest, preview_import, read_tables
from lineshaft.store.mapping import HeadingMap
from lineshaft.store.workbook import write_example
from lineshaft.tables import TABLES, table_name


def shop(folder, **cells):
    """The right shop with cells replaced: table_row_column=value, as `work_order__1__quantity=3`."""
    sheets = copy.deepcopy(SHOP)
    for place, value in cells.items():
        table, row, column = place.split("__")
        sheets[table][int(row)][sheets[table][0].index(column)] = value
    return workbook(folder, sheets)


def read(table, column, value, **how):
    """One cell through the reader of a column."""
    (found,), bad = read_cells([value], TABLES[table].columns()[column], **how)
    if bad:
        raise bad[0]
    return found


def test_every_fault_is_named_at_once_and_what_only_follows_stands_last(tmp_path):
    path = shop(
        tmp_path, work_order__1__quantity="four", resource__1__kind="?", customer__1__customer_id="C-9"
    )
    preview = preview_import(path)
    first = [(f.table, f.key, f.column, f.rule, f.source) for f in preview.faults if f.rule != "ref_faulty"]
    assert first == [
        ("resource", ("lathe",), "kind", "choice", "book.xlsx resource C2"),
        ("work_order", ("WO-1",), "quantity", "dtype", "book.xlsx work_order C2"),
    ]
    follows = [fault for fault in preview.faults if fault.rule == "ref_faulty"]
    assert preview.faults[2:] == follows
    assert ("operation", ("WO-1", 10)) in [(fault.table, fault.key) for fault in follows]
    with pytest.raises(BadInput) as refused:
        preview.take()
    assert refused.value.faults == preview.faults


def test_good_rows_can_be_taken_alone_and_rows_that_refer_to_bad_ones_stay_out(tmp_path):
    preview = preview_import(shop(tmp_path, work_order__1__quantity="four"))
    taken = preview.take(partial=True)
    assert taken["work_order"]["order_id"].to_list() == ["WO-2"]
    assert [row[:6] for row in taken["operation"].rows()] == [("WO-2", 10, "车", None, True, None)]
    assert taken["resource_demand"].height == 1
    assert preview.counts["operation"] == {"read": 3, "good": 1, "left_out": 2}


def test_rows_that_the_works_has_are_referred_to_and_replaced(tmp_path):
    existing = read_tables(right_book(tmp_path))
    orders = "order_id,quantity,release,weight\nWO-1,9,2026-01-05T08:00:00Z,1\n"
    new = text(tmp_path, "work_order.csv", orders)
    preview = preview_import(new, existing=existing)
    assert preview.take()["work_order"]["quantity"].to_list() == [9]
    missing = preview_import(new, existing=existing, mode="replace")
    assert {fault.table for fault in missing.faults} == {"operation", "operation_mode", "resource_demand"}
    with pytest.raises(BadInput):
        missing.take(partial=True)


def test_units_and_zones_in_the_file_are_converted_exactly(tmp_path):
    sheets = {name: SHOP[name] for name in ("item", "customer", "work_order", "operation", "operation_mode")}
    sheets = copy.deepcopy(sheets)
    sheets["operation_mode"][0][3:] = ["批时间(min)", "单件时间(h)"]
    sheets["operation_mode"][1][3:] = [0.05, 0.25]
    sheets["work_order"][0][4] = "最早开工(Asia/Shanghai)"
    frames = preview_import(workbook(tmp_path, sheets)).frames
    assert frames["operation_mode"].row(0)[:5] == ("WO-1", 10, 1, 3, 900)
    assert frames["work_order"]["release"][0] == datetime(2026, 1, 5, 0, tzinfo=UTC)


def test_times_without_a_zone_are_read_in_that_of_the_calendars_and_it_is_said(tmp_path):
    preview = preview_import(right_book(tmp_path))
    assert preview.frames["work_order"]["due"][0] == datetime(2026, 1, 9, 9, tzinfo=UTC)
    notes = [fault for fault in preview.warnings if fault.rule == "zone"]
    assert [(fault.table, fault.column) for fault in notes] == [
        ("work_order", "release"),
        ("work_order", "due"),
    ]
    assert "Asia/Shanghai" in notes[0].words.zh


def test_a_gbk_file_is_read_and_it_is_said(tmp_path):
    path = text(tmp_path, "客户.csv", "客户编号;名称\nC-1;起重机厂\n".encode("gbk"))
    preview = preview_import(path)
    assert preview.take()["customer"].rows() == [("C-1", "起重机厂")]
    assert "GBK" in preview.warnings[0].words.en


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_make_no_difference(tmp_path, encoding, delimiter):
    content = (
        delimiter.join(["customer_id", "name"])
        + "\n"
        + delimiter.join(["C-1", '"起重机, 减速机; 轴"'])
        + "\n"
    )
    path = text(tmp_path, "customer.csv", content.encode(encoding))
    assert read_tables(path)["customer"].rows() == [("C-1", "起重机, 减速机; 轴")]


def test_a_folder_of_files_is_one_source(tmp_path):
    frames = read_tables(right_book(tmp_path))
    for kind in ("csv", "parquet"):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        write_folder(frames, tmp_path / "out", kind)
        taken = preview_import(tmp_path / "out").take()
        assert all(taken[name].equals(frame) for name, frame in frames.items())


def test_an_example_workbook_comes_in_whole(tmp_path):
    engine = find_engine("make.schedule")
    members = engine.load("inputs").members()
    frames = {table_name(members[m].schema): f for m, f in engine.load("example")().items() if f is not None}
    write_example(engine, frames, tmp_path / "example.xlsx", "zh")
    taken = preview_import(tmp_path / "example.xlsx").take()
    for name, frame in frames.items():
        assert taken[name].equals(frame.sort(TABLES[name].primary_key()))


def test_blank_rows_are_passed_over_and_addresses_stay_right(tmp_path):
    rows = [["customer_id", "name"], ["C-1", "a"], [None, None], [None, None], ["C-2", "x" * 201]]
    fault = preview_import(workbook(tmp_path, {"customer": rows})).faults[0]
    assert (fault.key, fault.source) == (("C-2",), "book.xlsx customer B5")


def test_formulas_give_their_last_value_and_it_is_said(tmp_path):
    rows = [["customer_id", "name"], ["C-1", "=1+1"]]
    preview = preview_import(workbook(tmp_path, {"customer": rows}))
    assert preview.frames["customer"].rows() == [("C-1", "0")]
    assert preview.warnings[0].words.en == "1 formula cell: the last calculated values were taken"


def test_own_headings_are_used_and_handed_back(tmp_path):
    path = text(tmp_path, "crm.csv", "Nr;Firma;Tel\nC-1;Hafen;1\n")
    headings = HeadingMap().learn(
        ["crm=customer", "Nr=customer.customer_id", "Firma=customer.name", "Tel=customer.-"]
    )
    preview = preview_import(path, headings=headings)
    assert preview.take()["customer"].rows() == [("C-1", "Hafen")]
    assert preview.warnings == []
    assert preview.headings == headings


def test_parquet_from_elsewhere_is_read_with_its_own_types(tmp_path):
    frame = pl.DataFrame(
        {
            "物料号": pl.Series(["gear"], dtype=pl.Categorical),
            "类别": ["自制件"],
            "单件质量(g)": pl.Series(["1250.5"]).cast(pl.Decimal(12, 3)),
        }
    )
    frame.write_parquet(tmp_path / "物料.parquet")
    taken = preview_import(tmp_path / "物料.parquet").take()["item"]
    assert taken.rows() == [("gear", None, "part", 1.2505)]


def test_the_digest_is_that_of_the_content(tmp_path):
    one, two = text(tmp_path, "a.csv", "x"), text(tmp_path, "b.csv", "x")
    assert file_digest(one) == file_digest(two)
    assert preview_import(right_book(tmp_path)).digest == file_digest(tmp_path / "book.xlsx")
    before = file_digest(tmp_path)
    two.write_text("y")
    assert file_digest(tmp_path) != before


def test_a_file_that_is_not_there_and_a_folder_with_nothing_are_missing(tmp_path):
    for path in (tmp_path / "no.xlsx", tmp_path):
        with pytest.raises(Missing):
            preview_import(path)


# Cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("12", 12),
        (" 12 ", 12),
        ("１２", 12),
        ("12.0", 12),
        ("1.2e1", 12),
        (12.0, 12),
        ("+12", 12),
        ("", None),
    ],
)
def test_whole_numbers_as_people_write_them(value, found):
    assert read("work_order", "quantity", value) == found


@pytest.mark.parametrize(
    "value", ["1,200", "1 200", "12 pieces", "0x12", "1_000", "²", "--1", "1e9999", "٣", True]
)
def test_what_is_no_whole_number(value):
    with pytest.raises(BadCell):
        read("work_order", "quantity", value)


@pytest.mark.parametrize(
    ("value", "found"),
    [(123.0, "123"), (1.5, "1.5"), ("00123", "00123"), ("1E5", "1E5"), (" x ", " x "), (True, "TRUE")],
)
def test_text_stays_as_it_stands(value, found):
    assert read("customer", "name", value) == found


@pytest.mark.parametrize("value", ["machine", "设备", "MACHINE", " machine ", "ｍａｃｈｉｎｅ"])
def test_choices_by_value_or_label(value):
    assert read("resource", "kind", value) == "machine"


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-05 08:00", "2026/1/5 8:00", "2026年1月5日 8时0分", "2026-01-05T08:00:00.000", "2026.1.5 8:00",
        "2026-01-05T00:00:00Z", "2026-01-05 09:00+09:00", datetime(2026, 1, 5, 8), "２０２６-01-05 08：00",
    ],
)  # fmt: skip
def test_times_as_people_write_them(value):
    found = read("work_order", "release", value, zone="Asia/Shanghai")
    assert found == datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["2026-01-05", "2026/1/5", "2026年1月5日", datetime(2026, 1, 5), date(2026, 1, 5)]
)
def test_dates_as_people_write_them(value):
    assert read("calendar_exception", "date", value) == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("start_min", time(8, 30), 510),
        ("end_min", timedelta(hours=26), 1560),
        ("end_min", timedelta(minutes=5), 5),
    ],
)
def test_clock_times_count_in_the_columns_unit(column, value, found):
    assert read("shift", column, value) == found


@given(st.fractions(0, 1000, max_denominator=3600))
def test_minutes_become_seconds_exactly_or_not_at_all(minutes):
    text = f"{float(minutes)!r}"
    exact = Fraction(text) * 60
    if exact.denominator == 1:
        assert read("operation_mode", "lot_s", text, factor=Fraction(60)) == exact
    else:
        with pytest.raises(BadCell):
            read("operation_mode", "lot_s", text, factor=Fraction(60))


@given(st.floats(0, 1e7))
def test_a_float_is_read_as_it_was_written(value):
    assert read("item", "mass_kg", repr(value)) == value


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),
    st.sampled_from(["Europe/Berlin", "Asia/Shanghai"]),
)
def test_a_local_time_is_read_as_the_one_moment_it_names(stamp, zone):
    from zoneinfo import ZoneInfo

    local = ZoneInfo(zone)
    try:
        moment = to_utc(stamp, local)
    except BadCell:
        assert zone == "Europe/Berlin"
        return
    assert moment.astimezone(local).replace(tzinfo=None) == stamp


def test_a_frame_of_good_rows_fits_its_schema(tmp_path):
    for name, frame in preview_import(right_book(tmp_path)).frames.items():
        TABLES[name].validate(frame)
        assert isinstance(frame, pl.DataFrame)
