"""`split-order` and `merge-orders`: shown, written when said so, taken back."""

import pytest
from cli import lineshaft


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A small crane works."""
    place = tmp_path_factory.mktemp("lots") / "works"
    assert lineshaft("init", place, "--example", "crane-works", "--scale", "0.05").code == 0
    return place


def orders(place):
    rows = lineshaft("show", place, "work_order", "--json", "--rows", 1_000).json
    return {row["order_id"]: row["quantity"] for row in rows}


def test_an_order_is_split_merged_and_split_again_by_undo(place):
    before = orders(place)
    name, quantity = next((name, many) for name, many in before.items() if many > 2)
    shown = lineshaft("split-order", place, name, "--lots", f"1,{quantity - 1}")
    assert shown.code == 0, shown.err
    assert "Preview only" in shown.out
    assert orders(place) == before
    told = lineshaft("split-order", place, name, "--lots", f"1,{quantity - 1}", "--yes", "--json").json
    lots = {name: 1, f"{name}/2": quantity - 1}
    assert told["tables"]["work_order"] == {"inserted": 1, "changed": 1, "removed": 0}
    assert orders(place) == before | lots
    merged = lineshaft("merge-orders", place, *lots, "--yes", "--json").json
    assert orders(place) == before
    assert lineshaft("undo", place, merged["accept"]).code == 0
    assert orders(place) == before | lots
    assert lineshaft("undo", place, told["accept"]).code == 0
    assert orders(place) == before
    assert lineshaft("check", place).code == 0


def test_a_step_is_split_into_even_lots(place):
    name, quantity = next((name, many) for name, many in orders(place).items() if many > 2)
    told = lineshaft("split-order", place, name, "--op", 10, "--into", 2, "--json").json
    assert told["accept"] is None
    assert told["tables"]["operation"] == {"inserted": 1, "changed": 1, "removed": 0}
    assert quantity == orders(place)[name]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("split-order", "nobody", "--into", 2), 4, "no order nobody"),
        (("split-order", "W001"), 4, "--lots"),
        (("split-order", "W001", "--lots", "a,b"), 4, "pieces such as"),
        (("merge-orders", "W001"), 5, "two or more"),
    ],
)
def test_a_mistake_is_one_readable_line(place, words, code, says):
    answer = lineshaft(words[0], place, *words[1:])
    assert answer.code == code
    assert says in answer.err
