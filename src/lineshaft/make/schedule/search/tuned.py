"""Search over dispatching policies: a rule's few parameters and an urgency for every order, tuned to one shop.

The rule is apparent tardiness cost with powers of the step's work, the work left and the whole work of the order:
index = weight^c · urgency · exp(-slack / patience) / (work^o · work left^a · whole work^b), slack to the due date less
`lead` times what lasts the longest chain ahead, pauses and all. First some designs are tried. Then every other trial draws parameters
about the mean of the best policies, as far apart as these are; the rest change the best one and the urgency of some
orders. A change is kept when the plan is no worse. Where tardiness leads, a beam through time follows after `TUNINGS`
trials, again and again, whose policies vary about one of the best.

Sources: Vepsalainen and Morton 1987, doi:10.1287/mnsc.33.8.1035 (apparent tardiness cost, lead times); Storer, Wu and
Vaccari 1992, doi:10.1287/mnsc.38.10.1495 (search in the space of a heuristic's data); Larrañaga and Lozano 2002,
doi:10.1007/978-1-4615-1539-5 (drawing about the best).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.bounds.alone import each_alone, earliest_orders
from lineshaft.make.schedule.dispatch import decode
from lineshaft.make.schedule.dispatch.deck import END, START, Deck, Desk, Outlook, lay_out, look_ahead, plain
from lineshaft.make.schedule.dispatch.rules import NoRoom, Policy, repaired, timetable, too_late_s
from lineshaft.make.schedule.search import policy_beam
from lineshaft.make.schedule.search.score import level_values, lower, order_rows, score
from lineshaft.make.schedule.shop import FORBIDDEN_S, NEVER_S, Goal, Ints, Shop, Timetable

Floats = NDArray[np.float64]
WEIGHT, OWN, LEFT, WHOLE, LEAD, PATIENCE, PRICE = range(7)
DESIGNS = (
    *((1.0, 0.7, 0.4, 0.0, lead, np.log(k), 1.0) for lead, k in ((0.8, 16.0), (1.0, 8.0))),
    *((1.0, 1.0, 0.0, 0.0, 0.2, np.log(k), price) for k, price in product((16.0, 32.0), (1.0, 0.0))),
    *((1.0, 0.0, *powers, 0.2, np.log(30.0), 0.0) for powers in ((0.5, 0.5), (0.6, 0.0))),
)
SPREAD = np.array([0.2, 0.2, 0.2, 0.2, 0.3, 0.4, 0.7])
PARENTS = 6
SEEDLINGS = 12
SHARES = (0.3, 0.02)
URGENCIES = 0.5
TUNINGS = 40
VARIED, SOFTENED = 0.7, 0.25


class Candidate(NamedTuple):
    """`rule`: the parameters (patience: a logarithm of mean steps; price: per mean setup); `urgency`: a logarithm an order."""

    rule: Floats
    urgency: Floats


@dataclass
class State:
    """A search between rounds: the best timetable, the best candidate and the best rules so far with what they reach
    (lists of values in the order of the goal's levels), and `trials` so far; `ahead_s` per operation: what the longest
    chain from its start to the end of its order lasts. A beam under way varies the rule `middle`.
    `fresh` are the best different ones since the last `harvest`: what they reach, and the timetable.
    """

    shop: Shop
    goal: Goal
    deck: Deck
    blank: Desk
    outlook: Outlook
    whole_s: Floats
    ahead_s: Ints
    view: policy_beam.Outlook
    timely: bool
    draw: np.random.Generator
    best: Timetable
    values: Floats
    candidate: Candidate | None = None
    candidate_values: Floats | None = None
    parents: list[tuple[list[float], list[float]]] = field(default_factory=list)
    trials: int = 0
    beam: policy_beam.Beam | None = None
    middle: Floats | None = None
    fresh: list[tuple[list[float], Timetable]] = field(default_factory=list)


def start(shop: Shop, goal: Goal, timetable: Timetable, seed: int) -> State:
    """A search whose best is `timetable` until a policy does better."""
    deck, blank, outlook = lay_out(shop)
    owned = outlook.owner >= 0
    whole_s = np.bincount(outlook.owner[owned], outlook.work_s[owned], minlength=shop.n_orders)
    values = level_values(goal, score(shop, timetable))
    draw = np.random.default_rng(seed)
    alone = each_alone(shop)
    lasts_s = plain(alone.end_s - alone.start_s)
    graph = (plain(x) for x in (shop.topo, shop.op_order, shop.order_counts, lasts_s, shop.pred_ptr))
    ahead_s = look_ahead(*graph, deck.pred)[1]
    flow_s = (earliest_orders(shop, alone) - shop.order_release_s)[shop.order_counts]
    soft_s = max(1.0, SOFTENED * float(flow_s.mean())) if len(flow_s) else 1.0
    view = policy_beam.Outlook(order_rows(shop), plain(outlook.owner), ahead_s, lasts_s, soft_s)
    timely = bool(goal.levels[0, 1] > 0 and not goal.levels[0, [0, 2, 3]].any())
    return State(shop, goal, deck, blank, outlook, whole_s, ahead_s, view, timely, draw, timetable, values)


def step(state: State, trials: int) -> None:
    """Try `trials` policies, or continue a beam by as much work."""
    for _ in range(trials):
        state.trials += 1
        if state.timely and state.trials > TUNINGS:
            for _ in range(policy_beam.MARKS):
                grow(state)
            continue
        candidate = proposal(state)
        try:
            desk = repaired(state.shop, state.deck, state.blank, policy(state, candidate))
        except NoRoom:
            continue
        values = take(state, timetable(state.deck, desk))
        if state.candidate_values is None or not lower(state.candidate_values, values):
            state.candidate, state.candidate_values = candidate, values
        state.parents = sorted([*state.parents, (values.tolist(), candidate.rule.tolist())])[:PARENTS]


def take(state: State, found: Timetable) -> Floats:
    """What a timetable reaches; the best is kept."""
    values = level_values(state.goal, score(state.shop, found))
    if lower(values, state.values):
        state.best, state.values = found, values
    if not any(values.tolist() == other for other, *_ in state.fresh):
        state.fresh = sorted([*state.fresh, (values.tolist(), found)])[:SEEDLINGS]
    return values


def harvest(state: State) -> list[tuple[list[float], Timetable]]:
    """The best different timetables since the last time, each after what it reaches."""
    fresh, state.fresh = state.fresh, []
    return fresh


def grow(state: State) -> None:
    """Do one piece of a beam; a new one begins about one of the best rules when the last is done."""
    if state.beam is None or state.middle is None:
        rules = [rule for _, rule in state.parents] or [DESIGNS[0]]
        state.middle = np.array(rules[state.draw.integers(len(rules))])
        end_s = int(state.best.end_s.max(initial=0))
        first = policy(state, Candidate(state.middle, np.zeros(state.shop.n_orders)))
        state.beam = policy_beam.plant(state.deck, state.blank, first, end_s, len(SPREAD))
    now = state.beam
    variation = now.kept[now.tried // policy_beam.KIDS].variation
    if now.tried % policy_beam.KIDS:
        variation = VARIED * SPREAD * state.draw.normal(size=len(SPREAD))
    rule = state.middle + variation
    rule[PRICE] = max(0.0, rule[PRICE])
    policy_now = policy(state, Candidate(rule, np.zeros(state.shop.n_orders)))
    policy_beam.grow(state.deck, state.view, now, policy_now, variation)
    if now.done:
        state.beam = None
        for branch in now.kept:
            desk = branch.course.desk
            if not too_late_s(state.shop, desk.job[:, START], desk.job[:, END]).any():
                take(state, timetable(state.deck, desk))
                break


def proposal(state: State) -> Candidate:
    """The next design; after the last in turn a new rule and a random change of the best candidate."""
    if state.candidate is None or state.trials <= len(DESIGNS):
        return Candidate(np.array(DESIGNS[(state.trials - 1) % len(DESIGNS)]), np.zeros(state.shop.n_orders))
    draw, (rule, urgency) = state.draw, state.candidate
    if state.trials % 2:
        rules = np.array([rule for _, rule in state.parents])
        spread = 0.5 * SPREAD + rules.std(axis=0)
        rule = rules.mean(axis=0) + spread * draw.normal(size=len(SPREAD))
        rule[PRICE] = max(0.0, rule[PRICE])
        return Candidate(rule, urgency)
    share = SHARES[0] * (SHARES[1] / SHARES[0]) ** draw.random()
    moved = draw.random(len(urgency)) < share
    return Candidate(rule, urgency + URGENCIES * draw.normal(size=len(urgency)) * moved)


def policy(state: State, candidate: Candidate) -> Policy:
    """What the decoder follows."""
    shop, outlook, rule = state.shop, state.outlook, candidate.rule
    owned = outlook.owner >= 0
    weight = np.where(owned, shop.order_weight[outlook.owner], 0).astype(np.float64)
    mean_s = max(1.0, float(outlook.work_s.mean()))
    whole_s = np.where(owned, state.whole_s[outlook.owner], 1.0)
    lengths_s = (outlook.work_s, outlook.rest_s, whole_s)
    urgency = np.where(owned, candidate.urgency[outlook.owner], 0.0)
    key = -rule[WEIGHT] * np.log(np.maximum(weight, 1e-3)) - urgency
    for power, length_s in zip(rule[OWN : WHOLE + 1], lengths_s):
        key += power * np.log(np.maximum(length_s, 1) / mean_s)
    due_s = np.where(owned, shop.order_due_s[outlook.owner], NEVER_S)
    latest_s = np.where(due_s >= NEVER_S, 0, due_s - rule[LEAD] * state.ahead_s).astype(np.float64)
    setups_s = shop.setup_s[(shop.setup_s > 0) & (shop.setup_s < FORBIDDEN_S)]
    price = rule[PRICE] / float(setups_s.mean()) if setups_s.size else 0.0
    patience_s = float(np.exp(np.clip(rule[PATIENCE], -5.0, 10.0))) * mean_s
    return Policy(decode.APPARENT_TARDINESS, key, latest_s, patience_s, price, outlook.queue)
