"""Timetables by dispatching rules: a plan in milliseconds, and the start of every search.

Rules: SPT, EDD, FIFO by release, MWKR (most work of the order left), SRPT (least work of the order left), their
weighted forms, critical ratio, and ATC / ATCS (Vepsalainen and Morton 1987, doi:10.1287/mnsc.33.8.1035; Lee,
Bhaskaran and Pinedo 1997, doi:10.1080/07408179708966311) with the latest start from the longest chain ahead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineshaft.core import Refused
from lineshaft.make.schedule.dispatch import decode
from lineshaft.make.schedule.dispatch.deck import (
    END,
    FIRST_SLOT,
    LANE,
    MODE,
    START,
    Deck,
    Desk,
    Outlook,
    latest_start_s,
    lay_out,
)
from lineshaft.make.schedule.search.score import better, score
from lineshaft.make.schedule.shop import (
    END_END,
    FORBIDDEN_S,
    NEVER_S,
    START_START,
    Bools,
    Goal,
    Ints,
    Score,
    Shop,
    Timetable,
)

Floats = NDArray[np.float64]
PATIENCES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
SETUP_PATIENCES = (0.2, 1.0)
REPAIRS = 20
MOST_LOOKED_AT = 20_000
FEW = (("MWKR", "FIFO"), ("ATC 16",), ("WSRPT",), ("WSRPT",))
"""In big shops, by the figure that leads; without due dates work left by weight stands in for apparent tardiness."""


class Policy(NamedTuple):
    """How the decoder chooses: `rule` (see `decode`), `key` per operation (lowest first; ATC: log of work by weight),
    `latest_s` start per operation, `patience_s` of ATC, `setup_price` per second of setup, `queue` per operation.
    """

    rule: int
    key: Floats
    latest_s: Floats
    patience_s: float
    setup_price: float
    queue: Ints


class NoRoom(Refused):
    """An operation found no time before the horizon; `op` is its index."""

    def __init__(self, op: int) -> None:
        super().__init__(
            "The work does not fit before the end of the calendars; extend them or give more capacity.",
            "工作在日历结束之前排不下;请延长日历或增加产能。",
        )
        self.op = op


def dispatch(shop: Shop, priority: Floats | str, *, serial: bool = False, insert: bool = False) -> Timetable:
    """Build a timetable by list scheduling.

    Parameters
    ----------
    priority
        A value per operation, lowest first, or the name of a rule (see `rules`).
    serial
        Place operations strictly in order of priority instead of in order of time (values only).
    insert
        With `serial`: also use gaps that earlier placements left on lanes.

    Raises
    ------
    NoRoom
        When an operation does not fit before the horizon.
    """
    d, blank, outlook = lay_out(shop)
    policy = rules(shop, outlook)[priority] if isinstance(priority, str) else fixed_order(outlook, priority)
    return timetable(d, repaired(shop, d, blank, policy, serial, insert))


def best_rule(shop: Shop, goal: Goal) -> tuple[Timetable, str, dict[str, Score]]:
    """Try every rule (in big shops a few) and return the best timetable, the name of its rule and all scores.

    Raises
    ------
    NoRoom
        When no rule finds a timetable within the horizon.
    """
    d, blank, outlook = lay_out(shop)
    scores: dict[str, Score] = {}
    best: tuple[Timetable, str] | None = None
    failure: NoRoom | None = None
    policies = rules(shop, outlook)
    if shop.n_ops > MOST_LOOKED_AT:
        few = FEW[int(np.argmax(goal.levels[0] > 0))]
        policies = {name: policies[name] for name in few if name in policies} or {"WSRPT": policies["WSRPT"]}
    for name, policy in policies.items():
        try:
            plan = timetable(d, repaired(shop, d, blank, policy))
        except NoRoom as error:
            failure = error
            continue
        scores[name] = score(shop, plan)
        if best is None or better(goal, scores[name], scores[best[1]]):
            best = plan, name
    if best is None:
        assert failure is not None
        raise failure
    return *best, scores


def rules(shop: Shop, outlook: Outlook) -> dict[str, Policy]:
    """Every rule by name; ATC and ATCS once for each patience."""
    owned = outlook.owner >= 0
    weight = np.where(owned, shop.order_weight[outlook.owner], 0).astype(np.float64)
    heavy = np.maximum(weight, 1e-3)
    due_s = np.where(owned, shop.order_due_s[outlook.owner], NEVER_S).astype(np.float64)
    released_s = np.where(owned, shop.order_release_s[outlook.owner], 0).astype(np.float64)
    work_s, rest_s = outlook.work_s.astype(np.float64), outlook.rest_s.astype(np.float64)
    latest_s = latest_start_s(shop, outlook).astype(np.float64)
    keys = {
        "FIFO": released_s,
        "SPT": work_s,
        "WSPT": work_s / heavy,
        "MWKR": -rest_s,
        "SRPT": rest_s,
        "WSRPT": rest_s / heavy,
        "FIFO + SRPT": released_s + rest_s,
        "EDD": due_s,
        "latest start": latest_s,
    }
    result = {name: fixed_order(outlook, key) for name, key in keys.items()}
    if not (shop.order_due_s[shop.order_counts] < NEVER_S).any():
        return result

    urgency = np.log(np.maximum(work_s, 1.0) / heavy)

    def apparent(patience_s: float, setup_price: float = 0.0) -> Policy:
        rule = decode.APPARENT_TARDINESS
        return Policy(rule, urgency, latest_s, patience_s, setup_price, outlook.queue)

    mean_s = max(1.0, float(work_s.mean()))
    if shop.n_ops <= MOST_LOOKED_AT:
        each = np.arange(shop.n_ops)
        result["CR"] = Policy(decode.CRITICAL_RATIO, weight, latest_s, 1.0, 0.0, each)
    for k in PATIENCES:
        result[f"ATC {k:g}"] = apparent(k * mean_s)
    setups_s = shop.setup_s[(shop.setup_s > 0) & (shop.setup_s < FORBIDDEN_S)]
    for k in PATIENCES if setups_s.size and (shop.lane_group >= 0).any() else ():
        for k2 in SETUP_PATIENCES:
            price = 1.0 / (k2 * float(setups_s.mean()))
            result[f"ATCS {k:g} {k2:g}"] = apparent(k * mean_s, price)
    return result


def fixed_order(outlook: Outlook, key: Floats, setup_price: float = 0.0) -> Policy:
    """Lowest `key` first; a second of setup counts as `setup_price` of the key."""
    key = np.array(key, dtype=np.float64)
    return Policy(decode.STATIC, key, key, 1.0, setup_price, outlook.queue)


def repaired(
    shop: Shop, d: Deck, blank: Desk, policy: Policy, serial: bool = False, insert: bool = False
) -> Desk:
    """Decode; while operations start too long after a predecessor, delay that predecessor and decode again."""
    not_before_s = np.zeros(shop.n_ops, dtype=np.int64)
    for _ in range(REPAIRS):
        if serial:
            desk, stuck = decode.serial(d, blank, policy.key, insert, not_before_s)
        else:
            desk, stuck = decode.non_delay(d, blank, policy, not_before_s)
        if stuck >= 0:
            raise NoRoom(int(stuck))
        if not delay_predecessors(shop, desk, not_before_s):
            break
    return desk


def too_late_s(shop: Shop, start_s: Ints, end_s: Ints) -> Ints:
    """Per arc of `pred_op`: by how much the operation starts after its greatest lag (s, 0 when it keeps it)."""
    later = np.repeat(np.arange(shop.n_ops), np.diff(shop.pred_ptr))
    base_s = np.where(shop.pred_kind == START_START, start_s[shop.pred_op], end_s[shop.pred_op])
    since_s = np.where(shop.pred_kind == END_END, end_s[later], start_s[later])
    over_s = np.maximum(since_s - base_s - shop.pred_lag_max_s, 0)
    return np.where(shop.pred_lag_max_s >= NEVER_S, 0, over_s).astype(np.int64)


def delay_predecessors(shop: Shop, desk: Desk, not_before_s: Ints) -> bool:
    """`put_off` for what stands on a desk; what is fixed stays."""
    if (shop.pred_lag_max_s >= NEVER_S).all():
        return False
    return put_off(shop, desk.job[:, START], desk.job[:, END], shop.fixed, not_before_s)


def put_off(shop: Shop, start_s: Ints, end_s: Ints, stays: Bools, not_before_s: Ints) -> bool:
    """Raise the earliest starts of predecessors whose successors come too late; True when any was raised."""
    over_s = too_late_s(shop, start_s, end_s)
    arcs = np.flatnonzero((over_s > 0) & ~stays[shop.pred_op])
    before = shop.pred_op[arcs]
    np.maximum.at(not_before_s, before, start_s[before] + over_s[arcs])
    return len(arcs) > 0


def timetable(d: Deck, desk: Desk) -> Timetable:
    """What stands on the desk."""
    start_s, end_s, mode = (np.ascontiguousarray(desk.job[:, column]) for column in (START, END, MODE))
    op = np.repeat(np.arange(len(mode)), np.diff(d.op[:, FIRST_SLOT]))
    held = desk.slot[:, LANE] >= 0
    lane_ptr = np.concatenate(([0], np.cumsum(np.bincount(op[held], minlength=len(mode))))).astype(np.int64)
    return Timetable(mode, start_s, end_s, lane_ptr, desk.slot[held, LANE])
