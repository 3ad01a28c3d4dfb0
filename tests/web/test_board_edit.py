"""Editing on the lane board: by mouse, finger and key; every change is asked about, shown, undone, and never written."""

import pytest
from board_page import CHROMIUM, board_page, box_of, chromium, of_board, served, settled, until

from lineshaft.core import Run, find_engine
from lineshaft.core.solve import solve
from lineshaft.faces.web.lanes import lane_data

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")
IDLE = "!board.edit.moving && !board.edit.dropping"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def address():
    with served() as at:
        yield at


@pytest.fixture(scope="module")
def data():
    engine = find_engine("make.schedule")
    book = engine.load("example")()
    result = solve(engine, book, run=Run(work_limit=1))
    plan = {member: getattr(result.tables, member) for member in result.tables.member_schemas()}
    return lane_data(book, plan, "Asia/Shanghai")


@pytest.fixture
def page(browser, address, data):
    with board_page(browser, address, data) as page:
        page.evaluate("() => document.querySelector('lane-board').zoomBy(1.6)")
        settled(page)
        yield page


def start_of(page, order, op):
    return of_board(page, f"board.book.step(board.book.orderNumber.get('{order}'), {op})[0][1]")


def drag(page, box, dx, dy, *, drop=True):
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2, steps=3)
    page.mouse.move(x + dx, y + dy, steps=3)
    if drop:
        page.mouse.up()
        until(page, IDLE)


def focus_on(page, order, op, lane):
    page.evaluate(
        """([order, op, lane]) => {
          const board = document.querySelector("lane-board"), at = board.book.orderNumber.get(order);
          board.cursor.set(board.book.step(at, op).find((bar) => board.book.lanes[bar[0]].id === lane));
        }""",
        [order, op, lane],
    )


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_a_drag_in_time_makes_one_change_on_the_grid_of_the_setting(page):
    before, hour = start_of(page, "WO-1", 20), 3600 / of_board(page, "board.view.perPixel")
    drag(page, box_of(page, "WO-1", 20, "stand"), 3.03 * hour, 0)
    changes = of_board(page, "board.changes")
    assert changes == [{"table": "operation_plan", "key": ["WO-1", 20], "values": changes[0]["values"]}]
    assert list(changes[0]["values"]) == ["start"]
    moved = page.evaluate("start => Date.parse(start) / 1000", changes[0]["values"]["start"])
    assert abs(moved - before - 3 * 3600) <= 900
    assert moved % 900 == 0
    assert start_of(page, "WO-1", 20) == moved
    assert page.evaluate("window.asked.at(-1)") == changes
    assert page.evaluate("window.fired.at(-1)[0]") == "change"


def test_a_drag_to_an_allowed_lane_names_the_resource(page):
    lathe, hobber = box_of(page, "WO-3", 20, "hobber"), box_of(page, "WO-3", 10, "lathe")
    drag(page, lathe, 60, hobber["y"] - lathe["y"])
    values = of_board(page, "board.changes")[0]["values"]
    assert values["resource_id"] == "lathe"
    assert values["instead_of"] == "hobber"
    assert box_of(page, "WO-3", 20, "lathe") is not None
    assert box_of(page, "WO-3", 20, "hobber") is None


def test_a_lane_that_cannot_do_it_is_refused_without_asking(page):
    lathe = box_of(page, "WO-2", 10, "lathe")
    drag(page, lathe, 0, box_of(page, "WO-2", 20, "hobber")["y"] - lathe["y"])
    assert of_board(page, "board.changes") == []
    assert page.evaluate("window.asked") == []
    assert "hobber cannot do this step" in page.locator("lane-board .news").inner_text()


def test_the_answer_stands_beside_the_ghost_and_a_bad_drop_goes_back(page):
    before = start_of(page, "WO-2", 10)
    drag(page, box_of(page, "WO-2", 10, "lathe"), -150, 0, drop=False)
    verdict = page.locator("lane-board .verdict.no")
    verdict.wait_for()
    assert "before the plan begins" in verdict.inner_text()
    page.mouse.up()
    until(page, IDLE)
    assert of_board(page, "board.changes") == []
    assert start_of(page, "WO-2", 10) == before
    assert page.locator("lane-board .verdict").is_hidden()


def test_a_failed_question_changes_nothing_and_says_so(page):
    page.evaluate(
        "() => { document.querySelector('lane-board').ask = async () => { throw new Error('no'); }; }"
    )
    settled(page)
    drag(page, box_of(page, "WO-1", 20, "stand"), 60, 0)
    assert of_board(page, "board.changes") == []
    assert "could not be checked" in page.locator("lane-board .news").inner_text()


def test_escape_lets_go(page):
    focus_on(page, "WO-1", 20, "stand")
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    assert of_board(page, "board.edit.moving") is None
    assert of_board(page, "board.changes") == []


def test_undo_redo_and_discard(page):
    first, hour = start_of(page, "WO-1", 20), 3600 / of_board(page, "board.view.perPixel")
    drag(page, box_of(page, "WO-1", 20, "stand"), 2 * hour, 0)
    second = start_of(page, "WO-1", 20)
    drag(page, box_of(page, "WO-1", 20, "stand"), 2 * hour, 0)
    third = start_of(page, "WO-1", 20)
    assert first < second < third
    assert len(of_board(page, "board.changes")) == 1
    page.get_by_role("toolbar").get_by_role("button", name="Undo").click()
    assert start_of(page, "WO-1", 20) == second
    page.get_by_role("button", name="Redo").click()
    assert start_of(page, "WO-1", 20) == third
    page.get_by_role("button", name="Discard").click()
    assert start_of(page, "WO-1", 20) == first
    assert page.locator("lane-board .changes").is_hidden()


def test_the_strip_proposes_and_never_writes(page):
    drag(page, box_of(page, "WO-1", 20, "stand"), 100, 0)
    strip = page.locator("lane-board .changes")
    assert "1 change" in strip.inner_text()
    assert "WO-1 · 20" in strip.inner_text()
    strip.get_by_role("button", name="Propose").click()
    name, detail = page.evaluate("window.fired.at(-1)")
    assert name == "propose"
    assert detail == of_board(page, "board.changes")


def test_new_data_clears_the_changes_and_keeps_the_view(page, data):
    page.evaluate("document.querySelector('lane-board').zoomBy(0.5)")
    drag(page, box_of(page, "WO-1", 10, "worker-2"), 80, 0)
    view = of_board(page, "[board.view.from, board.view.to]")
    assert of_board(page, "board.changes.length") == 1
    page.evaluate("data => { document.querySelector('lane-board').data = data; }", data)
    settled(page)
    assert of_board(page, "board.changes") == []
    assert of_board(page, "[board.view.from, board.view.to]") == view


def test_a_board_without_questions_is_read_only(browser, address, data):
    with board_page(browser, address, data, ask=False) as page:
        before, from_s = start_of(page, "WO-1", 20), of_board(page, "board.view.from")
        drag(page, box_of(page, "WO-1", 20, "stand"), 90, 0)
        assert start_of(page, "WO-1", 20) == before
        assert of_board(page, "board.view.from") < from_s
        focus_on(page, "WO-1", 20, "stand")
        page.keyboard.press("m")
        assert "read-only" in page.locator("lane-board .news").inner_text()
        assert page.get_by_role("button", name="Undo").count() == 0


def test_lock_by_key_holds_the_bar_until_unlocked(page):
    focus_on(page, "WO-1", 20, "stand")
    page.keyboard.press("l")
    until(page, "board.changes.length === 1")
    assert of_board(page, "board.changes[0].values") == {"locked": True}
    assert "locked" in focused(page)
    before = start_of(page, "WO-1", 20)
    page.keyboard.press("m")
    assert "press L to unlock" in page.locator("lane-board .news").inner_text()
    drag(page, box_of(page, "WO-1", 20, "stand"), 90, 0)
    assert start_of(page, "WO-1", 20) == before
    page.keyboard.press("l")
    until(page, "board.changes[0].values.locked === false")


def test_running_and_finished_steps_stay(browser, address, data):
    running = data | {"bars": [(*bar[:7], 2 if bar[4] == 20 else 4, *bar[8:]) for bar in data["bars"]]}
    with board_page(browser, address, running) as page:
        focus_on(page, "WO-1", 20, "stand")
        page.keyboard.press("m")
        assert "already running" in page.locator("lane-board .news").inner_text()
        focus_on(page, "WO-1", 10, "worker-2")
        page.keyboard.press("m")
        assert "already done" in page.locator("lane-board .news").inner_text()


def test_the_whole_way_by_keyboard(page):
    page.locator("lane-board .seat").first.focus()
    said = focused(page)
    assert said.startswith("Order WO-3, step 20 mill spline, on hobber")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("Order WO-2, step 20 hob")
    page.keyboard.press("ArrowDown")
    assert "lathe" in focused(page)
    page.keyboard.press("Home")
    focus_on(page, "WO-1", 20, "stand")
    before = start_of(page, "WO-1", 20)
    page.keyboard.press("m")
    assert "Moving WO-1" in page.locator("lane-board .news").inner_text()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    until(page, "board.changes.length === 1")
    settled(page)
    assert start_of(page, "WO-1", 20) == before + 3600 + 86_400
    assert "nothing else moves" in page.locator("lane-board [aria-live]").last.inner_text()
    page.keyboard.press("u")
    assert start_of(page, "WO-1", 20) == before
    page.keyboard.press("Shift+U")
    assert start_of(page, "WO-1", 20) == before + 3600 + 86_400
    page.keyboard.press("Enter")
    assert page.evaluate("window.fired.at(-1)") == ["open", {"table": "operation", "key": ["WO-1", 20]}]


def test_keys_move_between_allowed_lanes_only(page):
    focus_on(page, "WO-3", 20, "hobber")
    page.keyboard.press("m")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until(page, "board.changes.length === 1")
    assert of_board(page, "board.changes[0].values.resource_id") == "lathe"


def test_groups_and_empty_lanes_are_read_too(page):
    page.locator("lane-board .seat").first.focus()
    page.keyboard.press("ArrowUp")
    assert focused(page) == "machine, 2 lanes, expanded"
    page.keyboard.press("Enter")
    assert focused(page) == "machine, 2 lanes, folded"
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("person")


def test_the_question_mark_shows_the_keys(page):
    page.locator("lane-board .seat").first.focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    assert dialog.is_visible()
    assert "lock or unlock" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert dialog.is_hidden()


def test_a_long_press_takes_a_bar_along_and_a_short_one_pans(browser, address, data):
    with board_page(browser, address, data, width=390, has_touch=True) as page:
        touch = page.context.new_cdp_session(page)

        def send(kind, *points):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        box, before = box_of(page, "WO-1", 20, "stand"), of_board(page, "board.view.from")
        at = {"x": box["x"] + 5, "y": box["y"] + 8}
        send("touchStart", at)
        send("touchMove", {"x": at["x"] - 40, "y": at["y"]})
        send("touchEnd")
        assert of_board(page, "board.view.from") > before
        assert of_board(page, "board.changes") == []
        box = box_of(page, "WO-1", 20, "stand")
        at = {"x": box["x"] + 5, "y": box["y"] + 8}
        send("touchStart", at)
        until(page, "board.edit.moving")
        send("touchMove", {"x": at["x"] + 30, "y": at["y"]})
        send("touchEnd")
        until(page, "board.changes.length === 1")


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_bars_glide_unless_motion_is_unwanted(browser, address, data, motion):
    with board_page(browser, address, data, reduced_motion=motion) as page:
        glides = page.evaluate(
            """() => {
              const board = document.querySelector("lane-board"), bar = board.book.ofOrder[0][0].slice();
              bar[1] += 3600; bar[2] += 3600;
              board.lay([bar]);
              return Boolean(board.motion);
            }"""
        )
        assert glides == (motion == "no-preference")
        settled(page)
        assert of_board(page, "board.motion") is None


def test_changes_of_a_step_become_one(page):
    merged = page.evaluate(
        """async () => {
          const { merged } = await import("/lane-board/edit.js"), change = (values, op = 10) => ({ table: "operation_plan", key: ["A", op], values });
          let changes = merged([], change({ start: "1", resource_id: "M2", instead_of: "M1" }));
          changes = merged(changes, change({ start: "2", resource_id: "M3", instead_of: "M2" }));
          changes = merged(changes, change({ locked: true }));
          changes = merged(changes, change({ start: "3", resource_id: "P2", instead_of: "P1" }));
          return merged(changes, change({ start: "9" }, 20)).map(({ key, values }) => [key[1], values]);
        }"""
    )
    assert merged == [
        [10, {"start": "3", "resource_id": "M3", "instead_of": "M1", "locked": True}],
        [10, {"start": "3", "resource_id": "P2", "instead_of": "P1"}],
        [20, {"start": "9"}],
    ]
