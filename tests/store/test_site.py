"""People, roles, works and tokens of a site: who may do what, cell by cell, and how it is taken away."""

import itertools
import stat
import threading
from datetime import timedelta

import dataframely as dy
import pytest
import sqlalchemy as sa
from sites import ONE_CUSTOMER, OTHER_PASSWORD, PASSWORD, QUICK, ROLES, Clock, add_everybody, new_site

from lineshaft.core import BadInput, Missing, Refused
from lineshaft.store.database import StorageFailed
from lineshaft.store.site import ACTIONS, RowFilter, Site, Who
from lineshaft.store.site.schema import META
from lineshaft.store.works import Works

MATRIX = {
    "viewer": "read",
    "partner": "read",
    "planner": "read write plan",
    "manager": "read write plan accept",
    "admin": "read write plan accept admin",
}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def site(tmp_path, clock):
    site = new_site(tmp_path / "site", clock, "north", "south")
    add_everybody(site, "north")
    yield site
    site.close()


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """A site for tests that leave it as it is, but for more tokens."""
    site = new_site(tmp_path_factory.mktemp("still") / "site", Clock(), "north", "south")
    add_everybody(site, "north")
    yield site
    site.close()


def ends(site, **span):
    return site.now() + timedelta(**(span or {"days": 1}))


@pytest.mark.parametrize(("role", "action"), list(itertools.product(ROLES, ACTIONS)))
def test_each_role_may_do_its_actions_and_no_other(still, role, action):
    who = still.who(role)
    assert who.may("north", action) == (action in MATRIX[role].split())
    assert not who.may("south", action)
    assert not who.may("nowhere", action)
    assert not who.governs


@pytest.mark.parametrize("action", ACTIONS)
def test_the_administrator_of_the_site_may_do_everything_everywhere(still, action):
    boss = still.who("boss")
    assert boss.may("north", action)
    assert boss.may("south", action)
    assert boss.governs


@pytest.mark.parametrize(("scope", "action"), list(itertools.product(ACTIONS, ACTIONS)))
@pytest.mark.parametrize("role", ROLES)
def test_a_token_may_do_what_both_its_scope_and_its_owner_may(still, role, scope, action):
    secret = still.tokens.make("machine", still.who(role), None, [scope], ends(still))
    who = still.who_of_token(secret)
    assert who.may("north", action) == (action == scope and action in MATRIX[role].split())


def test_a_token_for_one_works_does_not_know_the_others_and_never_governs(site):
    secret = site.tokens.make("north only", site.who("boss"), ["north"], ACTIONS, ends(site))
    who = site.who_of_token(secret)
    assert who.may("north", "admin")
    assert who.role("south") is None
    assert [entry.works_id for entry in site.works(who)] == ["north"]
    assert not who.governs


def test_a_token_can_only_make_lesser_tokens(site):
    lesser = site.who_of_token(site.tokens.make("a", site.who("manager"), ["north"], ["read"], ends(site)))
    for works, scope in ((["north"], ["accept"]), (None, ["read"]), (["south"], ["read"])):
        with pytest.raises(BadInput):
            site.tokens.make("b", lesser, works, scope, ends(site))


def test_a_token_made_with_a_token_ends_with_it(site, clock):
    first = site.tokens.make("first", site.who("planner"), None, ["read"], ends(site, days=2))
    with pytest.raises(BadInput):
        site.tokens.make("longer", site.who_of_token(first), None, ["read"], ends(site, days=3))
    second = site.tokens.make("second", site.who_of_token(first), None, ["read"], ends(site, days=2))
    third = site.tokens.make("third", site.who_of_token(second), None, ["read"], ends(site))
    other = site.tokens.make("other", site.who("planner"), None, ["read"], ends(site))
    assert all(site.who_of_token(secret) for secret in (first, second, third, other))
    site.tokens.revoke(site.who_of_token(first).token_id, by="boss")
    assert [bool(site.who_of_token(secret)) for secret in (first, second, third, other)] == [False] * 3 + [
        True
    ]


@pytest.mark.parametrize(
    ("label", "works", "scope", "days", "column"),
    [
        ("", None, ["read"], 1, "label"),
        ("x", ["south"], ["read"], 1, "works"),
        ("x", ["nowhere"], ["read"], 1, "works"),
        ("x", None, [], 1, "scope"),
        ("x", None, ["destroy"], 1, "scope"),
        ("x", None, ["read"], 0, "expires"),
        ("x", None, ["read"], 367, "expires"),
    ],
)
def test_tokens_with_a_wrong_part_are_not_made(site, label, works, scope, days, column):
    with pytest.raises(BadInput) as refusal:
        site.tokens.make(label, site.who("planner"), works, scope, ends(site, days=days))
    assert [fault.column for fault in refusal.value.faults] == [column]
    assert site.tokens.list() == []


def test_a_token_ends_by_time_revocation_and_disabling(site, clock):
    planner = site.who("planner")
    secrets = [site.tokens.make(f"t{n}", planner, None, ["read"], ends(site, days=n)) for n in (1, 9, 9)]
    assert all(site.who_of_token(secret) for secret in secrets)
    clock.turn(days=1)
    assert [bool(site.who_of_token(secret)) for secret in secrets] == [False, True, True]
    revoked = next(token for token in site.tokens.list("planner") if token.label == "t9")
    site.tokens.revoke(revoked.token_id, by="boss")
    assert sorted(bool(site.who_of_token(secret)) for secret in secrets) == [False, False, True]
    site.people.disable("planner", by="boss")
    assert not any(site.who_of_token(secret) for secret in secrets)
    site.people.enable("planner", by="boss")
    assert not any(site.who_of_token(secret) for secret in secrets)


def test_only_the_whole_secret_of_a_token_opens(site):
    secret = site.tokens.make("t", site.who("planner"), None, ["read"], ends(site))
    for wrong in (
        "",
        secret[:-1],
        secret + "x",
        secret.split("_")[2],
        secret.replace("lsh", "LSH"),
        "lsh_x_y",
    ):
        assert site.who_of_token(wrong) is None
    with pytest.raises(Missing):
        site.tokens.revoke("nowhere", by="boss")


def test_no_secret_is_stored(site):
    made = [
        site.tokens.make("t", site.who("planner"), None, ["read"], ends(site)),
        site.sessions.start("planner"),
        site.links.make("planner"),
        PASSWORD,
    ]
    site.database.write(lambda connection: None)
    stored = b"".join(path.read_bytes() for path in site.folder.glob("site.db*"))
    for secret in made:
        assert secret.encode() not in stored
        assert secret[-20:].encode() not in stored
    assert site.folder.joinpath("site.db").stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) == 0


def test_a_person_sees_the_works_they_may_read_and_no_other(still):
    assert [entry.works_id for entry in still.works(still.who("viewer"))] == ["north"]
    assert [entry.works_id for entry in still.works(still.who("boss"))] == ["north", "south"]
    assert still.works(Who("stranger")) == []
    narrow = still.who_of_token(still.tokens.make("t", still.who("planner"), None, ["write"], ends(still)))
    assert still.works(narrow) == []


def test_a_changed_role_holds_at_once(site):
    site.grants.give("north", "viewer", "manager", by="boss")
    assert site.who("viewer").may("north", "accept")
    site.grants.take("north", "viewer", by="boss")
    assert site.who("viewer").role("north") is None
    assert [grant.name for grant in site.grants.of_works("north")] == [
        "admin",
        "manager",
        "partner",
        "planner",
    ]


def test_a_partner_has_a_filter_and_nobody_else(still):
    assert still.who("partner").row_filter("north") == ONE_CUSTOMER
    assert all(still.who(role).row_filter("north") is None for role in ROLES if role != "partner")
    assert still.grants.of_person("partner")[0].row_filter == ONE_CUSTOMER


@pytest.mark.parametrize(
    ("role", "row_filter", "column"),
    [
        ("emperor", None, "role"),
        ("partner", None, "row_filter"),
        ("planner", ONE_CUSTOMER, "row_filter"),
        ("partner", RowFilter("nothing", "x", ("1",)), "row_filter"),
        ("partner", RowFilter("work_order", "nothing", ("1",)), "row_filter"),
        ("partner", RowFilter("work_order", "customer_id", ()), "row_filter"),
    ],
)
def test_grants_with_a_wrong_part_are_not_given(still, role, row_filter, column):
    with pytest.raises(BadInput) as refusal:
        still.grants.give("south", "viewer", role, row_filter, by="boss")
    assert [fault.column for fault in refusal.value.faults] == [column]
    assert still.who("viewer").role("south") is None


class Loop(dy.Schema):
    """Each row must name another."""

    loop_id = dy.String(primary_key=True)
    other_id = dy.String(metadata={"ref": "loop.loop_id"})


def test_a_filter_on_rows_that_must_name_each_other_is_refused(still):
    row_filter = RowFilter("loop", "loop_id", ("1",))
    with pytest.raises(BadInput) as refusal:
        still.grants.give("north", "viewer", "partner", row_filter, by="boss", schemas={"loop": Loop})
    assert [fault.value for fault in refusal.value.faults] == ["loop"]


def test_grants_need_a_works_and_a_person(still):
    with pytest.raises(Missing):
        still.grants.give("nowhere", "viewer", "viewer", by="boss")
    with pytest.raises(Missing):
        still.grants.give("north", "nobody", "viewer", by="boss")


def test_a_disabled_person_is_out_at_once_and_comes_back_with_nothing_open(site):
    session, link = site.sessions.start("planner"), site.links.make("planner")
    site.people.disable("planner", by="boss")
    assert site.who("planner") is None
    assert site.who_of_session(session) is None
    assert not site.people.check_password("planner", PASSWORD)
    assert site.links.use(link) is None
    site.people.enable("planner", by="boss")
    assert site.who_of_session(session) is None
    assert site.people.check_password("planner", PASSWORD)


def test_a_site_keeps_an_administrator(site):
    for act in (
        lambda: site.people.disable("boss", by="boss"),
        lambda: site.people.change("boss", admin=False, by="boss"),
    ):
        with pytest.raises(Refused):
            act()
    site.people.change("manager", admin=True, title="Frau Li", by="boss")
    site.people.change("boss", admin=False, by="manager")
    assert not site.who("boss").governs
    assert site.people.find("manager").title == "Frau Li"


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "a" * 65, "<b>", "a/b", "a\x00"])
def test_names_that_cannot_be(still, name):
    with pytest.raises(BadInput):
        still.people.add(name, by="boss")
    assert not still.people.knows(name)


def test_names_are_one_whatever_their_case_and_width(site):
    site.people.add("Ｗang.Li", PASSWORD, by="boss")
    assert site.people.check_password("WANG.LI", PASSWORD)
    assert site.people.find("wang.li").name == "wang.li"
    with pytest.raises(Refused):
        site.people.add("WANG.li", by="boss")
    assert site.people.add("王丽", by="boss").name == "王丽"
    with pytest.raises(Missing):
        site.people.find("nobody")


def test_an_identity_belongs_to_one_person(site):
    site.people.link("https://id.example", "42", "planner", by="planner")
    assert site.people.linked("https://id.example", "42").name == "planner"
    assert site.people.linked("https://other.example", "42") is None
    assert site.people.identities("planner") == [("https://id.example", "42")]
    with pytest.raises(Refused):
        site.people.link("https://id.example", "42", "viewer", by="viewer")


def test_a_link_works_once_for_fifteen_minutes_and_only_the_newest(site, clock):
    first, second = site.links.make("boss"), site.links.make("boss")
    assert site.links.use(first) is None
    assert site.links.use(second) == "boss"
    assert site.links.use(second) is None
    late = site.links.make("boss")
    clock.turn(minutes=15)
    assert site.links.use(late) is None


def test_works_are_opened_once_and_shared(site):
    opened = []
    threads = [threading.Thread(target=lambda: opened.append(site.open_works("north"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    assert all(works is opened[0] for works in opened)
    assert site.kept("north") is site.kept("north")
    assert site.kept("north") is not site.kept("south")
    with pytest.raises(Missing):
        site.open_works("nowhere")


def test_works_are_added_under_a_plain_name(site, tmp_path):
    with pytest.raises(Refused):
        site.add_works(site.folder / "north")
    assert site.add_works(site.folder / "north", "again").place == "north"
    with pytest.raises(Missing):
        site.add_works(tmp_path / "nothing")
    for bad in ("", "A", "a b", "../a", "-", "a" * 41):
        with pytest.raises(BadInput):
            site.add_works(site.folder / "north", bad or "/")


def test_a_site_is_found_again_as_it_was(site):
    site.close()
    with pytest.raises(Refused):
        Site.create(site.folder)
    with Site.open(site.folder, site.now, QUICK) as again:
        assert again.who("planner").may("north", "plan")
        assert again.open_works("north").name == "North"


def test_there_must_be_a_site_and_of_a_known_form(site, tmp_path):
    with pytest.raises(Missing):
        Site.open(tmp_path)
    site.database.write(lambda connection: connection.execute(META.update().values(value="99")))
    with pytest.raises(Refused):
        Site.open(site.folder)


def test_an_older_site_is_brought_up_to_date(site):
    def age(connection):
        connection.execute(sa.text("ALTER TABLE site_token DROP COLUMN made_with"))
        connection.execute(META.update().values(value="1"))

    site.database.write(age)
    with Site.open(site.folder, site.now, QUICK) as again:
        secret = again.tokens.make("t", again.who("planner"), None, ["read"], ends(again))
        assert again.who_of_token(secret)
    with Site.open(site.folder, site.now, QUICK) as again:
        assert again.who_of_token(secret)


def test_the_audit_tells_what_was_done_and_cannot_be_rewritten(site):
    site.people.set_password("viewer", OTHER_PASSWORD, by="boss")
    site.tokens.make("night", site.who("planner"), None, ["read"], ends(site))
    newest = site.audit.page(limit=2)
    assert [(entry.who, entry.action) for entry in newest] == [
        ("planner", "make token"),
        ("boss", "set password"),
    ]
    assert OTHER_PASSWORD not in str(newest)
    assert {entry.action for entry in site.audit.page(works="north")} == {"add works", "give role"}
    assert {entry.works for entry in site.audit.page(works="north")} == {"north"}
    assert site.audit.page(works="nor") == []
    assert [entry.who for entry in site.audit.page(who="planner")] == ["planner"]
    pages = [site.audit.page(limit=4)]
    while pages[-1]:
        pages.append(site.audit.page(before=pages[-1][-1].seq, limit=4))
    numbers = [entry.seq for page in pages for entry in page]
    assert numbers == list(range(site.audit.root()[0], 0, -1))
    for edit in ("UPDATE ls_event SET actor = 'x'", "DELETE FROM ls_event"):
        with pytest.raises(StorageFailed):
            site.database.write(lambda connection, edit=edit: connection.execute(sa.text(edit)))
    assert site.audit.broken() == []


def test_an_edit_beneath_the_audit_shows(site):
    def forge(connection):
        connection.execute(sa.text("DROP TRIGGER audit_no_update"))
        connection.execute(sa.text("UPDATE ls_event SET actor = 'x' WHERE seq = 3"))

    site.database.write(forge)
    assert site.audit.broken() == [3]


def test_works_in_the_folder_of_a_site_are_taken_in_once(site):
    Works.create(site.folder / "west", "West").close()
    assert [entry.works_id for entry in site.take_in()] == ["west"]
    assert site.take_in() == []
    assert site.open_works("west").name == "West"
