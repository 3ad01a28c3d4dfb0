"""Settings of `make.schedule` that suit a book, each with the figure it rests on."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineshaft.make.schedule.layout.compile import Compiled
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.tables import ShopBook

HUNDRED_STEPS_S = 1.0
SHORTEST_S, LONGEST_S = 10, 600
SETUP_HEAVY_PCT = 10.0
SHIFT_MIN, FROZEN_STEP_MIN = 480, 30

Advice = tuple[tuple[str, str, str, float], dict[str, Any]]


def advice(book: ShopBook, compiled: Compiled | None, blocked: int, orders: int) -> list[Advice]:
    """(setting, value, figure, amount) and facts for words; nothing for an empty book or one that cannot be planned."""
    if compiled is None or not compiled.shop.n_ops or blocked >= orders:
        return []
    found = [objective(compiled), time_limit(compiled), frozen(book, compiled)]
    seen = table(book, "events")["at"].max()
    if seen is not None:
        hours = max(0.0, (seen - compiled.start).total_seconds() / 3600)
        value = f"{seen:%Y-%m-%dT%H:%M:%SZ}"
        facts = {"value": value, "hours": round(hours, 1)}
        found.append((("start", value, "hours_since_first_release", hours), facts))
    return sorted(found, key=lambda pair: pair[0])


def objective(compiled: Compiled) -> Advice:
    """On time first where orders have dates; setups weigh where they take a good part of the work."""
    shop = compiled.shop
    counted = max(1, int(shop.order_counts.sum()))
    dated_pct = 100.0 * float((shop.order_counts & (shop.order_due_s < 1 << 59)).sum()) / counted
    setup_pct = setup_share_pct(compiled)
    if dated_pct == 0:
        value, figure, amount = "makespan,mean_flow_time", "dated_orders_pct", dated_pct
    elif setup_pct >= SETUP_HEAVY_PCT:
        value, figure, amount = "weighted_tardiness,setup,mean_flow_time", "setup_share_pct", setup_pct
    else:
        value, figure, amount = "weighted_tardiness,mean_flow_time,makespan", "dated_orders_pct", dated_pct
    facts = {"value": value, "dated_pct": round(dated_pct), "setup_pct": round(setup_pct)}
    return ("objective", value, figure, amount), facts


def setup_share_pct(compiled: Compiled) -> float:
    """Setup in percent of work, if every step with a family on a machine with setups followed a random one."""
    shop = compiled.shop
    if not shop.setup_s.size:
        return 0.0
    families = shop.op_family[shop.op_family >= 0]
    share = np.bincount(families, minlength=shop.setup_s.shape[1]) / max(1, len(families))
    mean_s = float(np.mean([share @ of_group @ share for of_group in shop.setup_s]))
    first_s = shop.mode_s[shop.mode_ptr[:-1]]
    return 100.0 * mean_s * len(families) / max(1, int(first_s.sum()))


def time_limit(compiled: Compiled) -> Advice:
    """A second for every hundred steps, within reason."""
    steps = compiled.shop.n_ops
    value = str(int(min(LONGEST_S, max(SHORTEST_S, round(steps / 100 * HUNDRED_STEPS_S)))))
    return ("time_limit_s", value, "steps", float(steps)), {"value": value, "steps": steps}


def frozen(book: ShopBook, compiled: Compiled) -> Advice:
    """What the floor has in hand while people read a new plan: a median step, in half hours, at most a shift."""
    median_min = float(np.median(compiled.shop.mode_s)) / 60
    there = not table(book, "previous").is_empty()
    value = min(SHIFT_MIN, -(-int(median_min) // FROZEN_STEP_MIN) * FROZEN_STEP_MIN) if there else 0
    facts = {"value": str(value), "step_min": round(median_min), "planned": len(table(book, "previous"))}
    return ("frozen_min", str(value), "median_step_min", median_min), facts
