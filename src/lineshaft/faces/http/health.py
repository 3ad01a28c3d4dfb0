"""Is it there, and is it well; and the list of problems it speaks of."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from lineshaft.core import Words
from lineshaft.faces.http.asking import PUBLIC, ApiRoute, AtSite
from lineshaft.faces.http.models import Said, Told
from lineshaft.faces.http.problems import KINDS
from lineshaft.store.database import StorageFailed

router = APIRouter(route_class=ApiRoute, tags=[PUBLIC])


class Health(Told):
    """What a monitor needs."""

    status: str


class ProblemKind(Told):
    """A kind of problem: `type` is the end of a problem's `type`."""

    type: str
    status: int
    words: Said


@router.get("/health", summary="Is it well? / 是否正常")
async def health(request: Request, site: AtSite) -> Health:
    """`ok` while the store answers and workers live; otherwise 503."""
    await run_in_threadpool(site.limits.take, "health", 1.0, 1e6, 1e6)
    crew = getattr(request.app.state, "crew", None)
    if crew is not None and not crew.alive():
        raise StorageFailed(RuntimeError("no worker lives"))
    return Health(status="ok")


@router.get("/problems", summary="Kinds of problems / 错误类型")
def problem_kinds() -> list[ProblemKind]:
    """Every `type` that a problem of this API may have."""

    def told(words: Words) -> Said:
        return Said(en=words.en, zh=words.zh)

    return [
        ProblemKind(type=kind, status=status, words=told(words)) for status, (kind, words) in KINDS.items()
    ]
