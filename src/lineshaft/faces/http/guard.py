"""The gate of every request: whose it is, whether a page of ours sent it, and what browsers are told.

`install(app, site, origin)` puts the gate in front of an application; `who` is the dependency of every endpoint.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineshaft.core import LineshaftError, NotAllowed, Refused, Words
from lineshaft.faces.http.oidc import Provider
from lineshaft.store.site import Site, Who
from lineshaft.store.site.secret import same
from lineshaft.store.site.sessions import ABSOLUTE_S

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
FORM_FIELD, FORM_HEADER = "csrf", "X-CSRF-Token"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000; includeSubDomains"


class NotSignedIn(LineshaftError):
    """Nobody is signed in, or the session or token is no longer valid."""

    exit_code = 6
    status = 401

    def __init__(self) -> None:
        super().__init__("Please sign in.", "请先登录。")


class Forged(NotAllowed):
    """A change that no page of ours sent."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "This request did not come from a page of this workbench; open the page again and repeat it.",
            "该请求并非来自本工作台页面;请重新打开页面后再试。",
        )


class TooMany(LineshaftError):
    """Asked too often; `wait_s` says when to try again."""

    exit_code = 5
    status = 429

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        seconds = max(1, round(wait_s + 0.5))
        super().__init__(
            f"Too many attempts; try again in {seconds} s.", f"操作过于频繁,请在 {seconds} 秒后重试。"
        )


@dataclass(frozen=True)
class Gate:
    """How the workbench is reached.

    Parameters
    ----------
    site : Site
        Whose people may enter.
    origin : str
        Scheme, host and port that browsers use, e.g. ``https://plan.example.com``.
    hosts : frozenset of str
        Further host names, without port, that it answers to. On loopback it answers to every loopback name.
    provider : Provider, optional
        The firm's own sign-in service.

    Raises
    ------
    Refused
        Passwords would cross a network without TLS.
    """

    site: Site
    origin: str
    hosts: frozenset[str] = frozenset()
    provider: Provider | None = None

    def __post_init__(self) -> None:
        if not self.secure and host_name(urlsplit(self.origin).netloc) not in LOOPBACK_NAMES:
            raise Refused(
                f"{self.origin} would carry passwords in the clear: put a TLS proxy before the workbench and give "
                "its https address, or stay on 127.0.0.1.",
                f"{self.origin} 会以明文传输密码:请在工作台前配置 TLS 反向代理并使用 https 地址,或仅监听 127.0.0.1。",
            )

    @property
    def secure(self) -> bool:
        """True when browsers come through TLS."""
        return urlsplit(self.origin).scheme == "https"

    @property
    def cookie(self) -> str:
        """The session cookie's name; `__Host-` binds it to this host, and browsers accept that under TLS only."""
        return "__Host-lineshaft" if self.secure else "lineshaft"

    def knows(self, host: str) -> bool:
        """True for a Host header that names this workbench."""
        name = host_name(host)
        own = host_name(urlsplit(self.origin).netloc)
        return name == own or name in self.hosts or (own in LOOPBACK_NAMES and name in LOOPBACK_NAMES)

    def is_ours(self, origin: str, host: str) -> bool:
        """True for an Origin header of a page of ours, as reached through `host`."""
        parts = urlsplit(origin)
        return parts.netloc.lower() == host.lower() and parts.scheme == urlsplit(self.origin).scheme


def install(
    app: FastAPI,
    site: Site,
    origin: str = "http://127.0.0.1:8000",
    hosts: Iterable[str] = (),
    provider: Provider | None = None,
) -> Gate:
    """Put the gate before every route of `app`, as the outermost middleware; `app.state.gate` is it."""
    gate = Gate(site, origin.rstrip("/"), frozenset(host.lower() for host in hosts), provider)
    app.state.site = site
    app.state.gate = gate
    app.add_middleware(GateKeeper, gate=gate)
    return gate


async def who(request: Request) -> Who:
    """The person of a request, from an `Authorization: Bearer` token or a session cookie.

    Raises
    ------
    NotSignedIn
        Neither, or no longer valid.
    Forged
        A change in a session without the session's form token.
    """
    found = await who_or_none(request)
    if found is None:
        raise NotSignedIn
    return found


async def who_or_none(request: Request) -> Who | None:
    """As `who`, but None for nobody."""
    gate: Gate = request.app.state.gate
    secret = bearer(request.headers)
    if secret is not None:
        found = await run_in_threadpool(gate.site.who_of_token, secret)
    else:
        found = await run_in_threadpool(gate.site.who_of_session, session_secret(request))
        if found is not None and request.method not in SAFE:
            await _check_form_token(request)
    request.state.who = found
    return found


def login_address(request: Request) -> str:
    """Where somebody who is not signed in is sent, to come back to the page they asked for."""
    if request.method != "GET":
        return "/login"
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/login?next={quote(asked, safe='/')}"


def bearer(headers: Headers) -> str | None:
    """The token of an Authorization header; "" for another scheme, which signs nobody in; None without header."""
    if "authorization" not in headers:
        return None
    scheme, _, secret = headers["authorization"].partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def session_secret(request: Request) -> str:
    """What the session cookie holds, "" without one."""
    gate: Gate = request.app.state.gate
    return request.cookies.get(gate.cookie, "")


def csrf(request: Request) -> str:
    """What forms (field `csrf`) and scripts (header `X-CSRF-Token`) of this session must carry."""
    gate: Gate = request.app.state.gate
    return gate.site.sessions.form_token(session_secret(request))


def set_session(request: Request, response: Response, secret: str) -> None:
    """Hand a session to the browser."""
    gate: Gate = request.app.state.gate
    response.set_cookie(
        gate.cookie, secret, max_age=ABSOLUTE_S, path="/", secure=gate.secure, httponly=True, samesite="lax"
    )


def drop_session(request: Request, response: Response) -> None:
    """Take the session from the browser, and what it has kept of our pages."""
    gate: Gate = request.app.state.gate
    response.delete_cookie(gate.cookie, path="/", secure=gate.secure, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def from_loopback(request: Request) -> bool:
    """True when the request comes from this machine itself and not through a proxy on it."""
    forwarded = {"forwarded", "x-forwarded-for", "x-real-ip", "via"} & set(request.headers)
    if (
        forwarded
        or request.client is None
        or host_name(request.headers.get("host", "")) not in LOOPBACK_NAMES
    ):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str:
    """A Host header without its port, in lower case."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


async def _check_form_token(request: Request) -> None:
    given: Any = request.headers.get(FORM_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(FORMS):
        given = (await request.form()).get(FORM_FIELD)
    if not isinstance(given, str) or not same(given, csrf(request)):
        raise Forged


class GateKeeper:
    """ASGI middleware: host and origin of requests, headers of answers."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._gate.secure)
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)
        if refusal is not None:
            await answer.refuse(*refusal)
            return
        await self._app(scope, receive, answer)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, Words] | None:
        host = headers.get("host", "")
        if not self._gate.knows(host):
            return 421, Words("This workbench has another address.", "工作台不使用此地址。")
        if method not in SAFE and bearer(headers) is None and not self._same_origin(headers, host):
            return 403, Forged().words
        return None

    def _same_origin(self, headers: Headers, host: str) -> bool:
        """A change without a token: browsers say where it comes from, and only our own pages may send it."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is None and origin is None:
            return self._gate.cookie not in _cookies(headers)
        return site in (None, "same-origin") and (origin is None or self._gate.is_ours(origin, host))


class _Answer:
    """Sends an answer with the headers that all of ours have."""

    def __init__(self, send: Send, secure: bool) -> None:
        self._send = send
        self._secure = secure

    async def __call__(self, message: Message) -> None:
        """Send one message on."""
        if message["type"] == "http.response.start":
            self._complete(message)
        await self._send(message)

    def _complete(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        if self._secure:
            headers["Strict-Transport-Security"] = HSTS

    async def refuse(self, status: int, words: Words) -> None:
        """Answer in plain text, without the application."""
        body = f"{words.zh}\n{words.en}\n".encode()
        head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await self({"type": "http.response.start", "status": status, "headers": head})
        await self({"type": "http.response.body", "body": body})


def _cookies(headers: Headers) -> set[str]:
    try:
        return set(SimpleCookie(headers.get("cookie", "")))
    except CookieError:
        return set()
