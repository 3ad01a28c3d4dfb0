"""Progress of a run as server-sent events, for as many listeners as there are at the cost of one."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from lineshaft.core import LineshaftError
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.http import guard
from lineshaft.faces.http.asking import ApiRoute, AtDesk, RunId
from lineshaft.faces.http.run_models import Progress
from lineshaft.faces.http.runs import progress_of

router = APIRouter(prefix="/works/{works}", route_class=ApiRoute, tags=["runs"])
LOOK_S = 0.5
BEAT_S = 15.0
RETRY_MS = 2_000
ENDED = ("done", "cancelled", "failed")
EXAMPLE = (
    "retry: 2000\n\nid: running-0.25-searching\nevent: progress\n"
    'data: {"status":"running","fraction":0.25,"en":"searching","zh":"搜索"}\n\n'
)


class ProgressStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.get(
    "/runs/{run}/events",
    summary="Watch a run / 运行进度",
    response_class=ProgressStream,
    responses={
        200: {
            "description": "Events `progress`, and `end` when the run is done; the stream ends with it.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        }
    },
)
async def watch_run(
    request: Request,
    desk: AtDesk,
    run: RunId,
    last_event_id: Annotated[
        str | None,
        Header(max_length=400, description="Where a broken stream goes on: what was seen is not sent again."),
    ] = None,
) -> ProgressStream:
    """An event for each change of status, fraction or words; a comment every 15 s keeps the line open."""
    first = await run_in_threadpool(_look, desk, run)
    return ProgressStream(
        _events(request, desk, run, first, last_event_id), headers={"X-Accel-Buffering": "no"}
    )


async def _events(
    request: Request, desk: Desk, run: str, now: Progress, seen: str | None
) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    spoken = time.monotonic()
    while True:
        if (name := _name(now)) != seen:
            yield _event(name, now)
            seen, spoken = name, time.monotonic()
        elif time.monotonic() - spoken >= BEAT_S:
            yield ": still here\n\n"
            spoken = time.monotonic()
            await guard.who(request)
        if now.status in ENDED:
            return
        await anyio.sleep(LOOK_S)
        try:
            now = await run_in_threadpool(_look, desk, run)
        except LineshaftError:
            return


def _look(desk: Desk, run: str) -> Progress:
    """The present state, read once for everybody who looks at about the same time."""
    moment = int(time.monotonic() / LOOK_S)
    return desk.remember(("progress", run, moment), lambda: progress_of(desk, desk.run(run)))


def _name(now: Progress) -> str:
    """What tells one state from another, on one line."""
    return f"{now.status}-{now.fraction:.4f}-{now.en}".encode("ascii", "replace").decode().replace("\n", " ")


def _event(name: str, now: Progress) -> str:
    kind = "end" if now.status in ENDED else "progress"
    data = json.dumps(now.model_dump(), ensure_ascii=False, separators=(",", ":"))
    return f"id: {name}\nevent: {kind}\ndata: {data}\n\n"
