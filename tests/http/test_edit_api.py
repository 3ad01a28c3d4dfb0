"""Changes by hand over HTTP: tried without a trace, proposed, accepted."""

import pytest
from saw import ENGINE, SAW


@pytest.fixture
def planned(as_, finished):
    """The manager, with an accepted plan of two bars."""
    ask = as_("manager")
    run = ask.post(f"{ENGINE}/runs", {"limits": {"work_limit": 5}}, 202)["run"]
    finished(run)
    ask.post(f"{SAW}/runs/{run}/accept")
    return ask


def move(piece, bar):
    return {"changes": [{"table": "cuts", "key": [piece], "values": {"bar_no": bar}}]}


def test_a_change_is_tried_and_leaves_no_trace(planned):
    told = planned.post(f"{ENGINE}/edit", move("A", 3))
    assert told["possible"]
    assert [(kpi["name"]["en"], kpi["was"], kpi["value"]) for kpi in told["kpis"]] == [("bars", 2.0, 3.0)]
    assert planned.get(f"{SAW}/runs")["found"] == 1


def test_a_change_that_cannot_be_says_why(planned):
    bars = {row["piece_id"]: row["bar_no"] for row in planned.get(f"{SAW}/tables/cut/rows")["rows"]}
    other = 3 - bars["A"]
    told = planned.post(f"{ENGINE}/edit", move("A", other))
    assert not told["possible"]
    assert told["said"]
    assert all(one["en"] and one["zh"] and one["code"].startswith("edit_") for one in told["said"])
    assert planned.post(f"{ENGINE}/proposals", move("A", other), 409)["zh"] == told["said"][0]["zh"]


def test_changes_become_one_proposal_that_is_accepted(planned):
    first, again = (planned.post(f"{ENGINE}/proposals", move("A", 3), 201, key="edit-1") for _ in range(2))
    assert first == again == {"run": "r2", "status": "done"}
    now = planned.get(f"{SAW}/runs/r2")
    assert (now["kind"], now["progress"]["status"]) == ("edit", "done")
    assert planned.get(f"{SAW}/runs/r2/preview")["tables"]["cut"]["changed"] == 1
    planned.post(f"{SAW}/runs/r2/accept")
    assert planned.get(f"{SAW}/tables/cut/row", key="A")["row"]["bar_no"] == 3


def test_a_row_that_is_not_there_is_named(planned):
    problem = planned.post(f"{ENGINE}/edit", move("Z", 1), 422)
    assert problem["faults"][0]["key"] == ["Z"]
