"""New orders and steps put into the gaps of a plan that stands: nobody gives way to them."""

from __future__ import annotations

import numpy as np

from lineshaft.make.schedule.dispatch.deck import END, TAIL_S, Deck, copy_desk
from lineshaft.make.schedule.repair.insert import fill, in_turn, longest_ahead_first
from lineshaft.make.schedule.repair.laid import lay, taken_from
from lineshaft.make.schedule.repair.standing import Standing
from lineshaft.make.schedule.shop import Bools, Ints, Shop

TRIES = 6
MANY = 8
NOISE = 0.5


def put_in(shop: Shop, deck: Deck, standing: Standing, new: Bools) -> Standing | None:
    """Everything new in gaps: steps that wait for each other together, due first first, each in the best of `TRIES` orders.

    More than `MANY` such groups are placed all at once, the longest chain of work ahead first.

    Returns
    -------
    None where one finds no room before the horizon.
    """
    groups = together(shop, new)
    tries = TRIES if len(groups) <= MANY else 1
    there = ~new
    put: Standing | None = standing
    for ops in groups if tries > 1 else [np.flatnonzero(new)]:
        put = soonest(shop, deck, put, ops, there, tries)
        if put is None:
            return None
        there[ops] = True
    return put


def together(shop: Shop, new: Bools) -> list[Ints]:
    """New operations that precede or follow each other, group by group; due first, then by number."""
    group = np.arange(shop.n_ops)
    later = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    arcs = new[later] & new[shop.pred_op]
    ends = np.column_stack((later, shop.pred_op))[arcs].tolist()
    changed = True
    while changed:
        changed = False
        for one, other in ends:
            if group[one] != group[other]:
                group[one] = group[other] = min(group[one], group[other])
                changed = True
    ops = np.flatnonzero(new)
    groups = [ops[group[ops] == first] for first in np.unique(group[ops])]
    return sorted(groups, key=lambda some: (int(shop.order_due_s[shop.op_order[some]].min()), int(some[0])))


def soonest(
    shop: Shop, deck: Deck, standing: Standing, ops: Ints, there: Bools, tries: int
) -> Standing | None:
    """`ops` placed in several orders; the one that ends first."""
    draw, best, best_s = np.random.default_rng(tries), None, (0, 0)
    desk, own = lay(deck, standing, there), np.zeros(len(there), dtype=np.bool_)
    for turn in range(tries):
        order = longest_ahead_first(shop, deck, ops) if turn == 0 else mixed(shop, deck, ops, draw)
        put = copy_desk(desk)
        if fill(deck, put, order, standing.start_s, standing.mode, standing.team, own) >= 0:
            continue
        ends_s = int(put.job[ops, END].max()), int(put.job[ops, END].sum())
        if best is None or ends_s < best_s:
            best, best_s = put, ends_s
    return None if best is None else taken_from(standing, best, ops)


def mixed(shop: Shop, deck: Deck, ops: Ints, draw: np.random.Generator) -> Ints:
    """Operations in a random order near that of the longest chain of work ahead, none before what it follows."""
    worth = np.zeros(shop.n_ops)
    worth[ops] = deck.op[ops, TAIL_S] * (1 + NOISE * draw.random(len(ops)))
    return in_turn(shop, ops, worth)
