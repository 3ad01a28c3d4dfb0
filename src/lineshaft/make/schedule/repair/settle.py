"""A plan in force kept as well as what happened allows: it is shifted right, what is new comes in, what is hit may move away.

Right shift returns to the plan in force as soon as gaps have taken up the push (match-up; Bean, Birge, Mittenthal and
Noon 1991). Where steps are new, or lost their working time and could be done elsewhere, several such plans are made,
and the best by the goal and the number of steps moved is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch.deck import Deck, Desk
from lineshaft.make.schedule.dispatch.rules import put_off
from lineshaft.make.schedule.repair.insert import (
    give_way,
    in_turn,
    insert,
    longest_ahead_first,
    overlapped,
)
from lineshaft.make.schedule.repair.laid import FITS, fits, lay
from lineshaft.make.schedule.repair.newcomers import put_in
from lineshaft.make.schedule.repair.shift import (
    FINE,
    MANY,
    NO_ROOM,
    NONE,
    OVERDRAWN,
    TOO_LATE,
    Trouble,
    shift_right,
)
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.search.score import desk_figures, lower, order_rows
from lineshaft.make.schedule.shop import Bools, Goal, Ints, Shop

DELAYS = 20
CALM_SHARE = 0.08
CALM = 100
MINUTE_S = 60


@dataclass(frozen=True)
class Force:
    """The plan in force in the shop as it is now, and by what a repaired plan is judged.

    `given` as the tables have it; `homeless` operations have no place in it, `hit` ones cannot keep theirs (CLOSED,
    NOT_READY; 0 for the others). A moved step weighs as much as `moved_min` minutes of the first level of `goal`.
    """

    shop: Shop
    deck: Deck
    given: Standing
    homeless: Bools
    hit: Ints
    goal: Goal
    moved_min: float
    orders: Ints

    def moved(self, standing: Standing) -> Bools:
        """Operations that have another start, mode or lane than in the plan in force; what had none has not moved."""
        other = (standing.start_s != self.given.start_s) | (standing.mode != self.given.mode)
        return (other | self.changed_lanes(standing)) & ~self.homeless

    def changed_lanes(self, standing: Standing) -> Bools:
        """Operations on other lanes than in the plan in force."""
        lanes = np.zeros(len(self.homeless), dtype=np.bool_)
        slot_op = np.repeat(np.arange(len(lanes)), np.diff(standing.slot_ptr))
        lanes[slot_op[standing.team != self.given.team]] = True
        return lanes & ~self.homeless

    def overdrawn(self, standing: Standing) -> Trouble:
        """The operation that takes most of a budget of which all together take more than there is, if any."""
        spent = (
            self.shop.mode_spend[standing.mode] if len(self.shop.budget) else np.zeros((1, 0), dtype=np.int64)
        )
        over = spent.sum(axis=0) > self.shop.budget
        return Trouble(OVERDRAWN, int(spent[:, over][:, 0].argmax()), -1) if over.any() else FINE

    @cached_property
    def least_value(self) -> float:
        """The first level of the goal if nothing had happened: right shift and gaps end nothing sooner than it stood."""
        desk = lay(self.deck, self.given, ~self.homeless)
        return float(self.goal.levels[0] @ desk_figures(self.deck, self.orders, desk))

    def most_moves(self, best: Settled) -> int:
        """A plan that moves more steps than this is not preferred to the best so far."""
        if best.trouble.kind != NONE or self.moved_min == 0:
            return MANY
        worth = int(min((best.value[0] - self.least_value) // (self.moved_min * MINUTE_S), MANY))
        return max(worth, self.calm_moves) if self.stirs(best) else min(worth, self.calm_moves)

    @property
    def calm_moves(self) -> int:
        """So many steps may move without stirring the plan up: few, or a small share of all."""
        return max(CALM, int(CALM_SHARE * len(self.homeless)))

    def stirs(self, settled: Settled) -> bool:
        """Whether a plan moves so much that the shop would not know it again; never where moves have no price."""
        return self.moved_min > 0 and int(self.moved(settled.standing).sum()) > self.calm_moves

    def prefers(self, one: Settled, other: Settled) -> bool:
        """Whether one plan holds and beats another: it stirs up less, or as much and has the lower value."""
        if one.trouble.kind != NONE or other.trouble.kind != NONE:
            return one.trouble.kind == NONE
        if self.stirs(one) != self.stirs(other):
            return self.stirs(other)
        return bool(lower(one.value, other.value))

    def value(self, standing: Standing, desk: Desk) -> NDArray[np.float64]:
        """What is minimised: the levels of the goal, the first with the price of what moved."""
        levels: NDArray[np.float64] = self.goal.levels @ desk_figures(self.deck, self.orders, desk)
        levels[0] += self.moved_min * MINUTE_S * int(self.moved(standing).sum())
        return levels


class Settled(NamedTuple):
    """A plan in which everything stands, its desk, its value, and what is wrong with it, if anything."""

    standing: Standing
    desk: Desk
    value: NDArray[np.float64]
    trouble: Trouble


def force(shop: Shop, deck: Deck, given: Standing, homeless: Bools, goal: Goal, moved_min: float) -> Force:
    """The plan in force with what happened to it."""
    hit = fits(deck, given.mode, given.start_s, given.end_s, given.team)
    hit[homeless] = FITS
    return Force(shop, deck, given, homeless, hit, goal, moved_min, order_rows(shop))


def settle(plan: Force) -> Settled:
    """The best of the plans that shifting and inserting give; with trouble when none holds.

    What is new goes into gaps, or in front of what may move. What was hit waits on its own lanes, or goes into gaps
    anywhere. Whoever is in the way of that is shifted right with all behind, or goes into gaps too. Where none of that
    holds, all that may move is placed anew, those that stood first first.
    """
    given, stays = plan.given, plan.given.stays
    hit = plan.hit != FITS
    new = longest_ahead_first(plan.shop, plan.deck, np.flatnonzero(plan.homeless))
    whole = put_in(plan.shop, plan.deck, given, plan.homeless) if len(new) else given
    if whole is None:
        best = shifted(plan, given)._replace(trouble=Trouble(NO_ROOM, int(new[0]), -1))
    else:
        best = shifted(plan, whole)
        away = hit | overlapped(whole, stays)
        if away.any() or best.trouble.kind != NONE or plan.moved(best.standing).any():
            best = better_of(plan, best, into_gaps(plan, whole, away))
    if len(new) or hit.any():
        order = np.concatenate((sorted_by_start(plan, given, hit), new))
        wanted = insert(plan.deck, given, order, stays, ~plan.homeless)
        if wanted is not None:
            aside = overlapped(wanted, stays | plan.homeless | hit)
            if aside.sum() <= plan.most_moves(best):
                best = better_of(plan, best, into_gaps(plan, wanted, aside))
                best = better_of(plan, best, wanted) if len(new) else best
    return best if best.trouble.kind == NONE else better_of(plan, best, anew(plan))


def anew(plan: Force) -> Standing | None:
    """All that may move placed again one after the other, by the starts in force, on whichever lanes end it first."""
    order = sorted_by_start(plan, plan.given, ~plan.given.stays)
    return insert(plan.deck, plan.given, order, plan.given.stays, np.zeros_like(plan.homeless))


def into_gaps(plan: Force, standing: Standing, out: Bools) -> Standing | None:
    """See `give_way`."""
    return give_way(plan.deck, standing, out, sorted_by_start(plan, standing, ~standing.stays))


def sorted_by_start(plan: Force, standing: Standing, some: Bools) -> Ints:
    """Operations by start, none before what it follows."""
    return in_turn(plan.shop, np.flatnonzero(some), -standing.start_s)


def better_of(plan: Force, best: Settled, other: Standing | None) -> Settled:
    """The better of a settled plan and another once that is settled."""
    if other is None:
        return best
    tried = shifted(plan, other, plan.most_moves(best))
    return tried if plan.prefers(tried, best) else best


def shifted(plan: Force, standing: Standing, most: int = MANY) -> Settled:
    """Everything shifted right, if no more than `most` start later; what comes too long before what follows it waits too."""
    for _ in range(DELAYS):
        after, desk, trouble = shift_right(plan.deck, standing, most=most)
        if trouble.kind != TOO_LATE or standing.stays[trouble.other]:
            break
        start_s = standing.start_s.copy()
        put_off(plan.shop, after.start_s, after.end_s, standing.stays, start_s)
        standing = replace(standing, start_s=start_s)
    if trouble.kind == NONE:
        trouble = plan.overdrawn(after)
    return Settled(after, desk, plan.value(after, desk), trouble)
