"""Microsoft Project files: carried as far as a works can, and what is not carried is said."""

import gzip
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from lineshaft.core import BadInput, find_engine
from lineshaft.core.frames import check_tables
from lineshaft.core.run import Run
from lineshaft.core.solve import read_book, solve, table_name
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.store.layouts import read_layout
from lineshaft.store.msproject import read_msproject
from lineshaft.tables import TABLES
from lineshaft.tables.rules import RULES
from lineshaft.tables.worktime import working_intervals

ZONE = "Asia/Shanghai"
DAY = "<WorkingTime><FromTime>08:00:00</FromTime><ToTime>12:00:00</ToTime></WorkingTime>"
NIGHT = "<WorkingTime><FromTime>22:00:00</FromTime><ToTime>00:00:00</ToTime></WorkingTime>"


def tags(**values):
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def link(before, kind=1, lag=0, lag_format=7, **more):
    told = tags(PredecessorUID=before, Type=kind, LinkLag=lag, LagFormat=lag_format, **more)
    return f"<PredecessorLink>{told}</PredecessorLink>"


def task(uid, name, *links, level=1, hours=8, **more):
    told = {"UID": uid, "Name": name, "OutlineLevel": level, "WBS": str(uid), "Duration": f"PT{hours}H0M0S"}
    return f"<Task>{tags(**(told | more))}{''.join(links)}</Task>\n"


def resource(uid, name, **more):
    return f"<Resource>{tags(UID=uid, Name=name, **more)}</Resource>"


def assigned(task_uid, resource_uid, units=1):
    return f"<Assignment>{tags(TaskUID=task_uid, ResourceUID=resource_uid, Units=units)}</Assignment>"


def week_day(number, times=DAY):
    worked = f"<DayWorking>{int(bool(times))}</DayWorking><WorkingTimes>{times}</WorkingTimes>"
    return f"<WeekDay><DayType>{number}</DayType>{worked}</WeekDay>"


def period(first, last):
    return f"<TimePeriod>{tags(FromDate=f'{first}T00:00:00', ToDate=f'{last}T23:59:00')}</TimePeriod>"


def calendar(uid, name, week="", exceptions="", base=-1):
    body = f"<WeekDays>{week}</WeekDays><Exceptions>{exceptions}</Exceptions>"
    return f"<Calendar>{tags(UID=uid, Name=name, BaseCalendarUID=base)}{body}</Calendar>"


STANDARD = calendar(1, "Standard")


def project(*tasks, resources="", assignments="", calendars=STANDARD, **more):
    told = tags(**({"Name": "Crane 7", "StartDate": "2026-03-02T08:00:00", "CalendarUID": 1} | more))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Project xmlns="http://schemas.microsoft.com/project">'
        f"{told}<Calendars>{calendars}</Calendars>\n<Tasks>{''.join(tasks)}</Tasks>"
        f"<Resources>{resources}</Resources><Assignments>{assignments}</Assignments></Project>"
    )


def read(folder, text):
    path = folder / "plan.xml"
    path.write_text(text, encoding="utf-8")
    frames, notes = read_msproject(path, ZONE)
    _, faults = check_tables(frames, TABLES, RULES)
    assert faults == []
    return frames, " ".join(note.en for note in notes)


def links(frames):
    rows = frames["segment_dependency"].iter_rows()
    return {(later, a, earlier, b): (kind, lag) for later, a, earlier, b, kind, lag, _ in rows}


def local(*parts):
    return datetime(*parts, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


# --- orders and steps


def test_a_chain_under_a_summary_is_an_order_with_steps(tmp_path):
    frames, said = read(
        tmp_path,
        project(
            task(0, "Crane 7", level=0, Summary=1),
            task(1, "主梁", Summary=1, Deadline="2026-03-20T17:00:00", Priority=800),
            task(2, "下料", level=2, hours=6),
            task(3, "焊接", link(2), level=2, hours=16),
        ),
    )
    orders = frames["work_order"]
    assert orders.select("order_id", "due", "weight", "release").rows() == [
        ("1 主梁", local(2026, 3, 20, 17), 8, local(2026, 3, 2, 8))
    ]
    assert frames["operation"].select("op_no", "name").rows() == [(10, "下料"), (20, "焊接")]
    assert frames["operation_mode"]["lot_s"].to_list() == [6 * 3_600, 16 * 3_600]
    assert links(frames) == {("1 主梁", 20, "1 主梁", 10): ("end_start", 0)}
    assert said == ""


def test_tasks_that_do_not_wait_for_each_other_may_run_side_by_side(tmp_path):
    frames, _ = read(
        tmp_path,
        project(
            task(1, "Girder", Summary=1),
            task(2, "cut", level=2),
            task(3, "buy bolts", level=2),
            task(4, "weld", link(2), level=2),
            task(5, "drawings"),
        ),
    )
    orders = frames["work_order"].select("order_id", "parent_order_id", "parent_op_no").rows()
    assert set(orders) == {
        ("1 Girder", None, None),
        ("3 buy bolts", "1 Girder", 30),
        ("Crane 7", None, None),
    }
    assert links(frames) == {
        ("1 Girder", 20, "1 Girder", 10): ("end_start", 0),
        ("1 Girder", 30, "1 Girder", 20): ("end_start", 0),
    }


def test_a_part_with_its_own_deadline_is_an_order_that_its_summary_waits_for(tmp_path):
    frames, _ = read(
        tmp_path,
        project(
            task(1, "Crane", Summary=1),
            task(2, "Trolley", level=2, Summary=1, Deadline="2026-03-10T12:00:00"),
            task(3, "weld", level=3),
            task(4, "assemble", link(2), level=2),
        ),
    )
    due = dict(frames["work_order"].select("order_id", "due").iter_rows())
    assert due == {"1 Crane": None, "2 Trolley": local(2026, 3, 10, 12)}
    assert frames["work_order"]["parent_order_id"].null_count() == 2
    assert links(frames) == {
        ("1 Crane", 10, "2 Trolley", 20): ("end_start", 0),
        ("1 Crane", 20, "1 Crane", 10): ("end_start", 0),
        ("1 Crane", 20, "2 Trolley", 20): ("end_start", 0),
        ("2 Trolley", 20, "2 Trolley", 10): ("end_start", 0),
    }


# --- links and lags


@pytest.mark.parametrize(
    ("told", "kind", "lag_s"),
    [
        (link(1), "end_start", 0),
        (link(1, 3, 1_200, 5), "start_start", 2 * 3_600),
        (link(1, 0, 600, 6), "end_end", 3_600),
        (link(1, 1, 9_600, 7), "end_start", 2 * 86_400),
        (link(1, 1, 7_200, 5), "end_start", 86_400 + 4 * 3_600),
        (link(1, 1, 28_800, 8), "end_start", 2 * 86_400),
        (link(1, 1, 50, 20), "end_start", 2 * 3_600),
        (link(1, 1, -4_800, 7), "end_start", 0),
    ],
)
def test_links_and_their_lags(tmp_path, told, kind, lag_s):
    frames, said = read(tmp_path, project(task(1, "a", hours=4), task(2, "b", told)))
    assert list(links(frames).values()) == [(kind, lag_s)]
    assert ("negative lags" in said) == ("-" in told)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (link(1, 2), "start-to-finish"),
        (link(99), "other projects"),
        (link(1, CrossProject=1), "other projects"),
        (link(1) + link(1, 3), "linked in another way"),
    ],
)
def test_links_that_cannot_be_carried_are_said(tmp_path, told, words):
    frames, said = read(tmp_path, project(task(1, "a"), task(2, "b", told)))
    assert words in said
    assert "→ b" in said
    assert len(frames.get("segment_dependency", [])) == told.count("<Type>3")


def test_links_of_summaries_hold_for_what_is_beneath_them(tmp_path):
    frames, said = read(
        tmp_path,
        project(
            task(1, "A", Summary=1),
            task(2, "a", level=2),
            task(3, "B", link(1), Summary=1),
            task(4, "b", level=2),
            task(5, "c", level=2),
            task(6, "d", link(1, 3)),
        ),
    )
    found = links(frames)
    assert found["3 B", 10, "1 A", 20] == ("end_start", 0)
    assert found["5 c", 10, "1 A", 20] == ("end_start", 0)
    assert found["1 A", 20, "1 A", 10] == ("end_start", 0)
    assert "from the start of a summary task" in said


def test_the_end_of_a_summary_waits_for_steps_that_only_started_together(tmp_path):
    frames, _ = read(
        tmp_path,
        project(
            task(1, "A", Summary=1),
            task(2, "long", level=2, hours=80),
            task(3, "short", link(2, 3), level=2, hours=1),
            task(4, "after", link(1)),
        ),
    )
    assert links(frames) == {
        ("1 A", 20, "1 A", 10): ("start_start", 0),
        ("1 A", 30, "1 A", 10): ("end_start", 0),
        ("1 A", 30, "1 A", 20): ("end_start", 0),
        ("Crane 7", 10, "1 A", 30): ("end_start", 0),
    }


# --- constraints and progress


def test_constraints_are_carried_where_they_can_be(tmp_path):
    frames, said = read(
        tmp_path,
        project(
            task(1, "a", ConstraintType=4, ConstraintDate="2026-03-05T08:00:00"),
            task(2, "b", link(1), ConstraintType=7, ConstraintDate="2026-03-12T17:00:00"),
            task(3, "c", link(1), ConstraintType=5, ConstraintDate="2026-03-09T08:00:00"),
            task(4, "S", Summary=1, ConstraintType=4, ConstraintDate="2026-03-16T08:00:00"),
            task(5, "d", level=2),
        ),
    )
    earliest = dict(frames["operation"].select("name", "earliest").iter_rows())
    assert (earliest["a"], earliest["c"], earliest["d"]) == (
        local(2026, 3, 5, 8),
        None,
        local(2026, 3, 16, 8),
    )
    due = dict(frames["work_order"].select("order_id", "due").iter_rows())
    assert due["2 b"] == local(2026, 3, 12, 17)
    assert "b (finish no later than" in said
    assert "c (start no later than" in said
    assert "a (" not in said


def test_progress_becomes_events_and_no_work_is_lost(tmp_path):
    frames, said = read(
        tmp_path,
        project(
            task(
                1,
                "a",
                PercentComplete=100,
                ActualStart="2026-03-02T08:00:00",
                ActualFinish="2026-03-02T17:00:00",
            ),
            task(2, "b", link(1), hours=7, PercentComplete=30, ActualStart="2026-03-03T08:00:00"),
            task(3, "c", link(2)),
            StatusDate="2026-03-03T12:00:00",
        ),
    )
    events = frames["actual_event"].sort("at", "event_id").select("op_no", "kind", "at", "quantity").rows()
    assert events == [
        (10, "start", local(2026, 3, 2, 8), None),
        (10, "finish", local(2026, 3, 2, 17), None),
        (20, "start", local(2026, 3, 3, 8), None),
        (20, "progress", local(2026, 3, 3, 12), 30),
    ]
    work = frames["operation_mode"].select(pl.col("lot_s") + pl.col("piece_s") * 100)["lot_s"].to_list()
    assert work == [8 * 3_600, 7 * 3_600, 8 * 3_600]
    assert frames["work_order"]["quantity"].to_list() == [100]
    assert "one percent" in said


def test_progress_without_a_status_date_is_said(tmp_path):
    frames, said = read(
        tmp_path, project(task(1, "a", PercentComplete=30, ActualStart="2026-03-03T08:00:00"))
    )
    assert frames["actual_event"]["kind"].to_list() == ["start"]
    assert "no status date" in said


def test_what_is_not_to_be_planned_is_left_out_and_said(tmp_path):
    frames, said = read(
        tmp_path,
        project(
            task(1, "a"),
            task(2, "b", link(1), Active=0),
            task(3, "c", link(2), Manual=1, Start="2026-03-09T08:00:00"),
            task(4, "d", IsNull=1),
        ),
    )
    assert frames["operation"]["name"].to_list() == ["a", "c"]
    assert frames["operation"]["earliest"].to_list() == [None, local(2026, 3, 9, 8)]
    for words in ("1 inactive", "manually scheduled", "? → c"):
        assert words in said


# --- people and hours


def test_units_become_places(tmp_path):
    frames, said = read(
        tmp_path,
        project(
            *(task(uid, f"t{uid}") for uid in range(1, 6)),
            resources=resource(1, "Li", Type=1)
            + resource(2, "Welders", MaxUnits=3)
            + resource(3, "Paint", Type=0)
            + resource(4, "Hotel", IsCostResource=1),
            assignments=assigned(1, 1, 0.5)
            + assigned(2, 1)
            + assigned(3, 2, 2)
            + assigned(4, 2, 5)
            + assigned(5, 3, 40)
            + assigned(5, 4),
        ),
    )
    assert frames["resource"].select("resource_id", "kind", "calendar_id", "capacity").rows() == [
        ("Li", "person", "Standard", 2),
        ("Welders", "person", "Standard", 3),
        ("Standard 日历 / hours", "place", "Standard", 999),
    ]
    held = frames["resource_demand"].join(frames["operation"], on=["order_id", "op_no"])
    assert set(held.select("name", "resource_id", "quantity").iter_rows()) == {
        ("t1", "Li", 1),
        ("t2", "Li", 2),
        ("t3", "Welders", 2),
        ("t4", "Welders", 3),
        ("t5", "Standard 日历 / hours", 1),
    }
    for words in ("Paint: t5", "Hotel: t5", "more than there is", "taken as people"):
        assert words in said


def intervals(frames, name, first, days):
    start = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(ZONE))
    tables = (frames.get(table) for table in ("calendar", "shift", "shift_break", "calendar_exception"))
    starts, ends = working_intervals(name, *tables, start, start + timedelta(days=days))
    zero = int(start.timestamp())
    return [((a - zero) / 3_600, (b - zero) / 3_600) for a, b in zip(starts.tolist(), ends.tolist())]


def test_calendars_with_base_and_exceptions(tmp_path):
    holiday = f"<Exception>{period('2026-03-04', '2026-03-05')}<Name>盘点</Name><Type>1</Type><DayWorking>0</DayWorking></Exception>"
    worked = (
        f"<Exception>{period('2026-03-07', '2026-03-07')}<Type>1</Type><DayWorking>1</DayWorking>"
        f"<WorkingTimes>{DAY}</WorkingTimes></Exception>"
    )
    fridays = (
        f"<Exception>{period('2026-03-02', '2026-03-20')}<Type>6</Type><Period>2</Period><DaysOfWeek>32</DaysOfWeek>"
        "<DayWorking>0</DayWorking></Exception>"
    )
    yearly = f"<Exception>{period('2026-05-01', '2030-05-01')}<Name>May Day</Name><Type>2</Type></Exception>"
    week = "".join(week_day(day) for day in (2, 3, 4, 5, 6)) + week_day(1, "") + week_day(7, "")
    frames, said = read(
        tmp_path,
        project(
            task(1, "a"),
            task(2, "b", CalendarUID=3),
            resources=resource(1, "Li", CalendarUID=2),
            assignments=assigned(1, 1) + assigned(2, 1),
            calendars=calendar(1, "Standard", week, holiday + worked + yearly)
            + calendar(2, "Li", week_day(2, NIGHT), fridays, base=1)
            + calendar(3, "Nights", "".join(week_day(day, NIGHT) for day in range(1, 8))),
        ),
    )
    monday = date(2026, 3, 2)
    assert intervals(frames, "Li", monday, 7) == [(22, 24), (32, 36), (128, 132)]
    assert intervals(frames, "Li", date(2026, 3, 13), 1) == [(8, 12)]
    assert intervals(frames, "Li", date(2026, 3, 20), 1) == []
    assert intervals(frames, "Nights", monday, 2) == [(22, 24), (46, 48)]
    held = frames["resource_demand"].filter(pl.col("order_id") == "2 b")["resource_id"].to_list()
    assert held == ["Li", "Nights 日历 / hours"]
    assert "May Day" in said


def test_old_files_and_work_weeks_say_dates_in_their_own_way(tmp_path):
    old = f"<WeekDay><DayType>0</DayType><DayWorking>0</DayWorking>{period('2026-03-03', '2026-03-03')}</WeekDay>"
    week = f"<WorkWeek>{period('2026-03-04', '2026-03-05')}<WeekDays>{week_day(4)}{week_day(5, NIGHT)}</WeekDays></WorkWeek>"
    made = calendar(1, "Standard", old).replace("</Calendar>", f"<WorkWeeks>{week}</WorkWeeks></Calendar>")
    frames, _ = read(tmp_path, project(task(1, "a"), calendars=made))
    assert intervals(frames, "Standard", date(2026, 3, 2), 5) == [
        (8, 12),
        (13, 17),
        (56, 60),
        (94, 96),
        (104, 108),
        (109, 113),
    ]


def test_elapsed_tasks_run_by_the_clock(tmp_path):
    frames, said = read(
        tmp_path,
        project(
            task(1, "dry", hours=48, DurationFormat=8),
            resources=resource(1, "Li"),
            assignments=assigned(1, 1),
        ),
    )
    assert "resource_demand" not in frames
    assert not frames["operation"]["pausable"][0]
    assert "run by the clock" in said


# --- whole and broken files


def test_a_project_can_be_planned_and_keeps_its_links(tmp_path):
    text = project(
        task(1, "Girder", Summary=1, Deadline="2026-03-06T17:00:00"),
        task(2, "cut", level=2),
        task(3, "weld", link(2, 3, 1_200, 5), level=2, hours=12),
        task(4, "paint", link(3, 1, 2_400, 6), level=2, hours=4),
        task(5, "buy", level=2, hours=24),
        resources=resource(1, "Li") + resource(2, "Wang"),
        assignments=assigned(2, 1) + assigned(3, 2) + assigned(4, 1),
    )
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "plan.xml").write_text(text, encoding="utf-8")
    frames, _ = read_layout("msproject", tmp_path / "p", ZONE)
    members = {table_name(schema): member for member, schema in ShopBook.member_schemas().items()}
    book = {members[name]: frame for name, frame in frames.items() if name in members}
    engine = find_engine("make.schedule")
    assert read_book(engine, book) is not None
    plan = solve(engine, book, {}, Run(seed=1, work_limit=1)).tables.operation_plan
    at = {
        (order, op): (start, end)
        for order, op, start, end in plan.select("order_id", "op_no", "start", "end").iter_rows()
    }
    cut, weld, paint = (at["1 Girder", op] for op in (10, 20, 30))
    assert weld[0] >= cut[0] + timedelta(hours=2)
    assert paint[0] >= weld[1] + timedelta(hours=4)
    assert at["1 Girder", 40][0] >= at["5 buy", 10][1] == local(2026, 3, 4, 17)


BROKEN = {
    "entities": ("<!DOCTYPE Project [<!ENTITY a 'aaaa'>]>\n<Project>&a;</Project>", "xml_entity"),
    "cut off": (project(task(1, "a"))[:-30], "damaged_file"),
    "other XML": ("<log/>", "not_a_project"),
    "no tasks": (project(), "no_tasks"),
    "a duration": (project(task(1, "a").replace("PT8H0M0S", "8 hours")), "dtype"),
    "a date": (project(task(1, "a", Deadline="soon")), "dtype"),
    "a far date": (project(task(1, "a", Deadline="9999-12-31T00:00:00")), "dtype"),
    "a long number": (project(task(1, "a").replace("PT8H", f"PT{'9' * 5_000}H")), "dtype"),
    "a number": (project(task("x", "a")), "dtype"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_are_refused_with_the_place(tmp_path, case):
    text, rule = BROKEN[case]
    path = tmp_path / "plan.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as error:
        read_msproject(path, ZONE)
    assert [fault.rule for fault in error.value.faults] == [rule]
    if rule == "dtype":
        assert error.value.faults[0].source == "plan.xml:3"


def test_gzipped_files_are_read_and_bombs_refused(tmp_path):
    path = tmp_path / "plan.xml.gz"
    path.write_bytes(gzip.compress(project(task(1, "a")).encode()))
    assert len(read_msproject(path, ZONE)[0]["operation"]) == 1
    path.write_bytes(gzip.compress(b" " * 60_000_000))
    with pytest.raises(BadInput) as error:
        read_msproject(path, ZONE)
    assert error.value.faults[0].rule == "zip_bomb"
