"""Tables as a person may see them: kept in memory by digest, so that a page reads what has changed and no more."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import polars as pl

from lineshaft.core import Missing
from lineshaft.store import state
from lineshaft.store.kept import Kept
from lineshaft.store.works import Works

T = TypeVar("T")


class Reader:
    """The tables of one works, each read again only when its content has changed."""

    def __init__(self, works: Works, kept: Kept) -> None:
        self.works = works
        self._kept = kept

    def digests(self) -> dict[str, str]:
        """Table → digest of its present content."""
        return self.works.database.standing("digests", state.digests)

    def tables(self, *names: str) -> dict[str, pl.DataFrame]:
        """Some tables, all of one moment.

        Raises
        ------
        Missing
            There is no such table.
        """
        catalog = self.works.catalog
        for name in names:
            if name not in catalog.schemas:
                raise Missing(f"There is no table {name!r}.", f"没有名为 {name!r} 的数据表。")
        now = self.digests()
        found = {name: catalog.kept.peek((name, now[name])) for name in names}
        if all(frame is not None for frame in found.values()):
            return found
        with self.works.database.reading() as connection:
            return {name: state.read(connection, catalog, name) for name in names}

    def table(self, name: str) -> pl.DataFrame:
        """One table."""
        return self.tables(name)[name]

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """Something made of tables, by a key that names their digests."""
        return self._kept.get(key, make)
