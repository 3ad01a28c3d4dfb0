"""The report in a real browser: the board draws, answers to hand and key, and speaks both languages."""

import shutil
from datetime import timedelta

import pytest

from lineshaft.core import Run, find_engine
from lineshaft.core.solve import solve
from lineshaft.faces.web.report import report_html

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The example's plan as a file, and how many bars its board must have."""
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
    yield page
    assert errors == []
    page.close()


def bars(page):
    return page.locator("lane-board svg rect[rx='2']").count()


@pytest.mark.parametrize("page", [1440, 390], indirect=True)
def test_every_step_is_drawn_and_nothing_overflows(page, report):
    assert bars(page) == len(report[1].tables.resource_plan)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_both_languages_and_both_themes(page):
    assert page.locator("h1").inner_text() == "有限产能排产"
    assert "着色" in page.locator("lane-board").inner_text()
    page.click("#language")
    assert page.locator("h1").inner_text() == "Finite-capacity schedule"
    assert "Colour" in page.locator("lane-board").inner_text()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_names_are_text_and_never_markup(page):
    assert page.locator("header b").count() == 0
    assert "<b>厂 & works</b>" in page.locator("header").inner_text()


def test_hover_tells_and_click_picks_the_whole_order(page, report):
    box = page.locator("lane-board svg rect[rx='2']").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    card = page.locator("lane-board .card")
    assert card.is_visible()
    order = card.locator("b").inner_text()
    page.mouse.click(x, y)
    others = report[1].tables.resource_plan.filter(order_id=order)
    dimmed = page.locator("lane-board svg rect.dim").count()
    assert dimmed == len(report[1].tables.resource_plan) - len(others)
    page.keyboard.press("Escape")
    assert page.locator("lane-board svg rect.dim").count() == 0


def test_zoom_by_key_and_back(page):
    page.locator("lane-board").focus()
    span = "const b = document.querySelector('lane-board'); b.to - b.from"
    before = page.evaluate(f"(() => {{ {span.replace('; b', '; return b')} }})()")
    page.keyboard.press("+")
    assert page.evaluate(f"(() => {{ {span.replace('; b', '; return b')} }})()") < before
    page.keyboard.press("0")
    assert page.evaluate(f"(() => {{ {span.replace('; b', '; return b')} }})()") == before


def test_times_are_shown_in_the_works_zone(page, report):
    first = report[1].tables.operation_plan["start"].min() + timedelta(hours=8)
    said = page.evaluate(
        "(() => { const b = document.querySelector('lane-board'); return b.clock(b.book.start); })()"
    )
    assert said == first.strftime("%Y-%m-%d %H:%M")
