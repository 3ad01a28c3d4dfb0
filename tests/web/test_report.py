"""The report in a real browser: one file that opens anywhere, with the board in it, in both languages and themes."""

from datetime import timedelta

import pytest
from board_page import CHROMIUM, box_of, chromium, of_board, settled

from lineshaft.core import Run, find_engine
from lineshaft.core.solve import solve
from lineshaft.faces.web.report import report_html
from lineshaft.faces.web.scripts import joined_script

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The example's plan as a file, and the result it shows."""
    engine = find_engine("make.schedule")
    book = engine.load("example")()
    result = solve(engine, book, run=Run(work_limit=1))
    text = report_html(
        engine, book, result, works_name="<b>厂 & works</b>", zone="Asia/Shanghai", language="zh", run_id="r1"
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri(), result


@pytest.fixture
def page(browser, report, request):
    width = getattr(request, "param", 1440)
    page = browser.new_page(viewport={"width": width, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(report[0])
    settled(page)
    yield page
    assert errors == []
    page.close()


@pytest.mark.parametrize("page", [1440, 390], indirect=True)
def test_every_step_is_on_the_board_and_nothing_overflows(page, report):
    assert of_board(page, "board.toSvg().match(/data-order/g).length") == len(report[1].tables.resource_plan)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_both_languages_and_both_themes(page):
    assert page.locator("h1").inner_text() == "有限产能排产"
    assert "按工单着色" in page.locator("lane-board").inner_text()
    page.click("#language")
    assert page.locator("h1").inner_text() == "Finite-capacity schedule"
    assert "colour by order" in page.locator("lane-board").inner_text()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_names_are_text_and_never_markup(page):
    assert page.locator("header b").count() == 0
    assert "<b>厂 & works</b>" in page.locator("header").inner_text()


def test_a_reason_leads_to_its_order_on_the_board(page):
    row = page.locator("tr[data-order='WO-3']").first
    row.click()
    assert of_board(page, "board.book.orders[board.picked].id") == "WO-3"
    settled(page)
    assert box_of(page, "WO-3", 10, "lathe")["width"] > 20


def test_times_are_shown_in_the_works_zone(page, report):
    first = report[1].tables.operation_plan["start"].min() + timedelta(hours=8)
    assert of_board(page, "board.clock.stamp(board.data.start)") == first.strftime("%Y-%m-%d %H:%M")


def test_the_file_needs_nothing_else(report, browser):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report[0])
    assert asked == [report[0]]
    page.close()


def test_modules_are_joined_once_and_without_imports():
    script = joined_script("lane-board.js")
    assert "import " not in script.replace("important", "")
    assert script.count("class Clock ") == 1
    assert script.index("class Clock ") < script.index("class LaneBoard ")
