"""Sessions: random ids kept as digests, ended by time, by hand and by whatever shuts their person out."""

import pytest
from sites import OTHER_PASSWORD, Clock, everybody

from lineshaft.store.site.schema import SESSION
from lineshaft.store.site.secret import new_secret


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site(tmp_path, clock):
    with everybody(tmp_path / "site", clock) as site:
        yield site


def test_a_session_is_its_person_until_it_ends(site):
    secret = site.sessions.start("planner", "oidc")
    session = site.sessions.find(secret)
    assert (session.name, session.method) == ("planner", "oidc")
    assert site.who_of_session(secret).may("north", "plan")
    site.sessions.end(secret)
    assert site.sessions.find(secret) is None
    assert site.who_of_session(secret) is None
    site.sessions.end(secret)


def test_session_ids_are_random_long_and_never_the_same():
    secrets = {new_secret() for _ in range(1_000)}
    assert len(secrets) == 1_000
    assert all(len(secret) * 6 >= 128 for secret in secrets)


@pytest.mark.parametrize("wrong", ["", "x", "é", "\x00"])
def test_other_ids_are_nobody(site, wrong):
    site.sessions.start("planner")
    assert site.sessions.find(wrong) is None


def test_eight_hours_without_use_end_a_session(site, clock):
    idle, used = site.sessions.start("planner"), site.sessions.start("planner")
    clock.turn(hours=7, minutes=59)
    assert site.sessions.find(used)
    clock.turn(minutes=1)
    assert site.sessions.find(idle) is None
    assert site.sessions.find(used)


def test_seven_days_end_a_session_however_much_it_is_used(site, clock):
    secret = site.sessions.start("planner")
    for _ in range(7 * 24 - 1):
        clock.turn(hours=1)
        assert site.sessions.find(secret)
    clock.turn(hours=1)
    assert site.sessions.find(secret) is None


def test_sessions_that_have_run_out_are_cleared_away(site, clock):
    site.sessions.start("planner")
    clock.turn(days=8)
    site.sessions.start("viewer")
    with site.database.reading() as connection:
        assert [row.name for row in connection.execute(SESSION.select())] == ["viewer"]


def test_all_sessions_of_a_person_end_but_the_one_kept(site):
    kept, other, anothers = (site.sessions.start(name) for name in ("planner", "planner", "viewer"))
    assert len(site.sessions.of("planner")) == 2
    assert site.sessions.end_all("planner", keep=kept) == 1
    assert site.sessions.find(kept)
    assert site.sessions.find(other) is None
    assert site.sessions.find(anothers)
    assert site.sessions.end_all("planner") == 1


def test_a_new_password_and_disabling_end_sessions(site):
    first = site.sessions.start("planner")
    site.people.set_password("planner", OTHER_PASSWORD, by="planner")
    assert site.sessions.find(first) is None
    second = site.sessions.start("planner")
    site.people.disable("planner", by="boss")
    assert site.sessions.find(second) is None


def test_each_session_has_its_own_form_token(site):
    first, second = site.sessions.start("planner"), site.sessions.start("planner")
    assert site.sessions.form_token(first) == site.sessions.form_token(first)
    assert site.sessions.form_token(first) != site.sessions.form_token(second)
    assert site.sessions.find(site.sessions.form_token(first)) is None
