"""Boards, the islands that engines name on a page of their own; and two runs side by side."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from lineshaft.core import Change, Missing
from lineshaft.faces.desk import boards
from lineshaft.faces.desk.comparing import KpiPair
from lineshaft.faces.saying import kpi_name
from lineshaft.faces.web import figures, urls
from lineshaft.faces.web.islands import ISLANDS, islands_of
from lineshaft.faces.web.pages_table import shown_change
from lineshaft.faces.web.view import View, WorksView, go

router = APIRouter(include_in_schema=False)


class Asked(BaseModel):
    """Rows of an output table that shall be otherwise."""

    class Row(BaseModel):
        """One row."""

        table: str = Field(max_length=80)
        key: list[Any] = Field(max_length=20)
        values: dict[str, Any]

    changes: list[Row] = Field(max_length=500)

    def core(self) -> list[Change]:
        """As the engine takes them."""
        return [Change(row.table, tuple(row.key), row.values) for row in self.changes]


@router.get("/w/{works}/boards/{engine}")
def board(view: WorksView, engine: str, run: str = "") -> Response:
    """The plan in force, or that of a run, on a whole page; its edits are made ready meanwhile."""
    desk = view.desk
    manifest = desk.works.engine(engine)
    names = islands_of(manifest)
    if not names:
        raise Missing(f"{engine} has no board.", f"{engine} 没有看板。")
    editable = bool(manifest.edit) and desk.may("plan")
    if editable and (run or desk.in_force(engine)):
        desk.make_ready(engine, run or None)
    return view.page(
        "board.html",
        f"board:{engine}",
        engine=manifest,
        island=names[0],
        words=ISLANDS[names[0]].words,
        record=desk.run(run) if run else None,
        held=desk.in_force(engine),
        editable=editable,
        peers=[
            {"name": peer.name, "en": peer.title[0], "zh": peer.title[1]}
            for peer in boards.peers(desk, engine)
        ]
        if desk.may("plan")
        else [],
        promises=desk.may("plan") and not run and boards.promiser(desk, engine) is not None,
    )


@router.get("/w/{works}/boards/{engine}/data")
def data(view: WorksView, engine: str, run: str = "") -> Response:
    """What the island draws."""
    island = view.request.query_params.get("view", "")
    return Response(boards.board(view.desk, engine, run or None, island), media_type="application/json")


@router.post("/w/{works}/boards/{engine}/ask")
def ask(view: WorksView, engine: str, asked: Asked, run: str = "") -> Response:
    """What the plan becomes with these changes; nothing is stored."""
    return JSONResponse(boards.answer(view.desk, engine, asked.core(), run or None))


class Wanted(BaseModel):
    """Which engine shall propose something else for a board."""

    engine: str = Field(max_length=80)


@router.post("/w/{works}/boards/{engine}/preview")
def begin_preview(view: WorksView, engine: str, wanted: Wanted) -> Response:
    """Queue a run of a peer with its usual parameters, to be looked at on this board."""
    if wanted.engine not in {peer.name for peer in boards.peers(view.desk, engine)}:
        raise Missing(
            f"{wanted.engine} proposes nothing for this board.", f"{wanted.engine} 不能用于此看板。"
        )
    return JSONResponse({"run": view.desk.plan(wanted.engine)})


@router.get("/w/{works}/boards/{engine}/preview")
def read_preview(view: WorksView, engine: str, asked: str, run: str = "") -> Response:
    """What the run `asked` would change on the board, once it is done."""
    told = boards.preview(view.desk, engine, asked, run or None)
    return JSONResponse(told | {"run": asked, "address": urls.run(view.works_id, asked)})


class Wished(BaseModel):
    """A new order like one that is there."""

    order_id: str = Field(max_length=80)
    new_id: str = Field(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")
    quantity: int = Field(ge=1, le=1_000_000)
    release: datetime
    due: datetime | None = None

    def core(self) -> boards.Wish:
        """As the desk takes it."""
        return boards.Wish(self.order_id, self.new_id, self.quantity, self.release, self.due)


@router.post("/w/{works}/boards/{engine}/promise")
def promise(view: WorksView, engine: str, wished: Wished) -> Response:
    """A date for an order that is not there yet; nothing is stored."""
    return JSONResponse(boards.promise(view.desk, engine, wished.core()))


@router.post("/w/{works}/boards/{engine}/enter")
def enter(view: WorksView, engine: str, wished: Wished) -> Response:
    """The order, entered; and the run that puts it into the plan."""
    return JSONResponse({"address": urls.run(view.works_id, boards.enter(view.desk, engine, wished.core()))})


@router.post("/w/{works}/boards/{engine}/propose")
def propose(view: WorksView, engine: str, asked: Asked, run: str = "") -> Response:
    """The changes as a proposal of their own, which can be accepted."""
    made = view.desk.propose_edit(engine, asked.core(), run or None)
    return JSONResponse({"run": made, "address": urls.run(view.works_id, made)})


@router.get("/w/{works}/compare")
def compare(view: WorksView, first: str = "", second: str = "") -> Response:
    """Figures of two runs with what is better, and the rows that differ."""
    desk = view.desk
    ticked = view.request.query_params.getlist("run")
    if len(ticked) == 2:
        return go(urls.with_query(f"/w/{view.works_id}/compare", {"first": ticked[1], "second": ticked[0]}))
    done = [record for record in desk.runs() if record.status == "done" and record.is_plan]
    if not (first and second):
        return view.page(
            "compare.html", "runs", runs=done, pairs=None, records=(), first=first, second=second
        )
    records = (desk.run(first), desk.run(second))
    found = desk.compare(first, second)
    schemas = desk.works.catalog.schemas
    return view.page(
        "compare.html",
        "runs",
        runs=done,
        first=first,
        second=second,
        records=records,
        titles=[figures.run_title(desk, record, view.speech) for record in records],
        pairs=[_pair(view, pair) for pair in found.kpis],
        chart=_chart(view, found.kpis, (first, second)),
        changes=[shown_change(view, name, schemas[name], one) for name, one in found.tables.items()],
    )


def _pair(view: View, pair: KpiPair) -> dict[str, Any]:
    one = pair.second or pair.first
    assert one is not None
    sides = [figures.figures([kpi], view.speech)[0] if kpi else None for kpi in (pair.first, pair.second)]
    step = figures.steps([pair.second], [pair.first], view.speech)[0] if pair.first and pair.second else None
    return {"name": kpi_name(one, view.language), "first": sides[0], "second": sides[1], "step": step}


def _chart(view: View, pairs: list[KpiPair], names: tuple[str, str]) -> str:
    """Shares of the greater of the two, so that figures of any unit stand on one axis."""
    both = [pair for pair in pairs if pair.first and pair.second]

    def share(value: float, pair: KpiPair) -> float:
        most = max(abs(pair.first.value), abs(pair.second.value)) if pair.first and pair.second else 0
        return round(100 * value / most, 1) if most else 0.0

    series = [
        {
            "name": name,
            "shares": [share(kpi.value, pair) for pair in both if (kpi := getattr(pair, side))],
            "said": [
                figures.amount(kpi.value, kpi.unit, view.speech)
                for pair in both
                if (kpi := getattr(pair, side))
            ],
        }
        for name, side in zip(names, ("first", "second"))
    ]
    said = [kpi_name(pair.second, view.language) for pair in both if pair.second]
    return json.dumps({"names": said, "series": series}, ensure_ascii=False)
