"""The store's tests run over both databases: SQLite in a folder, and Debian's PostgreSQL, started here on loopback."""

import pytest
from places import Places
from postgres_server import NoServer, Server


@pytest.fixture(scope="session")
def server():
    """One server for the whole session; quick, and with no promise to keep its files."""
    yield from running(safe=False)


@pytest.fixture(scope="session")
def safe_server():
    """A server that syncs in earnest."""
    yield from running(safe=True)


def running(safe):
    try:
        server = Server(safe)
    except NoServer as reason:
        pytest.skip(str(reason))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def places(request, tmp_path):
    """Where the works of a test live."""
    return Places(
        request.param, tmp_path, request.getfixturevalue("server") if request.param == "postgres" else None
    )


@pytest.fixture
def place(places):
    """The place of a test's one works."""
    return places("works")


@pytest.fixture
def folder(tmp_path):
    """Places of the other kind for tests that move a works: folders."""
    return Places("sqlite", tmp_path, None)
