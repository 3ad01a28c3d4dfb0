"""Runs over HTTP: asked for, watched, read, compared, accepted, taken back."""

from io import BytesIO

import polars as pl
import pytest
from saw import ENGINE, SAW

from lineshaft.store.changes import change

LIMITS = {"limits": {"work_limit": 5}}


@pytest.fixture
def run(as_, finished):
    """A finished run of the planner."""
    told = as_("planner").post(f"{ENGINE}/runs", LIMITS, 202)
    assert finished(told["run"]) == "done"
    return told["run"]


def test_a_run_waits_for_a_worker_and_says_where_it_is(as_, finished):
    ask = as_("planner")
    answer = ask.raw("POST", f"{ENGINE}/runs", json=LIMITS)
    assert (answer.status_code, answer.json()) == (202, {"run": "r1", "status": "queued"})
    place = answer.headers["location"]
    assert place == f"{SAW}/runs/r1"
    assert ask.get(place)["progress"] == {"status": "queued", "fraction": 0.0, "en": "", "zh": ""}
    finished("r1")
    now = ask.get(place)
    assert (now["status"], now["progress"]["fraction"], now["actor"]) == ("done", 1.0, "planner")
    assert [(kpi["name"], kpi["value"], kpi["bound"]) for kpi in now["kpis"]] == [("bars", 2.0, 2.0)]
    assert now["accept"] is None


def test_wrong_parameters_and_limits_are_named(as_):
    ask = as_("planner")
    problem = ask.post(f"{ENGINE}/runs", {"params": {"bar_mm": 5}, "limits": {}}, 422)
    assert (problem["faults"][0]["column"], problem["faults"][0]["rule"]) == ("bar_mm", "param")
    problem = ask.post(f"{ENGINE}/runs", {"limits": {"time_limit_s": "soon"}}, 422)
    assert problem["faults"][0]["column"] == "time_limit_s"
    problem = ask.post(f"{ENGINE}/runs", {"limit": {}}, 422)
    assert (problem["faults"][0]["column"], problem["faults"][0]["zh"]) == ("limit", "没有此字段")


def test_results_are_read_as_pages_files_and_reasons(as_, run):
    ask = as_("viewer")
    assert [one["table"] for one in ask.get(f"{SAW}/runs/{run}/tables")] == ["cut"]
    page = ask.get(f"{SAW}/runs/{run}/tables/cut", f="bar_no:eq:1", sort="-piece_id")
    assert page["total"] == 5
    assert page["found"] == len(page["rows"]) > 0
    frame = pl.read_parquet(BytesIO(ask.raw("GET", f"{SAW}/runs/{run}/tables/cut/file").content))
    assert frame.columns == ["piece_id", "bar_no"]
    for kind in ("xlsx", "csv"):
        assert ask.raw("GET", f"{SAW}/runs/{run}/tables/cut/file", params={"kind": kind}).status_code == 200
    assert ask.raw("GET", f"{SAW}/runs/{run}/file").content[:2] == b"PK"
    told = ask.get(f"{SAW}/runs/{run}/reasons")
    assert told["found"] == 2
    assert told["reasons"][0]["zh"].endswith("启用第 1 根棒料。")
    piece = told["reasons"][0]["key"][0]
    assert ask.get(f"{SAW}/runs/{run}/reasons", table="cut", key=piece)["found"] == 1
    assert ask.get(f"{SAW}/runs/{run}/reasons", code="late")["found"] == 0
    assert ask.get(f"{SAW}/runs/{run}/tables/piece", 404)["zh"]


def test_a_proposal_is_previewed_accepted_and_taken_back(as_, run):
    ask = as_("manager")
    told = ask.get(f"{SAW}/runs/{run}/preview", rows=2)["tables"]["cut"]
    assert (told["inserted"], len(told["inserted_rows"])) == (5, 2)
    assert ask.post(f"{SAW}/runs/{run}/accept") == {"accept": "a1", "run": run}
    assert ask.get(f"{SAW}/tables/cut/rows")["total"] == 5
    assert ask.get(f"{SAW}/runs/{run}")["accept"] == "a1"
    assert ask.post(f"{SAW}/accepts/last/undo") == {"accept": "a1", "proposal": None}
    assert ask.get(f"{SAW}/tables/cut/rows")["total"] == 0
    assert ask.post(f"{SAW}/accepts/a1/undo", status=409)["zh"]
    assert [(one["accept"], one["undone"]) for one in ask.get(f"{SAW}/accepts")] == [("a1", True)]
    actions = [event["action"] for event in ask.get(f"{SAW}/history")["events"]]
    assert actions[:3] == ["undo", "accept", "run"]
    assert ask.get(f"{SAW}/history", action="accept")["found"] == 1


def test_a_proposal_on_tables_that_have_changed_is_refused(as_, run):
    as_("planner").post(f"{SAW}/tables/piece/rows", {"rows": [{"piece_id": "E", "length_mm": 3_900}]})
    problem = as_("manager").post(f"{SAW}/runs/{run}/accept", status=409)
    assert "piece" in problem["en"]


def test_a_what_if_sees_other_cells_and_is_never_accepted(as_, finished):
    ask = as_("manager")
    cell = {"table": "piece", "key": ["A"], "column": "length_mm", "value": 12_000}
    run = ask.post(f"{ENGINE}/runs", {**LIMITS, "overlay": [cell]}, 202)["run"]
    base = ask.post(f"{ENGINE}/runs", LIMITS, 202)["run"]
    finished(run)
    told = ask.get(f"{SAW}/compare", first=base, second=run)
    assert (told["kpis"][0]["difference"], told["kpis"][0]["better"]) == (1.0, "first")
    assert told["tables"]["cut"]["changed"] > 0
    assert ask.get(f"{SAW}/runs/{run}")["overlay"][0]["value"] == 12_000
    assert ask.post(f"{SAW}/runs/{run}/accept", status=409)["zh"]
    wrong = {**cell, "key": ["Z"]}
    problem = ask.post(f"{ENGINE}/runs", {"overlay": [wrong]}, 422)
    assert problem["faults"][0]["rule"] == "unknown_row"


def test_a_run_that_waits_can_be_called_off(as_):
    ask = as_("planner")
    run = ask.post(f"{ENGINE}/runs", {}, 202)["run"]
    assert ask.post(f"{SAW}/runs/{run}/cancel", status=202)["status"] == "cancelled"
    assert ask.get(f"{SAW}/runs", status="cancelled")["found"] == 1
    assert ask.get(f"{SAW}/runs/{run}/tables", 409)["zh"]
    assert ask.get(f"{SAW}/runs/r9", 404)["en"] == "There is no run r9."


def test_home_names_what_waits_for_a_decision(as_, run):
    told = as_("manager").get(f"{SAW}/attention")
    assert [one["run"] for one in told["to_decide"]] == [run]
    assert told["faults"] == []


def test_without_a_board_or_a_plan_to_edit_the_answer_says_so(as_):
    ask = as_("planner")
    assert ask.get(f"{SAW}/boards/toy.cutting", 404)["zh"] == "toy.cutting 没有看板。"
    change = {"table": "cuts", "key": ["A"], "values": {"bar_no": 2}}
    assert ask.post(f"{ENGINE}/edit", {"changes": [change]}, 409)["zh"] == "并非所有工件都在方案中。"


def test_changed_tables_are_a_run_that_is_no_plan(as_, site):
    works = site.open_works("saw")
    fewer = {"what": "fewer"}
    change(
        works,
        works.engine("toy.cutting"),
        lambda tables: {"piece": tables["piece"].head(2)},
        ("piece",),
        "boss",
        fewer,
    )
    ask = as_("manager")
    assert (ask.get(f"{SAW}/runs/r1")["kind"], ask.get(f"{SAW}/runs/r1")["accept"]) == ("tables", "a1")
    assert ask.get(f"{SAW}/runs/r1/preview")["tables"]["piece"]["changed"] == 0
    for part in ("tables", "reasons", "file"):
        assert "预览" in ask.get(f"{SAW}/runs/r1/{part}", 409)["zh"]
    assert ask.get(f"{SAW}/tables/piece/rows")["total"] == 2
    assert ask.post(f"{SAW}/accepts/a1/undo") == {"accept": "a1", "proposal": None}
    assert ask.get(f"{SAW}/tables/piece/rows")["total"] > 2
