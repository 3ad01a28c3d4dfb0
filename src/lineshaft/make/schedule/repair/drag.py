"""One operation in somebody's hand: whether it can go where it is dragged, why not, and where it could."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lineshaft.core import Reason
from lineshaft.make.schedule.dispatch.deck import Deck
from lineshaft.make.schedule.dispatch.hours import NEVER
from lineshaft.make.schedule.names import Names
from lineshaft.make.schedule.repair.shift import (
    ELSEWHERE,
    NO_ROOM,
    NONE,
    TOO_LATE,
    TOO_SOON,
    Trouble,
    shift_right,
)
from lineshaft.make.schedule.repair.spot import BEYOND, CLOSED, FREE, HELD, SETUP, Around, Team
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.repair.team import choose_team, places
from lineshaft.make.schedule.shop import END_END, END_START, NEVER_S, START_START

MINUTE_S = 60
MOST_NAMED = 12
Against = tuple[str, dict[str, Any]] | None


class Impossible(Exception):
    """A change cannot be; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def drag(
    names: Names,
    deck: Deck,
    standing: Standing,
    op: int,
    start_s: int,
    resource: str | None,
    instead: str | None,
) -> Standing:
    """Everything with `op` at exactly this time on this resource (none: its own), others giving way.

    Raises
    ------
    Impossible
        Saying which rule is against it and the nearest time at which nothing is.
    """
    hand = Hand(names, Around(deck, standing, op))
    hand.movable()
    ready_s, latest_s, behind = hand.window()
    team = choose_team(names, hand.around, max(start_s, ready_s), resource, instead)
    if team is None:
        raise hand.impossible("edit_not_allowed_here", hand.allowed(str(resource)))
    against: Against = None
    if start_s < ready_s:
        against = hand.too_early(ready_s, behind)
    elif start_s > latest_s:
        against = "edit_after_lag", {"limit": names.clock(latest_s)}
    against = against or hand.on_lanes(team, start_s)
    if against is None:
        after, trouble = hand.put(team, start_s)
        if trouble.kind == NONE:
            return after
        against = hand.pushed(trouble)
    code, facts = against
    nearest_s = hand.nearest_s(team, start_s)
    asked = {"nearest": names.clock(nearest_s), "nearest_at": names.iso(nearest_s)}
    raise hand.impossible(code, facts | {"asked": names.clock(start_s)} | asked)


@dataclass(frozen=True)
class Hand:
    """An operation and what it may do."""

    names: Names
    around: Around

    def movable(self) -> None:
        """Refuse what is locked, frozen or begun."""
        at, op = self.around.standing, self.around.op
        if at.locked[op]:
            raise self.impossible("edit_locked", {})
        if at.fixed[op]:
            begun = self.names.compiled.ways.get(op) in ("running", "finished")
            raise self.impossible("edit_begun" if begun else "edit_frozen", {})

    def window(self) -> tuple[int, int, int]:
        """(earliest start, latest start, predecessor behind the earliest or -1) by release and predecessors (s)."""
        shop, at, op = self.names.compiled.shop, self.around.standing, self.around.op
        ready_s, latest_s, behind = max(0, int(shop.op_release_s[op])), int(NEVER_S), -1
        for i in range(shop.pred_ptr[op], shop.pred_ptr[op + 1]):
            before, kind, lag_s = int(shop.pred_op[i]), int(shop.pred_kind[i]), int(shop.pred_lag_s[i])
            since_s = int((at.start_s if kind == START_START else at.end_s)[before])
            if kind in (END_START, START_START):
                latest_s = min(latest_s, since_s + int(shop.pred_lag_max_s[i]))
            elif kind == END_END:
                lag_s -= self.shortest_s()
            else:
                last_s = since_s + int(shop.mode_last_s[at.mode[op]]) - self.shortest_s()
                since_s = max(int(self.around.lot_s[before]), last_s)
            if since_s + lag_s > ready_s:
                ready_s, behind = since_s + lag_s, before
        return ready_s, latest_s, behind

    def shortest_s(self) -> int:
        """The least work that the operation can be (s)."""
        shop, op = self.names.compiled.shop, self.around.op
        return int(shop.mode_s[shop.mode_ptr[op] : shop.mode_ptr[op + 1]].min())

    def too_early(self, ready_s: int, behind: int) -> Against:
        """What it has to wait for until `ready_s`."""
        facts = {"limit": self.names.clock(ready_s)}
        shop, op = self.names.compiled.shop, self.around.op
        if behind >= 0:
            return "edit_before_predecessor", facts | self._behind(behind)
        if ready_s == 0:
            return "edit_before_plan", facts
        if ready_s == shop.order_release_s[shop.op_order[op]]:
            return "edit_before_release", facts
        material = self.names.compiled.material
        for _, item_id, receipt_id, there_s in material.filter(material["op"] == op).iter_rows():
            if there_s == ready_s:
                return "edit_before_material", facts | {"item_id": item_id, "receipt_id": receipt_id}
        return "edit_before_earliest", facts

    def on_lanes(self, team: Team, start_s: int) -> Against:
        """What stands against it on its lanes: working time, what stays there, a setup."""
        spot = self.around.spot(team, start_s)
        facts = {"resource_id": self.names.resources(team.lanes if spot.lane < 0 else [spot.lane])}
        if spot.why == CLOSED:
            return "edit_outside_hours", facts
        if spot.why == SETUP:
            return "edit_no_setup_time", facts | self._behind(spot.other)
        if spot.why == HELD:
            at, clock = self.around.standing, self.names.clock
            times = {"from": clock(at.start_s[spot.other]), "until": clock(at.end_s[spot.other])}
            return "edit_locked_in_the_way", facts | self._behind(spot.other) | times
        return ("edit_no_room", facts) if spot.why == BEYOND else None

    def pushed(self, trouble: Trouble) -> tuple[str, dict[str, Any]]:
        """What cannot be once the others have given way."""
        codes = {TOO_SOON: "edit_pushes_into", TOO_LATE: "edit_tears_apart", NO_ROOM: "edit_no_room"}
        codes[ELSEWHERE] = "edit_elsewhere"
        stuck = dict(zip(("stuck_order", "stuck_op"), self.names.keys[trouble.op]))
        facts = stuck | self._behind(trouble.other) | {"resource_id": "-"}
        return codes.get(trouble.kind, "edit_takes_setup_time"), facts

    def put(self, team: Team, start_s: int) -> tuple[Standing, Trouble]:
        """The operation put there and the others given way."""
        at, op = self.around.standing, self.around.op
        first, last = at.slot_ptr[op], at.slot_ptr[op + 1]
        mode, start, end, lanes = at.mode.copy(), at.start_s.copy(), at.end_s.copy(), at.team.copy()
        mode[op], start[op], end[op] = team.mode, start_s, self.around.spot(team, start_s).end_s
        lanes[first:last] = -1
        lanes[first : first + len(team.lanes)] = team.lanes
        there = replace(at, mode=mode, start_s=start, end_s=end, team=lanes)
        after, _, trouble = shift_right(self.around.deck, there, op, at)
        return after, trouble

    def nearest_s(self, team: Team, asked_s: int) -> int:
        """The first possible time after the one asked for, else the last before it; NEVER_S without any."""
        ready_s, latest_s, _ = self.window()
        later_s = self._first_minute(team, max(asked_s, ready_s))
        if later_s <= latest_s and self._works(team, later_s):
            return later_s
        now_s = int(self.around.standing.start_s[self.around.op])
        good_s = now_s if team == self.around.team else self._first_minute(team, ready_s)
        if not self._works(team, good_s):
            return int(NEVER_S)
        bad_s, best_s = asked_s, good_s
        while abs(bad_s - good_s) > MINUTE_S:
            middle_s = (bad_s + good_s) // 2
            tried_s = self._first_minute(team, middle_s)
            if tried_s <= min(max(bad_s, best_s), latest_s) and self._works(team, tried_s):
                good_s, best_s = middle_s, tried_s
            else:
                bad_s = middle_s
        return best_s

    def _first_minute(self, team: Team, at_s: int) -> int:
        """The first time that its own rules allow, on a whole minute where they do."""
        first_s = self.around.spot(team, at_s).start_s
        whole_s = -(-first_s // MINUTE_S) * MINUTE_S
        if first_s < NEVER and self.around.spot(team, whole_s).start_s == whole_s:
            return whole_s
        return first_s

    def _works(self, team: Team, start_s: int) -> bool:
        ready_s, latest_s, _ = self.window()
        return (
            ready_s <= start_s <= min(latest_s, NEVER - 1)
            and self.around.spot(team, start_s).why == FREE
            and self.put(team, start_s)[1].kind == NONE
        )

    def allowed(self, resource: str) -> dict[str, Any]:
        """Every resource that a mode of the operation can have."""
        shop, op = self.names.compiled.shop, self.around.op
        modes = range(shop.mode_ptr[op], shop.mode_ptr[op + 1])
        lanes = {lane for mode in modes for _, pool in places(shop, mode) for lane in pool}
        allowed = sorted({self.names.lane_resource[lane] for lane in lanes})
        more = ", …" if len(allowed) > MOST_NAMED else ""
        return {"resource_id": resource, "allowed": (", ".join(allowed[:MOST_NAMED]) or "-") + more}

    def impossible(self, code: str, facts: dict[str, Any]) -> Impossible:
        """The refusal, about the operation's row of the plan."""
        key = self.names.keys[self.around.op]
        return Impossible(Reason("operation_plan", key, code, {"order_id": key[0], "op_no": key[1], **facts}))

    def _behind(self, op: int) -> dict[str, Any]:
        return dict(zip(("behind_order", "behind_op"), self.names.keys[op] if op >= 0 else ("-", 0)))
