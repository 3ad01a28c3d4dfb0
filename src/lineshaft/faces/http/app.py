"""The workbench as one ASGI application: API, agents and pages around one site."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

import lineshaft
from lineshaft.faces.desk.uploads import Uploads
from lineshaft.faces.http import (
    boards,
    decisions,
    engines,
    events,
    guard,
    health,
    imports,
    login,
    people,
    problems,
    runs,
    tables,
    works,
)
from lineshaft.faces.http.agents import AgentsLater
from lineshaft.faces.http.asking import ApiRoute
from lineshaft.faces.http.models import Problem
from lineshaft.faces.http.oidc import Provider
from lineshaft.faces.http.rates import AddressGate, Rates, Turnstile
from lineshaft.faces.http.sizes import Sizes
from lineshaft.faces.web import pages
from lineshaft.store.site import Site

ROUTERS = (health, works, engines, tables, imports, runs, events, decisions, boards, people)
ERRORS = {
    400: "The request cannot be read: its body is no text.",
    401: "Nobody is signed in, or the token is not valid.",
    403: "The person may not do this.",
    404: "There is no such thing, or none that the person may see.",
    409: "The present state does not allow it.",
    413: "The request is too large.",
    422: "The request breaks rules; `faults` names each place.",
    429: "Too many requests; `Retry-After` says when to come again.",
    503: "The store is not ready; `Retry-After` says when to come again.",
}
TAGS = {
    "works": "Who asks, which works there are, what needs somebody today. / 概况与待办",
    "engines": "What can be decided, from which tables, with which parameters. / 功能",
    "tables": "Rows: page, change, take away. / 数据表",
    "imports": "Files in, with a preview of every bad cell. / 导入",
    "runs": "Proposals: ask for them, watch, read and compare. / 运行与方案",
    "decisions": "Accept, undo, change by hand. / 决策",
    "boards": "Data of boards. / 看板",
    "tokens": "Tokens of one's own. / 令牌",
    "people": "People, roles and the audit trail. / 用户、角色与审计",
    "public": "What needs no sign-in. / 公开信息",
}
DESCRIPTION = """\
Tables in, proposals out, decisions accepted: what pages and agents use, for your own programs.

**Sign in** with `Authorization: Bearer TOKEN`; a person makes tokens with scope and expiry under `/v1/tokens`.
**Ask twice safely**: send an `Idempotency-Key` with every change; a retry gets the first answer.
**Errors** are `application/problem+json` (RFC 9457) in English and Chinese; `faults` names table, row and column.
**Times** are UTC text such as `2026-03-02T06:00:00Z`.

每个更改请求请带上 `Idempotency-Key`,可放心重试;出错时以中英文说明,并逐处指出表、行、列。
"""


def create_app(
    site: Site,
    *,
    origin: str = "http://127.0.0.1:8000",
    hosts: Iterable[str] = (),
    provider: Provider | None = None,
    rates: Rates | None = None,
) -> FastAPI:
    """The workbench of a site. Runs are computed by a `Crew`, which is started beside it.

    Parameters
    ----------
    origin, hosts, provider
        How browsers reach it and who else signs people in; see `guard.install`.
    rates
        How often a person and an address may ask.
    """
    mcp = AgentsLater(site)

    @asynccontextmanager
    async def living(_app: FastAPI) -> AsyncIterator[None]:
        async with mcp.running():
            yield

    app = FastAPI(
        title="Lineshaft",
        version=lineshaft.__version__,
        summary="From a works' tables to decisions that people can check, accept and trace.",
        description=DESCRIPTION,
        lifespan=living,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.openapi = lambda: _describe(app)  # type: ignore[method-assign]
    app.state.turnstile = Turnstile(site, rates or Rates())
    app.state.uploads = Uploads(site.folder / "uploads")
    app.include_router(_api())
    app.include_router(login.router, include_in_schema=False)
    app.include_router(pages.router, include_in_schema=False)
    app.router.routes.append(Route("/mcp", mcp, include_in_schema=False))
    problems.install(app)
    app.add_middleware(Sizes)
    app.add_middleware(AddressGate, turnstile=app.state.turnstile)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    guard.install(app, site, origin, hosts, provider)
    return app


def _api() -> APIRouter:
    """Every operation under `/v1`, its errors declared."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    told = {status: {"description": said, "content": problem} for status, said in ERRORS.items()}
    api = APIRouter(prefix="/v1", route_class=ApiRoute, responses=told)
    for module in ROUTERS:
        api.include_router(module.router)
    return api


def _operation_id(route: APIRoute) -> str:
    return route.name


def _describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document; errors refer to one schema, which no operation returns by itself."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
            tags=[{"name": name, "description": said} for name, said in TAGS.items()],
        )
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = problem.pop("$defs")
        document["components"]["schemas"] |= {"Problem": problem, **parts}
        app.openapi_schema = document
    return app.openapi_schema
