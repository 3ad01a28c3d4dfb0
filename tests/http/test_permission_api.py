"""Who may do what over HTTP: every role and scope, and nothing that tells of another's works."""

import pytest
from saw import ENGINE, SAW

PIECE = {"rows": [{"piece_id": "G", "length_mm": 100}]}
ACTS = {
    "read": ("GET", f"{SAW}/tables/piece/rows", None),
    "write": ("POST", f"{SAW}/tables/piece/rows", PIECE),
    "plan": ("POST", f"{ENGINE}/runs", {}),
    "accept": ("POST", f"{SAW}/accepts/last/undo", None),
    "admin": ("GET", f"{SAW}/roles", None),
}
MAY = {
    "viewer": {"read"},
    "partner": {"read"},
    "planner": {"read", "write", "plan"},
    "manager": {"read", "write", "plan", "accept"},
    "admin": set(ACTS),
}


@pytest.mark.parametrize("role", MAY)
def test_each_role_may_do_exactly_its_own(as_, role):
    ask = as_(role)
    for act, (method, path, body) in ACTS.items():
        answer = ask.raw(method, path, json=body)
        allowed = answer.status_code != 403 and not (role == "partner" and answer.status_code == 404)
        assert allowed == (act in MAY[role]), (act, answer.text)


@pytest.mark.parametrize("act", ACTS)
def test_a_token_does_no_more_than_its_scope(as_, act):
    ask = as_("admin", "read")
    method, path, body = ACTS[act]
    assert (ask.raw(method, path, json=body).status_code == 403) == (act != "read")


def test_nobody_gets_in_without_a_token(as_):
    problem = as_("").get(SAW, 401)
    assert problem["type"].endswith("not-signed-in")
    answer = as_("").raw("GET", SAW, headers={"Authorization": "Bearer lsh_1_2"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_anothers_works_is_as_missing_as_one_that_is_not_there(as_):
    ask = as_("admin")
    for path in ("", "/tables", "/runs", "/engines", "/roles", "/attention", "/boards/make.schedule"):
        hidden, absent = (ask.get(f"/v1/works/{name}{path}", 404) for name in ("other", "none"))
        assert hidden["en"].replace("other", "none") == absent["en"]
    assert [one["works"] for one in ask.get("/v1/works")] == ["saw"]
    assert [one["works"] for one in as_("boss").get("/v1/works")] == ["other", "saw"]


def test_partners_see_their_rows_and_no_runs(as_):
    ask = as_("partner")
    assert ask.get(f"{SAW}/tables/piece/rows")["rows"] == []
    assert ask.get(f"{SAW}/runs", 404)["status"] == 404
    assert ask.get(f"{SAW}/faults", 404)["status"] == 404


def test_me_tells_name_token_and_works(as_):
    me = as_("planner", "read", "plan").get("/v1/me")
    assert (me["name"], me["admin"], me["works"][0]["role"]) == ("planner", False, "planner")
    assert me["works"][0]["may"] == ["plan", "read"]
    assert me["token"].startswith("agent (")
