"""A site: a folder with `site.db` and the works that a workbench serves."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import sqlalchemy as sa

from lineshaft.core import BadInput, Fault, Missing, Refused, Words
from lineshaft.store.database import Database
from lineshaft.store.kept import Kept
from lineshaft.store.site.audit import Audit
from lineshaft.store.site.grants import Grants
from lineshaft.store.site.limits import Limits
from lineshaft.store.site.links import Links
from lineshaft.store.site.once import Once
from lineshaft.store.site.passwords import Hasher, Rules
from lineshaft.store.site.people import People
from lineshaft.store.site.schema import META, SITE, STEPS, VERSION, WORKS
from lineshaft.store.site.sessions import Sessions
from lineshaft.store.site.tokens import Tokens
from lineshaft.store.site.who import Who
from lineshaft.store.works import Works, now_utc

if TYPE_CHECKING:
    from lineshaft.store.site.bench import Bench

WORKS_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class WorksEntry:
    """A works of the site; `works_id` is its name in addresses, `place` a folder or a URL without its password."""

    works_id: str
    title: str
    place: str


class Site:
    """Make one with `Site.create`, open one with `Site.open`; close it, or use it in a `with` statement.

    One object may be shared by many threads. What it offers checks no permission: that is the desk's task.

    Parameters
    ----------
    folder : Path
        The folder; `site.db` is in it.
    clock : callable, optional
        The present moment, with a time zone.
    hasher : Hasher, optional
        How passwords are hashed.

    Attributes
    ----------
    bench : Bench or None
        The process that answers changes by hand; without one they are answered in this one.
    """

    bench: Bench | None = None

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime] = now_utc,
        hasher: Hasher | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.now = clock
        self.database = Database(self.folder / "site.db")
        self.audit = Audit(self.database, clock)
        self.people = People(self.database, self.audit, clock, Rules(self.folder / "refused.txt"), hasher)
        self.sessions = Sessions(self.database, clock)
        self.tokens = Tokens(self.database, self.audit, clock)
        self.grants = Grants(self.database, self.audit)
        self.limits = Limits(self.database, clock)
        self.once = Once(self.database, clock)
        self.links = Links(self.database, self.audit, clock)
        self._open: dict[str, Works] = {}
        self._kept: dict[str, Kept] = {}
        self._opening = threading.Lock()

    @classmethod
    def create(
        cls,
        folder: Path,
        clock: Callable[[], datetime] = now_utc,
        hasher: Hasher | None = None,
    ) -> Site:
        """A new site without people and works, readable by the owner of the folder only.

        Raises
        ------
        Refused
            There is a site already.
        """
        folder = Path(folder)
        if (folder / "site.db").exists():
            raise Refused(f"There is already a site in {folder}.", f"{folder} 中已有站点。")
        folder.mkdir(parents=True, exist_ok=True)
        os.close(os.open(folder / "site.db", os.O_CREAT | os.O_WRONLY, 0o600))
        site = cls(folder, clock, hasher)

        def make(connection: sa.Connection) -> None:
            SITE.create_all(connection)
            connection.execute(META.insert(), {"key": "version", "value": str(VERSION)})
            site.audit.note(connection, "lineshaft", "create site")

        site.database.write(make)
        return site

    @classmethod
    def open(
        cls,
        folder: Path,
        clock: Callable[[], datetime] = now_utc,
        hasher: Hasher | None = None,
    ) -> Site:
        """The site in a folder, brought up to date when an older Lineshaft wrote it.

        Raises
        ------
        Missing
            There is none.
        Refused
            A newer Lineshaft wrote it.
        """
        folder = Path(folder)
        if not (folder / "site.db").is_file():
            raise Missing(f"There is no site in {folder}.", f"{folder} 中没有站点。")
        site = cls(folder, clock, hasher)
        try:
            site._bring_up_to_date()
        except BaseException:
            site.close()
            raise
        return site

    def close(self) -> None:
        """Close every works that was opened, and the site's database."""
        with self._opening:
            for works in self._open.values():
                works.close()
            self._open.clear()
            self._kept.clear()
        self.database.close()

    def __enter__(self) -> Site:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def add_works(
        self, place: str | Path, works_id: str | None = None, *, by: str = "lineshaft"
    ) -> WorksEntry:
        """Take a works into the site.

        Parameters
        ----------
        place
            The folder of a works (kept relative when it lies in the site's folder), or a database URL.
        works_id
            Its name in addresses: lower case letters, digits and hyphens; by default made from the place.

        Raises
        ------
        BadInput
            The name breaks the rule.
        Missing
            No works there.
        Refused
            The name is taken.
        """
        stored = self._stored_place(place)
        works_id = works_id or _id_from(stored)
        if not WORKS_ID.fullmatch(works_id):
            words = Words(
                "must be 1 to 40 lower case letters, digits or hyphens", "须为 1-40 个小写字母、数字或连字符"
            )
            raise BadInput([Fault("works", (), "works_id", works_id, "works_id", words)])
        with self._works_at(stored) as works:
            title = works.name
        row = {"works_id": works_id, "place": stored, "title": title, "added": self.now().timestamp()}

        def store(connection: sa.Connection) -> None:
            if connection.execute(sa.select(WORKS.c.title).filter_by(works_id=works_id)).first():
                raise Refused(f"There is already a works {works_id} here.", f"站点中已有工厂 {works_id}。")
            connection.execute(WORKS.insert(), row)
            self.audit.note(connection, by, "add works", works_id, {"place": _shown(stored)})

        self.database.write(store)
        return WorksEntry(works_id, title, _shown(stored))

    def take_in(self) -> list[WorksEntry]:
        """Add every works that lies in the site's folder and is not yet part of the site."""
        with self.database.reading() as connection:
            known = set(connection.execute(sa.select(WORKS.c.place)).scalars())
        found = sorted(path.parent for path in self.folder.glob("*/works.db"))
        return [self.add_works(place) for place in found if self._stored_place(place) not in known]

    def works(self, who: Who) -> list[WorksEntry]:
        """The works that a person may read, by id."""
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(WORKS).order_by(WORKS.c.works_id)).all()
        return [
            WorksEntry(row.works_id, row.title, _shown(row.place))
            for row in rows
            if who.may(row.works_id, "read")
        ]

    def open_works(self, works_id: str) -> Works:
        """A works of the site, opened once and shared; the site closes it.

        Raises
        ------
        Missing
            The site has no such works, or it is no longer in its place.
        """
        works = self._open.get(works_id)
        if works is not None:
            return works
        with self._opening:
            if works_id not in self._open:
                self._open[works_id] = self._works_at(self._place(works_id))
            return self._open[works_id]

    def kept(self, works_id: str) -> Kept:
        """Values worked out from a works' tables, shared by everybody who reads it."""
        with self._opening:
            return self._kept.setdefault(works_id, Kept())

    def who(self, name: str) -> Who | None:
        """What a person may do as of now; None for somebody unknown or disabled."""
        return self.grants.who(name)

    def who_of_session(self, secret: str) -> Who | None:
        """The person whose session this is, None when it has ended."""
        session = self.sessions.find(secret)
        return None if session is None else self.who(session.name)

    def who_of_token(self, secret: str) -> Who | None:
        """The person a token acts for, with what the token allows; None when it is not valid."""
        token = self.tokens.find(secret)
        who = None if token is None else self.who(token.name)
        if token is None or who is None:
            return None
        told = f"{token.label} ({token.token_id})"
        return replace(who, scope=token.scope, token_works=token.works, token=told, token_id=token.token_id)

    def _bring_up_to_date(self) -> None:
        with self.database.reading() as connection:
            if _form(connection) == VERSION:
                return

        def step_on(connection: sa.Connection) -> None:
            for step in STEPS[_form(connection) - 1 :]:
                connection.execute(sa.text(step))
            connection.execute(META.update().filter_by(key="version").values(value=str(VERSION)))

        self.database.write(step_on)

    def _place(self, works_id: str) -> str:
        with self.database.reading() as connection:
            place = connection.execute(sa.select(WORKS.c.place).filter_by(works_id=works_id)).scalar()
        if place is None:
            raise Missing(f"There is no works {works_id}.", f"没有工厂 {works_id}。")
        return str(place)

    def _stored_place(self, place: str | Path) -> str:
        if "://" in str(place):
            return str(place)
        folder, here = Path(place).resolve(), self.folder.resolve()
        return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)

    def _works_at(self, stored: str) -> Works:
        return Works.open(stored if "://" in stored else self.folder / stored)


def _form(connection: sa.Connection) -> int:
    """The form in which a site is stored.

    Raises
    ------
    Refused
        Newer than this Lineshaft knows.
    """
    form = int(connection.execute(sa.select(META.c.value).filter_by(key="version")).scalar_one())
    if form > VERSION:
        raise Refused(
            f"This site was written by a newer Lineshaft (form {form}, known here: {VERSION}).",
            f"该站点由更新版本的 Lineshaft 写入(格式 {form},本机支持 {VERSION})。",
        )
    return form


def _id_from(place: str) -> str:
    """A folder's name, or the schema of a URL, in the letters that addresses take."""
    name = str(sa.make_url(place).query.get("schema", "lineshaft")) if "://" in place else Path(place).name
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]


def _shown(place: str) -> str:
    return sa.make_url(place).render_as_string(hide_password=True) if "://" in place else place
