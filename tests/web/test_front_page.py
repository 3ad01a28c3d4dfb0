"""The page of a front: its plans as points between two figures, and the one proposed on the board."""

import os

import pytest
from board_page import CHROMIUM
from web.workbench import add_works, browser, page_of, serving

from lineshaft.core import find_engine
from lineshaft.core.solve import solve, table_name
from lineshaft.faces.web.fronts import front_data
from lineshaft.make.schedule import FRONT
from lineshaft.make.schedule.studies.front_example import example

SHOTS = os.environ.get("LINESHAFT_SHOTS")
ASKED = {"figures": "weighted_tardiness,energy_cost", "points": 5}


@pytest.fixture(scope="module")
def front():
    result = solve(FRONT, example(), ASKED)
    return {member: getattr(result.tables, member) for member in result.tables.member_schemas()}


def test_the_data_of_the_chart_are_the_points_with_the_figure_they_are_numbered_by_first(front):
    data = front_data(front)
    assert [figure["name"] for figure in data["figures"]] == ["weighted_tardiness", "energy_cost"]
    assert [figure["unit"] for figure in data["figures"]] == ["min", "CNY"]
    rows = front["front_point"].select("point_no", "weighted_tardiness_min", "energy_cost_cny").rows()
    assert data["points"] == rows
    assert {place for _, place, _ in data["limits"]} == {1}
    chosen = front["front_order"].filter(front["front_order"]["point_no"] == data["chosen"])
    assert chosen.drop("point_no").equals(front["order_plan"])


def test_an_empty_front_has_no_points(front):
    empty = front_data({member: frame.clear() for member, frame in front.items()})
    assert (empty["points"], empty["chosen"]) == ([], 0)


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")
def test_the_front_is_drawn_and_says_what_each_plan_costs(tmp_path, front):
    engine = find_engine("make.front")
    schemas = engine.load("inputs").member_schemas()
    with serving(tmp_path) as (address, site), browser() as opened:
        works = add_works(site, "shop")
        shop = site.open_works(works)
        shop.write({table_name(schemas[m]): frame for m, frame in example().items()}, "test", "example")
        run = shop.propose("make.front", params=ASKED, actor="ann")
        for language, width in (("zh", 1440), ("en", 390)):
            with page_of(opened, address, language=language, width=width) as page:
                page.goto(f"/w/{works}/runs/{run}")
                points = page.locator("front-chart g.point")
                points.first.wait_for()
                page.wait_for_selector("lane-board canvas")
                assert points.count() == len(front["front_point"])
                assert page.locator("front-chart .chosen").get_attribute("data-point") == str(
                    front_data(front)["chosen"]
                )
                points.last.focus()
                said = page.locator("front-chart .words").inner_text()
                name, limit = {"zh": ("电费", "上限"), "en": ("energy cost", "at most")}[language]
                assert name in said
                assert limit in said, "the last plan had to keep a limit"
                xs = [
                    box["x"]
                    for box in (points.nth(n).locator("circle").bounding_box() for n in range(points.count()))
                ]
                assert xs == sorted(xs), "later plans cost more of the first figure"
                if SHOTS:
                    page.screenshot(path=f"{SHOTS}/front-{language}-{width}.png")
