"""Ways in: streamable HTTP inside the workbench, and stdio for an agent on the same machine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lineshaft.core import Missing, Words
from lineshaft.faces.mcp.seat import WHO
from lineshaft.faces.mcp.server import Agents

if TYPE_CHECKING:
    from lineshaft.store.site import Site, Who

NO_TOKEN = Words(
    "Send a valid token: Authorization: Bearer …; the page of tokens makes one.",
    "请提供有效令牌:Authorization: Bearer …;可在令牌页面创建。",
)


class HttpFace:
    """An ASGI app for one address: stateless streamable HTTP, for holders of an API token only.

    A token has to be sent with every request and browsers send none by themselves, so neither cookies nor forged
    requests nor rebound host names can get in here. Run it inside `running()`.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.server = Agents(site)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this lasts, requests are answered."""
        anywhere = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self.server.streamable_http_app(stateless_http=True, transport_security=anywhere)
        async with self.server.session_manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        header = Request(scope).headers.get("authorization", "")
        kind, _, secret = header.partition(" ")
        who = None
        if kind.lower() == "bearer":
            who = await anyio.to_thread.run_sync(self._site.who_of_token, secret.strip())
        if who is None:
            await _unauthorized()(scope, receive, send)
            return
        await self.server.session_manager.handle_request({**scope, WHO: who}, receive, send)


def http_app(site: Site) -> HttpFace:
    """The agents' face of a site for `/mcp`."""
    return HttpFace(site)


def _person_of(site: Site, name: str) -> Callable[[], Who]:
    """Looks the person up at every call: roles may change, and people leave."""

    def person() -> Who:
        who = site.who(name)
        if who is None:
            raise Missing(f"There is no person named {name}.", f"没有名为 {name} 的用户。")
        return who

    return person


def _unauthorized() -> Response:
    body = {
        "title": "NotSignedIn",
        "status": 401,
        "detail": NO_TOKEN.en,
        "en": NO_TOKEN.en,
        "zh": NO_TOKEN.zh,
    }
    return Response(
        json.dumps(body, ensure_ascii=False),
        status_code=401,
        media_type="application/problem+json",
        headers={"WWW-Authenticate": 'Bearer realm="lineshaft"'},
    )


def run_stdio(folder: Path, name: str) -> None:
    """`lineshaft mcp SITE`: answer on standard input and output in one person's name until the input ends.

    The worker begins when the SDK has taken standard output for itself, so that nothing else is written there.
    """
    from lineshaft.faces.desk.crew import Crew
    from lineshaft.store.site import Site

    with Site.open(folder) as site:
        person = _person_of(site, name or the_only_person(site))
        person()

        @asynccontextmanager
        async def crew(_: Agents) -> AsyncIterator[None]:
            with Crew(site.folder, 1):
                yield

        anyio.run(Agents(site, person, crew).run_stdio_async)


def the_only_person(site: Site) -> str:
    """Whose name an agent works in when none is given.

    Raises
    ------
    Missing
        There are several people, or none.
    """
    names = [person.name for person in site.people.list() if not person.disabled]
    if len(names) != 1:
        among = ", ".join(names) or "-"
        raise Missing(f"Say in whose name: --user NAME ({among}).", f"请用 --user 指定用户({among})。")
    return names[0]
