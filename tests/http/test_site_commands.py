"""`lineshaft site …` and `lineshaft link`: people and tokens without a browser."""

import io

from cli import lineshaft
from sites import PASSWORD

from lineshaft.faces.http import login
from lineshaft.store.site import Site


def test_a_site_is_set_up_from_the_command_line(tmp_path, monkeypatch):
    site = tmp_path / "site"
    assert lineshaft("init", site / "saw").code == 0
    added = lineshaft("site", "add-works", site, site / "saw")
    assert (added.code, "saw" in added.out) == (0, True), added.err
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert lineshaft("site", "add-user", site, "ann", "--works", "saw", "--role", "manager").code == 0
    made = lineshaft("site", "token", site, "ann", "--scope", "read", "--scope", "plan", "--json").json
    with Site.open(site) as opened:
        who = opened.who_of_token(made["token"])
        assert who.actions("saw") == {"read", "plan"}
        assert opened.people.check_password("ann", PASSWORD)
    assert "/login/link?key=" in lineshaft("link", site, "ann").out


def test_a_works_is_not_taken_for_a_site(tmp_path):
    assert lineshaft("init", tmp_path / "saw").code == 0
    refused = lineshaft("site", "add-works", tmp_path / "saw", tmp_path / "saw")
    assert refused.code == 3
    assert "add-works" in refused.err


def test_nobody_gets_no_token(tmp_path):
    Site.create(tmp_path / "site").close()
    assert lineshaft("site", "token", tmp_path / "site", "ann").code == 4


def test_people_without_an_administrator_get_one(tmp_path):
    with Site.create(tmp_path / "site") as site:
        site.people.add("admin", by="lineshaft")
        assert login.first_link(site, "http://127.0.0.1:8000")
        assert site.who("admin-2").governs
        assert not site.who("admin").governs
