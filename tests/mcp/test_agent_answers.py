"""Answers: described for a model, bounded in size, errors with a way out and nothing of the inside."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest
import sqlalchemy as sa
from agents import ToolError, agent, agent_over_http, token

from lineshaft.faces.desk.paging import OPERATORS
from lineshaft.faces.mcp import planning
from lineshaft.faces.mcp.server import TOOLS, Agents
from lineshaft.faces.mcp.telling import ANSWER_MOST

CHINESE = re.compile(r"[\u4e00-\u9fff]")
MANY = 1_500


@pytest.fixture
def ask(site):
    with agent(Agents(site, lambda: site.who("manager"))) as asking:
        yield asking


@pytest.fixture
def many(site, ask):
    """A works with many pieces with long names, and a run on it."""
    names = [f"piece {number:04} {'x' * 60}" for number in range(MANY)]
    lengths = [3_000 + 7 * (number % 1_000) for number in range(MANY)]
    site.open_works("saw").write({"piece": pieces(names, lengths)}, "boss", "import")
    return ask("plan", works="saw", engine="toy.cutting", limits={"work_limit": 1}, wait_s=60)["run"]


def pieces(names, lengths):
    beside = pl.Series([None] * len(names), dtype=pl.String)
    return pl.DataFrame({"piece_id": names, "length_mm": lengths, "beside_piece_id": beside})


def test_tools_are_described_for_a_model(ask):
    listed = ask.do("list_tools").tools
    assert len(listed) == len(TOOLS) == 16
    for tool in listed:
        assert CHINESE.search(tool.title)
        assert len(tool.description) > 80
        assert "\n    " not in tool.description
        for name, schema in tool.input_schema["properties"].items():
            assert schema.get("description"), f"{tool.name}.{name}"
        assert "next" in tool.output_schema["properties"]
    (read,) = (tool for tool in listed if tool.name == "read_table")
    assert read.input_schema["$defs"]["Condition"]["properties"]["operator"]["enum"] == list(OPERATORS)
    said = sum(len(tool.model_dump_json(exclude_none=True, exclude={"output_schema"})) for tool in listed)
    assert said < 24_000, "what a model reads before its first call"


def test_answers_are_bounded_and_say_how_to_get_the_rest(ask, many):
    asked = {
        "read_table": {"table": "piece", "limit": 200},
        "explain": {"run": many, "limit": 200},
        "preview": {"run": many, "limit": 200},
    }
    for tool, arguments in asked.items():
        told = ask(tool, works="saw", **arguments)
        assert len(json.dumps(told, ensure_ascii=False)) < ANSWER_MOST
        assert told["left_out"] > 0
        assert str(told["left_out"]) in told["next"], "how many, and what to do"
        assert "offset" in told["next"]


def test_every_row_can_be_reached_page_by_page(ask, many):
    seen = []
    while True:
        page = ask("read_table", works="saw", table="cut", run=many, offset=len(seen), limit=200)
        seen += [row["piece_id"] for row in page["rows"]]
        assert page["found"] == MANY == len(seen) + page["left_out"]
        if not page["left_out"]:
            break
    assert seen == sorted(set(seen))


def test_a_table_is_filtered_sorted_and_cut_to_columns(ask):
    told = ask(
        "read_table",
        works="saw",
        table="piece",
        where=[{"column": "length_mm", "operator": "ge", "value": 5_000}],
        sort=["-length_mm"],
        columns=["length_mm"],
    )
    assert told["rows"] == [{"length_mm": 7_000}, {"length_mm": 5_000}]
    assert (told["found"], told["total"]) == (2, 5)
    beside = ask(
        "read_table", works="saw", table="piece", where=[{"column": "beside_piece_id", "operator": "filled"}]
    )
    assert beside["rows"] == [{"piece_id": "D", "length_mm": 4_000, "beside_piece_id": "C"}]


def test_an_object_is_traced_with_what_names_it(ask):
    told = ask("trace", works="saw", table="piece", key=["C"])
    assert told["row"] == {"piece_id": "C", "length_mm": 4_000}
    assert [(link["table"], link["role"], link["found"]) for link in told["links"]] == [("piece", "from", 1)]
    log = ask("trace", works="saw", limit=1)
    assert (log["events"][0]["action"], log["events"][0]["by"]) == ("import", "boss")
    assert log["events"][0]["facts"]["rows"] == {"piece": {"inserted": 5}}
    assert log["left_out"] == 1


def test_faults_are_named_with_their_place(site, ask):
    site.open_works("saw").database.write(
        lambda connection: connection.execute(sa.text("UPDATE piece SET length_mm = -5 WHERE piece_id = 'B'"))
    )
    told = ask("check_data", works="saw")
    assert told["by_table"] == {"piece": 1}
    assert told["faults"][0]["key"] == ["B"]
    assert told["faults"][0]["column"] == "length_mm"


MISTAKES = (
    ("plan", {"engine": "toy.cutting", "params": {"bar_mm": 1}}, "BadInput", "bar_mm"),
    (
        "plan",
        {"engine": "toy.cutting", "limits": {"work_limit": "many"}},
        "BadInput",
        "limits.work_limit",
    ),
    ("plan", {"engine": "toy.cutting", "limits": {"nights": 2}}, "BadInput", "limits.nights"),
    ("plan", {}, "BadInput", "engine"),
    ("plan", {"engine": "toy.sawing"}, "Missing", ""),
    ("progress", {"run": "r99"}, "Missing", ""),
    ("read_table", {"table": "piece", "sort": ["weight"]}, "BadInput", "weight"),
    ("read_table", {"table": "piece", "columns": ["weight"]}, "BadInput", "weight"),
    (
        "read_table",
        {"table": "piece", "where": [{"column": "piece_id", "operator": "~"}]},
        "BadInput",
        "piece_id",
    ),
    ("trace", {"table": "piece", "key": ["Z"]}, "Missing", ""),
    ("explain", {}, "Missing", ""),
    ("edit", {"engine": "toy.cutting", "changes": []}, "BadInput", "changes"),
    ("undo", {"accept": "a9"}, "Missing", ""),
    ("fly", {}, "Missing", ""),
)


def test_a_mistake_is_named_with_its_place_and_the_way_out(ask):
    for tool, arguments, kind, place in MISTAKES:
        with pytest.raises(ToolError) as refused:
            ask(tool, works="saw", **arguments)
        told = refused.value.answer
        assert told["error"] == kind, (tool, arguments)
        assert place in [fault["column"] for fault in told["faults"]] or not place
        assert CHINESE.search(told["zh"])
        assert told["next"] in refused.value.text
        assert told["next"]
        assert "Traceback" not in refused.value.text


def test_a_what_if_on_a_row_that_is_not_there_names_it(ask):
    base = ask("plan", works="saw", engine="toy.cutting", limits={"work_limit": 1}, wait_s=30)["run"]
    cell = {"table": "piece", "key": ["Z"], "column": "length_mm", "value": 1}
    with pytest.raises(ToolError) as refused:
        ask("what_if", works="saw", against=base, cells=[cell])
    (fault,) = refused.value.answer["faults"]
    assert (fault["table"], fault["key"], fault["rule"]) == ("piece", ["Z"], "unknown_row")


def test_why_about_something_that_is_not_there_is_no_silence(ask):
    run = ask("plan", works="saw", engine="toy.cutting", limits={"work_limit": 1}, wait_s=30)["run"]
    told = ask("explain", works="saw", run=run)
    assert told["by_code"] == {"opens_bar": told["found"]}
    opener = told["reasons"][0]["key"]
    assert ask("explain", works="saw", run=run, table="cut", key=opener)["found"] == 1
    with pytest.raises(ToolError) as refused:
        ask("explain", works="saw", run=run, key=["Z"])
    assert refused.value.answer["error"] == "Missing"


def test_an_edit_says_what_can_be_and_stores_only_when_asked(ask):
    asked = {"works": "saw", "engine": "toy.cutting"}
    base = ask("plan", **asked, limits={"work_limit": 1}, wait_s=30)["run"]
    bar = {
        row["piece_id"]: row["bar_no"]
        for row in ask("read_table", works="saw", table="cut", run=base)["rows"]
    }

    def to_bar(piece, number):
        return [{"table": "cut", "key": [piece], "values": {"bar_no": number}}]

    heap = [change for piece in "BCD" for change in to_bar(piece, bar["A"])]
    refused = ask("edit", **asked, basis=base, changes=heap, propose=True)
    assert not refused["possible"]
    assert refused["said"][0]["table"] == "cut", "the name that every other tool uses"
    assert refused["said"][0]["code"] == "edit_too_long"
    tried = ask("edit", **asked, basis=base, changes=to_bar("A", 9))
    assert (tried["possible"], tried.get("run")) == (True, None)
    assert {"A"} == {row["key"][0] for row in tried["comparison"]["rows"]}
    run = ask("edit", **asked, basis=base, changes=to_bar("A", 9), propose=True)["run"]
    (row,) = ask("read_table", works="saw", table="cut", run=run, where=[{"column": "bar_no", "value": 9}])[
        "rows"
    ]
    assert row["piece_id"] == "A"


def test_what_goes_wrong_inside_stays_inside(ask, monkeypatch, caplog):
    def breaks(*_):
        raise ZeroDivisionError("a secret of the house")

    monkeypatch.setattr(planning, "run_out", breaks)
    with pytest.raises(ToolError) as refused:
        ask("plan", works="saw", engine="toy.cutting", limits={"work_limit": 1}, wait_s=0)
    assert "secret" not in json.dumps(refused.value.answer) + refused.value.text
    assert CHINESE.search(refused.value.text)
    assert "a secret of the house" in caplog.text


def test_a_run_that_fails_says_why(ask, site):
    site.open_works("saw").database.write(
        lambda connection: connection.execute(
            sa.text("UPDATE piece SET length_mm = 99999 WHERE piece_id = 'B'")
        )
    )
    told = ask("plan", works="saw", engine="toy.cutting", limits={"work_limit": 1}, wait_s=30)
    assert told["status"] == "failed"
    assert told["error"]["faults"][0]["key"] == ["B"]
    assert CHINESE.search(told["error"]["zh"])


def test_the_text_is_in_the_readers_language(site, address):
    secret = token(site, "viewer", "read")
    for language, begins in (("zh-CN,zh;q=0.9", "工厂:"), ("en-GB", "Works: ")):
        with agent_over_http(address, secret, language) as asking:
            asking("list_works")
            assert asking.texts[0].startswith(begins)


def test_a_new_engine_needs_no_code_here(ask):
    engines = {one["engine"]: one for one in ask("list_engines", works="saw")["engines"]}
    assert engines["toy.cutting"]["ready"]
    assert not engines["make.schedule"]["ready"]
    told = ask("describe", works="saw", name="toy.cutting")["engine"]
    assert [param["name"] for param in told["params"]] == ["bar_mm"]
    assert told["params"][0]["unit"] == "mm"
    assert [table["table"] for table in told["proposes"]] == ["cut"]
