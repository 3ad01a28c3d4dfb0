"""Data of boards, as the islands that an engine names draw it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from lineshaft.faces.desk import boards
from lineshaft.faces.http.asking import ApiRoute, AtDesk, EngineName

router = APIRouter(prefix="/works/{works}", route_class=ApiRoute, tags=["boards"])


@router.get("/boards/{engine}", summary="Data of a board / 看板数据", response_model=dict[str, Any])
def read_board(
    desk: AtDesk,
    engine: EngineName,
    run: Annotated[
        str | None, Query(max_length=20, description="A run; none: the plan in force.", examples=["r1"])
    ] = None,
    view: Annotated[
        str, Query(max_length=80, description="Which island; none: the first.", examples=["lane-board"])
    ] = "",
) -> Response:
    """Lanes, bars, orders and closed times of the plan in force or of a run's proposal."""
    return Response(boards.board(desk, engine, run, view), media_type="application/json")
