"""What the lane board is given: lanes, bars, orders and closed times agree with the tables, quickly and in few words."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from lineshaft.core import Run, find_engine
from lineshaft.core.solve import solve
from lineshaft.faces.web.lanes import changed_bars, lane_data, why_by_order
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

SHANGHAI = "Asia/Shanghai"
LANE, START, END, ORDER, OP, NAME, SETUP, FLAGS, FAMILY, ALLOWED = range(10)


@pytest.fixture(scope="module")
def shop():
    """The small example's book and plan, by member, and the result."""
    engine = find_engine("make.schedule")
    book = engine.load("example")()
    result = solve(engine, book, run=Run(work_limit=1))
    return book, {member: getattr(result.tables, member) for member in result.tables.member_schemas()}, result


@pytest.fixture(scope="module")
def data(shop):
    return lane_data(shop[0], shop[1], SHANGHAI)


def rows(book, member, *values):
    return book | {member: frame_of(ShopBook.member_schemas()[member], values)}


def test_every_row_of_the_resource_plan_is_a_bar_with_its_steps_times(shop, data):
    _, plan, _ = shop
    rows = plan["resource_plan"].join(plan["operation_plan"], on=["order_id", "op_no"])
    expected = {
        (row["order_id"], row["op_no"], row["resource_id"], row["start"], row["end"], row["setup_start"])
        for row in rows.iter_rows(named=True)
    }
    at = lambda second: None if second < 0 else datetime.fromtimestamp(second, UTC)  # noqa: E731
    found = {
        (
            data["orders"][bar[ORDER]][0],
            bar[OP],
            data["lanes"][bar[LANE]]["resource"],
            at(bar[START]),
            at(bar[END]),
            at(bar[SETUP]),
        )
        for bar in data["bars"]
    }
    assert found == expected


def test_orders_know_their_parent_and_share_the_colour_of_the_final_order(data):
    orders = {row[0]: row for row in data["orders"]}
    parent, op_no = orders["WO-2"][5:]
    assert data["orders"][parent][0] == "WO-1"
    assert op_no == 10
    assert orders["WO-2"][4] == orders["WO-1"][4] != orders["WO-3"][4]
    assert orders["WO-1"][5:] == (-1, -1)
    assert orders["WO-2"][3] == -1
    assert orders["WO-3"][3] == 1767585600


def test_a_bar_may_go_where_any_way_of_its_step_lets_the_demand_go(data):

    machine = next(bar for bar in data["bars"] if data["orders"][bar[ORDER]][0] == "WO-3" and bar[OP] == 20)
    ids = lambda bar: {data["lanes"][lane]["id"] for lane in data["allowed"][bar[ALLOWED]]}  # noqa: E731
    assert ids(machine) == {"hobber", "lathe"}
    people = [bar for bar in data["bars"] if data["lanes"][bar[LANE]]["kind"] == "person"]
    assert all(ids(bar) <= {"worker-1", "worker-2"} for bar in people)


def test_closed_times_are_what_the_calendar_leaves(data):
    monday = 1767571200  # 2026-01-05 08:00 in Shanghai
    closed = data["closed"]["day"]
    assert [monday + 4 * 3600, monday + 5 * 3600] in [list(span) for span in closed]
    assert all(end > start for start, end in closed)
    assert data["horizon"][0] <= closed[0][0] < closed[-1][1] <= data["horizon"][1]


def test_a_breakdown_closes_its_lane_only(shop):
    book, plan, _ = shop
    start = datetime(2026, 1, 6, 1, tzinfo=UTC)
    data = lane_data(
        rows(book, "capacities", ("lathe", start, start + timedelta(hours=2), 0)), plan, SHANGHAI
    )
    calendars = {lane["id"]: lane["calendar"] for lane in data["lanes"]}
    assert calendars["lathe"] == "=lathe"
    assert calendars["hobber"] == "day"
    broken = (int(start.timestamp()), int(start.timestamp()) + 7200)
    assert broken in data["closed"]["=lathe"]
    assert broken not in data["closed"]["day"]


def test_states_come_from_the_floor(shop):
    book, plan, _ = shop
    at = datetime(2026, 1, 5, tzinfo=UTC)
    events = [
        ("e1", "WO-2", 10, "start", at, "lathe", None),
        ("e2", "WO-2", 10, "finish", at + timedelta(hours=1), "lathe", None),
        ("e3", "WO-3", 10, "start", at, "lathe", None),
    ]
    data = lane_data(rows(book, "events", *events), plan, SHANGHAI)
    states = {
        (data["orders"][bar[ORDER]][0], bar[OP]): data["states"][bar[FLAGS] >> 1] for bar in data["bars"]
    }
    assert states["WO-2", 10] == "done"
    assert states["WO-3", 10] == "running"
    assert states["WO-1", 20] == "planned"


def test_a_step_that_holds_nothing_is_known_but_on_no_lane(shop):
    book, plan, _ = shop
    without = plan | {"resource_plan": plan["resource_plan"].filter(pl.col("order_id") != "WO-2")}
    data = lane_data(book, without, SHANGHAI)
    loose = [bar for bar in data["bars"] if data["orders"][bar[ORDER]][0] == "WO-2"]
    assert [bar[LANE] for bar in loose] == [-1, -1]


def test_changed_bars_are_those_of_the_steps_that_differ(shop, data):
    book, plan, _ = shop
    moved = plan["operation_plan"].with_columns(
        start=pl.when(order_id="WO-1", op_no=20)
        .then(pl.col("start") + pl.duration(hours=3))
        .otherwise("start")
    )
    after = plan | {"operation_plan": moved}
    changed = changed_bars(book, plan, after)
    before = [bar for bar in data["bars"] if data["orders"][bar[ORDER]][0] == "WO-1" and bar[OP] == 20]
    assert len(before) == 2
    assert changed == [(*bar[:START], bar[START] + 10_800, *bar[END:]) for bar in before]
    assert changed_bars(book, plan, plan) == []


def test_reasons_stand_under_the_order_they_explain(shop):
    engine = find_engine("make.schedule")
    why = why_by_order(engine, shop[2].reasons)
    late = shop[1]["order_plan"].filter(pl.col("tardiness_s") > 0)["order_id"].to_list()
    assert set(why) == set(late) != set()
    assert all(en and zh and en != zh for sentences in why.values() for en, zh in sentences)


def test_an_empty_plan_makes_an_empty_board(shop):
    book, plan, _ = shop
    data = lane_data(book, {member: frame.clear() for member, frame in plan.items()}, SHANGHAI)
    assert data["lanes"] == []
    assert data["bars"] == []


def test_the_same_tables_give_the_same_text(shop):
    book, plan, _ = shop
    mixed = {member: frame.reverse() for member, frame in plan.items()}
    assert json.dumps(lane_data(book, mixed, SHANGHAI)) == json.dumps(lane_data(book, plan, SHANGHAI))


def test_offsets_follow_summer_time(shop):
    book, plan, _ = shop
    shifted = plan | {
        "operation_plan": plan["operation_plan"].with_columns(
            pl.col("start", "end", "setup_start") + pl.duration(days=82)
        )
    }
    data = lane_data(book, shifted, "Europe/Berlin")
    assert data["offsets"] == [(0, 3600), (1774746000, 7200)]  # 2026-03-29 01:00 UTC
