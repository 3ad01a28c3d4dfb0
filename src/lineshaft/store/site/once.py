"""Requests that may be sent again: each key is acted on once, and later senders get the first answer.

The request's effect and the note that it happened cannot be one transaction when they lie in two databases. So a
worker takes a lease on the key first; when it dies in between, the next sender is told that this is another attempt
under the same `operation`, and the caller looks whether that operation already took effect.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lineshaft.store.database import Database
from lineshaft.store.jobs import is_dead, worker_name
from lineshaft.store.site.schema import ONCE
from lineshaft.store.site.who import Who

LEASE_S = 60.0
KEPT_S = 7 * 86_400


@dataclass(frozen=True)
class Stored:
    """The answer that the first sender got."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Fresh:
    """Nobody else works on it: act, then `finish`.

    `operation` is the same for every attempt of one request; `attempt` above 1 means that an earlier worker died
    or let go, and may have acted.
    """

    name: str
    key: str
    attempt: int
    operation: str
    worker: str = field(repr=False)


@dataclass(frozen=True)
class InProgress:
    """Another worker is at it; ask again in `wait_s`."""

    wait_s: float


@dataclass(frozen=True)
class OtherRequest:
    """The key was used for another request."""


class Once:
    """Idempotency keys, each person's own; answers are kept for 7 days."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def begin(
        self, who: Who, key: str, request_digest: str, lease_s: float = LEASE_S
    ) -> Stored | Fresh | InProgress | OtherRequest:
        """Claim a key for a request."""
        with self._database.reading() as connection:
            settled = self._settled(connection, who.name, key, request_digest)
        if settled is not None:
            return settled

        def claim(connection: sa.Connection) -> Stored | Fresh | InProgress | OtherRequest:
            settled = self._settled(connection, who.name, key, request_digest)
            if settled is not None:
                return settled
            return self._claim(connection, who.name, key, request_digest, lease_s)

        return self._database.write(claim)

    def finish(self, fresh: Fresh, status: int, headers: Mapping[str, str], body: bytes) -> bool:
        """Store the answer; False when the lease was lost to another worker, whose answer then holds."""
        answer = {"status": status, "headers": json.dumps(dict(headers)), "body": body}
        mine = ONCE.update().where(_mine(fresh), ONCE.c.status.is_(None)).values(answer)
        return self._database.write(lambda connection: connection.execute(mine).rowcount == 1)

    def let_go(self, fresh: Fresh) -> None:
        """Nothing was done (a refusal that may end, a failure of ours): the key is free for another attempt."""
        mine = ONCE.update().where(_mine(fresh), ONCE.c.status.is_(None)).values(lease_until=0.0)
        self._database.write(lambda connection: connection.execute(mine))

    def _settled(
        self, connection: sa.Connection, name: str, key: str, request_digest: str
    ) -> Stored | InProgress | OtherRequest | None:
        row = connection.execute(sa.select(ONCE).where(ONCE.c.name == name, ONCE.c.key == key)).first()
        now = self._now().timestamp()
        if row is None or row.begun < now - KEPT_S:
            return None
        if row.request_digest != request_digest:
            return OtherRequest()
        if row.status is not None:
            return Stored(row.status, json.loads(row.headers), row.body)
        if row.lease_until > now and not is_dead(row.worker):
            return InProgress(min(row.lease_until - now, 1.0))
        return None

    def _claim(
        self, connection: sa.Connection, name: str, key: str, request_digest: str, lease_s: float
    ) -> Fresh:
        now = self._now().timestamp()
        connection.execute(ONCE.delete().where(ONCE.c.begun < now - KEPT_S))
        worker = worker_name()
        lease = {"worker": worker, "lease_until": now + lease_s}
        place = sa.and_(ONCE.c.name == name, ONCE.c.key == key)
        attempt = (connection.execute(sa.select(ONCE.c.attempt).where(place)).scalar() or 0) + 1
        if attempt > 1:
            connection.execute(ONCE.update().where(place).values(**lease, attempt=attempt))
            begun = connection.execute(sa.select(ONCE.c.begun).where(place)).scalar_one()
        else:
            begun = now
            row: dict[str, Any] = {"name": name, "key": key, "request_digest": request_digest, **lease}
            connection.execute(ONCE.insert(), {**row, "attempt": 1, "begun": now, "headers": "{}"})
        return Fresh(name, key, attempt, _operation(name, key, begun), worker)


def request_digest(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same request."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def _mine(fresh: Fresh) -> sa.ColumnElement[bool]:
    return sa.and_(ONCE.c.name == fresh.name, ONCE.c.key == fresh.key, ONCE.c.worker == fresh.worker)


def _operation(name: str, key: str, begun: float) -> str:
    return hashlib.sha256(json.dumps([name, key, begun]).encode()).hexdigest()[:32]
