"""Event logs: read as they are, refused when broken, and turned into a works that holds its own history."""

import gzip
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from lineshaft.core import BadInput, Missing, find_engine
from lineshaft.core.solve import read_book, table_name
from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook, ShopPlan
from lineshaft.store.attendance import raised, take_places, typical_week
from lineshaft.store.eventlog import SCHEMA, EventLog, read_event_log
from lineshaft.store.history import history_view, plan_view
from lineshaft.store.infer import infer_works

HEAD = "case,activity,resource,start,end\n"
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def at(day, hour, minute=0):
    """A time in the week of Monday 5 January 2026; day 0 is Monday."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def log_of(*rows):
    """A log of (case, activity, person, start, end)."""
    return EventLog(pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("case_id", "start"))


def judged(works):
    """What the independent checker says of history under the inferred tables."""
    members = {member: table_name(schema) for member, schema in ShopBook.member_schemas().items()}
    frames = {member: works.frames[name] for member, name in members.items() if name in works.frames}
    book = read_book(find_engine("make.schedule"), frames)
    plan = ShopPlan.validate({name: works.history[name].lazy() for name in ShopPlan.members()})
    return check(book, plan, ScheduleParams())


def write(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def xes(*events, case="A"):
    """An XES log of one trace; events are (activity, resource, time, transition)."""
    body = "".join(
        f"<event><string key='concept:name' value='{activity}'/><string key='org:resource' value='{who}'/>"
        f"<date key='time:timestamp' value='{when}'/><string key='lifecycle:transition' value='{what}'/></event>\n"
        for activity, who, when, what in events
    )
    trace = f"<trace><string key='concept:name' value='{case}'/>\n{body}</trace>"
    return f"<?xml version='1.0'?>\n<log xes.version='1.0'>\n{trace}\n</log>"


MILLED = [
    ("Mill", "Li", "2026-01-05T08:00:00+08:00", "start"),
    ("Mill", "Li", "2026-01-05T09:30:00+08:00", "complete"),
]


# --- reading


def test_csv_is_read_by_common_headings_in_either_language(tmp_path):
    english = "Case ID,Activity,Resource,Start Timestamp,Complete Timestamp\nA,Mill,Li,2026/01/05 08:00,2026/01/05 09:30\n"
    chinese = (
        "工单号,工序名称,操作工,开工时间,完工时间\nA,Mill,Li,2026-01-05 08:00,2026-01-05 09:30\n".encode(
            "gb18030"
        )
    )
    first = read_event_log(write(tmp_path, "a.csv", english), zone="Asia/Shanghai").frame
    second = read_event_log(write(tmp_path, "b.csv", chinese), zone="Asia/Shanghai").frame
    assert first.equals(second)
    assert first.rows() == [("A", "Mill", "Li", at(0, 0), at(0, 1, 30))]


def test_own_headings_can_be_mapped(tmp_path):
    path = write(tmp_path, "a.csv", "x,y,z,from,to\nA,Mill,,2026-01-05T08:00:00Z,2026-01-05T09:30:00Z\n")
    names = {"case_id": "x", "activity": "y", "resource": "z", "start": "from", "end": "to"}
    assert read_event_log(path, columns=names).frame.rows() == [("A", "Mill", None, at(0, 8), at(0, 9, 30))]
    with pytest.raises(BadInput) as error:
        read_event_log(path)
    assert {fault.column for fault in error.value.faults} == set(SCHEMA)


def test_xes_plain_and_gzipped_are_the_same(tmp_path):
    plain = read_event_log(write(tmp_path, "a.xes", xes(*MILLED)))
    packed = read_event_log(write(tmp_path, "a.xes.gz", gzip.compress(xes(*MILLED).encode())))
    assert plain.frame.equals(packed.frame)
    assert plain.frame.rows() == [("A", "Mill", "Li", at(0, 0), at(0, 1, 30))]


def test_artificial_events_unfinished_work_and_other_transitions_are_left_out_and_said(tmp_path):
    events = [
        ("Start", "Start", "2026-01-05T08:00:00Z", "start"),
        ("Start", "Start", "2026-01-05T08:00:00Z", "complete"),
        ("Mill", "Li", "2026-01-05T07:00:00Z", "schedule"),
        *MILLED,
        ("Turn", "Li", "2026-01-05T10:00:00Z", "start"),
    ]
    log = read_event_log(write(tmp_path, "a.xes", xes(*events)))
    assert log.frame["activity"].to_list() == ["Mill"]
    assert {note.rule for note in log.notes} == {"artificial", "transition", "unfinished"}


def test_same_activity_twice_at_once_is_paired_first_in_first_out(tmp_path):
    times = [("08:00", "start"), ("08:30", "start"), ("09:00", "complete"), ("10:00", "complete")]
    events = [("Mill", "Li", f"2026-01-05T{clock}:00Z", what) for clock, what in times]
    frame = read_event_log(write(tmp_path, "a.xes", xes(*events))).frame
    assert frame.select("start", "end").rows() == [(at(0, 8), at(0, 9)), (at(0, 8, 30), at(0, 10))]


def test_attributes_within_attributes_are_not_the_event_s(tmp_path):
    nested = xes(*MILLED).replace(
        "<string key='org:resource' value='Li'/>",
        "<string key='org:resource' value='Li'><string key='concept:name' value='meta'/></string>",
    )
    assert read_event_log(write(tmp_path, "a.xes", nested)).frame["activity"].to_list() == ["Mill"]


# --- refusing

BOMB = "<?xml version='1.0'?>\n<!DOCTYPE log [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]>\n<log>&b;</log>"
GOOD = "A,Mill,Li,2026-01-05 08:00,2026-01-05 09:30\n"
BROKEN = {
    "entities": ("a.xes", BOMB, "xml_entity", "a.xes:2"),
    "cut off": ("a.xes", xes(*MILLED)[:-20], "damaged_file", "a.xes:5"),
    "no XML": ("a.xes", "case,activity\n", "damaged_file", "a.xes:1"),
    "other XML": ("a.xes", "<svg/>", "not_a_log", ""),
    "no gzip": ("a.xes.gz", "hello", "damaged_file", ""),
    "gzip cut off": ("a.xes.gz", gzip.compress(xes(*MILLED).encode())[:-9], "damaged_file", ""),
    "gzip bomb": ("a.xes.gz", gzip.compress(b" " * 60_000_000), "zip_bomb", ""),
    "empty": ("a.csv", "", "empty_file", ""),
    "headings only": ("a.csv", HEAD, "no_operations", ""),
    "no events": ("a.xes", "<log/>", "no_operations", ""),
    "wrong kind": ("a.txt.docx", "x", "not_a_log", ""),
    "missing column": ("a.csv", "case,activity,resource,start\nA,Mill,Li,2026-01-05\n", "missing_column", ""),
    "no case": ("a.csv", HEAD + GOOD + GOOD[1:], "nullability", "a.csv:3"),
    "bad time": ("a.csv", HEAD + GOOD + "A,Mill,Li,yesterday,2026-01-05 09:00\n", "dtype", "a.csv:3"),
    "backwards": (
        "a.csv",
        HEAD + "A,Mill,Li,2026-01-05 10:00,2026-01-05 09:00\n",
        "ends_before_start",
        "a.csv:2",
    ),
    "year 1": ("a.csv", HEAD + "A,Mill,Li,0001-01-01 10:00,2026-01-05 09:00\n", "range", "a.csv:2"),
    "year 9999": ("a.csv", HEAD + "A,Mill,Li,2026-01-05,9999-12-31T23:59:59-23:00\n", "range", "a.csv:2"),
    "long name": ("a.csv", HEAD + GOOD.replace("Mill", "M" * 81), "max_length", "a.csv:2"),
    "never started": ("a.xes", xes(MILLED[1]), "no_start", "a.xes:4"),
    "no time": ("a.xes", xes(("Mill", "Li", "", "start"), MILLED[1]), "nullability", "a.xes:5"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_log_is_refused_in_both_languages(name, tmp_path):
    file, text, rule, source = BROKEN[name]
    with pytest.raises(BadInput) as error:
        read_event_log(write(tmp_path, file, text))
    fault = error.value.faults[0]
    assert fault.rule == rule
    assert fault.source == source
    assert fault.words.en.isascii() or "≥" in fault.words.en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in fault.words.zh)


def test_a_missing_file_and_an_unknown_zone_are_named(tmp_path):
    with pytest.raises(Missing):
        read_event_log(tmp_path / "no.xes")
    with pytest.raises(BadInput, match="1 fault"):
        read_event_log(write(tmp_path, "a.csv", HEAD + GOOD), zone="Mars/Olympus")


def test_a_partial_reading_keeps_the_good_entries(tmp_path):
    path = write(tmp_path, "a.csv", HEAD + GOOD + "B,Mill,Li,2026-01-05 08:00,soon\n")
    log = read_event_log(path, partial=True)
    assert log.frame["case_id"].to_list() == ["A"]
    assert [(fault.key, fault.column, fault.source) for fault in log.faults] == [
        (("B", "Mill"), "end", "a.csv:3")
    ]


# --- inferring: a week checked by hand


def week():
    """Li and Wu work 8 to 17; three times work begun by Li runs over the night, and Wu inspects beside turning once."""
    rows = []
    for day in range(5):
        rows.append((f"M{day}", "Mill", "Li", at(day, 8), at(day, 10)))
        rows.append((f"M{day}", "Mill", "Li", at(day, 10), at(day, 17)))
        rows.append((f"T{day}", "Turn", "Wu", at(day, 8), at(day, 17)))
    rows += [(f"N{day}", "Mill", "Li", at(day, 15), at(day + 1, 9)) for day in (0, 1, 2)]
    rows.append(("N0", "Inspect", "Wu", at(1, 9), at(1, 9, 30)))
    return log_of(*rows)


def test_nights_are_taken_out_of_work_that_ran_through_them():
    works = infer_works(week())
    work_h = works.frames["operation_mode"].filter(pl.col("order_id") == "N0").sort("op_no")["lot_s"] / 3600
    quiet = next(finding for finding in works.report if finding.code == "quiet")
    assert quiet.facts == {"person": "Li", "begin": "17:00", "end": "08:00", "operations": 3}
    assert work_h.to_list() == [3.0, 0.5]


def test_history_keeps_the_rules_inferred_from_it():
    works = infer_works(week())
    checked = judged(works)
    assert checked.violations == ()
    assert checked.kpis["weighted_tardiness_min"] == 0
    assert Counter(works.history["actual_event"]["kind"].cast(pl.String)) == {"start": 19, "finish": 19}


def test_orders_are_released_at_their_first_start_and_due_at_their_last_end():
    order = infer_works(week()).frames["work_order"].row(by_predicate=pl.col("order_id") == "N0", named=True)
    assert (order["release"], order["due"]) == (at(0, 15), at(1, 9, 30))


def test_places_are_what_a_person_usually_had_in_hand_and_more_only_when_it_was_more():
    works = infer_works(week(), sustained=0.10)
    resources = dict(works.frames["resource"].select("resource_id", "capacity").iter_rows())
    assert resources == {"Li": 2, "Wu": 1}
    raises = works.frames["resource_capacity"].filter(pl.col("resource_id") == "Wu")
    assert raises.select("start", "end", "capacity").rows() == [(at(1, 9), at(1, 9, 30), 2)]
    generous = infer_works(week(), sustained=0.001)
    assert dict(generous.frames["resource"].select("resource_id", "capacity").iter_rows())["Wu"] == 2
    assert judged(generous).violations == ()


def test_overlap_may_be_as_it_was_and_no_more():
    works = infer_works(
        log_of(
            ("A", "Turn", "Li", at(0, 8), at(0, 12)),
            ("A", "Inspect", "Wu", at(0, 9), at(0, 10)),
            ("A", "Mill", "Wu", at(0, 11), at(0, 13)),
            ("A", "Pack", "Li", at(0, 13), at(0, 14)),
        )
    )
    links = works.frames["segment_dependency"].select("op_no", "after_op_no", "kind", "lag_s").rows()
    assert links == [
        (2, 1, "start_start", 3_600),
        (3, 1, "start_start", 3 * 3_600),
        (3, 2, "end_start", 0),
        (4, 1, "end_start", 0),
        (4, 3, "end_start", 0),
    ]
    assert judged(works).violations == ()


def test_who_can_do_what_is_told_apart_from_who_was_seen_once():
    rows = [(f"A{n}", "Mill", "Li", at(n, 8), at(n, 9)) for n in range(6)]
    rows += [(f"B{n}", "Turn", "Wu", at(n, 8), at(n, 9)) for n in range(6)]
    works = infer_works(log_of(*rows, ("C", "Mill", "Wu", at(2, 10), at(2, 11))))
    assert works.frames["class_member"].rows() == [("Mill", "Li"), ("Turn", "Wu")]
    ways = works.frames["resource_demand"].filter(pl.col("order_id") == "C")
    assert ways.select("mode_no", "resource_id", "class_id").rows() == [(1, None, "Mill"), (2, "Wu", None)]
    rare = next(finding for finding in works.report if finding.code == "rare_skill")
    assert rare.words.en == "Wu does Mill seldom, 1 operation(s): may do those and no others of it. [a guess]"
    assert judged(works).violations == ()


def test_people_work_the_hours_they_attended_and_their_usual_week_afterwards():
    rows = [(f"A{n}", "Mill", "Li", at(n, 8), at(n, 16)) for n in range(12) if n % 7 < 5 and n != 3]
    works = infer_works(log_of(*rows))
    shifts = works.frames["shift"].select("weekday", "start_min", "end_min").rows()
    assert shifts == [(weekday, 480, 960) for weekday in range(1, 6)]
    exceptions = works.frames["calendar_exception"].with_columns(pl.col("kind").cast(pl.String))
    attended = exceptions.filter(pl.col("kind") == "overtime")
    assert date(2026, 1, 8) not in attended["date"]
    assert attended.height == 9
    assert {finding.facts["date"] for finding in works.report if finding.code == "idle_day"} == {
        "2026-01-08",
        "2026-01-10",
        "2026-01-11",
    }


def test_work_pauses_only_where_the_log_shows_it_taken_up_again():
    once = infer_works(
        log_of(("A", "Mill", "Li", at(0, 8), at(0, 9)), ("A", "Turn", "Li", at(1, 8), at(1, 9)))
    )
    again = infer_works(
        log_of(("A", "Mill", "Li", at(0, 8), at(0, 9)), ("A", "Mill", "Li", at(1, 8), at(1, 9)))
    )
    assert not once.frames["operation"]["pausable"].any()
    assert again.frames["operation"]["pausable"].all()


def test_an_operation_without_a_person_runs_by_the_clock():
    works = infer_works(
        log_of(("A", "Dry", None, at(0, 8), at(1, 8)), ("A", "Mill", "Li", at(1, 8), at(1, 9)))
    )
    assert works.frames["operation_mode"]["lot_s"].to_list() == [86_400, 3_600]
    assert works.frames["resource_demand"].height == 1
    assert judged(works).violations == ()


def test_history_view_counts_by_hand():
    view = history_view(week().frame)
    flow = view["order_flow"].row(by_predicate=pl.col("order_id") == "N0", named=True)
    assert (flow["steps"], flow["flow_d"]) == (2, pytest.approx(18.5 / 24))
    waits = dict(view["queue"].select("activity", "wait_h_mean").iter_rows())
    assert waits == {"Mill": 0.0, "Inspect": 0.0}
    assert dict(view["activity_load"].select("activity", "at_once_max").iter_rows()) == {
        "Turn": 1,
        "Mill": 2,
        "Inspect": 1,
    }


def test_the_plan_in_force_after_an_import_shows_the_shop_as_it_was():
    log = week()
    works = infer_works(log)
    shown = plan_view(works.frames | works.history, "UTC")
    for name, frame in history_view(log.frame).items():
        assert_frame_equal(shown[name], frame, check_row_order=False, check_dtypes=False)


def test_work_that_ends_as_the_day_begins_was_worked_for_its_last_minute():
    spans = [(at(n, 8), at(n, 17)) for n in range(8)] + [(at(n, 16), at(n + 1, 8)) for n in (0, 1, 2)]
    works = infer_works(log_of(*((f"A{k}", "Mill", "Li", *span) for k, span in enumerate(spans))))
    work_s = works.frames["operation_mode"].filter(pl.col("order_id") == "A8")["lot_s"].item()
    assert work_s == 3_600 + 60
    assert judged(works).violations == ()


# --- laws

SPANS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 90)), min_size=1, max_size=25).map(
    lambda pairs: sorted((60 * start, 60 * (start + length)) for start, length in pairs)
)


@given(SPANS)
def test_no_place_serves_two_at_once_and_no_more_places_than_needed(spans):
    places = take_places(spans)
    at_once = 0
    for (start, end), place in zip(spans, places):
        others = [p for (s, e), p in zip(spans, places) if s <= start < max(e, s + 60)]
        assert others.count(place) == 1
        at_once = max(at_once, len(others))
        assert end >= start
    assert max(places) == at_once


@given(SPANS, st.integers(1, 3))
def test_raises_cover_every_operation_on_an_extra_place(spans, usual):
    places = take_places(spans)
    rows = raised(spans, places, usual)
    assert all(a[1] <= b[0] for a, b in pairwise(rows))
    for (start, end), place in zip(spans, places):
        if place > usual:
            covered = sum(
                min(e, max(end, start + 60)) - max(s, start)
                for s, e, p in rows
                if p >= place and s < max(end, start + 60) and e > start
            )
            assert covered == max(end, start + 60) - start


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 1439), st.integers(1, 1300)), min_size=1, max_size=30
    )
)
def test_typical_weeks_never_overlap(stretches):
    week = typical_week(
        sorted((86_400 * day + 60 * start, 86_400 * day + 60 * (start + n)) for day, start, n in stretches)
    )
    spans = sorted(
        (1440 * day + start, 1440 * day + end) for day, some in week.items() for start, end in some
    )
    for (_, end), (start, _) in zip(spans, [*spans[1:], (spans[0][0] + 7 * 1440, 0)] if spans else []):
        assert end <= start


ROW = st.tuples(
    st.sampled_from("ABC"),
    st.sampled_from(("Mill", "Turn", "Pack")),
    st.sampled_from(("Li", "Wu", "Xu", None)),
    st.integers(0, 20 * 1440),
    st.integers(0, 40 * 60),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=40), st.sampled_from((0.0, 0.1, 0.5)))
def test_any_history_is_feasible_under_the_model_inferred_from_it(rows, sustained):
    log = log_of(*((case, what, who, at(0, 0, s), at(0, 0, s + n)) for case, what, who, s, n in rows))
    works = infer_works(log, sustained=sustained, zone="Asia/Shanghai")
    assert judged(works).violations == ()


# --- the real log

REAL = Path(__file__).parents[2] / "../shared/data/shopfloor/Production.xes"
shared = pytest.mark.skipif(not REAL.is_file(), reason="no shared data")


@pytest.fixture(scope="module")
def real():
    return read_event_log(REAL)


@shared
def test_facts_of_the_real_log(real):
    frame = real.frame
    assert frame.height == 4_503
    assert [frame[name].n_unique() for name in ("case_id", "activity", "resource")] == [225, 24, 46]
    assert (frame["end"] - frame["start"]).sum().total_seconds() / 3_600 == pytest.approx(12_900.55)
    assert (frame["start"].min(), frame["end"].max()) == (
        datetime(2012, 1, 2, 7, tzinfo=UTC),
        datetime(2012, 3, 31, 13, 45, tzinfo=UTC),
    )
    assert Counter(note.value for note in real.notes) == {"Start": 1, "End": 1}


@shared
def test_history_of_the_real_log(real):
    view = history_view(real.frame)
    assert view["order_flow"]["flow_d"].mean() == pytest.approx(20.63, abs=0.01)
    load = view["person_load"]
    assert load.filter(pl.col("at_once_max") > 1).height == 29
    assert load["at_once_max"].max() == 11
    assert view["activity_load"].row(0, named=True)["at_once_max"] == 7


@shared
def test_what_is_inferred_from_the_real_log(real):
    works = infer_works(real)
    facts = {finding.code: finding.facts for finding in works.report}
    assert facts["overlap"]["steps"] == 751
    assert (facts["duration"]["instant"], facts["duration"]["paused"]) == (9, 0)
    days = [finding.facts["hours"] for finding in works.report if finding.code == "weekday"]
    assert days[5] < 20 < days[4] < 100 < min(days[:4] + days[6:])
    for finding in works.report:
        assert "{" not in finding.words.en + finding.words.zh
    checked = judged(works)
    assert checked.violations == ()
    assert checked.kpis["mean_flow_time_min"] / 1_440 == pytest.approx(20.63, abs=0.01)
