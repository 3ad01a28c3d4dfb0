"""What goes into a works comes out the same: every type, every moment, every digest."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from toy_line import orders

from lineshaft.core import BadInput, Missing
from lineshaft.core.digest import frame_digest
from lineshaft.store import Works
from lineshaft.store.home import home_of
from lineshaft.store.sql import insert_rows, select_all, sql_table, without_negative_zero


class Everything(dy.Schema):
    """A column of each kind."""

    key = dy.Datetime(primary_key=True, time_zone="Asia/Shanghai", time_unit="us")
    text = dy.String(nullable=True)
    choice = dy.Enum(["甲", "b"], nullable=True)
    whole = dy.Int64(nullable=True)
    small = dy.UInt16(nullable=True)
    real = dy.Float64(nullable=True)
    flag = dy.Bool(nullable=True)
    day = dy.Date(nullable=True)
    milli = dy.Datetime(nullable=True, time_zone="UTC", time_unit="ms")
    nano = dy.Datetime(nullable=True, time_zone="America/New_York", time_unit="ns")
    local = dy.Datetime(nullable=True, time_unit="us")


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31))
AWARE = MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))
ROW = st.fixed_dictionaries(
    {
        "key": AWARE,
        "text": st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
        "choice": st.sampled_from([None, "甲", "b"]),
        "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
        "small": st.none() | st.integers(0, 65_535),
        "real": st.none() | st.just(-0.0) | st.floats(allow_nan=False, allow_infinity=False),
        "flag": st.none() | st.booleans(),
        "day": st.none() | st.dates(date(1990, 1, 1), date(2099, 12, 31)),
        "milli": st.none()
        | AWARE.map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)),
        "nano": st.none() | AWARE,
        "local": st.none() | MOMENTS,
    }
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    if request.param == "sqlite":
        place = tmp_path_factory.mktemp("round_trip")
    else:
        place = request.getfixturevalue("server").url("round_trip")
    home = home_of(place)
    home.prepare()
    yield home.database
    home.close()


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, max_size=8, unique_by=lambda row: row["key"]))
def test_any_frame_comes_back_bit_for_bit(database, rows):
    types = {name: rule.dtype for name, rule in Everything.columns().items()}
    frame = pl.DataFrame(
        {name: pl.Series([row[name] for row in rows], dtype=types[name], strict=False) for name in types}
    )
    frame = without_negative_zero(frame.sort("key"))
    table = sql_table("everything", Everything)

    def there_and_back(connection):
        table.create(connection)
        insert_rows(connection, table, frame)
        back = select_all(connection, table, Everything)
        table.drop(connection)
        return back

    back = database.write(there_and_back)
    assert_frame_equal(back, frame, check_exact=True)
    assert frame_digest(back, Everything) == frame_digest(frame, Everything)


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"]
)
def test_both_hours_of_an_autumn_night_stay_apart(place, zone):
    """Every quarter hour of 2026, given on the wall clock of a zone, is the same moment afterwards."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [(start + timedelta(minutes=15 * i)).astimezone(ZoneInfo(zone)) for i in range(0, 35_040, 7)]
    frame = orders(*[f"{i:05}" for i in range(len(moments))]).with_columns(
        release=pl.Series(moments).dt.convert_time_zone(zone)
    )
    with Works.create(place, "Test", zone) as works:
        works.write({"work_order": frame}, "li", "import")
        back = works.read("work_order")["release"]
        assert works.time_zone == zone
    assert [moment.astimezone(UTC) for moment in moments] == back.to_list()
    assert back.dtype == pl.Datetime("us", "UTC")
    folds = [moment for moment in moments if moment.fold]
    assert folds or zone == "Asia/Shanghai"


def test_text_and_frames_of_other_types_are_read_and_faults_named(place):
    with Works.create(place, "Test") as works:
        text = orders("1").with_columns(release=pl.lit("2026-03-29T03:30:00+02:00"), quantity=pl.lit("7"))
        works.write({"work_order": text}, "li", "import")
        row = works.read("work_order").row(0, named=True)
        assert (row["quantity"], row["release"]) == (7, datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
        before = works.root()
        with pytest.raises(BadInput) as bad:
            works.write({"work_order": text.with_columns(quantity=pl.lit("many"))}, "li", "import")
        assert [(fault.table, fault.key, fault.column) for fault in bad.value.faults] == [
            ("work_order", ("1",), "quantity")
        ]
        with pytest.raises(BadInput):
            works.write({"no_such": text}, "li", "import")
        with pytest.raises(BadInput):
            works.write({"work_order": text.with_columns(item_id=pl.lit("nowhere"))}, "li", "import")
        assert works.root() == before
        with pytest.raises(Missing):
            works.read("no_such")


def test_a_row_that_others_refer_to_cannot_go(place):
    with Works.create(place, "Test") as works:
        operation = pl.DataFrame({"order_id": ["1"], "op_no": [10], "pausable": [True]})
        mode = pl.DataFrame({"order_id": ["1"], "op_no": [10], "mode_no": [1], "lot_s": [60], "piece_s": [0]})
        routes = {"work_order": orders("1", "2"), "operation": operation, "operation_mode": mode}
        works.write(routes, "li", "import")
        with pytest.raises(BadInput) as bad:
            works.write({"work_order": orders("2")}, "li", "import")
        assert bad.value.faults[0].table == "operation"
        preview = works.preview_write({"work_order": orders("1", "3", quantity=2)})
        assert preview.counts == {"work_order": {"inserted": 1, "changed": 1, "removed": 1}}
        change = preview.tables["work_order"]
        assert (change.was["quantity"].to_list(), change.changed["quantity"].to_list()) == ([1], [2])
        assert works.read("work_order")["order_id"].to_list() == ["1", "2"]


def test_a_null_byte_has_no_place_in_any_works(place):
    with Works.create(place, "Test") as works:
        with pytest.raises(BadInput) as bad:
            works.write(
                {"item": pl.DataFrame({"item_id": ["a"], "name": ["x\0y"], "kind": ["part"]})}, "li", "x"
            )
        (fault,) = bad.value.faults
        assert (fault.table, fault.key, fault.column, fault.rule) == ("item", ("a",), "name", "null_byte")


def test_a_write_is_held_to_the_rules_across_tables(place):
    operation = pl.DataFrame({"order_id": ["1"], "op_no": [10], "pausable": [True]})
    with Works.create(place, "Test") as works:
        with pytest.raises(BadInput) as bad:
            works.write({"work_order": orders("1"), "operation": operation}, "li", "import")
        assert [(fault.table, fault.rule) for fault in bad.value.faults] == [("operation", "no_mode")]
        mode = pl.DataFrame({"order_id": ["1"], "op_no": [10], "mode_no": [1], "lot_s": [60], "piece_s": [0]})
        works.write(
            {"work_order": orders("1"), "operation": operation, "operation_mode": mode}, "li", "import"
        )
        with pytest.raises(BadInput) as bad:
            works.write({"operation_mode": mode.clear()}, "li", "clear")
        assert bad.value.faults[0].rule == "no_mode"


def test_text_sorts_by_its_bytes(place):
    names = ["b", "A", "_", "é", "a", "甲", "Z"]
    items = pl.DataFrame({"item_id": names, "kind": "part"})
    with Works.create(place, "Test") as works:
        works.write({"item": items}, "li", "import")
        column = works.catalog.tables["item"].c.item_id
        with works.database.reading() as connection:
            found = connection.execute(sa.select(column).order_by(column)).scalars().all()
    assert found == sorted(names, key=str.encode)


def test_a_time_zone_must_exist(place):
    with pytest.raises(BadInput):
        Works.create(place, "Test", "Mars/Olympus")
    with pytest.raises(Missing):
        Works.open(place)


def test_a_transient_works_leaves_nothing():
    with Works.transient() as works:
        path = works.path
        works.write({"work_order": orders("1")}, "li", "import")
    assert not path.exists()
