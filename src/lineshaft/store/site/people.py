"""The people of a site: names, passwords, and the identities that a sign-in service knows them by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from lineshaft.core import BadInput, Fault, Missing, Refused, Words
from lineshaft.store.database import Database
from lineshaft.store.site.audit import Audit
from lineshaft.store.site.passwords import Hasher, Rules
from lineshaft.store.site.schema import IDENTITY, PERSON, SESSION, TOKEN

NAME = re.compile(r"[^\W_][\w.@+-]{0,63}")


@dataclass(frozen=True)
class Person:
    """A person without the password; `name` signs in, `title` is shown."""

    name: str
    title: str
    admin: bool
    disabled: bool
    has_password: bool
    created: datetime


class People:
    """Add, change and disable people; nobody is ever deleted, since the audit names them."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        now: Callable[[], datetime],
        rules: Rules,
        hasher: Hasher | None = None,
    ) -> None:
        self._database = database
        self._audit = audit
        self._now = now
        self._rules = rules
        self._hasher = hasher

    def add(
        self, name: str, password: str | None = None, *, by: str, title: str = "", admin: bool = False
    ) -> Person:
        """A new person; without a password they sign in through OIDC or a link only.

        Raises
        ------
        BadInput
            The name or the password breaks a rule.
        Refused
            The name is taken.
        """
        name = canonical_name(name)
        if password is not None:
            self._rules.check(password, name)
        row = {
            "name": name,
            "title": title.strip()[:200] or name,
            "password": None if password is None else self._hash(password),
            "admin": admin,
            "disabled": False,
            "created": self._now().timestamp(),
        }

        def store(connection: sa.Connection) -> None:
            if connection.execute(sa.select(PERSON.c.name).where(PERSON.c.name == name)).first():
                raise Refused(f"There is already a person named {name}.", f"已有名为 {name} 的用户。")
            connection.execute(PERSON.insert(), row)
            self._audit.note(connection, by, "add person", "", {"name": name, "admin": admin})

        self._database.write(store)
        return self.find(name)

    def find(self, name: str) -> Person:
        """A person by name.

        Raises
        ------
        Missing
            Nobody has this name.
        """
        row = self._row(name)
        if row is None:
            raise _nobody(name)
        return _person(row)

    def knows(self, name: str) -> bool:
        """True when somebody has this name."""
        return self._row(name) is not None

    def list(self) -> list[Person]:
        """Everybody, by name."""
        with self._database.reading() as connection:
            return [_person(row) for row in connection.execute(sa.select(PERSON).order_by(PERSON.c.name))]

    def change(self, name: str, *, by: str, title: str | None = None, admin: bool | None = None) -> None:
        """Change what is shown of a person, or whether they administer the site.

        Raises
        ------
        Missing
            Nobody has this name.
        Refused
            The last administrator would go.
        """
        values = {key: value for key, value in (("title", title), ("admin", admin)) if value is not None}
        self._update(name, values, by, "change person", values)

    def disable(self, name: str, *, by: str) -> None:
        """Shut a person out at once: sessions end, tokens are revoked. Raises as `change`."""
        self._update(name, {"disabled": True}, by, "disable person", {})

    def enable(self, name: str, *, by: str) -> None:
        """Let a person in again; sessions and tokens do not come back."""
        self._update(name, {"disabled": False}, by, "enable person", {})

    def set_password(self, name: str, password: str, *, by: str) -> None:
        """Set a password and end all sessions of the person.

        Raises
        ------
        BadInput
            The password breaks a rule.
        Missing
            Nobody has this name.
        """
        name = canonical_name(name)
        self._rules.check(password, name)
        self._update(name, {"password": self._hash(password)}, by, "set password", {})

    def check_password(self, name: str, password: str) -> bool:
        """True when an enabled person has this name and password; takes as long when there is no such person."""
        row = self._row(name)
        stored = row.password if row else None
        right = self._hashing().check(password, stored)
        if not (right and row and stored) or row.disabled:
            return False
        if self._hashing().is_old(stored):
            fresh = self._hash(password)
            mine = PERSON.update().where(PERSON.c.name == row.name, PERSON.c.password == stored)
            self._database.write(lambda connection: connection.execute(mine.values(password=fresh)))
        return True

    def link(self, issuer: str, subject: str, name: str, *, by: str) -> None:
        """Let the person of this issuer and subject sign in as `name`.

        Raises
        ------
        Missing
            Nobody has this name.
        Refused
            The identity already belongs to somebody.
        """
        person = self.find(name)

        def store(connection: sa.Connection) -> None:
            if connection.execute(_identity(issuer, subject)).first():
                raise Refused("This identity already belongs to a person.", "该身份已关联用户。")
            connection.execute(IDENTITY.insert(), {"issuer": issuer, "subject": subject, "name": person.name})
            told = {"name": person.name, "issuer": issuer, "subject": subject}
            self._audit.note(connection, by, "link identity", "", told)

        self._database.write(store)

    def linked(self, issuer: str, subject: str) -> Person | None:
        """The person an issuer knows by `subject`."""
        with self._database.reading() as connection:
            row = connection.execute(_identity(issuer, subject)).first()
        return None if row is None else self.find(row.name)

    def identities(self, name: str) -> Sequence[tuple[str, str]]:
        """Issuer and subject of every identity that signs in as this person."""
        wanted = sa.select(IDENTITY.c.issuer, IDENTITY.c.subject).where(IDENTITY.c.name == name)
        with self._database.reading() as connection:
            return [
                (row.issuer, row.subject) for row in connection.execute(wanted.order_by(IDENTITY.c.issuer))
            ]

    def _hash(self, password: str) -> str:
        return self._hashing().hash(password)

    def _hashing(self) -> Hasher:
        """Made when first needed: making one costs a hash."""
        if self._hasher is None:
            self._hasher = Hasher()
        return self._hasher

    def _row(self, name: str) -> Any:
        try:
            name = canonical_name(name)
        except BadInput:
            return None
        with self._database.reading() as connection:
            return connection.execute(sa.select(PERSON).where(PERSON.c.name == name)).first()

    def _update(
        self, name: str, values: dict[str, Any], by: str, action: str, details: dict[str, Any]
    ) -> None:
        person = self.find(name)

        def store(connection: sa.Connection) -> None:
            if values:
                connection.execute(PERSON.update().where(PERSON.c.name == person.name).values(values))
            _keep_an_admin(connection)
            if {"password", "disabled"} & set(values):
                connection.execute(SESSION.delete().where(SESSION.c.name == person.name))
            if values.get("disabled"):
                live = TOKEN.update().where(TOKEN.c.name == person.name, TOKEN.c.revoked.is_(None))
                connection.execute(live.values(revoked=self._now().timestamp()))
            self._audit.note(connection, by, action, "", {"name": person.name, **details})

        self._database.write(store)


def canonical_name(name: str) -> str:
    """The one form of a sign-in name: lower case, compatible characters made equal.

    Raises
    ------
    BadInput
        Empty, over 64 characters, or with other marks than ``. _ @ + -``.
    """
    canonical = unicodedata.normalize("NFKC", name.strip()).casefold()
    if not NAME.fullmatch(canonical):
        words = Words(
            "must be 1 to 64 letters, digits or . _ @ + - and begin with a letter or digit",
            "须为 1-64 个文字、字母、数字或 . _ @ + -,且以文字、字母或数字开头",
        )
        raise BadInput([Fault("person", (), "name", name, "name", words)])
    return canonical


def _keep_an_admin(connection: sa.Connection) -> None:
    admins = sa.select(sa.func.count()).select_from(PERSON)
    left = connection.execute(admins.where(PERSON.c.admin, sa.not_(PERSON.c.disabled))).scalar_one()
    if not left:
        raise Refused("A site needs an administrator.", "至少须保留一名管理员。")


def _identity(issuer: str, subject: str) -> sa.Select[tuple[str]]:
    return sa.select(IDENTITY.c.name).where(IDENTITY.c.issuer == issuer, IDENTITY.c.subject == subject)


def _nobody(name: str) -> Missing:
    return Missing(f"There is no person named {name}.", f"没有名为 {name} 的用户。")


def _person(row: Any) -> Person:
    return Person(
        row.name,
        row.title,
        row.admin,
        row.disabled,
        row.password is not None,
        datetime.fromtimestamp(row.created, UTC),
    )
