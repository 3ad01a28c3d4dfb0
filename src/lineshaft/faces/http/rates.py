"""How often somebody may ask: buckets in the site's store, drawn from in small lots so that reading stays cheap."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from lineshaft.core import LineshaftError
from lineshaft.faces.http.guard import TooMany
from lineshaft.faces.http.problems import answer_to
from lineshaft.store.site import Site

LOT_SHARE = 0.05
REMEMBERED = 10_000


@dataclass(frozen=True)
class Rates:
    """Requests in a second that go on for ever, and at once: of one person or token, and of one address."""

    person_per_s: float = 20.0
    person_burst: float = 400.0
    address_per_s: float = 200.0
    address_burst: float = 2_000.0


class Turnstile:
    """Lets requests through as `Rates` say. What is left of a lot is lost when the server stops."""

    def __init__(self, site: Site, rates: Rates) -> None:
        self._site = site
        self._rates = rates
        self._left: OrderedDict[str, int] = OrderedDict()
        self._lock, self._drawing = threading.Lock(), threading.Lock()

    async def person(self, name: str) -> None:
        """One request of a person or token.

        Raises
        ------
        TooMany
            Not now.
        """
        await self._pass(f"person:{name}", self._rates.person_per_s, self._rates.person_burst)

    async def address(self, address: str) -> None:
        """One request from an address. Raises as `person`."""
        await self._pass(f"address:{address}", self._rates.address_per_s, self._rates.address_burst)

    async def _pass(self, key: str, rate_per_s: float, burst: float) -> None:
        if not self._spend(key):
            await run_in_threadpool(self._draw, key, rate_per_s, burst)

    def _draw(self, key: str, rate_per_s: float, burst: float) -> None:
        with self._drawing:
            if self._spend(key):
                return
            lot = max(1, int(LOT_SHARE * burst))
            wait_s = self._site.limits.take(key, lot, rate_per_s, burst)
            if wait_s > 0:
                raise TooMany(wait_s)
            with self._lock:
                self._left[key] = self._left.get(key, 0) + lot - 1
                self._left.move_to_end(key)
                if len(self._left) > REMEMBERED:
                    self._left.popitem(last=False)

    def _spend(self, key: str) -> bool:
        with self._lock:
            left = self._left.get(key, 0)
            if not left:
                return False
            self._left[key] = left - 1
            self._left.move_to_end(key)
            return True


class AddressGate:
    """ASGI middleware: no more than its share of requests from any address."""

    def __init__(self, app: ASGIApp, turnstile: Turnstile) -> None:
        self._app = app
        self._turnstile = turnstile

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer that there were too many."""
        if scope["type"] == "http" and scope.get("client"):
            try:
                await self._turnstile.address(scope["client"][0])
            except LineshaftError as error:
                await answer_to(Request(scope), error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
