"""A site with a toy works: three pieces to cut, people of every role, and workers that do what is queued."""

from __future__ import annotations

import polars as pl
import pytest
from agents import agents_app, at_work, served
from sites import add_everybody, new_site
from toy_installed import toy_installed

PIECES = pl.DataFrame(
    {
        "piece_id": [*"ABCDE"],
        "length_mm": [7_000, 5_000, 4_000, 4_000, 4_000],
        "beside_piece_id": [None, None, None, "C", None],
    }
)


@pytest.fixture(scope="session")
def toy():
    with toy_installed() as folder:
        yield folder


@pytest.fixture
def pieces(toy):
    return PIECES


@pytest.fixture
def site(toy, tmp_path):
    """Works "saw" for everybody by role, works "other" for the boss alone."""
    with new_site(tmp_path / "site", None, "saw", "other") as made:
        add_everybody(made, "saw")
        made.open_works("saw").write({"piece": PIECES}, "boss", "import")
        with at_work(made, "saw", "other"):
            yield made


@pytest.fixture
def address(site):
    with served(lambda _: agents_app(site)) as url:
        yield url


@pytest.fixture
def lineshaft():
    from cli import lineshaft as run

    return run
