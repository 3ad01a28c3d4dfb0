"""A token may do what its scope and its owner's role both allow, and everything it does is in the audit trail."""

from __future__ import annotations

import pytest
from agents import ToolError, agent, agent_over_http, token
from mcp import MCPError

from lineshaft.faces.mcp.server import Agents

PLAN = {"works": "saw", "engine": "toy.cutting", "limits": {"work_limit": 2}, "wait_s": 30}
ALL = ("read", "write", "plan", "accept", "admin")
CASES = (
    ("viewer", {"read"}, {"read"}),
    ("planner", {"read", "plan"}, {"read", "plan"}),
    ("manager", {"read"}, {"read"}),
    ("manager", {"read", "plan"}, {"read", "plan"}),
    ("manager", {"read", "plan", "accept"}, {"read", "plan", "accept"}),
)


def acts(run, confirm):
    """Tool calls by the action that they need."""
    cell = {"table": "piece", "key": ["A"], "column": "length_mm", "value": 6_000}
    return {
        "read": [
            ("describe", {"works": "saw"}),
            ("read_table", {"works": "saw", "table": "piece"}),
            ("explain", {"works": "saw", "run": run}),
            ("preview", {"works": "saw", "run": run}),
        ],
        "plan": [
            ("plan", PLAN),
            ("what_if", {"works": "saw", "against": run, "cells": [cell], "wait_s": 30}),
            ("cancel", {"works": "saw", "run": run}),
        ],
        "accept": [
            ("accept", {"works": "saw", "run": run, "confirm": confirm}),
            ("undo", {"works": "saw", "accept": "a1"}),
        ],
    }


def tried(asking, tool, arguments):
    """None, or the kind of error."""
    try:
        asking(tool, **arguments)
    except ToolError as error:
        return error.answer["error"]
    return None


def test_roles_and_scopes_cell_by_cell(site, address):
    with agent(Agents(site, lambda: site.who("boss"))) as boss:
        run = boss("plan", **PLAN)["run"]
        confirm = boss("preview", works="saw", run=run)["confirm"]
    for role, scope, may in CASES:
        with agent_over_http(address, token(site, role, *scope)) as asking:
            for needed, calls in acts(run, confirm).items():
                for tool, arguments in calls:
                    wanted = None if needed in may else "NotAllowed"
                    assert tried(asking, tool, arguments) == wanted, (role, scope, tool)


def test_a_scope_does_not_raise_a_role(site, address):
    secret = token(site, "manager", "read", "plan", "accept")
    site.grants.give("saw", "manager", "viewer", by="boss")
    with agent_over_http(address, secret) as asking:
        assert asking("list_works")["works"][0]["may"] == ["read"]
        assert tried(asking, "plan", PLAN) == "NotAllowed"


def test_another_works_does_not_exist(site, address):
    with agent_over_http(address, token(site, "manager", "read", "plan", "accept")) as asking:
        assert [one["works"] for one in asking("list_works")["works"]] == ["saw"]
        for works in ("other", "nowhere"):
            for tool, arguments in (
                ("describe", {}),
                ("plan", {**PLAN}),
                ("accept", {"run": "r1", "confirm": "-"}),
                ("trace", {}),
            ):
                with pytest.raises(ToolError) as refused:
                    asking(tool, **{**arguments, "works": works})
                assert refused.value.answer["error"] == "Missing"
                assert refused.value.answer["en"].replace(works, "…") == "There is no works '…'."


def test_a_token_for_one_works_sees_no_other(site, address):
    secret = token(site, "boss", *ALL, works=["other"])
    with agent_over_http(address, secret) as asking:
        assert [one["works"] for one in asking("list_works")["works"]] == ["other"]
        assert tried(asking, "describe", {"works": "saw"}) == "Missing"


def test_a_partner_sees_rows_and_no_runs(site):
    with agent(Agents(site, lambda: site.who("boss"))) as boss:
        run = boss("plan", **PLAN)["run"]
    with agent(Agents(site, lambda: site.who("partner"))) as partner:
        assert partner("read_table", works="saw", table="piece")["found"] == 0
        assert partner("list_engines", works="saw")["engines"]
        assert tried(partner, "describe", {"works": "saw"}) is None
        for tool, arguments in (
            ("progress", {"run": run}),
            ("explain", {"run": run}),
            ("preview", {"run": run}),
            ("compare", {"first": run, "second": run}),
            ("read_table", {"run": run, "table": "cut"}),
            ("check_data", {}),
            ("trace", {}),
        ):
            assert tried(partner, tool, {"works": "saw", **arguments}) == "Missing", tool


def test_who_leaves_is_out_at_the_next_call(site, address):
    with agent_over_http(address, token(site, "viewer", "read")) as asking:
        asking("list_works")
        site.people.disable("viewer", by="boss")
        with pytest.raises(MCPError):
            asking("list_works")
    with agent(Agents(site, lambda: site.who("planner"))) as asking:
        site.grants.take("saw", "planner", by="boss")
        assert asking("list_works").get("works") == []


def test_nobody_accepts_what_he_has_not_looked_at(site):
    with agent(Agents(site, lambda: site.who("manager"))) as asking:
        run = asking("plan", **PLAN)["run"]
        accepting = {"works": "saw", "run": run}
        assert tried(asking, "accept", {**accepting, "confirm": ""}) == "Refused"
        before = asking("preview", **accepting)["confirm"]
        other = asking("plan", **{**PLAN, "limits": {"work_limit": 2, "seed": 9}})["run"]
        assert tried(asking, "accept", {"works": "saw", "run": other, "confirm": before}) == "Refused"
        done = asking("accept", **accepting, confirm=before)
        assert asking("accept", **accepting, confirm=before) == done, "a repeated call is harmless"
        assert not asking("preview", **accepting)["acceptable"]


def test_a_what_if_is_never_accepted(site):
    with agent(Agents(site, lambda: site.who("manager"))) as asking:
        base = asking("plan", **PLAN)["run"]
        cell = {"table": "piece", "key": ["A"], "column": "length_mm", "value": 1_000}
        told = asking("what_if", works="saw", against=base, cells=[cell], wait_s=30)
        assert told["run"]["what_if"]
        looked = asking("preview", works="saw", run=told["run"]["run"])
        assert not looked["acceptable"]
        arguments = {"works": "saw", "run": told["run"]["run"], "confirm": looked["confirm"]}
        assert tried(asking, "accept", arguments) == "Refused"


def test_every_act_is_in_the_audit_trail_with_the_tokens_name(site, address):
    secret = token(site, "manager", "read", "plan", "accept", label="night agent")
    with agent_over_http(address, secret) as asking:
        run = asking("plan", **PLAN)["run"]
        confirm = asking("preview", works="saw", run=run)["confirm"]
        accepted = asking("accept", works="saw", run=run, confirm=confirm)["accept"]
        asking("undo", works="saw", accept=accepted)
    entries = site.audit.page(works="saw", who="manager")[::-1]
    assert [entry.action for entry in entries] == ["plan", "accept", "undo"]
    assert all(entry.details["token"].startswith("night agent (") for entry in entries)
    assert {event.actor for event in site.open_works("saw").log() if event.run_id} == {"manager"}
