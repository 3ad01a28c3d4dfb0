"""How every `/v1` request begins: who asks, how often, and whether it was asked before."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import anyio
from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from lineshaft.core import BadInput, Fault, LineshaftError, Words
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.http import guard, problems
from lineshaft.faces.http.rates import Turnstile
from lineshaft.store.site import Fresh, InProgress, OtherRequest, Site, Stored, Who
from lineshaft.store.site.once import request_digest

KEY_MAX = 200
FIRST_PAUSE_S, LAST_PAUSE_S = 0.02, 0.5
KEPT_HEADERS = ("content-type", "location")
PUBLIC = "public"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_bearer = HTTPBearer(auto_error=False, description="An API token made under `/v1/tokens`.")


class ApiRoute(APIRoute):
    """A route for people who are signed in (unless tagged `public`); changes with an `Idempotency-Key` happen once."""

    def get_route_handler(self) -> Handler:
        """The endpoint with what comes before it."""
        endpoint = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if PUBLIC in self.tags:
                return await endpoint(request)
            try:
                who = await guard.who(request)
                turnstile: Turnstile = request.app.state.turnstile
                await turnstile.person(who.token or who.name)
                key = request.headers.get("idempotency-key")
                if key is None or request.method in guard.SAFE:
                    return await endpoint(request)
                return await _once(request, who, key, endpoint)
            except LineshaftError as error:
                return problems.answer_to(request, error)

        return handle


async def _once(request: Request, who: Who, key: str, endpoint: Handler) -> Response:
    """Act on a request at its first coming; later ones get the stored answer. Refusals are not stored."""
    if not 1 <= len(key) <= KEY_MAX or not key.isprintable():
        words = Words(f"must be 1 to {KEY_MAX} visible characters", f"须为 1-{KEY_MAX} 个可见字符")
        raise BadInput([Fault("header", (), "Idempotency-Key", key[:KEY_MAX], "length", words)])
    once = request.app.state.site.once
    target = request.url.path + "?" + request.url.query
    digest = request_digest(request.method, target, await request.body())
    pause_s = FIRST_PAUSE_S
    while isinstance(begun := await run_in_threadpool(once.begin, who, key, digest), InProgress):
        await anyio.sleep(min(begun.wait_s, pause_s))
        pause_s = min(2 * pause_s, LAST_PAUSE_S)
    if isinstance(begun, OtherRequest):
        words = Words("was used for another request", "已用于另一个请求")
        raise BadInput([Fault("header", (), "Idempotency-Key", key, "other_request", words)])
    if isinstance(begun, Stored):
        return Response(begun.body, begun.status, {**begun.headers, "Idempotency-Replayed": "true"})
    return await _first(request, begun, endpoint)


async def _first(request: Request, fresh: Fresh, endpoint: Handler) -> Response:
    once = request.app.state.site.once
    request.state.operation = fresh.operation
    try:
        response = await endpoint(request)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(once.let_go, fresh)
        raise
    if response.status_code >= 300:
        await run_in_threadpool(once.let_go, fresh)
        return response
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    kept = getattr(request.state, "kept_body", response.body)
    await run_in_threadpool(once.finish, fresh, response.status_code, headers, bytes(kept))
    return response


async def person(request: Request, _shown: Annotated[Any, Depends(_bearer)] = None) -> Who:
    """The person who asks; the route has found out."""
    who: Who = request.state.who
    return who


async def site_of(request: Request) -> Site:
    """The site that is served."""
    site: Site = request.app.state.site
    return site


Person = Annotated[Who, Depends(person)]
AtSite = Annotated[Site, Depends(site_of)]
WorksId = Annotated[
    str, Path(description="Name of the works in addresses.", examples=["crane-works"], max_length=40)
]


def desk_of(works: WorksId, who: Person, site: AtSite) -> Desk:
    """What the person may do at the works of the address; Missing when they may not even know of it."""
    return Desk(site, works, who)


async def operation(
    request: Request,
    _key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Any text that names this request. The same request under the same key is acted on once, "
            "however often it is sent; later ones get the first answer (kept for 7 days).",
            examples=["3f0e6c1e-plan-monday"],
            max_length=KEY_MAX,
            min_length=1,
        ),
    ] = None,
) -> str:
    """What names this request in the works, "" without an `Idempotency-Key`."""
    named: str = getattr(request.state, "operation", "")
    return named


AtDesk = Annotated[Desk, Depends(desk_of)]
Operation = Annotated[str, Depends(operation)]
TableName = Annotated[str, Path(description="Name of a table.", examples=["work_order"], max_length=80)]
EngineName = Annotated[str, Path(description="Name of an engine.", examples=["make.schedule"], max_length=80)]
RunId = Annotated[str, Path(description="A run.", examples=["r1"], max_length=20)]
Key = Annotated[
    list[str],
    Query(
        description="Primary key of the row, one `key` for each of its columns in order.",
        examples=[["WO-1001", "10"]],
        max_length=8,
    ),
]
Offset = Annotated[int, Query(ge=0, le=10**9, description="Rows to skip.")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Rows to give.")]
Language = Annotated[str, Query(pattern="^(zh|en)$", description="Language of headings: zh or en.")]
