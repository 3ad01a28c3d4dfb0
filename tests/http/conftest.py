"""A site with a works of the toy engine, people of every role, and the application around it in this process."""

from dataclasses import replace

import pytest
from agents import at_work, token
from saw import ADDRESS, ALL, PIECES, UNLIMITED, Asker
from sites import add_everybody, new_site
from starlette.testclient import TestClient
from toy_installed import toy_installed

from lineshaft.faces.desk.uploads import Uploads
from lineshaft.faces.http.app import create_app
from lineshaft.faces.http.rates import Turnstile


@pytest.fixture(scope="session", autouse=True)
def toy():
    with toy_installed() as folder:
        yield folder


@pytest.fixture
def site(toy, tmp_path):
    """Works "saw" for everybody by role, works "other" for the boss alone."""
    with new_site(tmp_path / "site", None, "saw", "other") as made:
        add_everybody(made, "saw")
        made.open_works("saw").write({"piece": PIECES}, "boss", "import")
        yield made


@pytest.fixture(scope="session")
def built(toy, tmp_path_factory):
    """The application, made once: its routes take longer than most tests."""
    with new_site(tmp_path_factory.mktemp("http") / "site") as site:
        yield create_app(site, rates=UNLIMITED)


@pytest.fixture
def app(built, site):
    """The application around the site of the test."""
    built.state.site = site
    built.state.gate = replace(built.state.gate, site=site)
    built.state.turnstile = Turnstile(site, UNLIMITED)
    built.state.uploads = Uploads(site.folder / "uploads")
    return built


@pytest.fixture
def as_(site, app):
    """`as_("planner")` asks in that person's name, `as_("")` in nobody's."""
    client = TestClient(app, base_url=ADDRESS, raise_server_exceptions=False)
    yield lambda name, *scope: Asker(client, token(site, name, *(scope or ALL)) if name else "")
    client.close()


@pytest.fixture
def working(site):
    """Runs are done by a thread of this process."""
    with at_work(site, "saw"):
        yield


@pytest.fixture
def finished(site):
    """`finished(run)` does what is queued and says how the run ended."""

    def do(run: str) -> str:
        works = site.open_works("saw")
        while works.work():
            pass
        return works.run(run).status

    return do
