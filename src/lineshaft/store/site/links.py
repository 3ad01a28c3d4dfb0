"""One-time links that sign somebody in: the administrator's at the first start, printed on the machine itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from lineshaft.store.database import Database
from lineshaft.store.site.audit import Audit
from lineshaft.store.site.schema import LINK, PERSON
from lineshaft.store.site.secret import digest, new_secret

LASTS_S = 15 * 60


class Links:
    """Make and use sign-in links; a link works once and for 15 minutes."""

    def __init__(self, database: Database, audit: Audit, now: Callable[[], datetime]) -> None:
        self._database = database
        self._audit = audit
        self._now = now

    def make(self, name: str) -> str:
        """A link's secret for a person; links made earlier no longer work."""
        secret = new_secret()
        row = {"digest": digest(secret), "name": name, "expires": self._now().timestamp() + LASTS_S}

        def store(connection: sa.Connection) -> None:
            connection.execute(LINK.delete().where(LINK.c.name == name))
            connection.execute(LINK.insert(), row)
            self._audit.note(connection, "lineshaft", "make link", "", {"name": name})

        self._database.write(store)
        return secret

    def use(self, secret: str) -> str | None:
        """The name the link signs in, once; None when it was used, has run out or never was."""
        wanted = sa.select(LINK.c.name, LINK.c.expires).where(LINK.c.digest == digest(secret))

        def take(connection: sa.Connection) -> str | None:
            row = connection.execute(
                wanted.join(PERSON, PERSON.c.name == LINK.c.name).where(sa.not_(PERSON.c.disabled))
            ).first()
            connection.execute(LINK.delete().where(LINK.c.digest == digest(secret)))
            return row.name if row and row.expires > self._now().timestamp() else None

        return self._database.write(take)
