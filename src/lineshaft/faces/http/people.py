"""Tokens of one's own; people, roles and the audit trail for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, Field

from lineshaft.core import Missing, NotAllowed
from lineshaft.faces.http.asking import ApiRoute, AtSite, Limit, Operation, Person, WorksId
from lineshaft.faces.http.models import Asked, Text, Told
from lineshaft.store.site import RowFilter, Token, Who
from lineshaft.store.site.grants import Grant
from lineshaft.store.site.people import Person as Somebody

router = APIRouter(route_class=ApiRoute)
Action = Literal["read", "write", "plan", "accept", "admin"]
Role = Literal["viewer", "partner", "planner", "manager", "admin"]
Name = Annotated[str, Path(description="A person's sign-in name.", examples=["ann"], max_length=64)]
Label = Annotated[str, Field(max_length=80, examples=["night agent"])]


class TokenAsked(Asked):
    """A token that acts for the person who makes it."""

    label: Label
    scope: list[Action] = Field(min_length=1, max_length=5, examples=[["read", "plan"]])
    works: list[Annotated[str, Field(max_length=40)]] | None = Field(
        None, max_length=1_000, description="Only these works; none: all of the person's."
    )
    expires: AwareDatetime = Field(description="At most 366 days from now.")


class TokenTold(Told):
    """A token without its secret."""

    token: str
    name: str
    label: str
    scope: list[str]
    works: list[str] | None
    created: datetime
    expires: datetime
    revoked: datetime | None


class TokenMade(TokenTold):
    """A new token. The secret is shown this once; a repeated request gets none."""

    secret: str | None


class PersonAsked(Asked):
    """A new person. Without password they sign in through the firm's service or a link."""

    name: Annotated[str, Field(max_length=64, examples=["ann"])]
    title: Annotated[str, Field(max_length=200)] = ""
    password: Annotated[str, Field(max_length=1_000)] | None = None
    admin: bool = False


class PersonChanged(Asked):
    """What is to change of a person; what is not given stays."""

    title: Annotated[str, Field(max_length=200)] | None = Field(None, examples=["Ann Li"])
    admin: bool | None = None
    disabled: bool | None = None
    password: Annotated[str, Field(max_length=1_000)] | None = None


class RowFilterModel(Asked):
    """Of `table` only rows whose `column` holds one of `values`, and what belongs to them."""

    table: Text = Field(examples=["work_order"])
    column: Text = Field(examples=["customer_id"])
    values: list[Text] = Field(max_length=1_000, examples=[["C-01"]])


class RoleAsked(Asked):
    """A role on a works; partners need a row filter, others have none."""

    role: Role
    row_filter: RowFilterModel | None = None


class RoleTold(Told):
    """A person's role on a works."""

    works: str
    name: str
    role: str
    row_filter: RowFilterModel | None


class PersonTold(Told):
    """A person and their roles."""

    name: str
    title: str
    admin: bool
    disabled: bool
    has_password: bool
    created: datetime
    roles: list[RoleTold]


class AuditTold(Told):
    """Who did what, when, on which works ("" for the site itself)."""

    seq: int
    at: datetime
    who: str
    action: str
    works: str
    details: dict[str, Any]


@router.get("/tokens", tags=["tokens"], summary="My tokens / 我的令牌")
def list_tokens(who: Person, site: AtSite) -> list[TokenTold]:
    """The person's own, newest first, without their secrets."""
    return [TokenTold(**_token(token)) for token in site.tokens.list(who.name)]


@router.post("/tokens", status_code=201, tags=["tokens"], summary="Make a token / 新建令牌")
def make_token(
    who: Person, site: AtSite, request: Request, asked: TokenAsked, _request: Operation
) -> TokenMade:
    """A token can do no more than the person, and one made with a token no more than that token."""
    secret = site.tokens.make(asked.label, who, asked.works, asked.scope, asked.expires)
    token = site.tokens.find(secret)
    assert token is not None
    made = TokenMade(**_token(token), secret=None)
    request.state.kept_body = made.model_dump_json().encode()
    return made.model_copy(update={"secret": secret})


@router.delete("/tokens/{token}", status_code=204, tags=["tokens"], summary="Revoke a token / 作废令牌")
def revoke_token(
    who: Person,
    site: AtSite,
    token: Annotated[
        str, Path(description="A token's id, not its secret.", examples=["1a2b3c4d5e6f"], max_length=40)
    ],
    _request: Operation,
) -> None:
    """At once and for good. Administrators may revoke everybody's."""
    mine = {one.token_id for one in site.tokens.list(None if who.governs else who.name)}
    if token not in mine:
        raise Missing(f"There is no token {token}.", f"没有令牌 {token}。")
    site.tokens.revoke(token, by=who.name)


@router.get("/people", tags=["people"], summary="List the people / 用户列表")
def list_people(who: Person, site: AtSite) -> list[PersonTold]:
    """Everybody with their roles; for administrators."""
    _govern(who)
    return [_person(somebody, site.grants.of_person(somebody.name)) for somebody in site.people.list()]


@router.post("/people", status_code=201, tags=["people"], summary="Add a person / 新建用户")
def add_person(who: Person, site: AtSite, asked: PersonAsked, _request: Operation) -> PersonTold:
    """Somebody who may sign in; roles are given separately."""
    _govern(who)
    made = site.people.add(asked.name, asked.password, by=who.name, title=asked.title, admin=asked.admin)
    return _person(made, [])


@router.get("/people/{name}", tags=["people"], summary="One person / 用户")
def read_person(who: Person, site: AtSite, name: Name) -> PersonTold:
    """With their roles; for administrators."""
    _govern(who)
    return _person(site.people.find(name), site.grants.of_person(name))


@router.patch("/people/{name}", tags=["people"], summary="Change a person / 修改用户")
def change_person(
    who: Person, site: AtSite, name: Name, asked: PersonChanged, _request: Operation
) -> PersonTold:
    """Disabling ends their sessions and revokes their tokens at once; the last administrator stays."""
    _govern(who)
    if asked.title is not None or asked.admin is not None:
        site.people.change(name, by=who.name, title=asked.title, admin=asked.admin)
    if asked.password is not None:
        site.people.set_password(name, asked.password, by=who.name)
    if asked.disabled is not None:
        act = site.people.disable if asked.disabled else site.people.enable
        act(name, by=who.name)
    return read_person(who, site, name)


@router.get("/works/{works}/roles", tags=["people"], summary="Roles on a works / 工厂角色")
def list_roles(who: Person, site: AtSite, works: WorksId) -> list[RoleTold]:
    """Who has which role; for those who administer the works."""
    _administer(who, works)
    return [_role(grant) for grant in site.grants.of_works(works)]


@router.put("/works/{works}/roles/{name}", tags=["people"], summary="Give a role / 授予角色")
def give_role(
    who: Person, site: AtSite, works: WorksId, name: Name, asked: RoleAsked, _request: Operation
) -> RoleTold:
    """In place of the one the person had on this works."""
    _administer(who, works)
    wanted = asked.row_filter
    row_filter = wanted and RowFilter(wanted.table, wanted.column, tuple(wanted.values))
    schemas = site.open_works(works).catalog.schemas
    site.grants.give(works, name, asked.role, row_filter, by=who.name, schemas=schemas)
    return RoleTold(works=works, name=name, role=asked.role, row_filter=wanted)


@router.delete(
    "/works/{works}/roles/{name}", status_code=204, tags=["people"], summary="Take a role away / 收回角色"
)
def take_role(who: Person, site: AtSite, works: WorksId, name: Name, _request: Operation) -> None:
    """No error where the person has none."""
    _administer(who, works)
    site.grants.take(works, name, by=who.name)


@router.get("/audit", tags=["people"], summary="Audit trail / 审计")
def read_audit(
    who: Person,
    site: AtSite,
    before: Annotated[int | None, Query(ge=1, le=2**31, description="Only entries before this one.")] = None,
    limit: Limit = 50,
    by: Annotated[str | None, Query(max_length=64, description="Only of this person.")] = None,
    action: Annotated[str | None, Query(max_length=80, description="Only this action.")] = None,
    works: Annotated[str | None, Query(max_length=40, description="Only on this works.")] = None,
) -> list[AuditTold]:
    """Newest first; for administrators."""
    _govern(who)
    return [AuditTold(**vars(entry)) for entry in site.audit.page(before, limit, by, action, works)]


def _govern(who: Who) -> None:
    if not who.governs:
        raise NotAllowed("Only an administrator of the site may do this.", "仅站点管理员可执行此操作。")


def _administer(who: Who, works: str) -> None:
    if not who.may(works, "read"):
        raise Missing(f"There is no works {works!r}.", f"没有名为 {works!r} 的工厂。")
    if not who.may(works, "admin"):
        raise NotAllowed(
            "You may not administer here; ask an administrator.", "您在此没有管理的权限,请联系管理员。"
        )


def _token(token: Token) -> dict[str, Any]:
    return {
        "token": token.token_id,
        "name": token.name,
        "label": token.label,
        "scope": sorted(token.scope),
        "works": None if token.works is None else sorted(token.works),
        "created": token.created,
        "expires": token.expires,
        "revoked": token.revoked,
    }


def _person(somebody: Somebody, grants: list[Grant]) -> PersonTold:
    return PersonTold(**vars(somebody), roles=[_role(grant) for grant in grants])


def _role(grant: Grant) -> RoleTold:
    row_filter = grant.row_filter
    told = row_filter and RowFilterModel(
        table=row_filter.table, column=row_filter.column, values=list(row_filter.values)
    )
    return RoleTold(works=grant.works_id, name=grant.name, role=grant.role, row_filter=told)
