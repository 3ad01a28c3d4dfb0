"""The front door and a works' home: what needs somebody today."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Response

from lineshaft.core import Fault
from lineshaft.faces.web import figures, urls
from lineshaft.faces.web.view import SiteView, View, WorksView, go
from lineshaft.store.records import RunRecord

router = APIRouter(include_in_schema=False)
LATE_SHOWN, LOADS_SHOWN, FAULTS_SHOWN, DECIDE_SHOWN, ACCEPTS_SHOWN = 12, 10, 8, 4, 5


@router.get("/")
def front(view: SiteView) -> Response:
    """The only works, or the list of works."""
    found = view.works_list()
    if len(found) == 1:
        return go(urls.home(found[0].works_id))
    return view.page("front.html", found=found)


@router.get("/w/{works}/")
def home(view: WorksView) -> Response:
    """What needs somebody today; an empty works says how to begin."""
    desk = view.desk
    rows = desk.tables()
    if not any(rows.values()):
        return view.page("begin.html", "home", engines=desk.engines())
    day = desk.attention(with_faults=False)
    return view.page(
        "home.html",
        "home",
        day=day,
        late=day.late[:LATE_SHOWN],
        worst_min=max((order.late_min for order in day.late), default=1),
        loads=day.overloads[:LOADS_SHOWN],
        week=timedelta(days=6),
        proposals=[proposal(view, record) for record in day.to_decide[:DECIDE_SHOWN]],
        accepts=desk.accepts()[:ACCEPTS_SHOWN] if desk.sees_all else [],
        title=lambda record: figures.run_title(desk, record, view.speech),
    )


@router.get("/w/{works}/faults")
def faults(view: WorksView, count: bool = False) -> Response:
    """What is wrong with the tables: a part of the home page, and of the data page."""
    found = view.desk.faults()
    shown = [(fault, fault_address(view, fault)) for fault in found[:FAULTS_SHOWN]]
    return view.page("_faults.html", faults=shown, found=len(found), count=count)


def fault_address(view: View, fault: Fault) -> str:
    """The page of a table, at the faulty cell."""
    schema = view.desk.works.catalog.schemas.get(fault.table)
    if schema is None:
        return ""
    keys = schema.primary_key() if len(fault.key) == len(schema.primary_key()) else []
    return urls.cell(view.works_id, fault.table, keys, fault.key, fault.column)


def proposal(view: View, record: RunRecord) -> dict[str, object]:
    """A run that waits for a decision, beside the plan in force."""
    held = view.desk.in_force(record.engine)
    return {
        "record": record,
        "title": figures.run_title(view.desk, record, view.speech),
        "steps": figures.steps(record.kpis, held.kpis if held else (), view.speech),
        "held": held,
    }
