"""Edit a plan by hand: lay it out once, then answer every drag at once.

`prepare` lays out the plan in force, `edit` applies changes to it one after the other: the dragged step goes exactly
where it is asked to go, or the answer says why it cannot; what is in its way and what must follow it is shifted right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np

from lineshaft.core import BadInput, Change, Fault, Kpi, Reason, Refused, Result, Words
from lineshaft.make.schedule.dispatch.deck import Deck, tables_of
from lineshaft.make.schedule.goal import parse_goal
from lineshaft.make.schedule.layout.compile import DAY_S, NEVER_AFTER_S, Compiled, compile_shop, longer
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.names import Names
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.plan import lane_use, make_plan
from lineshaft.make.schedule.reasons.explain import explain
from lineshaft.make.schedule.repair.drag import Impossible, drag
from lineshaft.make.schedule.repair.facts import with_facts
from lineshaft.make.schedule.repair.settle import Force, force, settle
from lineshaft.make.schedule.repair.shift import ELSEWHERE, NO_ROOM, NONE, OVERDRAWN, TOO_LATE, shift_right
from lineshaft.make.schedule.repair.standing import Standing, no_place, read_standing, teams_fit
from lineshaft.make.schedule.repair.tell import tell
from lineshaft.make.schedule.search.score import score
from lineshaft.make.schedule.solve import Answer, cost_kpis, kpis
from lineshaft.make.schedule.tables import ShopBook, ShopPlan

TABLE = "operation_plan"
COLUMNS = ("start", "resource_id", "locked")
HINT = "instead_of"
ROOM_S = 60 * DAY_S
MOVED_MIN = 30.0


@dataclass(frozen=True)
class State:
    """A plan laid out for editing.

    `force` is the plan as the tables have it with what happened to it, `standing` the same with what does not hold
    any more shifted right and what is new put in, of which `warnings` tell.
    """

    book: ShopBook
    params: ScheduleParams
    names: Names
    force: Force
    standing: Standing
    resources: frozenset[str]
    warnings: tuple[Reason, ...]

    @cached_property
    def unchanged(self) -> Result[ShopPlan]:
        """The plan as it stands."""
        return propose(self, self.standing, [], False)

    @property
    def compiled(self) -> Compiled:
        """The shop and the names of its numbers."""
        return self.names.compiled

    @property
    def deck(self) -> Deck:
        """The shop laid out for numba."""
        return self.force.deck

    @property
    def given(self) -> Standing:
        """The plan as the tables have it."""
        return self.force.given

    @property
    def frozen_s(self) -> int:
        """Until when nothing moves."""
        return 60 * self.params.frozen_min


def prepare(book: ShopBook, params: ScheduleParams) -> State:
    """Lay out the plan in force (`previous`, `previous_resources`) for editing.

    What cannot stand as it does any more, after a breakdown or a late finish, is shifted right or goes elsewhere;
    steps that have no valid place are put in.

    Raises
    ------
    Refused
        No step has a place in the plan, or the plan cannot be kept even when steps are shifted.
    BadInput, LineshaftError
        As `solve`.
    """
    state = mend(book, params)
    if state.force.homeless.all() and len(state.force.homeless):
        raise no_place(state.compiled, state.force.homeless)
    return state


def mend(
    book: ShopBook, params: ScheduleParams, moved_min: float = MOVED_MIN, earlier: Compiled | None = None
) -> State:
    """The plan in force, if any, kept as well as what happened allows; see `settle`.

    `earlier`: a layout of nearly the same book.
    """
    horizon_s = earlier.shop.horizon_s if earlier else None
    while True:
        compiled = compile_shop(book, params, horizon_s, as_planned=True, earlier=earlier)
        deck, _, _ = tables_of(compiled.shop, compiled.stages)
        given, homeless = read_standing(compiled)
        goal = parse_goal(params.objective, int(compiled.shop.order_counts.sum()))
        plan = force(compiled.shop, deck, given, homeless, goal, moved_min)
        standing, _, _, trouble = settle(plan)
        last_s = int(standing.end_s.max(initial=0))
        if trouble.kind != NO_ROOM and last_s + ROOM_S <= compiled.shop.horizon_s:
            break
        if trouble.kind == NO_ROOM and compiled.shop.horizon_s >= max(NEVER_AFTER_S, 2 * last_s):
            break
        horizon_s = longer(compiled.shop.horizon_s, compiled.start)
    names = Names(compiled)
    if trouble.kind != NONE:
        raise broken_plan(names, trouble.kind, trouble.op, trouble.other)
    resources = frozenset(table(book, "resources")["resource_id"])
    shifted = int(plan.moved(standing).sum())
    warnings = [Reason("", (), "edit_plan_shifted", {"steps": shifted})] if shifted else []
    if homeless.any():
        warnings.append(Reason("", (), "edit_plan_joined", {"steps": int(homeless.sum())}))
    return State(book, params, names, plan, standing, resources, tuple(warnings))


def broken_plan(names: Names, kind: int, op: int, other: int) -> Refused:
    """The plan in force breaks a rule that shifting right does not mend."""
    one = "{} {}".format(*names.keys[op])
    two = "{} {}".format(*names.keys[other]) if other >= 0 else "-"
    if kind == TOO_LATE:
        return Refused(
            f"The plan in force no longer holds: step {one} comes too long after step {two}. Make a new plan first.",
            f"当前计划已不成立:工序 {one} 距工序 {two} 超过最大间隔。请先重新排产。",
        )
    if kind == NO_ROOM:
        return Refused(
            f"The plan in force no longer holds: step {one} finds no place in it. Make a new plan first.",
            f"当前计划已不成立:工序 {one} 找不到位置。请先重新排产。",
        )
    if kind == OVERDRAWN:
        return Refused(
            f"The plan in force no longer holds: a budget does not suffice, of which step {one} takes most. Make a new plan first.",
            f"当前计划已不成立:预算资源不足,其中工序 {one} 占用最多。请先重新排产。",
        )
    if kind == ELSEWHERE:
        return Refused(
            f"The plan in force no longer holds: step {one} is not where step {two} leaves the work. Make a new plan first.",
            f"当前计划已不成立:工序 {one} 不在工序 {two} 完工所在的跨间。请先重新排产。",
        )
    return Refused(
        f"The plan in force no longer holds: step {one} stays where it is, but step {two} is in its way. Make a new plan first.",
        f"当前计划已不成立:工序 {one} 不可移动,但与工序 {two} 冲突。请先重新排产。",
    )


def edit(state: State, changes: Sequence[Change], explained: bool = False) -> Result[ShopPlan]:
    """The plan with the changes, applied in order.

    Parameters
    ----------
    changes
        Rows of `operation_plan` with values for `start`, `resource_id`, `locked`; `instead_of` may say which of a
        step's resources the new one replaces. Rows of any input table with new values, or new rows: what happened
        (see `facts`); the plan is first kept as well as that allows.
    explained
        Also say why orders are late, as `solve` does.

    Returns
    -------
    Result[ShopPlan]
        "feasible" with what moved and why; or "infeasible", the plan as it is and why the change cannot be.

    Raises
    ------
    BadInput
        No such row or column, or a value of the wrong kind.
    """
    facts = [change for change in changes if change.table != TABLE]
    if facts:
        book = with_facts(state.book, facts)
        state = replace(mend(book, state.params, state.force.moved_min, state.compiled), warnings=())
    wishes = read_changes(state, [change for change in changes if change.table == TABLE])
    standing = state.standing
    try:
        for op, wish in wishes:
            standing = apply(state, standing, op, wish)
    except Impossible as impossible:
        return replace(
            propose(state, state.standing, [], explained), status="infeasible", reasons=(impossible.reason,)
        )
    return propose(state, standing, [op for op, _ in wishes], explained)


def propose(state: State, standing: Standing, dragged: list[int], explained: bool) -> Result[ShopPlan]:
    """Tables, figures and reasons of a plan."""
    compiled = with_locks(state, standing)
    shop, timetable = compiled.shop, standing.timetable()
    use = lane_use(shop, timetable)
    figures = score(shop, timetable, int(use.setup_s.sum()))
    late, warnings = explain(compiled, timetable) if explained else ((), ())
    by_hand = np.zeros(shop.n_ops, dtype=np.bool_)
    by_hand[dragged] = True
    return Result(
        tables=make_plan(compiled, timetable, use),
        kpis=unproven((*kpis(shop, Answer(timetable, figures, figures)), *cost_kpis(compiled, timetable))),
        reasons=(*tell(state.names, state.force, standing, by_hand, use), *late),
        warnings=(*state.warnings, *warnings),
    )


def unproven(figures: Sequence[Kpi]) -> tuple[Kpi, ...]:
    """Figures without a bound."""
    return tuple(replace(kpi, bound=None) for kpi in figures)


def apply(state: State, standing: Standing, op: int, wish: Mapping[str, Any]) -> Standing:
    """One change: unlock, move, lock.

    Raises
    ------
    Impossible
        It cannot be.
    """
    if wish.get("locked") is not None and state.compiled.ways.get(op) in ("finished", "running"):
        raise Impossible(Reason(TABLE, state.names.keys[op], "edit_begun", key_facts(state, op)))
    if wish.get("locked") is False and standing.locked[op]:
        standing = unlock(state, standing, op)
    if "start" in wish or "resource_id" in wish:
        start_s = seconds(state, wish["start"]) if "start" in wish else int(standing.start_s[op])
        standing = drag(
            state.names, state.deck, standing, op, start_s, wish.get("resource_id"), wish.get(HINT)
        )
    if wish.get("locked"):
        standing = replace(standing, locked=with_value(standing.locked, op, True))
    return standing


def unlock(state: State, standing: Standing, op: int) -> Standing:
    """Let a locked operation move again; what breaks a rule, now that it counts, is shifted right."""
    shop = state.compiled.shop
    if standing.fixed[op] and not teams_fit(shop, standing.mode, standing.slot_ptr, standing.team)[op]:
        facts = {"resource_id": state.names.resources(standing.lanes(op).tolist()), "allowed": "-"}
        raise Impossible(
            Reason(TABLE, state.names.keys[op], "edit_not_allowed_here", key_facts(state, op) | facts)
        )
    frozen = standing.fixed[op] and standing.start_s[op] < state.frozen_s
    free = replace(
        standing,
        locked=with_value(standing.locked, op, False),
        fixed=with_value(standing.fixed, op, frozen),
    )
    after, _, trouble = shift_right(state.deck, free, -1, standing)
    if trouble.kind != NONE:
        other = state.names.keys[trouble.op]
        facts = {"stuck_order": other[0], "stuck_op": other[1]}
        raise Impossible(
            Reason(TABLE, state.names.keys[op], "edit_holds_others", key_facts(state, op) | facts)
        )
    return after


def with_value(values: Any, op: int, value: bool) -> Any:
    """A copy with one value changed."""
    changed = values.copy()
    changed[op] = value
    return changed


def with_locks(state: State, standing: Standing) -> Compiled:
    """The compiled shop as the plan's tables should see it: who is locked now."""
    locked = np.flatnonzero(standing.locked).tolist()
    ways = {op: way for op, way in state.compiled.ways.items() if way != "locked"}
    ways |= {
        op: "frozen" for op in np.flatnonzero(standing.fixed & ~standing.locked).tolist() if op not in ways
    }
    return replace(state.compiled, ways=ways | dict.fromkeys(locked, "locked"))


def seconds(state: State, at: datetime) -> int:
    """Whole seconds from the plan's start; a time without a zone is UTC."""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return int((at - state.compiled.start).total_seconds() // 1)


def key_facts(state: State, op: int) -> dict[str, Any]:
    """Order and number of a step."""
    return dict(zip(("order_id", "op_no"), state.names.keys[op]))


# What was asked


def read_changes(state: State, changes: Sequence[Change]) -> list[tuple[int, dict[str, Any]]]:
    """Operation and wishes of every change, checked.

    Raises
    ------
    BadInput
        With every fault found.
    """
    wishes, faults = [], []
    for change in changes:
        op = state.names.number.get(tuple(change.key)) if change.table == TABLE else None  # type: ignore[arg-type]
        if op is None:
            faults.append(
                fault(
                    change, "", None, "unknown_row", "there is no such step to change", "没有可修改的此工序"
                )
            )
            continue
        faults += [
            found for name, value in change.values.items() if (found := wrong(state, change, name, value))
        ]
        wishes.append((op, dict(change.values)))
    if faults:
        raise BadInput(faults)
    return wishes


def wrong(state: State, change: Change, name: str, value: Any) -> Fault | None:
    """What is wrong with one value, if anything."""
    if name == HINT:
        return None
    if name not in COLUMNS:
        can = ", ".join(COLUMNS)
        return fault(
            change, name, value, "unknown_column", f"cannot be changed; {can} can", f"不可修改;可修改 {can}"
        )
    if name == "start" and not isinstance(value, datetime):
        return fault(change, name, value, "dtype", "must be a time", "须为时间")
    if name == "locked" and not isinstance(value, bool):
        return fault(change, name, value, "dtype", "must be true or false", "须为是或否")
    if name == "resource_id" and value not in state.resources:
        return fault(
            change,
            name,
            value,
            "ref",
            f"names {value}, which is not in resource",
            f"引用的资源 {value} 不存在",
        )
    return None


def fault(change: Change, column: str, value: Any, rule: str, en: str, zh: str) -> Fault:
    """A fault in a change."""
    return Fault(change.table, change.key, column, value, rule, Words(en, zh))
