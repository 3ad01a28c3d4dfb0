"""Imports over HTTP: every bad cell is shown before anything is written."""

import os

import pytest
from saw import SAW

GOOD = "piece_id,length_mm,beside_piece_id\nG,500,\nH,600,G\n"
BAD = "piece_id,length_mm,beside_piece_id\nG,500,\nH,long,G\nI,70,nobody\nJ,0,\n"


def send(ask, text, name="piece.csv", **params):
    return ask.raw("POST", f"{SAW}/imports", files={"file": (name, text.encode())}, params=params)


def test_a_file_is_shown_then_taken(as_):
    ask = as_("planner")
    answer = send(ask, GOOD)
    told = answer.json()
    assert answer.status_code == 201, told
    assert told["tables"] == {"piece": {"read": 2, "good": 2, "left_out": 0}}
    assert told["changes"]["tables"]["piece"]["inserted"] == 2
    assert ask.get(f"{SAW}/tables/piece/rows")["found"] == 5
    place = answer.headers["location"]
    assert ask.get(place)["upload"] == told["upload"] == send(ask, GOOD).json()["upload"]
    done = ask.post(f"{place}/take", {}, key="take")
    assert done["tables"]["piece"]["inserted"] == 2
    assert ask.post(f"{place}/take", {}, key="take") == done
    assert ask.get(f"{SAW}/tables/piece/rows")["found"] == 7


def test_every_bad_cell_is_named_and_good_rows_can_be_taken(as_):
    ask = as_("planner")
    told = send(ask, BAD).json()
    assert {(fault["key"][0], fault["column"], fault["rule"]) for fault in told["faults"]} == {
        ("H", "length_mm", "dtype"),
        ("I", "beside_piece_id", "ref"),
        ("J", "length_mm", "min"),
    }
    assert all(fault["source"] for fault in told["faults"])
    take = f"{SAW}/imports/{told['upload']}/take"
    assert len(ask.post(take, {}, 422)["faults"]) == 3
    assert ask.post(take, {"partial": True})["tables"]["piece"]["inserted"] == 1


def test_a_file_can_replace_a_table(as_):
    ask = as_("planner")
    told = send(ask, GOOD, mode="replace").json()
    assert told["changes"]["tables"]["piece"]["removed"] == 5
    ask.post(f"{SAW}/imports/{told['upload']}/take", {"mode": "replace"})
    assert ask.get(f"{SAW}/tables/piece/rows")["found"] == 2


@pytest.mark.parametrize("name", ["../../piece.csv", "C:\\files\\piece.csv", "a/\x01piece.csv"])
def test_names_of_files_mean_nothing_to_the_file_system(as_, site, name):
    told = send(as_("planner"), GOOD, name).json()
    assert told["name"].endswith("piece.csv")
    kept = site.folder / "uploads" / told["upload"] / told["name"]
    assert kept.resolve().is_file()


def test_an_upload_is_its_senders_alone_and_lasts_a_day(as_, site):
    planner = as_("planner")
    upload = send(planner, GOOD).json()["upload"]
    assert as_("manager").get(f"{SAW}/imports/{upload}", 404)["zh"]
    assert as_("boss").get(f"/v1/works/other/imports/{upload}", 404)["zh"]
    assert send(as_("viewer"), GOOD).status_code == 403

    os.utime(site.folder / "uploads" / upload, (0, 0))
    assert planner.get(f"{SAW}/imports/{upload}", 404)["zh"]
    send(planner, BAD)
    assert not (site.folder / "uploads" / upload).exists()
