"""Signing in and out: password, the firm's service (OIDC), one-time links on this machine; one's own password.

`router` goes into the application; the page itself (`GET /login`) belongs to the pages.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from itertools import count
from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from lineshaft.core import BadInput, LineshaftError, Missing, NotAllowed
from lineshaft.faces.http import oidc
from lineshaft.faces.http.guard import (
    Gate,
    TooMany,
    drop_session,
    from_loopback,
    session_secret,
    set_session,
    who,
)
from lineshaft.store.site import Site, Who
from lineshaft.store.site.people import canonical_name

ROUND_S = 600
PER_PLACE = (1 / 30, 5)
PER_NAME = (1 / 10, 1_000)
PER_ADDRESS = (1.0, 100)
BACK = "/login/oidc/back"

router = APIRouter(include_in_schema=False)


class WrongPassword(LineshaftError):
    """Name and password do not belong together; which of them is wrong is not said."""

    exit_code = 6
    status = 401

    def __init__(self) -> None:
        super().__init__("Name or password is wrong.", "用户名或密码不正确。")


class LinkSpent(LineshaftError):
    """A one-time link that was used, has run out, or was opened from elsewhere."""

    exit_code = 6
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "This link no longer works, or not from here: it works once, for 15 minutes, on the workbench's own "
            "machine. `lineshaft link` makes a new one.",
            "该链接已失效或不能在此处使用:仅可在工作台所在的机器上使用一次,15 分钟内有效。可用 lineshaft link 重新生成。",
        )


@router.post("/login")
def sign_in(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Sign in by name and password."""
    site = _site(request)
    person = check(site, name, password, _address(request))
    return _enter(request, person, "password", next)


@router.post("/logout")
def sign_out(request: Request, person: Annotated[Who, Depends(who)]) -> Response:
    """End this session, here and in the browser."""
    site = _site(request)
    site.sessions.end(session_secret(request))
    site.audit.append(person.name, "sign out")
    answer = _to("/login")
    drop_session(request, answer)
    return answer


@router.post("/logout/everywhere")
def sign_out_everywhere(request: Request, person: Annotated[Who, Depends(who)]) -> Response:
    """End all sessions of this person but the present one."""
    site = _site(request)
    ended = site.sessions.end_all(person.name, keep=session_secret(request))
    site.audit.append(person.name, "sign out everywhere", "", {"sessions": ended})
    return _to("/")


@router.post("/account/password")
def change_password(
    request: Request,
    person: Annotated[Who, Depends(who)],
    current: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
) -> Response:
    """Set one's own password; who has one must give it. All sessions end and a new one begins here."""
    site = _site(request)
    if person.token:
        raise NotAllowed("A token cannot change passwords.", "令牌不可用于修改密码。")
    if site.people.find(person.name).has_password:
        check(site, person.name, current, _address(request))
    site.people.set_password(person.name, new, by=person.name)
    return _enter(request, person.name, "password", "/")


@router.get("/login/link")
def use_link(request: Request, key: str = "") -> Response:
    """Sign in by a one-time link, on the workbench's own machine."""
    _ration_address(request)
    site = _site(request)
    name = site.links.use(key) if from_loopback(request) else None
    if name is None:
        site.audit.append("", "refuse link", "", {"address": _address(request)})
        raise LinkSpent
    return _enter(request, name, "link", "/")


@router.get("/login/oidc")
async def to_service(request: Request, next: str = "/") -> Response:
    """Send the browser to the firm's sign-in service."""
    return await _begin(request, f"enter {next}")


@router.post("/account/link")
async def link_identity(request: Request, person: Annotated[Who, Depends(who)]) -> Response:
    """Let the person who is signed in sign in through the firm's service from now on."""
    return await _begin(request, f"link {person.name}")


@router.get(BACK)
async def from_service(request: Request) -> Response:
    """The browser comes back from the firm's sign-in service."""
    provider, gate = _provider(request), _gate(request)
    await run_in_threadpool(_ration_address, request)
    secret, _, purpose = request.cookies.get(_round_cookie(gate), "").partition(".")
    act, _, rest = unquote(purpose).partition(" ")
    site = gate.site
    try:
        identity = await run_in_threadpool(
            oidc.complete, provider, oidc.Round(secret), gate.origin + BACK, dict(request.query_params)
        )
        if act == "link":
            answer = await run_in_threadpool(_link, request, identity, rest)
        else:
            name = await run_in_threadpool(_person_of, site, provider, identity)
            answer = await run_in_threadpool(_enter, request, name, "oidc", rest)
    except oidc.SignInFailed as error:
        await run_in_threadpool(
            site.audit.append, "", "refuse sign-in", "", {"method": "oidc", "cause": error.cause}
        )
        raise
    answer.delete_cookie(_round_cookie(gate), path="/", secure=gate.secure, httponly=True, samesite="lax")
    return answer


def check(site: Site, name: str, password: str, address: str) -> str:
    """The person's name when the password is right; attempts are rationed by person and address.

    Raises
    ------
    WrongPassword
        Whatever of the two is wrong; unknown and disabled people get the same words after the same time.
    TooMany
        Too many attempts from this address, or for this name.
    """
    try:
        name = canonical_name(name)
    except BadInput:
        name = ""
    near = _neighbourhood(address)
    place = f"sign-in {name} {near}"
    _ration(site, place, PER_PLACE)
    _ration(site, f"sign-in {name}", PER_NAME)
    _ration(site, f"sign-in from {near}", PER_ADDRESS)
    if not site.people.check_password(name, password):
        told = {"method": "password", "name": name if site.people.knows(name) else "", "address": address}
        site.audit.append("", "refuse sign-in", "", told)
        raise WrongPassword
    site.limits.fill(place)
    return name


def first_link(site: Site, origin: str) -> str | None:
    """An address that lets the first administrator in, when nobody can yet; None once somebody can.

    A site without an administrator gets one named "admin", who has no password until they set one.
    """
    people = site.people.list()
    governing = [person for person in people if person.admin and not person.disabled]
    if any(person.has_password or site.people.identities(person.name) for person in governing):
        return None
    if not governing:
        taken = {person.name for person in people}
        name = next(name for n in count(1) if (name := "admin" if n == 1 else f"admin-{n}") not in taken)
        governing = [site.people.add(name, by="lineshaft", admin=True)]
    return link_address(site, origin, governing[0].name)


def link_address(site: Site, origin: str, name: str) -> str:
    """A one-time address that signs a person in, to be opened on this machine within 15 minutes."""
    return f"{origin}/login/link?key={site.links.make(name)}"


def safe_next(path: str) -> str:
    """Where to go after signing in: a path of ours, or the front page."""
    parts = urlsplit(path)
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain and not parts.netloc and not parts.scheme and "\\" not in path else "/"


def _enter(request: Request, name: str, method: str, next: str) -> Response:
    """A new session in place of the one the browser had."""
    site = _site(request)
    site.sessions.end(session_secret(request))
    secret = site.sessions.start(name, method)
    site.audit.append(name, "sign in", "", {"method": method, "address": _address(request)})
    answer = _to(safe_next(next))
    set_session(request, answer, secret)
    return answer


async def _begin(request: Request, purpose: str) -> Response:
    provider, gate = _provider(request), _gate(request)
    await run_in_threadpool(_ration_address, request)
    attempt = oidc.Round()
    answer = _to(await run_in_threadpool(oidc.begin, provider, attempt, gate.origin + BACK))
    answer.set_cookie(
        _round_cookie(gate),
        f"{attempt.secret}.{quote(purpose, safe='')}",
        max_age=ROUND_S,
        path="/",
        secure=gate.secure,
        httponly=True,
        samesite="lax",
    )
    return answer


def _person_of(site: Site, provider: oidc.Provider, identity: oidc.Identity) -> str:
    """Whose identity this is; somebody new may become a person without any role."""
    person = site.people.linked(identity.issuer, identity.subject)
    if person is None and provider.joins:
        try:
            person = site.people.add(identity.suggested, by="oidc")
        except LineshaftError as error:
            raise oidc.SignInFailed("name") from error
        site.people.link(identity.issuer, identity.subject, person.name, by="oidc")
    if person is None:
        raise oidc.SignInFailed("unknown")
    if person.disabled:
        raise oidc.SignInFailed("disabled")
    return person.name


def _link(request: Request, identity: oidc.Identity, name: str) -> Response:
    site = _site(request)
    asking = site.who_of_session(session_secret(request))
    if asking is None or asking.name != name:
        raise oidc.SignInFailed("session")
    site.people.link(identity.issuer, identity.subject, name, by=name)
    return _to("/")


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


def _site(request: Request) -> Site:
    return _gate(request).site


def _provider(request: Request) -> oidc.Provider:
    provider: oidc.Provider | None = _gate(request).provider
    if provider is None:
        raise Missing("No sign-in service is set up.", "未配置企业登录服务。")
    return provider


def _round_cookie(gate: Gate) -> str:
    return "__Host-lineshaft-round" if gate.secure else "lineshaft-round"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _ration(site: Site, key: str, limit: tuple[float, float]) -> None:
    rate_per_s, burst = limit
    wait_s = site.limits.take(key, 1, rate_per_s, burst)
    if wait_s:
        raise TooMany(wait_s)


def _ration_address(request: Request) -> None:
    """Ways in that need no name: each attempt costs us a question elsewhere or a line in the audit trail."""
    _ration(_site(request), f"sign-in from {_neighbourhood(_address(request))}", PER_ADDRESS)


def _neighbourhood(address: str) -> str:
    """What is rationed together: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ip_network((parsed, 64), strict=False))


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=303)
