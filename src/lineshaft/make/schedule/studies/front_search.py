"""Local search for one point of a front: priorities, delays into cheaper hours, and ways of choosing modes.

A candidate is decoded by list scheduling, so that every plan keeps every rule of the shop. All that is found goes into
one archive of plans of which none is better than another; each problem starts from the best of it within its limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.make.schedule.dispatch import decode
from lineshaft.make.schedule.dispatch.deck import START, Deck, Desk, Outlook, lay_out
from lineshaft.make.schedule.dispatch.rules import (
    REPAIRS,
    delay_predecessors,
    fixed_order,
    rules,
    timetable,
    too_late_s,
)
from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.search.project_budget import narrowed, widened
from lineshaft.make.schedule.search.score import order_end_s
from lineshaft.make.schedule.shop import NEVER_S, Ints, Timetable
from lineshaft.make.schedule.studies.front_delays import LOOKED_AT, Slack, price_edges
from lineshaft.make.schedule.studies.front_figures import TOLERANCE, figures_of

Floats = NDArray[np.float64]
DELAYED = frozenset(("energy_cost", "overtime_cost", "in_process"))
PATIENCE, HISTORY = 40, 10
GRACE_S = 86_400.0
Delays = tuple[Ints, Ints, Floats]
"""Steps, when each could start (s), and what that gains; a step may come several times."""


class Way(NamedTuple):
    """A layout to decode with; `mode`: the one mode of each step that it leaves, none: all."""

    deck: Deck
    blank: Desk
    outlook: Outlook
    mode: Ints | None


@dataclass(frozen=True)
class Candidate:
    """Lower `key` (s) goes first, a second of setup counts as `price` of it; no step starts before `not_before_s`.

    In `sequence` lanes wait for delayed steps; else whoever is ready goes before them.
    """

    key: Floats
    not_before_s: Ints
    price: float
    way: int
    sequence: bool = False


@dataclass(frozen=True)
class Trial:
    """A candidate decoded: its timetable and the figures that the front trades."""

    candidate: Candidate
    timetable: Timetable
    figures: Floats


class Problem(NamedTuple):
    """Make figure `lead` as low as can be, no figure above its limit (inf: none)."""

    lead: int
    limits: Floats


def rank(problem: Problem, figures: Floats, scale: Floats) -> tuple[float, float, float]:
    """What a problem minimises: excess over limits, its figure, then the others (Mavrotas 2009)."""
    over = np.maximum(figures - problem.limits, 0.0) / scale
    over[over < TOLERANCE] = 0.0
    return float(over.sum()), float(figures[problem.lead]), float((figures / scale).sum())


@dataclass
class Workshop:
    """A shop with the ways to decode it and the archive of what has been found, none better than another."""

    compiled: Compiled
    names: tuple[str, ...]
    draw: np.random.Generator
    first_end_s: int
    ways: list[Way] = field(default_factory=list)
    archive: list[Trial] = field(default_factory=list)

    def add_way(self, mode: Ints | None) -> int:
        """Lay out the shop with these modes alone, or with all; its number."""
        shop = self.compiled.shop
        self.ways.append(Way(*lay_out(shop if mode is None else narrowed(shop, mode)), mode))
        return len(self.ways) - 1

    def scale(self) -> Floats:
        """How far each figure reaches over the archive."""
        figures = np.array([trial.figures for trial in self.archive])
        return np.maximum(np.ptp(figures, axis=0), 1e-6 * np.maximum(1.0, np.abs(figures).max(axis=0)))

    def best(self, problem: Problem) -> Trial:
        """The best of the archive for a problem."""
        scale = self.scale()
        return min(self.archive, key=lambda trial: rank(problem, trial.figures, scale))

    def add(self, trial: Trial) -> None:
        """Keep a plan unless one as good is there; drop what it is better than."""
        if any((other.figures <= trial.figures + TOLERANCE).all() for other in self.archive):
            return
        self.archive = [o for o in self.archive if not (trial.figures <= o.figures + TOLERANCE).all()]
        self.archive.append(trial)

    def take(self, found: Timetable) -> None:
        """Keep a plan of another search, and a way with its modes alone."""
        if self.keeps_rules(found):
            way = self.add_way(found.mode)
            key = found.start_s.astype(np.float64)
            candidate = Candidate(key, np.zeros(len(key), dtype=np.int64), 0.0, way)
            self.add(Trial(candidate, found, figures_of(self.compiled, found, self.names)))

    def keeps_rules(self, found: Timetable) -> bool:
        """No greatest lag is broken, and nothing is moved out of the hours whose price is known."""
        shop, priced = self.compiled.shop, self.compiled.tariffs.energy
        if too_late_s(shop, found.start_s, found.end_s).any():
            return False
        if "energy_cost" not in self.names or not len(priced.end_s):
            return True
        uses = self.compiled.modes["power_kw"].fill_null(0.0).to_numpy()[found.mode] > 0
        return not (uses & ~shop.fixed & (found.end_s > self.priced_until_s)).any()

    @property
    def priced_until_s(self) -> int:
        """Where prices end (s), or the first plan where that ends later."""
        return max(int(self.compiled.tariffs.energy.end_s.max()), self.first_end_s)

    def decoded(self, candidate: Candidate) -> Trial | None:
        """The plan that a candidate means; none where steps find no room or rules are broken."""
        way = self.ways[candidate.way]
        not_before_s = candidate.not_before_s.copy()
        policy = fixed_order(way.outlook, candidate.key, candidate.price)
        for _ in range(REPAIRS):
            if candidate.sequence:
                desk, stuck = decode.serial(way.deck, way.blank, candidate.key, False, not_before_s)
            else:
                desk, stuck = decode.non_delay(way.deck, way.blank, policy, not_before_s)
            if stuck >= 0:
                return None
            if not delay_predecessors(self.compiled.shop, desk, not_before_s):
                break
        found = timetable(way.deck, desk)
        if way.mode is not None:
            found = widened(found, way.mode)
        if not self.keeps_rules(found):
            return None
        trial = Trial(candidate, found, figures_of(self.compiled, found, self.names))
        self.add(trial)
        return trial


def start(compiled: Compiled, names: tuple[str, ...], first: Timetable, seed: int) -> Workshop:
    """The plans of all rules, with every mode and with the modes that use the least electricity."""
    shop = compiled.shop
    room = Workshop(compiled, names, np.random.default_rng(seed), int(first.end_s.max(initial=0)))
    room.take(first)
    if len(shop.budget):
        return room
    power_kw = compiled.modes["power_kw"].fill_null(0.0).to_numpy()
    modes: list[Ints | None] = [None]
    if "energy_cost" in names and power_kw.any():
        modes.append(thriftiest(compiled, power_kw * shop.mode_s))
    for mode in modes:
        way = room.add_way(mode)
        deck, blank, outlook, _ = room.ways[way]
        still_s = np.zeros(shop.n_ops, dtype=np.int64)
        for policy in rules(shop, outlook).values():
            desk, stuck = decode.non_delay(deck, blank, policy, still_s)
            if stuck < 0:
                room.decoded(Candidate(desk.job[:, START].astype(np.float64), still_s, 0.0, way))
    return room


def thriftiest(compiled: Compiled, energy: Floats) -> Ints:
    """For each step the mode that needs the least energy, of several the shortest; what is fixed stays."""
    shop = compiled.shop
    op = np.repeat(np.arange(shop.n_ops), np.diff(shop.mode_ptr))
    order = np.lexsort((shop.mode_s, energy, op))
    return np.where(shop.fixed, shop.fixed_mode, order[shop.mode_ptr[:-1]])


def search(room: Workshop, problem: Problem, trials: int) -> None:
    """So many trials for one problem from the best of the archive, by late acceptance (Burke and Bykov 2017); after
    a while without gain again from there, or from any other plan of it.
    """
    scale, stale = room.scale(), 0
    present = room.best(problem)
    value = rank(problem, present.figures, scale)
    history = [value] * HISTORY
    kinds: tuple[Trial, list[Delays]] | None = None
    for number in range(trials):
        if stale >= PATIENCE:
            again = room.draw.random() < 0.5
            present = (
                room.best(problem) if again else room.archive[int(room.draw.integers(len(room.archive)))]
            )
            stale = 0
            value = rank(problem, present.figures, scale)
            history = [value] * HISTORY
        if not DELAYED.isdisjoint(room.names) and room.draw.random() < 0.6:
            if kinds is None or kinds[0] is not present or room.draw.random() < 0.1:
                kinds = present, delays(room, present)
            candidate = delayed(room, present, kinds[1])
        else:
            candidate = moved(room, present)
        trial = room.decoded(candidate)
        stale += 1
        if trial is None:
            continue
        now = rank(problem, trial.figures, scale)
        if now < value:
            stale = 0
        if now <= max(value, history[number % HISTORY]):
            present, value = trial, now
        history[number % HISTORY] = value


def delays(room: Workshop, trial: Trial) -> list[Delays]:
    """Kinds of delays of a plan's steps that might pay."""
    draw, grace_s = room.draw, 0
    if draw.random() < 0.7:
        grace_s = int(draw.exponential(GRACE_S) * 0.01 ** draw.random())
    slack = Slack(room.compiled, trial.timetable, allowed_ends(room, trial.timetable, grace_s))
    kinds = []
    if "energy_cost" in room.names or "overtime_cost" in room.names:
        kinds.append(slack.cheaper())
    if "in_process" in room.names:
        kinds.append(slack.later())
    return [kind for kind in kinds if len(kind[0])]


def allowed_ends(room: Workshop, found: Timetable, grace_s: int) -> Ints:
    """When each order must have ended (s) so that no figure of time that the front trades gets worse, and some grace."""
    shop = room.compiled.shop
    end_s = order_end_s(shop.n_orders, shop.op_order, shop.op_last, found.end_s)
    if "mean_flow_time" in room.names:
        until_s = end_s
    elif "weighted_tardiness" in room.names:
        until_s = np.maximum(end_s, shop.order_due_s)
    else:
        until_s = np.full(shop.n_orders, NEVER_S)
    if "makespan" in room.names:
        until_s = np.minimum(until_s, found.end_s.max(initial=0))
    until_s = np.where(shop.order_counts, until_s, NEVER_S)
    return np.where(until_s < NEVER_S, until_s + grace_s, NEVER_S)


def delayed(room: Workshop, trial: Trial, kinds: Sequence[Delays]) -> Candidate:
    """Some steps later in the sequences of the plan, or some delayed ones not any more."""
    draw, present = room.draw, trial.candidate
    not_before_s = present.not_before_s.copy()
    back = np.flatnonzero(not_before_s)
    kind = draw.random()
    if len(back) and kind < 0.25:
        not_before_s[some(draw, back)] = 0
    elif kinds and kind < 0.75:
        ops, then_s, gain = kinds[int(draw.integers(len(kinds)))]
        luck = gain * draw.random(len(gain))
        best = np.lexsort((-luck, ops))
        best = best[np.append(True, ops[best][1:] != ops[best][:-1])]
        chosen = some(draw, best)
        not_before_s[ops[chosen]] = then_s[chosen]
    else:
        one = int(draw.integers(room.compiled.shop.n_ops))
        not_before_s[one] = another_start(room, trial, one)
    key = trial.timetable.start_s.astype(np.float64)
    return replace(present, key=key, not_before_s=not_before_s, sequence=True)


def another_start(room: Workshop, trial: Trial, op: int) -> int:
    """A later start (s) at which a price changes, or with which the step ends then: what follows is pushed."""
    draw, start_s, end_s = room.draw, trial.timetable.start_s, trial.timetable.end_s
    edges = price_edges(room.compiled)
    ahead = edges[np.searchsorted(edges, start_s[op], side="right") :][:LOOKED_AT]
    if not len(ahead):
        return int(start_s[op])
    edge_s = int(draw.choice(ahead))
    return edge_s if draw.random() < 0.5 else max(0, edge_s - int(end_s[op] - start_s[op]))


def some(draw: np.random.Generator, among: Ints) -> Ints:
    """A few of many: one as often as all."""
    return draw.choice(among, int(np.ceil(len(among) ** draw.random())), replace=False)


def moved(room: Workshop, trial: Trial) -> Candidate:
    """Some steps sooner or later in the queues, another price of setups, or other modes."""
    draw, shop, present = room.draw, room.compiled.shop, trial.candidate
    kind = draw.random()
    if kind < 0.1 and shop.setup_s.any():
        price = float(draw.exponential(4.0)) if draw.random() < 0.8 else 0.0
        return replace(present, price=price, sequence=False)
    if kind < 0.15 and present.sequence:
        return replace(present, sequence=False)
    if kind < 0.2 and len(room.ways) > 1:
        return replace(present, way=int(draw.integers(len(room.ways))))
    if kind < 0.5 and present.sequence:
        return swapped(room, trial)
    owner = room.ways[present.way].outlook.owner
    one = int(draw.integers(shop.n_ops))
    if kind < 0.6 and owner[one] >= 0:
        ops = np.flatnonzero(owner == owner[one])
    elif kind < 0.8:
        ops = np.flatnonzero(shop.op_order == shop.op_order[one])
    else:
        ops = draw.integers(shop.n_ops, size=1 + int(draw.integers(3)))
    spread_s = max(1.0, float(np.std(present.key)))
    key = present.key.copy()
    key[ops] += draw.normal(0.0, spread_s * 0.1 * 10.0 ** draw.random())
    return replace(present, key=key)


def swapped(room: Workshop, trial: Trial) -> Candidate:
    """Two steps of one lane in each other's place, with the earliest start of the place."""
    draw, timetable, present = room.draw, trial.timetable, trial.candidate
    op = np.repeat(np.arange(len(timetable.mode)), np.diff(timetable.lane_ptr))
    held = int(draw.integers(max(1, len(op)))) if len(op) else 0
    mates = op[timetable.lane == timetable.lane[held]] if len(op) else op
    if len(mates) < 2:
        return present
    ordered = mates[np.argsort(timetable.start_s[mates], kind="stable")]
    first = int(draw.integers(len(ordered) - 1))
    pair = ordered[[first, min(len(ordered) - 1, first + 1 + int(draw.integers(3)))]]
    key, not_before_s = timetable.start_s.astype(np.float64), present.not_before_s.copy()
    key[pair], not_before_s[pair] = key[pair[::-1]], not_before_s[pair[::-1]]
    return replace(present, key=key, not_before_s=not_before_s)
