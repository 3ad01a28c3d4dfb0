"""Who asks, which works there are, and what needs somebody today."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from lineshaft.faces.http.asking import ApiRoute, AtDesk, AtSite, Limit, Offset, Person
from lineshaft.faces.http.models import FaultTold, Told, fault_told, moment, plain
from lineshaft.faces.http.run_models import RunTold, run_told
from lineshaft.store.log import Event

router = APIRouter(route_class=ApiRoute, tags=["works"])


class WorksTold(Told):
    """A works that the person may read."""

    works: str
    title: str
    role: str
    may: list[str] = []


class Me(Told):
    """The person or token that asks."""

    name: str
    admin: bool
    token: str
    works: list[WorksTold]


class WorksFacts(WorksTold):
    """A works with its time zone."""

    time_zone: str


class LateTold(Told):
    """An order that the plan in force ends after its due date."""

    order_id: str
    item_id: str | None
    due: str
    end: str
    late_min: float


class OverloadTold(Told):
    """A resource and a week in which planned hours come near the hours it works, or pass them."""

    resource_id: str
    name: str
    week: str
    planned_h: float
    open_h: float


class AttentionTold(Told):
    """What needs somebody today, the most pressing first."""

    late: list[LateTold]
    late_found: int
    orders_found: int
    overloads: list[OverloadTold]
    faults: list[FaultTold]
    to_decide: list[RunTold]
    running: list[RunTold]


class EventTold(Told):
    """One entry of the works' event log, which only grows."""

    seq: int
    recorded: datetime
    actor: str
    action: str
    cause: int | None
    run: str
    payload: dict[str, Any]
    leaf: str


class EventsTold(Told):
    """A page of the event log, newest first."""

    events: list[EventTold]
    found: int


class FaultsTold(Told):
    """What is wrong with the tables: the first ones, and how many there are."""

    faults: list[FaultTold]
    found: int


@router.get("/me", summary="Who am I? / 当前用户")
def me(who: Person, site: AtSite) -> Me:
    """The person or token of this request, and what it may do where."""
    works = [_works(who, entry.works_id, entry.title) for entry in site.works(who)]
    return Me(name=who.name, admin=who.governs, token=who.token, works=works)


@router.get("/works", summary="List the works / 工厂列表")
def list_works(who: Person, site: AtSite) -> list[WorksTold]:
    """Every works that the person may read."""
    return [_works(who, entry.works_id, entry.title) for entry in site.works(who)]


@router.get("/works/{works}", summary="One works / 工厂概况")
def read_works(desk: AtDesk) -> WorksFacts:
    """Its name, its time zone and what the person may do there."""
    facts = _works(desk.who, desk.works_id, desk.works.name)
    return WorksFacts(**facts.model_dump(), time_zone=desk.works.time_zone)


@router.get("/works/{works}/attention", summary="What needs somebody today / 今日待办")
def attention(desk: AtDesk) -> AttentionTold:
    """Late orders, overloaded resources, faults in the data, proposals to decide on, runs under way."""
    now = desk.attention()
    return AttentionTold(
        late=[LateTold(**plain(vars(order))) for order in now.late],
        late_found=now.late_found,
        orders_found=now.orders_found,
        overloads=[OverloadTold(**plain(vars(load))) for load in now.overloads],
        faults=[fault_told(fault) for fault in now.faults],
        to_decide=[run_told(record) for record in now.to_decide],
        running=[run_told(record) for record in now.running],
    )


@router.get("/works/{works}/faults", summary="Faults in the tables / 数据错误")
def faults(desk: AtDesk, offset: Offset = 0, limit: Limit = 100) -> FaultsTold:
    """Every rule of every table and across tables, checked on the tables as they are."""
    found = desk.faults()
    return FaultsTold(faults=[fault_told(one) for one in found[offset : offset + limit]], found=len(found))


@router.get("/works/{works}/history", summary="Event log / 事件日志")
def history(
    desk: AtDesk,
    offset: Offset = 0,
    limit: Limit = 100,
    action: Annotated[str, Query(max_length=80, description="Only this action.", examples=["accept"])] = "",
) -> EventsTold:
    """Every write, run, accept and undo, newest first."""
    events = [event for event in desk.history() if action in ("", event.action)]
    return EventsTold(events=[_event(event) for event in events[offset : offset + limit]], found=len(events))


def _works(who: Person, works_id: str, title: str) -> WorksTold:
    role, may = who.role(works_id) or "", sorted(who.actions(works_id))
    return WorksTold(works=works_id, title=title, role=role, may=may)


def _event(event: Event) -> EventTold:
    return EventTold(
        seq=event.seq,
        recorded=moment(event.recorded),
        actor=event.actor,
        action=event.action,
        cause=event.cause,
        run=event.run_id,
        payload=event.payload,
        leaf=event.leaf,
    )
