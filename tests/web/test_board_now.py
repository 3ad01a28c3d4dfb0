"""The board's data says what time it is at the works, whatever was kept in memory."""

import json
from datetime import timedelta

import pytest
from sites import Clock, new_site

from lineshaft.crane_works import generate
from lineshaft.faces.desk import boards
from lineshaft.faces.desk.desk import Desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with new_site(tmp_path_factory.mktemp("site") / "s", Clock(), "north") as site:
        works = site.open_works("north")
        works.write(generate(scale=0.1), "boss", "example")
        works.accept(works.propose("make.schedule", limits={"work_limit": 1}, actor="boss"), "boss")
        yield Desk(site, "north", site.who("boss"))


def test_now_goes_on_while_the_picture_is_kept(desk, monkeypatch):
    first = json.loads(boards.board(desk, "make.schedule"))
    began = desk.works.now()
    monkeypatch.setattr(desk.works, "now", lambda: began + timedelta(hours=1))
    later = json.loads(boards.board(desk, "make.schedule"))
    assert later.pop("now") == int((began + timedelta(hours=1)).timestamp())
    assert first.pop("now") <= int(began.timestamp())
    assert later == first
    assert first["bars"]
