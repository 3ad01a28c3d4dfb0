"""Sites to test with: a clock that is turned by hand, quick password hashes, people of every role."""

import atexit
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher

from lineshaft.store import Works
from lineshaft.store.site import RowFilter, Site
from lineshaft.store.site.passwords import Hasher

PASSWORD = "Kran-7 dreht links um 4"
OTHER_PASSWORD = "seven cranes turn left at four"
QUICK = Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
ROLES = ("viewer", "planner", "manager", "admin", "partner")
ONE_CUSTOMER = RowFilter("work_order", "customer_id", ("C1",))


class Clock:
    """The present moment, until `turn` moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **span: float) -> None:
        self.at += timedelta(**span)


def new_site(folder: Path, clock: Clock | None = None, *works: str) -> Site:
    """A site with the administrator "boss" and these works."""
    site = Site.create(folder, clock or Clock(), QUICK)
    site.people.add("boss", PASSWORD, by="lineshaft", admin=True)
    for name in works:
        shutil.copytree(_works(name), folder / name)
        site.add_works(folder / name, by="boss")
    return site


def everybody(folder: Path, clock: Clock) -> Site:
    """A site with the works "north" and everybody in it; a copy, since making one takes as long as many tests."""
    shutil.copytree(_everybody(), folder)
    return Site.open(folder, clock, QUICK)


@cache
def _everybody() -> Path:
    folder = _temporary() / "site"
    with new_site(folder, Clock(), "north") as site:
        add_everybody(site, "north")
    return folder


@cache
def _works(name: str) -> Path:
    """An empty works to copy, for the same reason."""
    folder = _temporary() / name
    Works.create(folder, name.title()).close()
    return folder


def _temporary() -> Path:
    folder = tempfile.mkdtemp(prefix="lineshaft-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def add_everybody(site: Site, works_id: str) -> None:
    """One person for each role, named after it, with that role on one works."""
    for role in ROLES:
        site.people.add(role, PASSWORD, by="boss")
        site.grants.give(works_id, role, role, ONE_CUSTOMER if role == "partner" else None, by="boss")
