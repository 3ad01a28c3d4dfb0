"""API tokens: what a program may do in a person's name, for which works, until when."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from lineshaft.core import BadInput, Fault, Missing, Words
from lineshaft.store.database import Database
from lineshaft.store.site.audit import Audit
from lineshaft.store.site.schema import PERSON, TOKEN
from lineshaft.store.site.secret import digest, new_secret
from lineshaft.store.site.who import ACTIONS, Who

LONGEST = timedelta(days=366)
PREFIX = "lsh"
Faults = list[Fault]


@dataclass(frozen=True)
class Token:
    """An API token without its secret. `works` None: every works of its owner."""

    token_id: str
    name: str
    label: str
    works: frozenset[str] | None
    scope: frozenset[str]
    created: datetime
    expires: datetime
    revoked: datetime | None


class Tokens:
    """Make, find and revoke tokens; only digests are stored."""

    def __init__(self, database: Database, audit: Audit, now: Callable[[], datetime]) -> None:
        self._database = database
        self._audit = audit
        self._now = now

    def make(
        self,
        name: str,
        who: Who,
        works: Iterable[str] | None,
        scope: Iterable[str],
        expires: datetime,
    ) -> str:
        """A token called `name` that acts for `who`; its secret, which is not shown again.

        A token made with a token can do no more than that one, ends no later, and is revoked with it.

        Raises
        ------
        BadInput
            No label, an unknown action, a works the person cannot see, or an end that is past or too far away.
        """
        wanted_works = None if works is None else frozenset(works)
        wanted = frozenset(scope)
        faults = self._faults(name, who, wanted_works, wanted, expires)
        if faults:
            raise BadInput(faults)
        token_id = secrets.token_hex(6)
        secret = f"{PREFIX}_{token_id}_{new_secret()}"
        row = {
            "token_id": token_id,
            "digest": digest(secret),
            "name": who.name,
            "label": name,
            "works": None if wanted_works is None else json.dumps(sorted(wanted_works)),
            "scope": json.dumps(sorted(wanted)),
            "created": self._now().timestamp(),
            "expires": expires.timestamp(),
            "made_with": who.token_id or None,
        }
        told = {"token": token_id, "label": name, "scope": sorted(wanted)}

        def store(connection: sa.Connection) -> None:
            connection.execute(TOKEN.insert(), row)
            self._audit.note(connection, who.name, "make token", "", told)

        self._database.write(store)
        return secret

    def find(self, secret: str) -> Token | None:
        """The token of a secret, unless it has run out, was revoked, or its owner is disabled."""
        theirs = TOKEN.join(PERSON, PERSON.c.name == TOKEN.c.name)
        with self._database.reading() as connection:
            row = connection.execute(
                sa.select(TOKEN)
                .select_from(theirs)
                .where(
                    TOKEN.c.token_id == token_id_of(secret),
                    TOKEN.c.digest == digest(secret),
                    TOKEN.c.revoked.is_(None),
                    TOKEN.c.expires > self._now().timestamp(),
                    sa.not_(PERSON.c.disabled),
                )
            ).first()
        return None if row is None else _token(row)

    def list(self, name: str | None = None) -> list[Token]:
        """Tokens of one person, or of everybody, newest first."""
        wanted = sa.select(TOKEN).order_by(TOKEN.c.created.desc(), TOKEN.c.token_id)
        if name is not None:
            wanted = wanted.where(TOKEN.c.name == name)
        with self._database.reading() as connection:
            return [_token(row) for row in connection.execute(wanted)]

    def revoke(self, token_id: str, by: str) -> None:
        """Make a token useless at once, and those that were made with it.

        Raises
        ------
        Missing
            No such token.
        """

        def store(connection: sa.Connection) -> None:
            if not connection.execute(sa.select(TOKEN.c.name).where(TOKEN.c.token_id == token_id)).first():
                raise Missing(f"There is no token {token_id}.", f"没有令牌 {token_id}。")
            line = _descent(token_id)
            live = TOKEN.update().where(TOKEN.c.token_id.in_(line), TOKEN.c.revoked.is_(None))
            if connection.execute(live.values(revoked=self._now().timestamp())).rowcount:
                self._audit.note(connection, by, "revoke token", "", {"token": token_id})

        self._database.write(store)

    def _faults(
        self, label: str, who: Who, works: frozenset[str] | None, scope: frozenset[str], expires: datetime
    ) -> Faults:
        now = self._now()
        faults: Faults = []
        if not 1 <= len(label.strip()) <= 80:
            faults.append(
                _fault("label", label, Words("is empty or over 80 characters", "为空或超过 80 个字符"))
            )
        unknown = sorted(scope - set(ACTIONS)) or sorted(scope - who.scope)
        if unknown or not scope:
            among = ", ".join(action for action in ACTIONS if action in who.scope)
            words = Words(f"must be some of: {among}", f"须为以下若干项:{among}")
            faults.append(_fault("scope", ", ".join(unknown), words))
        if works is None and who.token_works is not None:
            words = Words(
                "name the works; this token is not for all of them", "请指定工厂,当前令牌不适用于全部工厂"
            )
            faults.append(_fault("works", None, words))
        if works is not None:
            hidden = sorted(works_id for works_id in works if who.role(works_id) is None)
            if hidden:
                words = Words("there is no such works", "没有此工厂")
                faults.append(_fault("works", ", ".join(hidden), words))
        if not now < expires <= now + LONGEST:
            words = Words("must be in the future, at most 366 days from now", "须晚于现在,且不超过 366 天")
            faults.append(_fault("expires", expires, words))
        elif who.token_id and expires > self._end_of(who.token_id):
            words = Words("is later than the end of the token in use", "晚于当前令牌的到期时间")
            faults.append(_fault("expires", expires, words))
        return faults

    def _end_of(self, token_id: str) -> datetime:
        with self._database.reading() as connection:
            end = connection.execute(
                sa.select(TOKEN.c.expires).where(TOKEN.c.token_id == token_id)
            ).scalar_one()
        return datetime.fromtimestamp(end, UTC)


def token_id_of(secret: str) -> str:
    """The public part of a secret, "" when it has none."""
    parts = secret.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == PREFIX else ""


def _descent(token_id: str) -> sa.Select[tuple[str]]:
    """A token and all that were made with it, directly or not."""
    line = sa.select(TOKEN.c.token_id).where(TOKEN.c.token_id == token_id).cte("line", recursive=True)
    made = sa.select(TOKEN.c.token_id).where(TOKEN.c.made_with == line.c.token_id)
    return sa.select(line.union(made).c.token_id)


def _fault(column: str, value: object, words: Words) -> Fault:
    return Fault("token", (), column, value, column, words)


def _token(row: sa.Row[tuple[object, ...]]) -> Token:
    return Token(
        row.token_id,
        row.name,
        row.label,
        None if row.works is None else frozenset(json.loads(row.works)),
        frozenset(json.loads(row.scope)),
        datetime.fromtimestamp(row.created, UTC),
        datetime.fromtimestamp(row.expires, UTC),
        None if row.revoked is None else datetime.fromtimestamp(row.revoked, UTC),
    )
