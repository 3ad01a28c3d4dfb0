"""A plan in force for studies: laid out, read, and as a shop in which everything is decided but the time it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lineshaft.make.schedule.layout.compile import Compiled, compile_shop
from lineshaft.make.schedule.layout.lanes import table
from lineshaft.make.schedule.params import ScheduleParams
from lineshaft.make.schedule.repair.standing import no_place, read_standing
from lineshaft.make.schedule.shop import Ints, Timetable
from lineshaft.make.schedule.studies.books import unlocked
from lineshaft.make.schedule.tables import ShopBook


@dataclass(frozen=True)
class InForce:
    """The plan in force, laid out with room to run late: `locked_s`, earliest start of each step that a lock gives."""

    compiled: Compiled
    timetable: Timetable
    locked_s: Ints


def in_force(book: ShopBook, params: ScheduleParams, horizon_s: int | None = None) -> InForce:
    """Lay out the book and the plan in it; a lock is a decision, not a fact: it keeps a step from starting sooner.

    Raises
    ------
    Refused
        Steps have no place in the plan.
    BadInput
        What `compile_shop` finds.
    """
    open_book = unlocked(book)
    compiled = compile_shop(open_book, params, horizon_s, as_planned=True)
    standing, homeless = read_standing(compiled)
    if homeless.any():
        raise no_place(compiled, homeless)
    timetable = standing.timetable()
    locked = table(book, "previous").filter("locked").select("order_id", "op_no", locked=True)
    held = compiled.ops.join(locked, on=["order_id", "op_no"], how="left", maintain_order="left")["locked"]
    return InForce(compiled, timetable, np.where(held.fill_null(False), timetable.start_s, 0))
