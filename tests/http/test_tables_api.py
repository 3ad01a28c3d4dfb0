"""Tables over HTTP: described, paged, changed, taken away and brought back."""

from io import BytesIO

import polars as pl
import pytest
from saw import SAW

PIECE = f"{SAW}/tables/piece"


def test_tables_are_listed_and_described_in_both_languages(as_):
    viewer = as_("viewer")
    listed = {one["table"]: one for one in viewer.get(f"{SAW}/tables")}
    assert listed["piece"] == {"table": "piece", "en": "Pieces to cut", "zh": "待切工件", "rows": 5}
    columns = {one["name"]: one for one in viewer.get(PIECE)["columns"]}
    assert columns["length_mm"]["unit"] == "mm"
    assert columns["beside_piece_id"]["ref"] == "piece.piece_id"
    assert columns["piece_id"]["key"]


def test_rows_are_filtered_searched_sorted_and_paged(as_):
    ask = as_("viewer")
    page = ask.get(f"{PIECE}/rows", sort=["-length_mm", "piece_id"], offset=1, limit=2)
    assert [row["piece_id"] for row in page["rows"]] == ["B", "C"]
    assert (page["found"], page["total"], page["offset"]) == (5, 5, 1)
    page = ask.get(f"{PIECE}/rows", f=["length_mm:lt:6000", "beside_piece_id:filled:"])
    assert page["rows"] == [{"piece_id": "D", "length_mm": 4_000, "beside_piece_id": "C"}]
    assert ask.get(f"{PIECE}/rows", find="7000")["found"] == 1


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ("weight:eq:1", "unknown_column"),
        ("length_mm:near:5", "unknown_operator"),
        ("length_mm:gt:long", "type"),
    ],
)
def test_a_condition_that_cannot_be_is_said_with_its_column(as_, condition, rule):
    problem = as_("viewer").get(f"{PIECE}/rows", 422, f=condition)
    assert [fault["rule"] for fault in problem["faults"]] == [rule]
    assert problem["faults"][0]["column"] == condition.partition(":")[0]
    assert problem["faults"][0]["zh"]


def test_a_row_is_found_by_its_key_and_shows_what_touches_it(as_):
    ask = as_("viewer")
    assert ask.get(f"{PIECE}/row", key="C")["row"]["length_mm"] == 4_000
    links = ask.get(f"{PIECE}/thread", key="C")["links"]
    assert [(link["table"], link["role"], link["rows"][0]["piece_id"]) for link in links] == [
        ("piece", "from", "D")
    ]
    assert ask.get(f"{PIECE}/row", 404, key="Z")["zh"].endswith("没有 Z。")
    assert ask.get(f"{PIECE}/row", 404, key=["C", "D"])["status"] == 404


def test_columns_that_are_not_named_stay_as_they_are(as_):
    ask = as_("planner")
    done = ask.post(
        f"{PIECE}/rows",
        {"rows": [{"piece_id": "D", "length_mm": 4_100}, {"piece_id": "F", "length_mm": "900"}]},
    )
    assert done["tables"]["piece"] == {"inserted": 1, "changed": 1, "removed": 0}
    assert ask.get(f"{PIECE}/row", key="D")["row"] == {
        "piece_id": "D",
        "length_mm": 4_100,
        "beside_piece_id": "C",
    }
    ask.post(f"{PIECE}/rows", {"rows": [{"piece_id": "D", "beside_piece_id": None}]})
    assert ask.get(f"{PIECE}/row", key="D")["row"]["beside_piece_id"] is None


def test_a_preview_writes_nothing(as_):
    ask = as_("planner")
    told = ask.post(f"{PIECE}/rows", {"rows": [{"piece_id": "A", "length_mm": 1}]}, preview=True)
    change = told["tables"]["piece"]
    assert (
        change["changed"],
        change["was_rows"][0]["length_mm"],
        change["changed_rows"][0]["length_mm"],
    ) == (
        1,
        7_000,
        1,
    )
    told = ask.post(f"{PIECE}/rows/remove", {"keys": [["A"]]}, preview=True)
    assert told["tables"]["piece"]["removed_rows"][0]["piece_id"] == "A"
    assert ask.get(f"{PIECE}/row", key="A")["row"]["length_mm"] == 7_000


def test_every_broken_rule_is_named_and_nothing_is_written(as_):
    ask = as_("planner")
    rows = [
        {"piece_id": "A", "length_mm": 0},
        {"piece_id": "B", "length_mm": "long"},
        {"piece_id": "D", "beside_piece_id": "nobody"},
        {"length_mm": 5},
    ]
    problem = ask.post(f"{PIECE}/rows", {"rows": rows}, 422)
    found = {(tuple(fault["key"]), fault["column"], fault["rule"]) for fault in problem["faults"]}
    assert {(("A",), "length_mm", "min"), (("B",), "length_mm", "dtype")} <= found
    assert any(column == "piece_id" for _, column, _ in found)
    assert ask.get(f"{PIECE}/rows")["found"] == 5
    problem = ask.post(f"{PIECE}/rows", {"rows": [{"piece_id": "A", "colour": "red"}]}, 422)
    assert problem["faults"][0]["rule"] == "unknown_column"


def test_rows_go_only_when_nothing_refers_to_them(as_):
    ask = as_("planner")
    problem = ask.post(f"{PIECE}/rows/remove", {"keys": [["C"]]}, 422)
    assert problem["faults"][0]["rule"] == "ref"
    assert ask.post(f"{PIECE}/rows/remove", {"keys": [["C"], ["D"]]})["tables"]["piece"]["removed"] == 2
    assert ask.post(f"{PIECE}/rows/remove", {"keys": [["C"]]}, 404)["status"] == 404


@pytest.mark.parametrize("kind", ["xlsx", "csv", "parquet"])
def test_a_table_taken_away_comes_back_the_same(as_, kind):
    ask = as_("planner")
    answer = ask.raw("GET", f"{PIECE}/file", params={"kind": kind, "language": "en"})
    assert answer.status_code == 200
    assert f'filename="piece.{kind}"' in answer.headers["content-disposition"]
    if kind == "parquet":
        assert pl.read_parquet(BytesIO(answer.content)).height == 5
    files = {"file": (f"piece.{kind}", answer.content)}
    told = ask.raw("POST", f"{SAW}/imports", files=files)
    assert told.status_code == 201
    assert told.json()["faults"] == []
    assert told.json()["changes"]["tables"]["piece"] | {"was_rows": []} == {
        "inserted": 0,
        "changed": 0,
        "removed": 0,
        "inserted_rows": [],
        "changed_rows": [],
        "was_rows": [],
        "removed_rows": [],
    }


def test_engines_are_described_and_give_their_template(as_):
    ask = as_("viewer")
    engines = {one["name"]: one for one in ask.get(f"{SAW}/engines")}
    assert engines["toy.cutting"]["zh"] == "棒料下料(示例)"
    told = ask.get(f"{SAW}/engines/toy.cutting")
    assert told["params"][0]["unit"] == "mm"
    assert [member["table"] for member in told["outputs"]] == ["cut"]
    for example in (False, True):
        answer = ask.raw("GET", f"{SAW}/engines/toy.cutting/template", params={"example": example})
        assert answer.content[:2] == b"PK"
    assert ask.get(f"{SAW}/engines/make.gold", 404)["en"].startswith("There is no engine 'make.gold'")
