"""The site's audit trail: the same append-only hashed log as that of a works, read page by page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lineshaft.store import log
from lineshaft.store.database import Database
from lineshaft.store.site.schema import AUDIT


@dataclass(frozen=True)
class AuditEntry:
    """Who did what, when, on which works ("" for the site itself)."""

    seq: int
    at: datetime
    who: str
    action: str
    works: str
    details: dict[str, Any]


class Audit:
    """Entries are only added; the hashes show an edit and a truncation (see `store.log`)."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def append(self, who: str, action: str, works: str = "", details: dict[str, Any] | None = None) -> int:
        """Write one entry in a transaction of its own and return its number."""
        return self._database.write(lambda connection: self.note(connection, who, action, works, details))

    def note(
        self,
        connection: sa.Connection,
        who: str,
        action: str,
        works: str = "",
        details: dict[str, Any] | None = None,
    ) -> int:
        """Write one entry in the running transaction, together with what it tells of."""
        payload = {"details": details or {}, "works": works}
        return log.append(connection, self._now(), who, action, payload)

    def page(
        self,
        before: int | None = None,
        limit: int = 50,
        who: str | None = None,
        action: str | None = None,
        works: str | None = None,
    ) -> list[AuditEntry]:
        """Up to `limit` entries with a number below `before`, newest first."""
        found = sa.select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(limit)
        if before is not None:
            found = found.where(AUDIT.c.seq < before)
        if who is not None:
            found = found.where(AUDIT.c.actor == who)
        if action is not None:
            found = found.where(AUDIT.c.action == action)
        if works is not None:
            found = found.where(AUDIT.c.payload.endswith(f'"works":{json.dumps(works)}}}', autoescape=True))
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(found)]

    def root(self) -> tuple[int, str]:
        """Number of entries and the root hash over them, to be kept elsewhere."""
        with self._database.reading() as connection:
            return log.root(connection)

    def broken(self) -> list[int]:
        """Numbers of entries that are missing or were edited."""
        with self._database.reading() as connection:
            return log.broken(connection)


def _entry(row: Any) -> AuditEntry:
    payload = json.loads(row.payload)
    return AuditEntry(
        row.seq,
        datetime.fromisoformat(row.recorded),
        row.actor,
        row.action,
        payload["works"],
        payload["details"],
    )
