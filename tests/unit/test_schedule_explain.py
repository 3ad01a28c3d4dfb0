"""Every minute of a late order's way has a cause."""

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_books import FEATURES, random_book, random_features

from lineshaft.core import Run, find_engine
from lineshaft.core.solve import read_book, solve
from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.layout.compile import compile_shop
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.reasons.explain import explain
from lineshaft.make.schedule.reasons.waits import CAUSES, Walker
from lineshaft.make.schedule.shop import Timetable
from lineshaft.make.schedule.solve import first_plan
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.make.schedule.words import WORDS
from lineshaft.tables import frame_of

ENGINE = find_engine("make.schedule")


def plan(params=None, **rows):
    """Two orders of four hours on one lathe, released at eight; the second is promised for 13:00."""
    members = {
        "work_orders": [
            ("A", None, 1, None, at(0, 8), at(0, 12), 9, None, None),
            ("B", None, 1, None, at(0, 8), at(0, 13), 1, None, None),
        ],
        "operations": [("A", 10, None, "red", True, None), ("B", 10, None, "blue", True, None)],
        "modes": [("A", 10, 1, 14_400, 0), ("B", 10, 1, 14_400, 0)],
        "demands": [("A", 10, 1, 1, "lathe", None, 1), ("B", 10, 1, 1, "lathe", None, 1)],
        "resources": [("lathe", None, "machine", None, 1, "turning", None)],
        "families": [("blue", None, 0), ("red", None, 0)],
    } | rows
    schemas = ShopBook.member_schemas()
    frames = {m: frame_of(schemas[m], r) for m, r in members.items()}
    return solve(ENGINE, frames, params or {"objective": "weighted_tardiness"}, Run(work_limit=1))


def late(result, order_id):
    return next(r.facts for r in result.reasons if r.code == "late" and r.key == (order_id,))


def detail(result, code):
    return next(reason for reason in result.reasons if reason.code == code)


def test_behind_another_order_on_the_same_machine():
    result = plan()
    facts = late(result, "B")
    assert (facts["late_min"], facts["cause"], facts["work_min"], facts["resource_min"]) == (
        180,
        "resource",
        240,
        240,
    )
    found = detail(result, "waits_for_resource")
    assert (found.table, found.key) == ("operations", ("B", 10))
    assert (found.facts["resource_id"], found.facts["behind_order"], found.facts["wait_min"]) == (
        "lathe",
        "A",
        240,
    )


def test_the_setup_after_it():
    facts = late(plan(setups=[("turning", "red", "blue", 5_400)]), "B")
    assert (facts["late_min"], facts["resource_min"], facts["setup_min"]) == (270, 240, 90)


def test_material_that_comes_late():
    needs = {"requirements": [("B", 10, "bar", 1.0)], "receipts": [("PO-1", "bar", at(0, 20), 1.0)]}
    result = plan(**needs)
    facts = late(result, "B")
    assert (facts["late_min"], facts["cause"], facts["material_min"]) == (660, "material", 720)
    found = detail(result, "waits_for_material")
    assert (found.table, found.key, found.facts["receipt_id"]) == ("requirements", ("B", 10, "bar"), "PO-1")


def test_closed_hours_on_the_way():
    calendar = {
        "resources": [("lathe", None, "machine", "day", 1, "turning", None)],
        "calendars": [("day", None, "Asia/Shanghai")],
        "shifts": [("day", weekday, 1, 480, 840) for weekday in range(1, 8)],
    }
    facts = late(plan(**calendar), "B")
    assert (facts["resource_min"], facts["calendar_min"], facts["work_min"]) == (240, 18 * 60, 240)
    assert facts["late_min"] == 240 + 18 * 60 + 240 - 300


def test_a_locked_step_is_the_cause():
    previous = [("B", 10, 1, None, at(0, 18), at(0, 22), True)]
    facts = late(plan(previous=previous), "B")
    assert (facts["cause"], facts["fixed_min"]) == ("fixed", 600)


def test_too_long_even_in_an_empty_shop():
    result = plan(modes=[("A", 10, 1, 14_400, 0), ("B", 10, 1, 36_000, 0)])
    assert detail(result, "too_long").facts["short_min"] == 300


def test_due_before_the_plan_begins():
    params = {"objective": "makespan", "start": at(1, 8)}
    assert detail(plan(params=params), "already_late").facts["short_min"] == 24 * 60


@pytest.mark.parametrize("code", sorted(WORDS))
def test_both_languages_name_the_same_facts(code):
    english, chinese = (
        {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in WORDS[code]
    )
    assert english == chinese


def test_a_person_is_told_from_a_machine():
    facts = late(plan(resources=[("lathe", None, "person", None, 1, "turning", None)]), "B")
    assert (facts["cause"], facts["person_min"], facts["resource_min"]) == ("person", 240, 0)


def test_a_load_waits_for_its_last_partner():
    """A is ready at eight, B at noon; they share a load of a furnace from then on."""
    members = {
        "work_orders": [
            ("A", None, 1, None, at(0, 8), at(0, 13), 1),
            ("B", None, 1, None, at(0, 12), at(0, 16), 1),
        ],
        "operations": [(o, 10, None, None, True, None, None, None, "carburise", 1.0) for o in "AB"],
        "modes": [(o, 10, 1, 14_400, 0) for o in "AB"],
        "demands": [(o, 10, 1, 1, "oven", None, 1) for o in "AB"],
        "resources": [("oven", None, "machine", None, 1, None, None, None, None, 2.0, "place")],
        "recipes": [("carburise", None, None)],
    }
    schemas = ShopBook.member_schemas()
    book = read_book(ENGINE, {m: frame_of(schemas[m], r) for m, r in members.items()})
    compiled = compile_shop(book, ScheduleParams())
    noon, four = np.full(2, 4 * 3_600), np.full(2, 8 * 3_600)
    together = Timetable(np.arange(2), noon, four, np.arange(3), np.zeros(2, dtype=np.int64))
    reasons, _ = explain(compiled, together)
    facts = next(r.facts for r in reasons if r.code == "late")
    assert (facts["cause"], facts["batch_min"], facts["work_min"], facts["late_min"]) == (
        "batch",
        240,
        240,
        180,
    )
    (found,) = [r.facts for r in reasons if r.code == "waits_for_batch"]
    assert (found["behind_order"], found["resource_id"], found["wait_min"]) == ("B", "oven", 240)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_the_causes_add_up_to_the_way(seed):
    """Work and waiting on the way of an order are the time from its release, or that of the first of its components, to its end."""
    among = (*set(FEATURES) - {"events", "previous"}, "batches", "transfers", "end_ends", "efficiencies")
    book = random_book(seed, 20, random_features(seed, sorted(among)))
    compiled, _, timetable = first_plan(book, ScheduleParams())
    walker, shop = Walker(compiled, timetable), compiled.shop
    for order in range(shop.n_orders):
        waits, work_s = walker.walk(order)
        end_s = int(timetable.end_s[shop.op_order == order].max())
        released_s = max(0, min(shop.order_release_s[order], shop.op_release_s[waits[-1].op]))
        assert work_s + sum(wait.seconds for wait in waits) == end_s - released_s
        assert all(wait.seconds >= 0 for wait in waits)
        assert {wait.cause for wait in waits} <= set(CAUSES)
