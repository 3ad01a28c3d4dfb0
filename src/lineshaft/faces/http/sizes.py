"""How much a request may bring: files more than anything else, counted as they come, whatever the header says."""

from __future__ import annotations

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineshaft.faces.http.problems import KINDS, answer

MEGABYTE = 1 << 20
USUAL_MAX_MB = 8
FILE_MAX_MB = 101


class Sizes:
    """ASGI middleware that stops reading a body past its limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer that it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        is_file = request.headers.get("content-type", "").startswith("multipart/form-data")
        most = (FILE_MAX_MB if is_file else USUAL_MAX_MB) * MEGABYTE
        length = request.headers.get("content-length", "0")
        read, started = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413)
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if not length.isdecimal() or int(length) > most:
                raise HTTPException(413)
            await self._app(scope, counted, noted)
        except HTTPException as error:
            if started or error.status_code != 413:
                raise
            await answer(request, 413, KINDS[413][1])(scope, receive, send)
