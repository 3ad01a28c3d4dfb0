"""Where a works of a test may live: a folder, or a schema of a PostgreSQL server."""

from itertools import count
from pathlib import Path

import psycopg
import pytest
from postgres_server import Server

from lineshaft.store.dialects import connect_sqlite
from lineshaft.store.home import parse_url

numbers = count()
NO_GUARDS = {
    "sqlite": ("DROP TRIGGER IF EXISTS ls_event_no_update", "DROP TRIGGER IF EXISTS ls_event_no_delete"),
    "postgres": ("DROP TRIGGER IF EXISTS ls_event_only_grows ON ls_event",),
}


SLOW_ON_POSTGRES = pytest.mark.parametrize(
    "places", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)], indirect=True
)
"""For tests of what lies above the database; a neighbour in the same file runs quickly on both."""


class Places:
    """New places of one kind, and the database of each without the works around it."""

    def __init__(self, kind: str, folder: Path, server: Server | None):
        self.kind, self._folder, self._server = kind, folder, server
        self._test = next(numbers)

    def __call__(self, name: str):
        """The place of this name."""
        if self._server is None:
            return self._folder / name
        return self._server.url(f"t{self._test}_{name}")

    def raw(self, place):
        """A plain connection to the database of a works, in autocommit."""
        if isinstance(place, Path):
            return connect_sqlite(place / "works.db")
        url, schema = parse_url(place)
        return psycopg.connect(
            url.set(drivername="postgresql").render_as_string(hide_password=False),
            options=f"-c search_path={schema}",
            autocommit=True,
        )

    def ask(self, place, statement: str):
        """The rows that a plain statement gives."""
        connection = self.raw(place)
        try:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []
        finally:
            connection.close()

    def tamper(self, place, *statements: str):
        """Change a works behind its back, past what guards the log."""
        connection = self.raw(place)
        try:
            for statement in (*NO_GUARDS[self.kind], *statements):
                connection.execute(statement)
        finally:
            connection.close()
