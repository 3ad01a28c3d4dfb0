"""Rows that people bring: checked, written and noted in the log in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from lineshaft.store import log, state
from lineshaft.store.requests import once
from lineshaft.store.state import Change, Mode, Preview

if TYPE_CHECKING:
    from lineshaft.store.works import Works


def write(
    works: Works,
    frames: Mapping[str, pl.DataFrame],
    actor: str,
    action: str,
    mode: Mode,
    source: str,
    request: str,
) -> Change:
    """Replace whole tables, or insert and update rows by primary key. See `Works.write`.

    Raises
    ------
    BadInput
        The tables would break a rule or a reference; nothing has changed.
    """
    done: dict[str, state.TableChange] = {}

    def store(connection: sa.Connection) -> int:
        future = state.plan(connection, works.catalog, frames, dict.fromkeys(frames, mode))
        changed = state.apply(connection, works.catalog, future)
        done.update(changed.tables)
        digests = state.digests(connection)
        payload = {
            "rows": changed.counts,
            "source": source,
            "after": {name: digests[name] for name in frames},
        }
        return log.append(connection, works.now(), actor, action, payload)

    seq, _ = works.database.write(lambda connection: once(connection, request, lambda: store(connection)))
    return Change(done, seq)


def preview(works: Works, frames: Mapping[str, pl.DataFrame], mode: Mode) -> Preview:
    """What `write` would change, checked the same way."""
    with works.database.reading() as connection:
        future = state.plan(connection, works.catalog, frames, dict.fromkeys(frames, mode))
    return future.preview(works.catalog.schemas)
