"""Rate limits that hold across processes: one number a bucket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from lineshaft.store.database import Database
from lineshaft.store.site.schema import BUCKET

SWEEP_EVERY = 1_000


class Limits:
    """Token buckets. A bucket is stored as the moment at which it will be full again."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._taken = 0

    def take(self, key: str, cost: float, rate_per_s: float, burst: float) -> float:
        """Take `cost` from a bucket of `burst` that fills by `rate_per_s`.

        Returns
        -------
        float
            0.0 when it was taken; otherwise nothing was taken and this many seconds are to be waited. A refusal
            only reads, so that a flood costs little.
        """
        assert 0 < cost <= burst
        wait_s = self._wait_s(key, cost, rate_per_s, burst)
        if wait_s > 0:
            return wait_s
        self._taken += 1
        sweep = self._taken % SWEEP_EVERY == 0

        def spend(connection: sa.Connection) -> float:
            now = self._now().timestamp()
            if sweep:
                connection.execute(BUCKET.delete().where(BUCKET.c.full_at < now))
            full_at = max(_full_at(connection, key), now) + cost / rate_per_s
            late_s = full_at - now - burst / rate_per_s
            if late_s > 1e-6:
                return late_s
            _store(connection, key, full_at)
            return 0.0

        return self._database.write(spend)

    def fill(self, key: str) -> None:
        """Forget what was taken from a bucket."""
        self._database.write(
            lambda connection: connection.execute(BUCKET.delete().where(BUCKET.c.key == key))
        )

    def _wait_s(self, key: str, cost: float, rate_per_s: float, burst: float) -> float:
        now = self._now().timestamp()
        with self._database.reading() as connection:
            full_at = max(_full_at(connection, key), now)
        late_s = full_at - now + (cost - burst) / rate_per_s
        return late_s if late_s > 1e-6 else 0.0


def _full_at(connection: sa.Connection, key: str) -> float:
    found = connection.execute(sa.select(BUCKET.c.full_at).where(BUCKET.c.key == key)).scalar()
    return found or 0.0


def _store(connection: sa.Connection, key: str, full_at: float) -> None:
    changed = connection.execute(BUCKET.update().where(BUCKET.c.key == key).values(full_at=full_at))
    if not changed.rowcount:
        connection.execute(BUCKET.insert(), {"key": key, "full_at": full_at})
