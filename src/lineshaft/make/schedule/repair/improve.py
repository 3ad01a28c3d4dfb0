"""A repaired plan made better around what happened: a few steps are taken out and put in again, and kept where that pays.

Large neighbourhood search (Shaw 1998, doi:10.1007/3-540-49481-2_30) in which a moved step costs something, so the plan
stays near the one in force.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lineshaft.make.schedule.repair.insert import give_way, insert, longest_ahead_first
from lineshaft.make.schedule.repair.settle import Force, Settled, shifted, sorted_by_start
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import Bools, Ints

TRIES = 20
MOST_OUT = 12
DAY_S = 86_400


class Mender:
    """The best plan so far and rounds of `TRIES` tries to better it; round k is the same for the same seed."""

    def __init__(self, plan: Force, settled: Settled, seed: int) -> None:
        self.plan, self.best, self.seed = plan, settled, seed
        self.rounds = 0

    def targets(self) -> Ints:
        """Operations worth trying: moved or new, and those of orders that end later than in the plan in force."""
        plan, now = self.plan, self.best.standing
        ends_s = np.full((2, plan.shop.n_orders), -1)
        for end_s, standing in zip(ends_s, (plan.given, now)):
            np.maximum.at(end_s, plan.shop.op_order, standing.end_s)
        later = (ends_s[1] > ends_s[0])[plan.shop.op_order]
        return np.flatnonzero((plan.moved(now) | plan.homeless | later) & ~now.stays)

    def next(self) -> bool:
        """One round; False when nothing is left to try."""
        draw = np.random.default_rng((self.seed, self.rounds))
        targets = self.targets()
        if not len(targets):
            return False
        self.rounds += 1
        for _ in range(TRIES):
            tried = self._try(int(draw.choice(targets)), draw)
            if self.plan.prefers(tried, self.best):
                self.best = tried
                targets = self.targets()
                if not len(targets):
                    break
        return True

    def _try(self, op: int, draw: np.random.Generator) -> Settled:
        """The plan with `op` and what is around it taken out and put in again."""
        now = self.best.standing
        kind = draw.integers(3)
        if kind == 0:
            out = self._rest_of_order(op)
            there, own = self._free(now, out), np.zeros(len(now.mode), dtype=np.bool_)
        elif kind == 1:
            out = self._neighbours(op) & self.plan.moved(now)
            out[op] = not self.plan.homeless[op]
            there, own = self._as_given(now, out), out
        else:
            out = self._neighbours(op)
            there, own = (
                self._free(now, out & (draw.random(len(out)) < 0.5)),
                np.zeros(len(out), dtype=np.bool_),
            )
        ops = np.flatnonzero(out)
        order = longest_ahead_first(self.plan.shop, self.plan.deck, ops)
        if kind == 1 or draw.random() < 0.5:
            order = sorted_by_start(self.plan, there, out)
        put = insert(self.plan.deck, there, order, ~out, own)
        if put is not None and draw.random() < 0.5:
            nobody = np.zeros(len(out), dtype=np.bool_)
            put = give_way(self.plan.deck, put, nobody, sorted_by_start(self.plan, put, ~put.stays))
        return self.best if put is None else shifted(self.plan, put)

    def _rest_of_order(self, op: int) -> Bools:
        """`op` and what of its order starts after it and may move."""
        now, order = self.best.standing, self.plan.shop.op_order
        return (order == order[op]) & (now.start_s >= now.start_s[op]) & ~now.stays

    def _neighbours(self, op: int) -> Bools:
        """`op` and the nearest that hold one of its lanes within a day of it and may move."""
        now = self.best.standing
        slot_op = np.repeat(np.arange(len(now.mode)), np.diff(now.slot_ptr))
        near = np.unique(slot_op[np.isin(now.team, now.lanes(op))])
        away_s = np.abs(now.start_s[near] - now.start_s[op])
        near = near[np.lexsort((near, away_s))][: MOST_OUT + 1]
        out = np.zeros(len(now.mode), dtype=np.bool_)
        out[near] = np.abs(now.start_s[near] - now.start_s[op]) <= DAY_S
        out[op] = True
        return out & ~now.stays

    @staticmethod
    def _free(now: Standing, out: Bools) -> Standing:
        """Some may start as soon as they can."""
        return replace(now, start_s=np.where(out, 0, now.start_s))

    def _as_given(self, now: Standing, out: Bools) -> Standing:
        """Some have the lanes and starts of the plan in force."""
        given = self.plan.given
        mine = np.repeat(out, np.diff(now.slot_ptr))
        return replace(
            now,
            mode=np.where(out, given.mode, now.mode),
            start_s=np.where(out, given.start_s, now.start_s),
            team=np.where(mine, given.team, now.team),
        )
