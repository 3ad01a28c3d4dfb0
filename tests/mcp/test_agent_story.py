"""An agent at the crane works: what is late, why, what would help, and a decision that can be taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from agents import agent_over_http, agents_app, at_work, served, token
from sites import new_site

from lineshaft.crane_works.works import generate

LABEL = "planning assistant"


@pytest.fixture(scope="module")
def crane(tmp_path_factory):
    """A small crane works whose due dates are too near, served to agents."""
    folder = tmp_path_factory.mktemp("crane") / "site"
    with new_site(folder, None, "crane") as site:
        site.people.add("manager", None, by="boss")
        site.grants.give("crane", "manager", "manager", by="boss")
        works = site.open_works("crane")
        works.write(generate(0.05, seed=3, due_factor=0.7), "boss", "import")
        with at_work(site, "crane"), served(lambda _: agents_app(site)) as address:
            yield site, address


@pytest.fixture
def ask(crane):
    site, address = crane
    secret = token(site, "manager", "read", "plan", "accept", label=LABEL)
    with agent_over_http(address, secret) as asking:
        yield asking


def kpi(told, name):
    return next(one["value"] for one in told["kpis"] if one["name"] == name)


def test_an_agent_plans_asks_why_and_tries_a_remedy(ask, crane):
    site, _ = crane
    works = ask("list_works")["works"][0]["works"]
    (engine,) = (
        one for one in ask("list_engines", works=works)["engines"] if one["engine"] == "make.schedule"
    )
    assert engine["ready"]
    assert ask("check_data", works=works)["found"] == 0

    planned = ask("plan", works=works, engine=engine["engine"], limits={"work_limit": 1}, wait_s=60)
    run = planned["run"]
    assert planned["status"] == "done"
    assert kpi(planned, "weighted_tardiness_min") > 0

    worst = ask("explain", works=works, run=run, code="late", sort="late_min", limit=1)["reasons"][0]
    order = worst["facts"]["order_id"]
    assert worst["en"].startswith(f"{order} is ")
    assert "拖期" in worst["zh"]
    why = ask("explain", works=works, run=run, key=[order], limit=50)
    assert {reason["key"][0] for reason in why["reasons"]} == {order}
    material = next(reason for reason in why["reasons"] if reason["code"] == "waits_for_material")

    looked = ask("preview", works=works, run=run)
    assert looked["acceptable"]
    assert looked["tables"]["order_plan"]["inserted"] > 0
    accepted = ask("accept", works=works, run=run, confirm=looked["confirm"])["accept"]
    today = ask("describe", works=works)["works"]
    assert today["late_found"] == planned["reasons_by_code"]["late"]
    assert order in [late["order_id"] for late in today["late"]]

    receipt = material["facts"]["receipt_id"]
    there = ask("trace", works=works, table="receipt", key=[receipt])["row"]["available"]
    sooner = datetime.fromisoformat(there) - timedelta(days=2)
    cell = {"table": "receipt", "key": [receipt], "column": "available", "value": sooner.isoformat()}
    tried = ask("what_if", works=works, cells=[cell], wait_s=60)
    assert tried["against"] == run
    figures = {one["name"]: one for one in tried["comparison"]["kpis"]}
    assert figures["weighted_tardiness_min"]["better"] == "second"
    assert order in [row["key"][0] for row in tried["comparison"]["rows"] if row["table"] == "order_plan"]
    shown = ask("compare", works=works, second=tried["run"]["run"], table="order_plan", limit=50)
    change = next(row for row in shown["rows"] if row["key"] == [order])
    assert change["becomes"]["end"] < change["was"]["end"]
    assert not ask("preview", works=works, run=tried["run"]["run"])["acceptable"]

    assert ask("undo", works=works, accept=accepted)["accept"] == accepted
    assert ask("describe", works=works)["works"]["orders_found"] == 0
    acts = site.audit.page(works="crane", who="manager")[::-1]
    assert [entry.action for entry in acts] == ["plan", "accept", "plan", "undo"]
    assert all(entry.details["token"].startswith(LABEL) for entry in acts)


def test_an_agent_moves_an_operation_and_proposes_the_change(ask):
    plan = {"works": "crane", "engine": "make.schedule"}
    run = ask("plan", **plan, limits={"work_limit": 1}, wait_s=60)["run"]
    locked = ask("read_table", works="crane", table="operation_plan", run=run, sort=["-end"], limit=1)
    step = locked["rows"][0]
    key = [step["order_id"], step["op_no"]]
    later = datetime.fromisoformat(step["start"]) + timedelta(days=7)

    def moved(start):
        return [{"table": "operation_plan", "key": key, "values": {"start": start.isoformat()}}]

    too_soon = ask("edit", **plan, basis=run, changes=moved(later - timedelta(days=700)), propose=True)
    assert not too_soon["possible"]
    assert "run" not in too_soon
    assert too_soon["said"][0]["code"].startswith("edit_")
    assert too_soon["said"][0]["en"] != too_soon["said"][0]["zh"]

    tried = ask("edit", **plan, basis=run, changes=moved(later))
    assert tried["possible"]
    (change,) = (
        row for row in tried["comparison"]["rows"] if row["table"] == "operation_plan" and row["key"] == key
    )
    assert change["becomes"]["start"] == later.isoformat()
    assert "run" not in tried, "trying stores nothing"

    proposal = ask("edit", **plan, basis=run, changes=moved(later), propose=True)["run"]
    shown = ask("compare", works="crane", first=run, second=proposal, table="operation_plan")
    assert [row["key"] for row in shown["rows"]] == [
        row["key"] for row in tried["comparison"]["rows"] if row["table"] == "operation_plan"
    ]
    looked = ask("preview", works="crane", run=proposal)
    accepted = ask("accept", works="crane", run=proposal, confirm=looked["confirm"])["accept"]
    where = [{"column": "order_id", "value": key[0]}, {"column": "op_no", "value": key[1]}]
    (row,) = ask("read_table", works="crane", table="operation_plan", where=where)["rows"]
    assert row["start"] == later.isoformat()
    listed = {row["engine"]: row for row in ask("list_engines", works="crane")["engines"]}
    assert listed["make.schedule"]["in_force"] == proposal
    ask("undo", works="crane", accept=accepted)
    assert ask("read_table", works="crane", table="operation_plan")["total"] == 0
