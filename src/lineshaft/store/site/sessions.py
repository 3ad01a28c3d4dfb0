"""Sessions live in the database; the browser holds a random id and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from lineshaft.store.database import Database
from lineshaft.store.site.schema import PERSON, SESSION
from lineshaft.store.site.secret import derived, digest, new_secret

IDLE_S = 8 * 3_600
ABSOLUTE_S = 7 * 86_400
NOTE_USE_S = 300


@dataclass(frozen=True)
class Session:
    """One sign-in of one person. `session_id` names it in lists and cannot be used to sign in."""

    session_id: str
    name: str
    method: str
    begun: datetime
    used: datetime


class Sessions:
    """Start, find and end sessions; they end after 8 h without use and 7 days after sign-in."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def start(self, name: str, method: str = "password") -> str:
        """A new session; the secret for the cookie. Sessions that have run out are cleared away."""
        secret = new_secret()
        now = self._now().timestamp()
        row = {"digest": digest(secret), "name": name, "method": method, "begun": now, "used": now}

        def store(connection: sa.Connection) -> None:
            connection.execute(SESSION.delete().where(sa.not_(_alive(now))))
            connection.execute(SESSION.insert(), row)

        self._database.write(store)
        return secret

    def find(self, secret: str) -> Session | None:
        """The running session of a person who is not disabled."""
        now = self._now().timestamp()
        theirs = SESSION.join(PERSON, PERSON.c.name == SESSION.c.name)
        wanted = sa.select(SESSION).select_from(theirs)
        with self._database.reading() as connection:
            row = connection.execute(
                wanted.where(SESSION.c.digest == digest(secret), _alive(now), sa.not_(PERSON.c.disabled))
            ).first()
        if row is None:
            return None
        if now - row.used > NOTE_USE_S:
            self._database.write(
                lambda c: c.execute(SESSION.update().where(SESSION.c.digest == row.digest).values(used=now))
            )
        return _session(row)

    def form_token(self, secret: str) -> str:
        """What forms of this session carry against forged requests."""
        return derived(secret, "form")

    def of(self, name: str) -> list[Session]:
        """A person's running sessions, newest first."""
        now = self._now().timestamp()
        wanted = sa.select(SESSION).where(SESSION.c.name == name, _alive(now))
        with self._database.reading() as connection:
            return [_session(row) for row in connection.execute(wanted.order_by(SESSION.c.begun.desc()))]

    def end(self, secret: str) -> None:
        """End one session; an unknown one is no error."""
        self._database.write(lambda c: c.execute(SESSION.delete().where(SESSION.c.digest == digest(secret))))

    def end_all(self, name: str, keep: str = "") -> int:
        """End all sessions of a person but the one whose secret is `keep`; how many."""
        theirs = SESSION.delete().where(SESSION.c.name == name, SESSION.c.digest != digest(keep))
        return self._database.write(lambda connection: connection.execute(theirs).rowcount)


def _alive(now: float) -> sa.ColumnElement[bool]:
    return sa.and_(SESSION.c.used > now - IDLE_S, SESSION.c.begun > now - ABSOLUTE_S)


def _session(row: sa.Row[tuple[object, ...]]) -> Session:
    begun, used = (datetime.fromtimestamp(at, UTC) for at in (row.begun, row.used))
    return Session(row.digest[:12], row.name, row.method, begun, used)
