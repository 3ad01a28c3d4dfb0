"""The command line takes a folder or an address, wherever a works is named."""

import json

from cli import lineshaft


def test_a_works_of_either_kind_from_the_command_line(places, folder, place, tmp_path):
    made = lineshaft("init", place, "--name", "试验厂")
    assert (made.code, made.err) == (0, "")
    assert "secret" not in made.out
    (tmp_path / "work_order.csv").write_text("order_id,quantity,release,weight\n1,2,2026-01-05T00:00:00Z,1\n")
    read = lineshaft("import", place, tmp_path / "work_order.csv", "--by", "li", "--json")
    assert read.json["tables"]["work_order"]["inserted"] == 1
    assert lineshaft("show", place, "work_order", "--json").json[0]["order_id"] == "1"
    assert lineshaft("check", place).code == 0
    assert lineshaft("backup", place, folder("copy")).code == 0
    again = lineshaft("restore", folder("copy"), places("again"))
    assert (again.code, "secret" in again.out) == (0, False)
    assert lineshaft("verify", places("again"), "--json").json == {"faults": []}
    assert lineshaft("show", places("again"), "--json").json["tables"] == {"work_order": 1}
    refused = lineshaft("init", place)
    assert refused.code == 5
    assert "already" in refused.err
    assert "secret" not in refused.err


def test_headings_given_once_are_remembered_and_backed_up(places, folder, place, tmp_path):
    assert lineshaft("init", place).code == 0
    sheet, headings = tmp_path / "erp.csv", tmp_path / "headings.json"
    sheet.write_text("Auftrag,Menge,Frei ab,Gewicht\n1,2,2026-01-05T00:00:00Z,1\n", encoding="utf-8")
    columns = {"Auftrag": "order_id", "Menge": "quantity", "Frei ab": "release", "Gewicht": "weight"}
    headings.write_text(json.dumps({"tables": {"erp": "work_order"}, "columns": {"work_order": columns}}))
    first = lineshaft("import", place, sheet, "--mapping", headings)
    assert first.code == 0, first.err
    assert lineshaft("backup", place, folder("copy")).code == 0
    again = lineshaft("import", folder("copy"), sheet, "--json")
    assert again.code == 0, again.err


def test_an_address_of_another_database_is_one_line(tmp_path):
    answer = lineshaft("show", "mysql://li:geheim@host/works")
    assert answer.code == 3
    assert "postgresql://" in answer.err
    assert "geheim" not in answer.err
    assert "Traceback" not in answer.err
