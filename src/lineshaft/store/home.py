"""Where a works lives: a folder with a SQLite file, or a schema of a PostgreSQL database."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from lineshaft.core import BadInput, Fault, Missing, Refused, Words
from lineshaft.store.blob_table import KEPT, BlobTable, OfferTable
from lineshaft.store.blobs import BlobFolder, Blobs, sync_folder
from lineshaft.store.database import Database
from lineshaft.store.dialects import Connect, Postgres, connect_sqlite
from lineshaft.store.migrate import is_there
from lineshaft.store.offers import OfferFolder, Offers

Place = Path | str
SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,55}")
SCHEMA_DEFAULT = "lineshaft"
PART = "_part"


class Home(Protocol):
    """A works' database with its blobs and offers, and how to make and move them as one."""

    place: Place
    said: str
    database: Database
    blobs: Blobs
    offers: Offers

    def has_works(self) -> bool:
        """True when a works is here."""
        ...

    def prepare(self) -> None:
        """Make room for a new works."""
        ...

    def settle(self) -> None:
        """Make the names of what was prepared durable."""
        ...

    def refuse_unless_free(self) -> None:
        """`Refused` when something is here already, `Missing` when nothing can ever be."""
        ...

    def part(self) -> Home:
        """An empty place beside this one, where a copy can be put together before it takes the name."""
        ...

    def become(self, part: Home) -> None:
        """Give a whole copy this name at one stroke."""
        ...

    def clear(self) -> None:
        """Remove everything."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


def home_of(place: Place, connect: Connect = connect_sqlite) -> Home:
    """The home that a folder's path or a URL names.

    Parameters
    ----------
    place : Path or str
        A folder, or ``postgresql://user:password@host/database?schema=NAME``; without a schema it is ``lineshaft``.
        Further options of the URL go to libpq (``sslmode=verify-full``).
    connect : callable, optional
        How to connect to a folder's database file.

    Raises
    ------
    BadInput
        A URL of another kind, or a name that no schema can have.
    """
    if isinstance(place, str) and "://" in place:
        return SchemaHome(*parse_url(place))
    return FolderHome(Path(place), connect)


def shown(place: Place) -> str:
    """A place for people to read: without the password."""
    return str(place) if isinstance(place, Path) else sa.make_url(place).render_as_string(hide_password=True)


class FolderHome:
    """`works.db` (SQLite), `blobs/` and `offers/` in a folder."""

    def __init__(self, path: Path, connect: Connect = connect_sqlite) -> None:
        self.place: Place = path
        self.path, self.said = path, str(path)
        self.database = Database(path / "works.db", connect)
        self.blobs: Blobs = BlobFolder(path / "blobs")
        self.offers: Offers = OfferFolder(path / "offers")

    def has_works(self) -> bool:
        """True when the database file is there."""
        return (self.path / "works.db").is_file()

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.path, self.path / "blobs", self.path / "offers"):
            folder.mkdir(parents=True, exist_ok=True)

    def settle(self) -> None:
        """Sync the folder and its own name."""
        sync_folder(self.path)
        sync_folder(self.path.parent)

    def refuse_unless_free(self) -> None:
        """The folder must be new, the one around it there."""
        if self.path.exists():
            raise Refused(f"{self.path} is there already.", f"{self.path} 已存在。")
        if not self.path.parent.is_dir():
            raise Missing(f"There is no folder {self.path.parent}.", f"没有文件夹 {self.path.parent}。")

    def part(self) -> FolderHome:
        """An empty folder beside this one."""
        part = FolderHome(self.path.with_name(f"{self.path.name}.part"))
        part.clear()
        part.prepare()
        return part

    def become(self, part: Home) -> None:
        """Sync the copy and rename its folder."""
        assert isinstance(part, FolderHome)
        part.close()
        with (part.path / "works.db").open("rb+") as file:
            os.fsync(file.fileno())
        sync_folder(part.path)
        os.replace(part.path, self.path)
        sync_folder(self.path.parent)

    def clear(self) -> None:
        """Remove the folder."""
        self.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()


class SchemaHome:
    """Everything in one schema of a PostgreSQL database; `place` holds the password, `said` does not."""

    def __init__(self, url: sa.URL, schema: str) -> None:
        self._url, self.schema = url, schema
        named = url.set(drivername="postgresql").update_query_dict({"schema": schema})
        self.place: Place = named.render_as_string(hide_password=False)
        self.said = named.render_as_string(hide_password=True)
        self.database = Database(Postgres(url, self.schema))
        self.blobs: Blobs = BlobTable(self.database)
        self.offers: Offers = OfferTable(self.database)

    def has_works(self) -> bool:
        """True when the schema has the works' bookkeeping."""
        with self.database.reading() as connection:
            return is_there(connection)

    def prepare(self) -> None:
        """Make the schema and the tables of blobs and offers."""

        def make(connection: sa.Connection) -> None:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
            if encoding != "UTF8":
                raise Refused(
                    f"The database is encoded in {encoding}; a works needs one in UTF8 "
                    "(createdb --encoding UTF8 --template template0 …).",
                    f"数据库编码为 {encoding},须为 UTF8(createdb --encoding UTF8 --template template0 …)。",
                )
            connection.execute(sa.schema.CreateSchema(self.schema, if_not_exists=True))
            KEPT.create_all(connection)

        self.database.write(make)

    def settle(self) -> None:
        """A commit was durable already."""

    def refuse_unless_free(self) -> None:
        """The schema must be new, or hold nothing."""
        with self.database.reading() as connection:
            if sa.inspect(connection).get_table_names(self.schema):
                raise Refused(f"{self.said} is there already.", f"{self.said} 已存在。")

    def part(self) -> SchemaHome:
        """An empty schema beside this one."""
        part = SchemaHome(self._url, f"{self.schema}{PART}")
        part.clear()
        part.prepare()
        return part

    def become(self, part: Home) -> None:
        """Rename the schema, in the place of an empty one if there is one."""
        assert isinstance(part, SchemaHome)
        part.close()

        def rename(connection: sa.Connection) -> None:
            connection.execute(sa.schema.DropSchema(self.schema, if_exists=True))
            connection.exec_driver_sql(f"ALTER SCHEMA {part.schema} RENAME TO {self.schema}")

        self.database.write(rename)

    def clear(self) -> None:
        """Drop the schema with all its tables."""
        drop = sa.schema.DropSchema(self.schema, cascade=True, if_exists=True)
        self.database.write(lambda connection: connection.execute(drop))

    def close(self) -> None:
        """Let go of the connections, and of the files made for reading blobs."""
        self.blobs.close()
        self.database.close()


def parse_url(place: str) -> tuple[sa.URL, str]:
    """The URL for psycopg, and the schema.

    Raises
    ------
    BadInput
        Not a URL of PostgreSQL with a database, or a name that no schema can have.
    """
    try:
        url = sa.make_url(place)
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in SCHEMES or not url.database:
        words = Words(
            "is no place for a works; give a folder or postgresql://user@host/database?schema=NAME",
            "不能存放工厂数据;请给出文件夹或 postgresql://用户@主机/数据库?schema=名称",
        )
        shown = url.render_as_string(hide_password=True) if url else place.partition("://")[0] + "://…"
        raise BadInput([Fault(shown, (), "", None, "place", words)])
    schema = url.query.get("schema", SCHEMA_DEFAULT)
    if not isinstance(schema, str) or not SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        words = Words(
            "must begin with a small letter and have only small letters, digits and _ (56 at most)",
            "须以小写字母开头,只含小写字母、数字和下划线,最多 56 个字符",
        )
        raise BadInput([Fault("works", (), "schema", schema, "schema", words)])
    options = {name: value for name, value in url.query.items() if name != "schema"}
    return url.set(drivername="postgresql+psycopg", query=options), schema
