"""The agents' face at `/mcp`, made beside the first requests: its packages take longest of all to load."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync
from starlette.types import Receive, Scope, Send

from lineshaft.store.site import Site

if TYPE_CHECKING:
    from lineshaft.faces.mcp import HttpFace


class AgentsLater:
    """An ASGI app that answers as soon as the face is there; run it inside `running()`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._face: HttpFace
        self._ready = anyio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this lasts, requests are answered."""
        self._ready = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._live)
            yield
            tasks.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._ready.wait()
        await self._face(scope, receive, send)

    async def _live(self) -> None:
        self._face = await run_sync(self._make, abandon_on_cancel=True)
        async with self._face.running():
            self._ready.set()
            await anyio.sleep_forever()

    def _make(self) -> HttpFace:
        from lineshaft.faces.mcp import http_app

        return http_app(self._site)
