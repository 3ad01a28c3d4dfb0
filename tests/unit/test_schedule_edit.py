"""Edits of a schedule on shops small enough to reckon by hand: what moves, what stays, and what is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lineshaft.core import BadInput, Change, Refused, find_engine
from lineshaft.core.saying import reason_words
from lineshaft.make.schedule.checks.check import check
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.repair.edit import edit, prepare
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
ENGINE = find_engine("make.schedule")


def at(hour):
    return MONDAY + timedelta(hours=hour)


class Bench:
    """Machines M1 and M2 (class `any`), person P; a plan given as {step: (start h, resources)} with hours as lengths."""

    def __init__(self, hours, plan, **more):
        self.plan = {key: (start, names.split()) for key, (start, names) in plan.items()}
        self.hours, self.more = hours, more
        self.params = ScheduleParams(start=MONDAY, frozen_min=more.get("frozen_min", 0))
        self.book = self._book()
        self.state = prepare(self.book, self.params)

    def _book(self):
        orders = sorted({order for order, _ in self.hours})
        zone, day = ("UTC", [(w, 1, 0, 16 * 60) for w in range(1, 8)]) if "day" in self.more else (None, [])
        rows = {
            "work_orders": [
                (o, None, 1, None, at(0), self.more.get("due", {}).get(o), 1, None, None) for o in orders
            ],
            "operations": [
                (*key, "", self.more.get("family", {}).get(key), key not in self.more.get("whole", ()), None)
                for key in self.hours
            ],
            "modes": [(*key, 1, round(3600 * hours), 0) for key, hours in self.hours.items()],
            "demands": [
                (*key, 1, n, *((None, "any") if name == "any" else (name, None)), 1)
                for key in self.hours
                for n, name in enumerate(self.more.get("needs", {}).get(key, ["any"]), 1)
            ],
            "resources": [
                (
                    name,
                    name,
                    "machine",
                    "day" if "day" in self.more else None,
                    1,
                    "g",
                    "red" if "family" in self.more else None,
                )
                for name in ("M1", "M2", "P")
            ],
            "classes": [("any", "any", "machine")],
            "members": [("any", "M1"), ("any", "M2")],
            "calendars": [("day", "day", zone)] if zone else [],
            "shifts": [("day", *row) for row in day],
            "families": [("red", "red", 3600), ("blue", "blue", 3600)] if "family" in self.more else [],
            "dependencies": self.more.get("links", []),
            "events": self.more.get("events", []),
            "previous": [
                (*key, 1, None, at(start), at(start + self.hours[key]), key in self.more.get("locked", ()))
                for key, (start, _) in self.plan.items()
            ],
            "previous_resources": [
                (*key, n, 1, name, 1)
                for key, (_, names) in self.plan.items()
                for n, name in enumerate(names, 1)
            ],
        }
        frames = {}
        for member, some in rows.items():
            frames[member] = frame_of(ShopBook.member_schemas()[member], some).lazy()
        return ShopBook.cast(frames)

    def edit(self, *changes):
        asked = [Change("operation_plan", key, values) for key, values in changes]
        result = edit(self.state, asked)
        assert check(self.book, result.tables, self.params).violations == ()
        return result

    def starts(self, result):
        found = result.tables.operation_plan.select("order_id", "op_no", "start").rows()
        return {(order, no): (start - MONDAY) / timedelta(hours=1) for order, no, start in found}


A, B, C, D = (("A", 10), ("B", 10), ("C", 10), ("D", 10))


def codes(result):
    return [(reason.code, reason.key) for reason in result.reasons]


def test_what_is_in_the_way_gives_way_in_sequence_and_nothing_else_moves():
    bench = Bench({A: 2, B: 2, C: 1, D: 3}, {A: (8, "M2"), B: (0, "M1"), C: (2, "M1"), D: (5, "M1")})
    result = bench.edit((A, {"start": at(1), "resource_id": "M1"}))
    assert bench.starts(result) == {A: 1, B: 3, C: 5, D: 6}
    assert codes(result) == [
        ("edit_placed", A),
        ("edit_gives_way", B),
        ("edit_gives_way", C),
        ("edit_gives_way", D),
    ]
    assert result.reasons[1].facts == {
        "order_id": "B",
        "op_no": 10,
        "later_min": 180,
        "start": "2026-01-05 03:00Z",
        "behind_order": "A",
        "behind_op": 10,
        "resource_id": "M1",
    }


def test_a_gap_takes_up_the_push():
    bench = Bench({A: 1, B: 2, C: 1, D: 3}, {A: (9, "M2"), B: (0, "M1"), C: (4, "M1"), D: (5, "M1")})
    assert bench.starts(bench.edit((A, {"start": at(0), "resource_id": "M1"}))) == {A: 0, B: 1, C: 4, D: 5}


def test_successors_follow_and_other_orders_keep_their_places():
    a20 = ("A", 20)
    bench = Bench({A: 2, a20: 1, B: 1, C: 4}, {A: (0, "M1"), a20: (2, "M2"), B: (3, "M2"), C: (4, "M2")})
    result = bench.edit((A, {"start": at(4)}))
    assert bench.starts(result) == {A: 4, a20: 8, B: 3, C: 4}
    assert codes(result) == [("edit_placed", A), ("edit_gives_way", a20)]
    short = bench.edit((A, {"start": at(0.5)}))
    assert bench.starts(short) == {A: 0.5, a20: 2.5, B: 3.5, C: 4.5}
    assert codes(short)[1:] == [("edit_follows", a20), ("edit_gives_way", B), ("edit_gives_way", C)]


def test_operations_that_could_move_earlier_do_not():
    bench = Bench({A: 2, B: 2}, {A: (0, "M1"), B: (2, "M1")})
    assert bench.starts(bench.edit((A, {"resource_id": "M2"}))) == {A: 0, B: 2}


def test_people_are_respected_on_other_machines():
    bench = Bench(
        {A: 2, B: 2, C: 2},
        {A: (6, "M1 P"), B: (0, "M2 P"), C: (2, "M2")},
        needs={A: ["any", "P"], B: ["any", "P"]},
    )
    result = bench.edit((A, {"start": at(1)}))
    assert bench.starts(result) == {A: 1, B: 4, C: 2}
    assert codes(result) == [("edit_placed", A), ("edit_gives_way", B)]


@pytest.mark.parametrize("hour", [0.5, -1])
def test_not_before_what_comes_first(hour):
    a20 = ("A", 20)
    bench = Bench({A: 1, a20: 1}, {A: (0, "M1"), a20: (3, "M1")})
    result = bench.edit((a20, {"start": at(hour)}))
    assert result.status == "infeasible"
    assert codes(result) == [("edit_before_predecessor", a20)]
    assert result.reasons[0].facts["nearest_at"] == "2026-01-05T01:00:00Z"
    assert bench.starts(result) == {A: 0, a20: 3}


def test_not_before_the_plan_begins():
    result = Bench({A: 1}, {A: (3, "M1")}).edit((A, {"start": at(-1)}))
    assert codes(result) == [("edit_before_plan", A)]


def test_not_outside_working_time_nor_over_its_end_in_one_piece():
    bench = Bench({A: 3}, {A: (0, "M1")}, day=True, whole=(A,))
    for hour in (14, 18):
        reason = bench.edit((A, {"start": at(hour)})).reasons[0]
        assert (reason.code, reason.facts["nearest_at"]) == ("edit_outside_hours", "2026-01-06T00:00:00Z")


def test_locked_steps_stay_and_others_go_behind_them():
    bench = Bench({A: 2, B: 2, C: 2}, {A: (6, "M2"), B: (0, "M1"), C: (2, "M1")}, locked=(C,))
    result = bench.edit((A, {"start": at(0), "resource_id": "M1"}))
    assert bench.starts(result) == {A: 0, B: 4, C: 2}
    inside = bench.edit((A, {"start": at(3), "resource_id": "M1"}))
    assert (inside.reasons[0].code, inside.reasons[0].facts["nearest_at"]) == (
        "edit_locked_in_the_way",
        "2026-01-05T04:00:00Z",
    )
    assert bench.edit((C, {"start": at(9)})).reasons[0].code == "edit_locked"


def test_a_locked_successor_holds_what_must_come_before_it():
    a20 = ("A", 20)
    bench = Bench({A: 2, a20: 1, B: 2}, {A: (0, "M1"), a20: (4, "M2"), B: (6, "M1")}, locked=(a20,))
    result = bench.edit((A, {"start": at(3)}))
    assert (result.reasons[0].code, result.reasons[0].facts["nearest_at"]) == (
        "edit_pushes_into",
        "2026-01-05T02:00:00Z",
    )
    pushed = bench.edit((B, {"start": at(0)}))
    assert bench.starts(pushed) == {A: 2, a20: 4, B: 0}


def test_lock_and_unlock():
    bench = Bench({A: 2, B: 2}, {A: (0, "M1"), B: (2, "M1")})
    locked = bench.edit((B, {"locked": True}))
    assert codes(locked) == [("edit_locks", B)]
    assert dict(locked.tables.operation_plan.select("order_id", "locked").iter_rows()) == {
        "A": False,
        "B": True,
    }
    result = bench.edit((B, {"locked": True}), (A, {"start": at(1)}))
    assert result.status == "infeasible"
    freed = bench.edit((B, {"locked": True}), (B, {"locked": False, "start": at(5)}))
    assert codes(freed) == [("edit_placed", B)]


def test_of_several_changes_the_last_wins():
    bench = Bench({A: 2, B: 2}, {A: (4, "M1"), B: (8, "M1")})
    result = bench.edit((A, {"start": at(0)}), (B, {"start": at(1)}))
    assert bench.starts(result) == {A: 3, B: 1}
    assert [reason.code for reason in result.reasons] == ["edit_placed", "edit_placed"]


def test_setups_are_derived_anew():
    family = {A: "red", B: "blue", C: "red"}
    bench = Bench({A: 1, B: 1, C: 1}, {A: (0, "M1"), B: (6, "M2"), C: (1, "M1")}, family=family)
    result = bench.edit((B, {"start": at(2), "resource_id": "M1"}))
    assert (result.reasons[0].code, result.reasons[0].facts["nearest_at"]) == (
        "edit_no_setup_time",
        "2026-01-05T03:00:00Z",
    )
    between = bench.edit((B, {"start": at(3), "resource_id": "M1"}), (C, {"start": at(5)}))
    shown = dict(between.tables.operation_plan.select("order_id", "setup_start").iter_rows())
    assert shown == {"A": None, "B": at(2), "C": at(4)}


def test_greatest_lags_are_not_torn():
    a20 = ("A", 20)
    links = [("A", 20, "A", 10, "end_start", 0, 2 * 3600)]
    bench = Bench({A: 1, a20: 1}, {A: (4, "M1"), a20: (6, "M1")}, links=links)
    late = bench.edit((a20, {"start": at(9)}))
    assert (late.reasons[0].code, late.reasons[0].facts["nearest_at"]) == (
        "edit_after_lag",
        "2026-01-05T07:00:00Z",
    )
    early = bench.edit((A, {"start": at(1)}))
    assert (early.reasons[0].code, early.reasons[0].facts["nearest_at"]) == (
        "edit_tears_apart",
        "2026-01-05T03:00:00Z",
    )


def test_what_has_begun_or_is_frozen_stays():
    events = [("E1", "A", 10, "start", at(0), "M1", None)]
    bench = Bench(
        {A: 2, B: 2, C: 1}, {A: (0, "M1"), B: (1, "M2"), C: (5, "M2")}, events=events, frozen_min=120
    )
    assert bench.edit((A, {"start": at(9)})).reasons[0].code == "edit_begun"
    assert bench.edit((A, {"locked": True})).reasons[0].code == "edit_begun"
    assert bench.edit((B, {"start": at(9)})).reasons[0].code == "edit_frozen"
    assert bench.edit((C, {"start": at(2), "resource_id": "M2"})).reasons[0].code == "edit_locked_in_the_way"


def test_only_on_machines_that_can():
    result = Bench({A: 1}, {A: (0, "M1")}).edit((A, {"resource_id": "P"}))
    assert (result.reasons[0].code, result.reasons[0].facts["allowed"]) == ("edit_not_allowed_here", "M1, M2")


def test_which_of_two_machines_is_replaced_may_be_told():
    bench = Bench({A: 1}, {A: (0, "M1 P")}, needs={A: ["any", "P"]})
    result = bench.edit((A, {"resource_id": "M2", "instead_of": "M1"}))
    held = result.tables.resource_plan.sort("demand_no")["resource_id"].to_list()
    assert held == ["M2", "P"]


def test_late_orders_are_named():
    bench = Bench({A: 2, B: 2}, {A: (4, "M1"), B: (0, "M1")}, due={"B": at(2)})
    result = bench.edit((A, {"start": at(1)}))
    late = result.reasons[-1]
    assert (late.table, late.key, late.code, late.facts["late_min"]) == (
        "order_plan",
        ("B",),
        "edit_late",
        180,
    )
    assert "3\u202fh late" in reason_words(ENGINE, late).en


def test_a_plan_that_no_longer_holds_is_shifted_and_says_so():
    events = [("E1", "A", 10, "start", at(0), "M1", None), ("E2", "A", 10, "finish", at(3), None, None)]
    bench = Bench({A: 2, B: 2, C: 1}, {A: (0, "M1"), B: (2, "M1"), C: (1, "M2")}, events=events)
    result = bench.edit()
    assert bench.starts(result) == {A: 0, B: 3, C: 1}
    assert [(warning.code, warning.facts) for warning in result.warnings] == [
        ("edit_plan_shifted", {"steps": 1})
    ]


def test_a_step_without_a_place_is_put_in_and_a_plan_without_any_is_refused():
    result = Bench({A: 2, B: 2}, {A: (0, "M1")}).edit()
    assert [(r.code, r.key) for r in result.reasons] == [("repair_joins", B)]
    assert [warning.code for warning in result.warnings] == ["edit_plan_joined"]
    with pytest.raises(Refused, match="A 10"):
        Bench({A: 2}, {A: (0, "P")})


@pytest.mark.parametrize(
    "values",
    [
        {"start": "soon"},
        {"locked": 1},
        {"resource_id": "M9"},
        {"end": at(3)},
        {"mode_no": 2},
        {"start": None},
    ],
)
def test_values_that_make_no_sense_are_faults(values):
    bench = Bench({A: 2}, {A: (0, "M1")})
    with pytest.raises(BadInput) as refused:
        bench.edit((A, values))
    assert refused.value.faults[0].column == next(iter(values))
