"""Search over dispatching policies: a rule's few parameters and an urgency for every order, tuned to one shop.

The rule is apparent tardiness cost with the work left and the whole work of the order in place of the step's own:
index = weight^c · urgency · exp(-slack / patience) / (work left^a · whole work^b). First some designs are tried, then
the best policy is changed at random and the change kept when the plan is no worse.

Sources: Vepsalainen and Morton 1987, doi:10.1287/mnsc.33.8.1035 (apparent tardiness cost); Storer, Wu and Vaccari 1992,
doi:10.1287/mnsc.38.10.1495 (search in the space of a heuristic's data).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch import decode
from lineshaft.make.schedule.dispatch.deck import Deck, Desk, Outlook, latest_start_s, lay_out
from lineshaft.make.schedule.dispatch.rules import NoRoom, Policy, repaired, timetable
from lineshaft.make.schedule.search.score import level_values, lower, score
from lineshaft.make.schedule.shop import NEVER_S, Goal, Shop, Timetable

Floats = NDArray[np.float64]
WEIGHT, LEFT, WHOLE, PATIENCE, PRICE = range(5)
DESIGNS = tuple(
    (1.0, a, b, k, 0.0) for (a, b), k in product(((0.5, 0.5), (0.6, 0.0), (1.0, 0.0)), (30.0, 8.0))
)
SPREAD = np.array([0.2, 0.2, 0.2, 0.5, 0.5])
TUNING = 0.25
SHARES = (0.3, 0.02)
URGENCIES = 0.5


class Candidate(NamedTuple):
    """`rule`: the parameters (patience in mean steps, price of setup in mean steps); `urgency`: a logarithm an order."""

    rule: Floats
    urgency: Floats


@dataclass
class State:
    """A search between rounds: the best candidate with its timetable, and `trials` so far."""

    shop: Shop
    goal: Goal
    deck: Deck
    blank: Desk
    outlook: Outlook
    whole_s: Floats
    draw: np.random.Generator
    best: Timetable
    values: Floats
    candidate: Candidate | None = None
    candidate_values: Floats | None = None
    trials: int = 0


def start(shop: Shop, goal: Goal, timetable: Timetable, seed: int) -> State:
    """A search whose best is `timetable` until a policy does better."""
    deck, blank, outlook = lay_out(shop)
    owned = outlook.owner >= 0
    whole_s = np.bincount(outlook.owner[owned], outlook.work_s[owned], minlength=shop.n_orders)
    values = level_values(goal, score(shop, timetable))
    draw = np.random.default_rng(seed)
    return State(shop, goal, deck, blank, outlook, whole_s, draw, timetable, values)


def step(state: State, trials: int) -> None:
    """Try `trials` policies."""
    for _ in range(trials):
        candidate = proposal(state)
        state.trials += 1
        try:
            desk = repaired(state.shop, state.deck, state.blank, policy(state, candidate))
        except NoRoom:
            continue
        found = timetable(state.deck, desk)
        values = level_values(state.goal, score(state.shop, found))
        if state.candidate_values is None or not lower(state.candidate_values, values):
            state.candidate, state.candidate_values = candidate, values
        if lower(values, state.values):
            state.best, state.values = found, values


def proposal(state: State) -> Candidate:
    """The next design; after the last a random change of the best candidate."""
    if state.candidate is None or state.trials < len(DESIGNS):
        return Candidate(np.array(DESIGNS[state.trials % len(DESIGNS)]), np.zeros(state.shop.n_orders))
    draw, (rule, urgency) = state.draw, state.candidate
    if draw.random() < TUNING:
        change = SPREAD * draw.normal(size=len(SPREAD)) * (draw.random(len(SPREAD)) < 0.5)
        rule = rule + change
        rule[PATIENCE] = state.candidate.rule[PATIENCE] * np.exp(change[PATIENCE])
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
    left_s = np.maximum(outlook.rest_s, 1).astype(np.float64)
    whole_s = np.where(owned, np.maximum(state.whole_s[outlook.owner], 1), 1.0)
    mean_s = max(1.0, float(outlook.work_s.mean()))
    urgency = np.where(owned, candidate.urgency[outlook.owner], 0.0)
    key = -rule[WEIGHT] * np.log(np.maximum(weight, 1e-3)) - urgency
    key += rule[LEFT] * np.log(left_s / mean_s) + rule[WHOLE] * np.log(whole_s / mean_s)
    latest_s = latest_start_s(shop, outlook)
    latest_s = np.where(latest_s >= NEVER_S, 0, latest_s).astype(np.float64)
    patience_s = max(1e-3, rule[PATIENCE]) * mean_s
    return Policy(decode.APPARENT_TARDINESS, key, latest_s, patience_s, rule[PRICE] / mean_s, outlook.queue)
