"""A planner's morning in the browser, in both languages and on both sizes of screen."""

import pytest
from board_page import box_of, of_board, settled, until
from web.workbench import CHROMIUM, add_works, broken_workbook, browser, page_of, serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with serving(folder, crew=True) as (address, site), browser() as opened:
        yield address, site, opened


@pytest.mark.parametrize(
    ("language", "width"),
    [
        ("zh", 1440),
        pytest.param("en", 390, marks=pytest.mark.slow),
        pytest.param("en", 1440, marks=pytest.mark.slow),
        pytest.param("zh", 390, marks=pytest.mark.slow),
    ],
)
def test_from_a_broken_workbook_to_an_accepted_plan_and_back(bench, tmp_path, language, width):
    address, site, opened = bench
    works = add_works(site, f"{language}-{width}")
    with page_of(opened, address, language=language, width=width) as page:
        say = (lambda zh, en: zh) if language == "zh" else (lambda zh, en: en)
        page.goto(f"/w/{works}/")
        assert say("工厂暂无数据", "This works is empty") in page.inner_text("h1")
        import_with_two_bad_cells(page, broken_workbook(tmp_path), say)
        first = plan(page, works)
        assert page.locator("main .tile").count() >= 4
        why_late(page, works, first, say)
        accept(page, works, first)
        page.goto(f"/w/{works}/objects/work_order/WO-3")
        assert page.locator(".timeline rect.span").count() >= 2
        edited = drag_and_lock(page, works, width)
        assert edited != first
        accept(page, works, edited)
        assert site.open_works(works).read("operation_plan")["locked"].any()
        again = plan(page, works)
        page.goto(f"/w/{works}/compare?first={edited}&second={again}")
        assert page.locator("#chart canvas").count() == 1
        assert page.locator("main tbody tr").count() >= 4
        accept(page, works, again)
        kept = site.open_works(works).read("operation_plan")
        assert kept["locked"].any()
        undo(page, works, again)
        assert no_overflow(page)


def import_with_two_bad_cells(page, file, say):
    page.set_input_files("main input[type=file]", file)
    page.click("main form button.main")
    bad = page.locator("input[aria-invalid=true]")
    assert bad.count() == 2
    assert "-5" in [bad.nth(n).input_value() for n in range(2)]
    assert page.locator("button[value=all]").count() == 0
    for n in range(2):
        bad.nth(n).fill("2" if bad.nth(n).input_value() == "-5" else "2026-01-05 08:00")
    page.click("button[value=check]")
    assert say("全部单元格检查通过", "Every cell is good") in page.inner_text(".note.ok")
    page.click("button[value=all]")
    page.wait_for_url("**/w/*/")
    assert no_overflow(page)


def plan(page, works):
    page.goto(f"/w/{works}/engines/make.schedule")
    page.fill("[name='l.work_limit']", "1")
    page.fill("[name='l.time_limit_s']", "")
    page.click("form.ask button.main")
    page.wait_for_url("**/runs/r*")
    page.wait_for_selector(".tile .value", timeout=60_000)
    assert no_overflow(page)
    return page.url.rsplit("/", 1)[1]


def why_late(page, works, run, say):
    page.goto(f"/w/{works}/runs/{run}")
    reason = page.locator("#reasons li", has_text="WO-3").first
    assert say("拖期", "late") in reason.inner_text()
    reason.locator("a").click()
    page.wait_for_url("**/objects/work_order/WO-3")
    assert page.locator(".reasons li").count() >= 1
    assert no_overflow(page)


def accept(page, works, run):
    page.goto(f"/w/{works}/runs/{run}")
    page.click(f"main a[href$='/runs/{run}/accept']")
    page.click("#accept")
    page.wait_for_url(f"**/runs/{run}")
    assert page.locator("form[action$='/undo']").count() == 1


def drag_and_lock(page, works, width):
    """To the next day: by hand on a desk, by keyboard on a phone; locked; proposed."""
    page.goto(f"/w/{works}/boards/make.schedule")
    page.wait_for_selector("lane-board .seat", state="attached")
    page.locator("lane-board .seat").first.focus()
    page.evaluate(PICK)
    if width > 700:
        for _ in range(4):
            page.keyboard.press("-")
        settled(page)
        box = box_of(page, "WO-1", 20)
        x, y, right = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, page.evaluate(NEXT_MORNING)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + right / 2, y, steps=3)
        page.mouse.move(x + right, y, steps=3)
        page.mouse.up()
    else:
        page.keyboard.press("m")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Enter")
    first_answer(page)
    until(page, "!board.edit.moving && !board.edit.dropping")
    page.locator("lane-board .seat").first.focus()
    page.evaluate(PICK)
    page.keyboard.press("l")
    until(page, "board.changes.some((one) => one.values.locked === true)")
    page.locator("lane-board button.primary").first.click()
    page.wait_for_url("**/runs/r*")
    return page.url.rsplit("/", 1)[1]


def first_answer(page):
    """The first question may have to wait for kernels to be compiled."""
    for _ in range(20):
        if of_board(page, "board.changes.length === 1"):
            return
        page.evaluate("() => new Promise((done) => setTimeout(done, 3000))")
    raise AssertionError("no answer")


def undo(page, works, run):
    page.goto(f"/w/{works}/runs/{run}")
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("form[action$='/undo'] button")
    page.wait_for_url("**/runs**")
    page.goto(f"/w/{works}/runs/{run}")
    assert page.locator("form[action$='/undo']").count() == 0


def no_overflow(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


PICK = """() => {
  const board = document.querySelector("lane-board"), order = board.book.orderNumber.get("WO-1");
  board.cursor.set(board.book.step(order, 20)[0]);
}"""
NEXT_MORNING = """() => {
  const board = document.querySelector("lane-board"), { view } = board, day = 86400, east = 8 * 3600;
  const start = board.book.step(board.book.orderNumber.get("WO-1"), 20)[0][1];
  const morning = (Math.floor((start + east) / day) + 1) * day - east + 9 * 3600;
  return view.x(morning) - view.x(start);
}"""
