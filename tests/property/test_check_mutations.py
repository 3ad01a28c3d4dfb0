"""The checker accepts random feasible plans and catches every way of breaking one, whatever made the plan."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_books import (
    EVERYTHING,
    FEATURES,
    MONDAY,
    random_book,
    random_features,
    random_frames,
    random_params,
)
from random_plans import make_plan, random_plan

from lineshaft.core import find_engine
from lineshaft.core.solve import read_book
from lineshaft.make.schedule.checks.check import check, plan_start_s
from lineshaft.make.schedule.checks.hours import LaneHours, rows, to_s
from lineshaft.make.schedule.checks.steps import find_pins
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.tables import ShopBook, ShopPlan
from lineshaft.tables.worktime import working_intervals

SEEDS = st.integers(0, 2**31)
Rows = dict[str, list[dict]]
SECOND = timedelta(seconds=1)


class NotHere(Exception):
    """The plan has nothing that this mutation could break."""


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_random_books_pass_the_door(seed):
    book = read_book(find_engine("make.schedule"), random_frames(seed, features=random_features(seed)))
    assert len(book.operations) <= 40


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_feasible_plan_has_no_violation(seed):
    assert violations_of_a_random_plan(seed) == ()


@pytest.mark.slow
@pytest.mark.parametrize("thousand", range(3))
def test_thousands_of_feasible_plans_have_no_violation(thousand):
    for seed in range(1000 * thousand, 1000 * thousand + 1000):
        assert violations_of_a_random_plan(seed) == (), f"seed {seed}"


def violations_of_a_random_plan(seed: int) -> tuple[str, ...]:
    book, params = random_book(seed, features=random_features(seed)), random_params(seed)
    return check(book, random_plan(book, params, seed), params).violations


@cache
def drawn(seed: int, features: tuple[str, ...]) -> tuple[ScheduleParams, Rows, Rows, set[tuple[str, int]]]:
    """Parameters, rows of a book and of a plan of it, and the steps that are pinned; history in every other book."""
    history = {"events", "previous"} if seed % 2 else set()
    params, book = (
        random_params(seed),
        random_book(seed, features=set(features) - {"events", "previous"} | history),
    )
    plan = random_plan(book, params, seed)
    book_rows = {member: rows(getattr(book, member)) for member in ShopBook.members()}
    plan_rows = {member: rows(getattr(plan, member)) for member in ShopPlan.members()}
    return params, book_rows, plan_rows, set(find_pins(book, params, plan_start_s(book, params)))


class Scene:
    """A book and a plan as rows to break, and what of it may move."""

    def __init__(self, seed: int, features: tuple[str, ...] = FEATURES) -> None:
        self.rng = random.Random(seed)
        self.params, book, plan, pinned = drawn(seed, features)
        self.book: Rows = {member: [dict(row) for row in some] for member, some in book.items()}
        self.plan: Rows = {member: [dict(row) for row in some] for member, some in plan.items()}
        self.free = [row for row in self.plan["operation_plan"] if key(row) not in pinned]
        self.pinned = [row for row in self.plan["operation_plan"] if key(row) in pinned]

    def pick(self, among: list) -> dict:
        if not among:
            raise NotHere
        return self.rng.choice(among)

    def operation(self, row: dict) -> dict:
        return next(other for other in self.book["operations"] if key(other) == key(row))

    def mode(self, row: dict) -> dict:
        mine = [mode for mode in self.book["modes"] if key(mode) == key(row)]
        return next(mode for mode in mine if mode["mode_no"] == row["mode_no"])

    def resource(self, row: dict) -> dict:
        """The first resource a step holds."""
        held = self.held(row)
        resource_id = held[0]["resource_id"] if held else None
        return next((one for one in self.book["resources"] if one["resource_id"] == resource_id), {})

    def next_in_order(self, row: dict) -> dict | None:
        """The free step that follows by number alone."""
        told = {key(dep) for dep in self.book["dependencies"] if dep["after_order_id"] == dep["order_id"]}
        later = [
            r for r in self.plan["operation_plan"] if r["order_id"] == row["order_id"] and key(r) > key(row)
        ]
        after = min(later, key=key, default=None)
        return after if after in self.free and key(after) not in told else None

    def step(self, row: dict) -> dict:
        return next(other for other in self.plan["operation_plan"] if key(other) == key(row))

    def held(self, row: dict) -> list[dict]:
        return [other for other in self.plan["resource_plan"] if key(other) == key(row)]

    def violations(self) -> tuple[str, ...]:
        frames = {
            member: frame_of(ShopBook.member_schemas()[member], self.book[member]).lazy()
            for member in self.book
            if self.book[member] or not ShopBook.members()[member].is_optional
        }
        return check(ShopBook.cast(frames), make_plan(*self.plan.values()), self.params).violations


def frame_of(schema, some: list[dict]) -> pl.DataFrame:
    return pl.DataFrame(some, schema={name: column.dtype for name, column in schema.columns().items()})


def key(row: dict) -> tuple[str, int]:
    return row["order_id"], row["op_no"]


def drop_a_step(scene: Scene) -> None:
    scene.plan["operation_plan"].remove(scene.pick(scene.plan["operation_plan"]))


def plan_a_step_twice(scene: Scene) -> None:
    scene.plan["operation_plan"].append(dict(scene.pick(scene.plan["operation_plan"])))


def take_an_unknown_mode(scene: Scene) -> None:
    scene.pick(scene.plan["operation_plan"])["mode_no"] = 99


def end_later(scene: Scene) -> None:
    scene.pick(scene.free)["end"] += SECOND


def start_earlier(scene: Scene) -> None:
    scene.pick(scene.free)["start"] -= SECOND


def start_before_release(scene: Scene) -> None:
    row = scene.pick(scene.free)
    order = next(order for order in scene.book["work_orders"] if order["order_id"] == row["order_id"])
    order["release"] = row["start"] + SECOND
    order["due"] = None


def start_before_earliest(scene: Scene) -> None:
    row = scene.pick(scene.free)
    step = next(step for step in scene.book["operations"] if key(step) == key(row))
    step["earliest"] = row["start"] + SECOND


def start_before_the_plan(scene: Scene) -> None:
    row = scene.pick(scene.free)
    length = row["end"] - row["start"]
    row["start"] = MONDAY - timedelta(days=3)
    row["end"] = row["start"] + length


def overlap(scene: Scene) -> None:
    row = scene.pick([r for r in scene.free if r["end"] > r["start"] and scene.held(r)])
    place = scene.held(row)[0]
    others = [r for r in scene.free if key(r) != key(row) and r["end"] > r["start"] and scene.held(r)]
    other = scene.held(scene.pick(others))[0]
    other["resource_id"], other["place_no"] = place["resource_id"], place["place_no"]
    moved = scene.step(other)
    moved["start"], moved["end"] = row["start"], row["end"]


def take_another_resource(scene: Scene) -> None:
    held = scene.pick([held for row in scene.free for held in scene.held(row)])
    held["resource_id"] = "P1" if held["resource_id"].startswith("M") else "M1"


def leave_a_demand_unmet(scene: Scene) -> None:
    scene.plan["resource_plan"].remove(scene.pick([held for row in scene.free for held in scene.held(row)]))


def hold_a_place_that_is_not_there(scene: Scene) -> None:
    scene.pick([held for row in scene.free for held in scene.held(row)])["place_no"] = 500


def work_in_a_breakdown(scene: Scene) -> None:
    held = scene.pick([held for row in scene.free if row["end"] > row["start"] for held in scene.held(row)])
    row = scene.step(held)
    scene.book["capacities"] = [
        c for c in scene.book["capacities"] if c["resource_id"] != held["resource_id"]
    ]
    period = {"start": row["start"], "end": row["start"] + SECOND, "capacity": 0}
    scene.book["capacities"].append({"resource_id": held["resource_id"], **period})


def work_on_a_holiday(scene: Scene) -> None:
    calendar = {row["resource_id"]: row["calendar_id"] for row in scene.book["resources"]}
    held = scene.pick([h for row in scene.free for h in scene.held(row) if calendar[h["resource_id"]]])
    scene.book["exceptions"] = []
    for days in range(-1, 2):
        where = {"calendar_id": calendar[held["resource_id"]], "exception_no": 1, "kind": "closed"}
        date = scene.step(held)["start"].date() + timedelta(days=days)
        scene.book["exceptions"].append({**where, "date": date, "start_min": 0, "end_min": 1440})


def pause_what_may_not(scene: Scene) -> None:
    breaks = []
    for row in scene.free:
        if scene.held(row) and interrupted(scene, row):
            breaks.append(row)
    row = scene.pick(breaks)
    next(step for step in scene.book["operations"] if key(step) == key(row))["pausable"] = False


def interrupted(scene: Scene, row: dict) -> bool:
    mode = (*key(row), row["mode_no"])
    pieces = next(o["quantity"] for o in scene.book["work_orders"] if o["order_id"] == row["order_id"])
    need = next(m for m in scene.book["modes"] if (*key(m), m["mode_no"]) == mode)
    return row["end"] - row["start"] > SECOND * (need["lot_s"] + need["piece_s"] * pieces)


def swap_the_route(scene: Scene) -> None:
    told = {key(row) for row in scene.book["dependencies"]}
    pairs = [
        (one, other)
        for one, other in zip(scene.plan["operation_plan"], scene.plan["operation_plan"][1:])
        if one["order_id"] == other["order_id"] and key(other) not in told and other in scene.free
        if scene.step(other)["start"] < scene.step(one)["end"] + timedelta(days=300)
    ]
    one, other = scene.pick(pairs)
    other["start"], other["end"] = one["start"], one["end"]
    if one["end"] == one["start"]:
        raise NotHere


def stretch_a_lag(scene: Scene) -> None:
    free = {key(row) for row in scene.free}
    link = scene.pick([row for row in scene.book["dependencies"] if key(row) in free])
    link["lag_s"], link["lag_max_s"] = 365 * 86_400, None


def wait_too_long(scene: Scene) -> None:
    free = {key(row) for row in scene.free}
    starts = {key(row): row["start"] for row in scene.plan["operation_plan"]}
    late = [
        row
        for row in scene.book["dependencies"]
        if key(row) in free and starts[key(row)] > starts[row["after_order_id"], row["after_op_no"]]
    ]
    scene.pick(late).update(kind="start_start", lag_s=0, lag_max_s=0)


def assemble_before_the_part(scene: Scene) -> None:
    row = scene.pick([r for r in scene.free if r["start"] > MONDAY])
    others = [o for o in scene.book["work_orders"] if o["order_id"] != row["order_id"]]
    ends = {r["order_id"] for r in scene.plan["operation_plan"] if r["end"] > row["start"]}
    order = scene.pick([o for o in others if o["order_id"] in ends])
    order["parent_order_id"], order["parent_op_no"] = key(row)


def lose_the_material(scene: Scene) -> None:
    free = {key(row) for row in scene.free}
    item = scene.pick([row for row in scene.book["requirements"] if key(row) in free])["item_id"]
    scene.book["receipts"] = [row for row in scene.book["receipts"] if row["item_id"] != item]


def ignore_a_setup(scene: Scene) -> None:
    scene.pick([row for row in scene.free if row["setup_start"]])
    for row in scene.book["families"] + scene.book["setups"]:
        row["setup_s"] += 300 * 86_400


def hide_a_setup(scene: Scene) -> None:
    scene.pick([row for row in scene.free if row["setup_start"]])["setup_start"] = None


def show_a_setup_too_short(scene: Scene) -> None:
    row = scene.pick([row for row in scene.free if row["setup_start"]])
    row["setup_start"] = row["start"]


def show_a_setup_of_nothing(scene: Scene) -> None:
    row = scene.pick([row for row in scene.free if row["setup_start"] is None])
    row["setup_start"] = row["start"]


def move_what_is_pinned(scene: Scene) -> None:
    row = scene.pick(scene.pinned)
    row["start"], row["end"] = row["start"] - SECOND, row["end"] - SECOND


def unlock(scene: Scene) -> None:
    scene.pick([row for row in scene.pinned if row["locked"]])["locked"] = False


def hide_tardiness(scene: Scene) -> None:
    scene.pick(scene.plan["order_plan"])["tardiness_s"] += 1


def forget_an_order(scene: Scene) -> None:
    scene.plan["order_plan"].remove(scene.pick(scene.plan["order_plan"]))


def furnace_steps(scene: Scene) -> list[dict]:
    return [row for row in scene.free if scene.resource(row).get("load_max")]


def put_with(scene: Scene, row: dict, other: dict) -> None:
    """Move a step to the place and the time of another."""
    scene.held(row)[0].update({name: scene.held(other)[0][name] for name in ("resource_id", "place_no")})
    row["start"], row["end"] = other["start"], other["end"]


def join_what_does_not_mix(scene: Scene) -> None:
    row, other = scene.pick(
        [(r, o) for r in furnace_steps(scene) for o in furnace_steps(scene) if key(r) < key(o)]
    )
    put_with(scene, row, other)
    scene.book["recipes"] += [
        {"recipe_id": name, "name": None, "mix_group": name} for name in ("own", "other")
    ]
    scene.operation(row)["recipe_id"], scene.operation(other)["recipe_id"] = "own", "other"


def join_without_a_recipe(scene: Scene) -> None:
    row, other = scene.pick(
        [(r, o) for r in furnace_steps(scene) for o in furnace_steps(scene) if key(r) < key(o)]
    )
    put_with(scene, row, other)
    scene.operation(row)["recipe_id"] = None


def overload(scene: Scene) -> None:
    scene.operation(scene.pick(furnace_steps(scene)))["load"] = 501.0


def need_longer_than_the_load(scene: Scene) -> None:
    scene.mode(scene.pick(furnace_steps(scene)))["lot_s"] += 86_400


def enter_a_load_late(scene: Scene) -> None:
    """A step in the furnace with another, but a second shifted."""
    row, other = scene.pick(
        [(r, o) for r in furnace_steps(scene) for o in furnace_steps(scene) if key(r) < key(o)]
    )
    put_with(scene, row, other)
    row["start"], row["end"] = other["start"] + SECOND, other["end"] + SECOND


def take_two_routes(scene: Scene) -> None:
    absent = [
        step
        for step in scene.book["operations"]
        if not any(key(r) == key(step) for r in scene.plan["operation_plan"])
    ]
    step = scene.pick(absent)
    mate = scene.pick([row for row in scene.plan["operation_plan"] if row["order_id"] == step["order_id"]])
    scene.plan["operation_plan"].append(mate | {"op_no": step["op_no"], "mode_no": 1})


def take_no_route(scene: Scene) -> None:
    routed = {step["order_id"] for step in scene.book["operations"] if step["route_no"]}
    order_id = scene.pick(sorted(routed))
    gone = {
        key(step) for step in scene.book["operations"] if step["order_id"] == order_id and step["route_no"]
    }
    scene.plan["operation_plan"][:] = [row for row in scene.plan["operation_plan"] if key(row) not in gone]
    scene.plan["resource_plan"][:] = [row for row in scene.plan["resource_plan"] if key(row) not in gone]


def start_before_the_first_lot(scene: Scene) -> None:
    row = scene.pick([r for r in scene.plan["operation_plan"] if scene.operation(r)["transfer_quantity"]])
    after = scene.next_in_order(row)
    if after is None or row["end"] == row["start"] or not scene.mode(row)["lot_s"] or row in scene.pinned:
        raise NotHere
    after["start"], after["end"] = row["start"], max(after["end"], row["end"] + timedelta(days=9))


def end_before_the_last_lot(scene: Scene) -> None:
    row = scene.pick([r for r in scene.plan["operation_plan"] if scene.operation(r)["transfer_quantity"]])
    after = scene.next_in_order(row)
    if after is None or not scene.mode(after)["piece_s"]:
        raise NotHere
    row["end"] = after["end"]


def end_before_the_other_ends(scene: Scene) -> None:
    free = {key(row) for row in scene.free}
    link = scene.pick(
        [row for row in scene.book["dependencies"] if row["kind"] == "end_end" and both(scene, row)]
    )
    if key(link) not in free:
        raise NotHere
    link["lag_s"], link["lag_max_s"] = 300 * 86_400, None


def end_long_after_the_other(scene: Scene) -> None:
    free = {key(row) for row in scene.free}
    ends = {key(row): row["end"] for row in scene.plan["operation_plan"]}
    late = [
        row
        for row in scene.book["dependencies"]
        if key(row) in free
        and both(scene, row)
        and ends[key(row)] > ends[row["after_order_id"], row["after_op_no"]]
    ]
    scene.pick(late).update(kind="end_end", lag_s=0, lag_max_s=0)


def both(scene: Scene, link: dict) -> bool:
    planned = {key(row) for row in scene.plan["operation_plan"]}
    return key(link) in planned and (link["after_order_id"], link["after_op_no"]) in planned


def fetch_from_the_wrong_bay(scene: Scene) -> None:
    moves = [row for row in scene.free if scene.mode(row)["from_bay_id"]]
    before = {key(after): row for row in scene.plan["operation_plan"] if (after := scene.next_in_order(row))}
    row = scene.pick([r for r in moves if key(r) in before and scene.resource(before[key(r)]).get("bay_id")])
    other = {"north": "south", "south": "yard", "yard": "north"}[scene.resource(before[key(row)])["bay_id"]]
    scene.mode(row)["from_bay_id"] = other


def bring_to_the_wrong_bay(scene: Scene) -> None:
    moves = [row for row in scene.free if scene.mode(row)["from_bay_id"]]
    pairs = [(row, scene.next_in_order(row)) for row in moves]
    held = [(r, after) for r, after in pairs if after and scene.resource(after).get("bay_id")]
    row, _ = scene.pick([(r, a) for r, a in held if not scene.mode(a)["from_bay_id"]])
    scene.mode(row)["to_bay_id"] = {"north": "south", "south": "yard", "yard": "north"}[
        scene.mode(row)["to_bay_id"]
    ]


def forbid_a_change(scene: Scene) -> None:
    scene.pick([row for row in scene.free if row["setup_start"]])
    pairs = {(s["setup_group"], s["from_family_id"], s["to_family_id"]): s for s in scene.book["setups"]}
    for group in ("cells", "strict"):
        for one in ("red", "green", "blue"):
            for other in {"red", "green", "blue"} - {one}:
                default_s = next(f["setup_s"] for f in scene.book["families"] if f["family_id"] == other)
                names = {"setup_group": group, "from_family_id": one, "to_family_id": other}
                pair = pairs.get((group, one, other), names | {"setup_s": default_s, "cost_fen": None})
                pairs[group, one, other] = pair | {"forbidden": True}
    scene.book["setups"] = list(pairs.values())


def exceed_the_budget(scene: Scene) -> None:
    used = {(*key(row), row["mode_no"]) for row in scene.free}
    uses = [d for d in scene.book["demands"] if d["resource_id"] == "kWh" and (*key(d), d["mode_no"]) in used]
    scene.pick(uses)["quantity"] += 999


def hold_a_budget(scene: Scene) -> None:
    row = scene.pick([row for row in scene.free if scene.held(row)])
    scene.held(row)[0]["resource_id"] = "kWh"


def slow_a_machine(scene: Scene) -> None:
    row = scene.pick([row for row in scene.free if row["end"] > row["start"] and scene.resource(row)])
    scene.resource(row)["efficiency_pct"] = 1


def finish_with_pieces_left(scene: Scene) -> None:
    """What was to be done by now goes on: a running step is seen with nothing done."""
    ran = {key(e): e for e in scene.book["events"]}
    over = {key(e) for e in scene.book["events"] if e["kind"] == "finish"}
    rows_ = [
        row for row in scene.pinned if key(row) in ran and key(row) not in over and scene.mode(row)["piece_s"]
    ]
    row = scene.pick(rows_)
    at = row["end"] + SECOND
    seen = {"event_id": "later", "kind": "progress", "at": at, "quantity": 0}
    scene.book["events"].append(ran[key(row)] | seen)


MUTATIONS: list[Callable[[Scene], None]] = [
    drop_a_step, plan_a_step_twice, take_an_unknown_mode, end_later, start_earlier, start_before_release,
    start_before_earliest, start_before_the_plan, overlap, take_another_resource, leave_a_demand_unmet,
    hold_a_place_that_is_not_there, work_in_a_breakdown, work_on_a_holiday, pause_what_may_not, swap_the_route,
    stretch_a_lag, wait_too_long, assemble_before_the_part, lose_the_material, ignore_a_setup, hide_a_setup,
    show_a_setup_too_short, show_a_setup_of_nothing, move_what_is_pinned, unlock, hide_tardiness, forget_an_order,
]  # fmt: skip
DIRECTED: list[tuple[Callable[[Scene], None], str]] = [
    (join_what_does_not_mix, "do not mix"),
    (join_without_a_recipe, "do not mix"),
    (overload, "load of "),
    (need_longer_than_the_load, "needs "),
    (enter_a_load_late, "where "),
    (take_two_routes, "takes routes [1, 2]"),
    (take_no_route, "takes routes []"),
    (start_before_the_first_lot, "but the first lot of"),
    (end_before_the_last_lot, "s after "),
    (end_before_the_other_ends, "and a lag of "),
    (end_long_after_the_other, "and it must follow within 0 s"),
    (fetch_from_the_wrong_bay, "leaves the work in bay"),
    (bring_to_the_wrong_bay, "leaves the work in bay"),
    (forbid_a_change, "which is forbidden there"),
    (exceed_the_budget, "of a budget of"),
    (hold_a_budget, "is a budget and has no places"),
    (slow_a_machine, "needs "),
    (finish_with_pieces_left, "is running, works 0 s"),
    (drop_a_step, "not planned"),
    (end_later, ""),
    (start_earlier, ""),
]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_plan_is_caught(mutate):
    catches(mutate, "", FEATURES)


@pytest.mark.parametrize(("mutate", "words"), DIRECTED, ids=[mutation.__name__ for mutation, _ in DIRECTED])
def test_a_broken_plan_of_the_whole_model_is_caught_for_what_is_broken(mutate, words):
    catches(mutate, words, EVERYTHING)


def catches(mutate: Callable[[Scene], None], words: str, features: tuple[str, ...]) -> None:
    caught = 0
    for seed in range(60):
        scene = Scene(seed, features)
        try:
            mutate(scene)
        except NotHere:
            continue
        assert any(words in line for line in scene.violations()), (
            f"seed {seed}: {mutate.__name__} was not seen"
        )
        caught += 1
        if caught == 5:
            break
    assert caught >= 3, f"{mutate.__name__} found nothing to break"


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_the_checker_reads_calendars_as_the_vocabulary_does(seed):
    book = random_book(seed, max_ops=0, features={"calendars"})
    low, high = to_s(MONDAY), to_s(MONDAY + timedelta(days=21))
    hours = LaneHours(book, low, high)
    tables = (book.calendars, book.shifts, book.breaks, book.exceptions)
    for calendar_id, calendar in hours.calendars.items():
        starts, ends = working_intervals(calendar_id, *tables, MONDAY, MONDAY + timedelta(days=21))
        assert calendar.between(low, high).spans() == list(zip(starts.tolist(), ends.tolist()))
