"""Signing in, one's own password and tokens; people, roles and the audit trail for administrators."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from lineshaft.core import BadInput, LineshaftError, NotAllowed
from lineshaft.faces.web.view import SiteView, View, go, login_page
from lineshaft.store.site.filters import RowFilter
from lineshaft.store.site.who import ACTIONS, ROLE_WORDS
from lineshaft.tables import TABLES

router = APIRouter(include_in_schema=False)
AUDIT_SHOWN = 100
DAYS = (7, 30, 90, 365)


@router.get("/login")
def login(request: Request) -> Response:
    """The sign-in form."""
    return login_page(View(request))


@router.get("/account")
def account(view: SiteView) -> Response:
    """One's own password and tokens."""
    return _account(view)


@router.post("/account/tokens")
def make_token(
    view: SiteView,
    label: Annotated[str, Form()] = "",
    days: Annotated[int, Form()] = 30,
    scope: Annotated[list[str], Form()] = [],  # noqa: B006
    works: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:
    """A new token; its secret is shown this once."""
    assert view.person is not None
    site = view.site
    try:
        expires = site.now() + timedelta(days=min(max(days, 1), 366))
        secret = site.tokens.make(label.strip(), view.person, works or None, scope, expires)
    except BadInput as error:
        return _account(view, faults=error.faults, status=422)
    return _account(view, secret=secret)


@router.post("/account/tokens/{token_id}/revoke")
def revoke(view: SiteView, token_id: str) -> Response:
    """Make one's own token useless; an administrator's may be anybody's."""
    assert view.person is not None
    own = {token.token_id for token in view.site.tokens.list(view.person.name)}
    if token_id not in own and not view.person.governs:
        raise NotAllowed("This token is not yours.", "该令牌不属于您。")
    view.site.tokens.revoke(token_id, view.person.name)
    return go("/account" if token_id in own else "/people")


def _account(view: View, secret: str = "", faults: list[object] | None = None, status: int = 200) -> Response:
    assert view.person is not None
    person = view.site.people.find(view.person.name)
    return view.page(
        "account.html",
        status=status,
        own=person,
        tokens=view.site.tokens.list(person.name),
        secret=secret,
        faults=faults or [],
        scopes=ACTIONS,
        days=DAYS,
        now=view.site.now(),
        entries=view.works_list(),
    )


@router.get("/people")
def people(view: SiteView) -> Response:
    """Everybody, their roles and tokens."""
    return _people(view)


@router.post("/people")
def add(
    view: SiteView,
    name: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """A new person."""
    _govern(view)
    return _done(view, lambda by: view.site.people.add(name, password or None, by=by, title=title))


@router.post("/people/{name}/state")
def state(view: SiteView, name: str, do: Annotated[str, Form()] = "") -> Response:
    """Shut a person out, let them in, give or take the administration of the site."""
    _govern(view)
    site = view.site
    acts = {
        "disable": lambda by: site.people.disable(name, by=by),
        "enable": lambda by: site.people.enable(name, by=by),
        "admin": lambda by: site.people.change(name, by=by, admin=True),
        "no-admin": lambda by: site.people.change(name, by=by, admin=False),
    }
    return _done(view, acts.get(do, lambda _by: None))


@router.post("/people/{name}/password")
def password(view: SiteView, name: str, new: Annotated[str, Form()] = "") -> Response:
    """Set somebody's password; their sessions end."""
    _govern(view)
    return _done(view, lambda by: view.site.people.set_password(name, new, by=by))


@router.post("/people/{name}/roles")
def role(
    view: SiteView,
    name: str,
    works: Annotated[str, Form()],
    role: Annotated[str, Form()] = "",
    column: Annotated[str, Form()] = "",
    values: Annotated[str, Form()] = "",
) -> Response:
    """Give a role on a works in place of the present one, or take it away; a partner sees the rows named."""
    _govern(view)
    grants = view.site.grants
    if not role:
        return _done(view, lambda by: grants.take(works, name, by=by))
    table, _, of = column.partition(".")
    named = tuple(part.strip() for part in values.replace(",", ",").split(",") if part.strip())
    rows = RowFilter(table, of, named) if role == "partner" else None
    return _done(view, lambda by: grants.give(works, name, role, rows, by=by))


@router.get("/audit")
def audit(view: SiteView, before: int | None = None, who: str = "", action: str = "") -> Response:
    """Who did what, newest first."""
    _govern(view)
    entries = view.site.audit.page(before, AUDIT_SHOWN, who.strip() or None, action.strip() or None)
    return view.page("audit.html", "audit", entries=entries, who=who, action=action, size=AUDIT_SHOWN)


def _people(view: View, faults: LineshaftError | None = None, status: int = 200) -> Response:
    _govern(view)
    site = view.site
    named = site.people.list()
    return view.page(
        "people.html",
        "people",
        status=status,
        people=[(one, site.grants.of_person(one.name)) for one in named],
        entries=view.works_list(),
        roles=ROLE_WORDS,
        columns=[
            f"{table}.{column}"
            for table in ("work_order", "customer", "item")
            for column in TABLES[table].column_names()
        ],
        problem=faults,
    )


def _done(view: View, act: object) -> Response:
    """Do it, and show the people; or show them with what is wrong."""
    assert view.person is not None
    try:
        act(view.person.name)  # type: ignore[operator]
    except LineshaftError as error:
        return _people(view, error, 422)
    return go("/people")


def _govern(view: View) -> None:
    if view.person is None or not view.person.governs:
        raise NotAllowed("Only an administrator of the site may see this.", "仅站点管理员可查看此页。")
