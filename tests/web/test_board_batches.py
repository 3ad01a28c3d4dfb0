"""Loads of a furnace on the lane board: drawn as one stack as high as it is full, and named in the card."""

from xml.etree import ElementTree

import pytest
from board_page import CHROMIUM, board_page, box_of, chromium, of_board, served

from lineshaft.core import Run, find_engine
from lineshaft.core.solve import solve
from lineshaft.faces.web.lanes import lane_data
from lineshaft.make.schedule.example import at
from lineshaft.make.schedule.tables import ShopBook
from lineshaft.tables import frame_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")
LOADS_KG = {"A": 300.0, "B": 500.0, "C": 900.0}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def furnace():
    """Three orders to harden in a furnace of a ton: two fit together, the third goes alone."""
    orders = list(LOADS_KG)
    rows = {
        "work_orders": [(order, None, 1, None, at(0, 8), at(1, 8), 1) for order in orders],
        "operations": [(order, 10, "淬火 / harden", None, True) for order in orders],
        "modes": [(order, 10, 1, 7_200, 0) for order in orders],
        "demands": [(order, 10, 1, 1, "furnace", None, 1) for order in orders],
        "resources": [
            ("furnace", "furnace", "machine", None, 1, None, None, "east", None, 1_000.0, "kg"),
            ("saw", "saw", "machine", None, 1),
        ],
        "recipes": [("R", "850 C", None)],
        "bays": [("east", "east bay")],
    }
    schemas = ShopBook.member_schemas()
    book = {member: frame_of(schemas[member], found) for member, found in rows.items()}
    operations = book["operations"]
    book["operations"] = operations.with_columns(
        recipe_id=operations["recipe_id"].set(operations["op_no"] == 10, "R"),
        load=operations["order_id"].replace_strict(LOADS_KG),
    )
    result = solve(find_engine("make.schedule"), book, run=Run(work_limit=1))
    plan = {member: getattr(result.tables, member) for member in result.tables.member_schemas()}
    return lane_data(book, plan, "Asia/Shanghai")


def test_loads_and_the_greatest_load_are_told(furnace):
    assert [(lane["id"], lane["load_max"], lane["load_unit"]) for lane in furnace["lanes"]] == [
        ("furnace", 1_000.0, "kg")
    ]
    orders = [order[0] for order in furnace["orders"]]
    assert {orders[order]: load for order, _, load in furnace["loads"]} == LOADS_KG


@pytest.fixture(scope="module")
def page(furnace):
    with chromium() as browser, served() as address, board_page(browser, address, furnace) as page:
        yield page


def stack(page):
    """(order) → top and height of its slice in the exported drawing."""
    drawing = ElementTree.fromstring(of_board(page, "board.toSvg()"))
    drawn = [rect for rect in drawing.iter(f"{SVG}rect") if "data-order" in rect.attrib]
    return drawing, {
        rect.get("data-order"): (float(rect.get("y")), float(rect.get("height"))) for rect in drawn
    }


def test_members_stand_on_each_other_as_high_as_the_furnace_is_full(page):
    drawing, found = stack(page)
    assert set(found) == set(LOADS_KG)
    together = sorted((found["A"], found["B"]))
    row = of_board(page, "board.view.rowHeight - 6")
    assert together[1][0] == pytest.approx(together[0][0] + together[0][1], abs=1.5), "one upon the other"
    assert sum(height for _, height in together) == pytest.approx(0.8 * row, abs=2.5)
    assert found["C"][1] == pytest.approx(0.9 * row, abs=1.5)
    said = " ".join(one.text or "" for one in drawing.iter(f"{SVG}text"))
    assert "80 % · 2 steps" in said
    assert "90 %" in said


def test_the_card_names_the_load_and_who_shares_it(page):
    box = box_of(page, "A", 10, "furnace")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 2)
    card = page.locator("lane-board .hover-card").inner_text()
    here, other = ("A", "B") if card.startswith("A") else ("B", "A")
    assert card.startswith(f"{here} · 10")
    assert f"{other} · 10" in card.split("Together with")[1]
    assert "80 % (800/1000\u202fkg), 2 steps" in card


def test_every_member_can_be_pointed_at(page):
    box = box_of(page, "A", 10, "furnace")
    under = {
        page.evaluate(
            """([x, y]) => {
              const board = document.querySelector("lane-board"), at = board.querySelector(".stage").getBoundingClientRect();
              return board.book.orders[board.barAt(x - at.left, y - at.top)[3]].id;
            }""",
            [box["x"] + 20, box["y"] + share * box["height"]],
        )
        for share in (0.3, 0.95)
    }
    assert under == {"A", "B"}


def test_lanes_can_stand_under_their_bay(page):
    page.evaluate("() => document.querySelector('lane-board').regroup('bay')")
    named = of_board(
        page, "board.rows.filter((row) => row.lane < 0).map((row) => board.groupName(row.group))"
    )
    assert named == ["east"]
    page.evaluate("() => document.querySelector('lane-board').regroup('kind')")
