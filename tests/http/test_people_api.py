"""Tokens, people, roles and the audit trail over HTTP."""

from datetime import timedelta

import pytest
from saw import SAW
from sites import OTHER_PASSWORD


def asked(site, **more):
    expires = (site.now() + timedelta(days=30)).isoformat()
    return {"label": "night agent", "scope": ["read", "plan"], "expires": expires, **more}


def test_a_token_is_made_used_listed_and_revoked(as_, site):
    ask = as_("planner")
    made = ask.post("/v1/tokens", asked(site, works=["saw"]), 201)
    ask.headers = {"Authorization": f"Bearer {made['secret']}"}
    assert ask.get("/v1/me")["works"][0]["may"] == ["plan", "read"]
    listed = {one["token"]: one for one in ask.get("/v1/tokens")}
    assert listed[made["token"]]["label"] == "night agent"
    assert "secret" not in listed[made["token"]]
    ask.delete(f"/v1/tokens/{made['token']}")
    ask.get("/v1/me", 401)


def test_a_secret_is_told_once_even_to_the_same_request(as_, site):
    ask = as_("planner")
    first, second = (ask.post("/v1/tokens", asked(site), 201, key="k1") for _ in range(2))
    assert first["secret"].startswith("lsh_")
    assert second == {**first, "secret": None}


def test_nobody_revokes_anothers_token_but_an_administrator(as_, site):
    made = as_("planner").post("/v1/tokens", asked(site), 201)
    assert as_("manager").delete(f"/v1/tokens/{made['token']}", 404)["zh"]
    as_("boss").delete(f"/v1/tokens/{made['token']}")


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"works": ["other"]}, "works"),
        ({"label": " "}, "label"),
        ({"expires": "2020-01-01T00:00:00Z"}, "expires"),
    ],
)
def test_a_token_that_cannot_be_is_refused(as_, site, change, column):
    problem = as_("planner").post("/v1/tokens", asked(site, **change), 422)
    assert problem["faults"][0]["column"] == column


def test_people_are_added_changed_and_shut_out(as_, site):
    boss = as_("boss")
    made = boss.post("/v1/people", {"name": "Ann", "password": OTHER_PASSWORD, "title": "Ann Li"}, 201)
    assert (made["name"], made["has_password"], made["roles"]) == ("ann", True, [])
    assert boss.post("/v1/people", {"name": "ann"}, 409)["zh"]
    boss.put(f"{SAW}/roles/ann", {"role": "planner"})
    assert as_("ann").get("/v1/me")["works"][0]["role"] == "planner"
    told = boss.patch("/v1/people/ann", {"title": "Ann Wang", "disabled": True})
    assert (told["title"], told["disabled"], told["roles"][0]["role"]) == ("Ann Wang", True, "planner")
    assert boss.patch("/v1/people/boss", {"admin": False}, 409)["zh"] == "至少须保留一名管理员。"
    assert boss.get("/v1/people/nobody", 404)["status"] == 404


def test_roles_are_given_and_taken_by_those_who_administer_the_works(as_):
    admin = as_("admin")
    wanted = {"table": "work_order", "column": "customer_id", "values": ["C2"]}
    told = admin.put(f"{SAW}/roles/viewer", {"role": "partner", "row_filter": wanted})
    assert told["row_filter"] == wanted
    assert admin.put(f"{SAW}/roles/viewer", {"role": "partner"}, 422)["faults"]
    admin.delete(f"{SAW}/roles/viewer")
    assert "viewer" not in {one["name"] for one in admin.get(f"{SAW}/roles")}
    assert as_("planner").put(f"{SAW}/roles/planner", {"role": "admin"}, 403)["zh"]


def test_people_and_audit_are_for_administrators_of_the_site(as_):
    for path in ("/v1/people", "/v1/audit", "/v1/people/boss"):
        as_("admin").get(path, 403)
    as_("planner").post(f"{SAW}/tables/piece/rows", {"rows": [{"piece_id": "A", "length_mm": 5}]})
    entries = as_("boss").get("/v1/audit", by="planner", action="write", works="saw")
    assert [entry["details"]["tables"]["piece"]["changed"] for entry in entries] == [1]
    assert entries[0]["details"]["token"].startswith("agent (")
    assert as_("boss").get("/v1/audit", before=entries[0]["seq"], limit=1)[0]["seq"] < entries[0]["seq"]
