"""A site with a works of the toy engine, people of every role, and the application around it in this process."""

from __future__ import annotations

from dataclasses import replace

import httpx2
import polars as pl
import pytest
from agents import at_work, token
from sites import add_everybody, new_site
from starlette.testclient import TestClient
from toy_installed import toy_installed

from lineshaft.faces.desk.uploads import Uploads
from lineshaft.faces.http.app import create_app
from lineshaft.faces.http.rates import Rates, Turnstile

ADDRESS = "http://127.0.0.1:8000"
ENGINE = "/v1/works/saw/engines/toy.cutting"
SAW = "/v1/works/saw"
PIECES = pl.DataFrame(
    {
        "piece_id": [*"ABCDE"],
        "length_mm": [7_000, 5_000, 4_000, 4_000, 4_000],
        "beside_piece_id": [None, None, None, "C", None],
    }
)
ALL = ("read", "write", "plan", "accept", "admin")
UNLIMITED = Rates(1e6, 1e6, 1e6, 1e6)


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


class Asker:
    """One person's client: `ask.get(path)` is the answer as JSON, checked for the status that was expected."""

    def __init__(self, client: TestClient, secret: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def raw(self, method: str, path: str, **more) -> httpx2.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str, status: int = 200, /, **params):
        return self._told(self.raw("GET", path, params=params), status)

    def post(self, path: str, body=None, status: int = 200, key: str | None = None, **params):
        headers = {"Idempotency-Key": key} if key else {}
        return self._told(self.raw("POST", path, json=body, headers=headers, params=params), status)

    def put(self, path: str, body=None, status: int = 200):
        return self._told(self.raw("PUT", path, json=body), status)

    def patch(self, path: str, body=None, status: int = 200):
        return self._told(self.raw("PATCH", path, json=body), status)

    def delete(self, path: str, status: int = 204):
        return self._told(self.raw("DELETE", path), status)

    @staticmethod
    def _told(answer: httpx2.Response, status: int):
        assert answer.status_code == status, answer.text
        kind = "application/problem+json" if status >= 400 else "application/json"
        if status != 204:
            assert answer.headers["content-type"].startswith(kind)
            return answer.json()
        return None


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
