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
        with at_work(site, "crane"), served(agents_app(site)) as address:
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
    assert ask.progress
    assert [fraction for fraction, *_ in ask.progress] == sorted(fraction for fraction, *_ in ask.progress)

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
