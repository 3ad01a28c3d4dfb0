"""The lane board in a browser: it draws what the data says, moves about in time, and says everything twice over."""

import json
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from board_page import CHROMIUM, board_page, box_of, chromium, of_board, served, settled

from lineshaft.core import Run, find_engine
from lineshaft.core.solve import solve
from lineshaft.faces.web.lanes import lane_data, why_by_order
from lineshaft.tables.worktime import as_intervals, intersect, merged, total_s, working_intervals

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def address():
    with served() as at:
        yield at


@pytest.fixture(scope="module")
def shop():
    """The small example's book, plan and board data."""
    engine = find_engine("make.schedule")
    book = engine.load("example")()
    result = solve(engine, book, run=Run(work_limit=1))
    plan = {member: getattr(result.tables, member) for member in result.tables.member_schemas()}
    return book, plan, lane_data(book, plan, "Asia/Shanghai", why=why_by_order(engine, result.reasons))


@pytest.fixture
def page(browser, address, shop):
    with board_page(browser, address, shop[2]) as page:
        yield page


def drawn_bars(page):
    """The bars of the exported drawing: (order, op, lane) → its rectangle's attributes."""
    drawing = ElementTree.fromstring(of_board(page, "board.toSvg()"))
    bars = [rect for rect in drawing.iter(f"{SVG}rect") if "data-order" in rect.attrib]
    return drawing, {
        (rect.get("data-order"), int(rect.get("data-op")), rect.get("data-lane")): rect for rect in bars
    }


def test_every_bar_is_drawn_where_its_time_and_lane_say(page, shop):
    plan, data = shop[1], shop[2]
    _, bars = drawn_bars(page)
    rows = plan["resource_plan"].join(plan["operation_plan"], on=["order_id", "op_no"])
    assert set(bars) == {(r["order_id"], r["op_no"], r["resource_id"]) for r in rows.iter_rows(named=True)}
    left, width, rows_shown = of_board(
        page, "[board.view.left, board.view.width, board.rows.map((row) => row.lane)]"
    )
    span = data["to"] - data["from"]
    for row in rows.iter_rows(named=True):
        bar = bars[row["order_id"], row["op_no"], row["resource_id"]]
        x = left + (row["start"].timestamp() - data["from"]) / span * width
        assert abs(float(bar.get("x")) - x) <= 1
        lane = next(at for at, one in enumerate(data["lanes"]) if one["id"] == row["resource_id"])
        assert float(bar.get("y")) == 44 + 24 * rows_shown.index(lane) + 3
        assert int(bar.get("data-start")) == row["start"].timestamp()


def test_the_canvas_shows_what_the_drawing_says(page):
    _, bars = drawn_bars(page)
    box = box_of(page, "WO-3", 10, "lathe")
    colour = page.evaluate(
        """([x, y]) => {
          const canvas = document.querySelector("lane-board canvas"), at = canvas.getBoundingClientRect();
          const [r, g, b] = canvas.getContext("2d").getImageData(x - at.left, y - at.top, 1, 1).data;
          return "#" + [r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("");
        }""",
        [box["x"] + 5, box["y"] + 3],
    )
    assert colour == bars["WO-3", 10, "lathe"].get("fill")


def test_the_exported_drawing_stands_alone(page):
    drawing, bars = drawn_bars(page)
    text = ElementTree.tostring(drawing, encoding="unicode")
    assert bars
    assert "var(" not in text
    assert drawing.get("font-family")
    assert not [one for one in drawing.iter() if "style" in one.attrib or one.tag == f"{SVG}style"]
    said = " ".join(one.text or "" for one in drawing.iter(f"{SVG}text"))
    assert "WO-3 · 20" in said
    assert "Asia/Shanghai" in said


def test_only_what_is_on_screen_is_exported(page):
    page.evaluate(
        """() => {
          const board = document.querySelector("lane-board"), [order] = board.book.ofOrder[2];
          board.view.show(order[1] - 600, order[2]);
        }"""
    )
    _, bars = drawn_bars(page)
    shown = of_board(page, "[board.view.from, board.view.to]")
    assert bars
    for bar in bars.values():
        assert int(bar.get("data-start")) <= shown[1]
        assert int(bar.get("data-end")) >= shown[0] - 60


def test_png_is_twice_the_screen(page):
    size = page.evaluate(
        """async () => {
          const board = document.querySelector("lane-board"), blob = await board.toPng();
          const picture = await createImageBitmap(blob);
          return [blob.type, picture.width / (board.view.right + 10)];
        }"""
    )
    assert size == ["image/png", 2]


def test_wheel_zooms_around_the_pointer_and_drag_pans(page):
    stage = page.locator("lane-board .stage").bounding_box()
    x, y = stage["x"] + 700, stage["y"] + 100
    under = "board.view.time(700)"
    before, span = of_board(page, under), of_board(page, "board.view.span")
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    settled(page)
    assert of_board(page, "board.view.span") < span
    assert abs(of_board(page, under) - before) < span / 500
    held = of_board(page, under)
    page.mouse.move(x, stage["y"] + 50)
    page.mouse.down()
    page.mouse.move(x + 200, stage["y"] + 50, steps=4)
    page.mouse.up()
    assert abs(of_board(page, "board.view.time(900)") - held) < span / 500
    page.get_by_role("button", name="All", exact=True).click()
    assert of_board(page, "board.view.span") == span


def test_fingers_pinch(browser, address, shop):
    with board_page(browser, address, shop[2], width=390, has_touch=True) as page:
        stage = page.locator("lane-board .stage").bounding_box()
        span, y = of_board(page, "board.view.span"), stage["y"] + 55
        touch = page.context.new_cdp_session(page)
        at = lambda *xs: [{"x": x, "y": y, "id": i} for i, x in enumerate(xs)]  # noqa: E731
        for kind, points in (
            ("touchStart", at(200)),
            ("touchStart", at(200, 240)),
            ("touchMove", at(150, 300)),
            ("touchEnd", []),
        ):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        settled(page)
        assert of_board(page, "board.view.span") < span * 0.6


def test_hover_tells_everything_about_an_operation(page):
    box = box_of(page, "WO-3", 10, "lathe")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    said = page.locator("lane-board .hover-card").inner_text()
    for part in (
        "WO-3 · 10",
        "turn",
        "shaft",
        "3 pcs",
        "lathe",
        "worker",
        "Due",
        "late",
        "Why late",
        "planned",
    ):
        assert part in said
    assert "Mon 5 Jan" in said


def test_a_click_picks_the_order_with_its_components(page):
    box = box_of(page, "WO-2", 10, "lathe")
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    assert of_board(page, "board.picked") == of_board(page, "board.book.orderNumber.get('WO-2')")
    _, bars = drawn_bars(page)
    faint = {key[0] for key, bar in bars.items() if bar.get("opacity")}
    assert faint == {"WO-3"}
    page.keyboard.press("Escape")
    assert of_board(page, "board.picked") == -1


def test_links_run_from_component_to_parent_and_along_the_route(page):
    before = of_board(
        page, "board.book.before(board.book.orderNumber.get('WO-1'), 10).map(([o, op]) => [o, op])"
    )
    gear = of_board(page, "board.book.orderNumber.get('WO-2')")
    assert before == [[gear, 20]]
    assert of_board(page, f"board.book.before({gear}, 20)") == [[gear, 10, 7200, 0]]


def test_load_equals_the_hours_counted_by_hand(page, shop):
    book, plan, data = shop
    tables = [book.get(name) for name in ("calendars", "shifts", "breaks", "exceptions")]
    begin, end = (datetime.fromtimestamp(second, UTC) for second in data["horizon"])
    openings = working_intervals("day", *tables, begin, end)
    rows = plan["resource_plan"].join(plan["operation_plan"], on=["order_id", "op_no"])
    for lane in ("lathe", "hobber", "worker-2"):
        held = [
            (int((row["setup_start"] or row["start"]).timestamp()), int(row["end"].timestamp()))
            for row in rows.filter(resource_id=lane).iter_rows(named=True)
        ]
        work = intersect(openings, merged(as_intervals(held)))
        for slot in of_board(page, f"board.loadOf({json.dumps(lane)}, 'day')"):
            day = as_intervals([(slot["from"], slot["to"])])
            assert slot["open_s"] == total_s(intersect(openings, day))
            assert slot["used_s"] == total_s(intersect(work, day))
    total = of_board(page, "board.loadOf(null, 'week').reduce((sum, slot) => sum + slot.used_s, 0)")
    assert total == sum(
        total_s(
            intersect(
                openings,
                as_intervals(
                    [(int((r["setup_start"] or r["start"]).timestamp()), int(r["end"].timestamp()))]
                ),
            )
        )
        for r in rows.iter_rows(named=True)
    )


def test_groups_fold_and_unfold(page):
    rows = of_board(page, "board.rows.length")
    stage = page.locator("lane-board .stage").bounding_box()
    page.mouse.click(stage["x"] + 40, stage["y"] + 44 + 12)
    assert of_board(page, "board.rows.length") == rows - 2
    assert box_of(page, "WO-3", 10, "lathe") is None
    page.get_by_text("View").click()
    page.get_by_role("button", name="Unfold all").click()
    assert of_board(page, "board.rows.length") == rows
    page.get_by_label("Groups", exact=True).select_option("none")
    assert of_board(page, "board.rows.length") == rows - 3


def test_colours_and_their_legend(page):
    _, by_order = drawn_bars(page)
    page.get_by_label("Colour", exact=True).select_option("late")
    _, by_late = drawn_bars(page)
    assert "less than a day to spare" in page.locator("lane-board .legend").inner_text()
    late = {bar.get("fill") for key, bar in by_late.items() if key[0] == "WO-3"}
    others = {bar.get("fill") for key, bar in by_late.items() if key[0] != "WO-3"}
    assert len(late) == 1
    assert not late & others
    assert {bar.get("fill") for bar in by_order.values()} != late | others
    page.get_by_label("Colour", exact=True).select_option("family")
    assert "module 3 mm" in page.locator("lane-board .legend").inner_text()


def test_find_marks_and_steps_through(page):
    page.get_by_role("searchbox").fill("shaft")
    assert page.locator("lane-board .hits").inner_text() == "1/1"
    _, bars = drawn_bars(page)
    assert {key[0] for key, bar in bars.items() if not bar.get("opacity")} == {"WO-3"}
    page.get_by_role("searchbox").fill("worker")
    page.get_by_role("searchbox").press("Enter")
    assert page.locator("lane-board .hits").inner_text() == "2/2"
    page.get_by_role("searchbox").fill("nothing like it")
    assert page.locator("lane-board .hits").inner_text() == "not found"


def test_the_table_holds_every_operation(page, shop):
    page.get_by_role("button", name="Table").click()
    rows = page.locator("lane-board .sheet tbody tr")
    assert rows.count() == len(shop[1]["operation_plan"])
    assert rows.first.locator("th").inner_text() in ("WO-2", "WO-3")
    page.get_by_role("button", name="Board WO-1 20").click()
    assert page.locator("lane-board .sheet").is_hidden()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(
        "Order WO-1, step 20"
    )


def test_both_languages(page):
    page.evaluate("document.querySelector('lane-board').lang = 'zh'")
    assert "按工单着色" in page.locator("lane-board").inner_text()
    assert (
        page.locator("lane-board .stage").get_attribute("aria-label").startswith("排产看板:5 条泳道,6 道工序")
    )
    box = box_of(page, "WO-3", 10, "lathe")
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    assert "1月5日 周一" in page.locator("lane-board .hover-card").inner_text()


def test_dark_and_light_differ_and_stay_legible(page):
    contrasts = """async () => {
      const board = document.querySelector("lane-board"), { contrast, toneOf } = await import("/lane-board/palette.js");
      const { palette } = board, strong = [...palette.okabe, palette.late, palette.risk, palette.done, palette.planned, palette.running, palette.accent];
      return [palette.surface, Math.min(...strong.map((one) => contrast(toneOf(palette, one).body, toneOf(palette, one).ink)),
        contrast(palette.surface, palette.quiet), contrast(palette.surface, palette.ink))];
    }"""
    light, least = page.evaluate(contrasts)
    assert least >= 4.5
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    settled(page)
    dark, least = page.evaluate(contrasts)
    assert dark != light
    assert least >= 4.5


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_overflows(browser, address, shop, width):
    with board_page(browser, address, shop[2], width=width) as page:
        if width == 390:
            page.get_by_role("button", name="More").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        lane = page.locator("lane-board .stage").bounding_box()
        assert lane["width"] <= width


def test_wall_clock_ticks_keep_to_the_works_zone_over_summer_time(page):
    ticks = page.evaluate(
        """async () => {
          const { Clock } = await import("/lane-board/time.js");
          const berlin = new Clock([[0, 3600], [1774746000, 7200], [1792890000, 3600]]);
          const spring = 1774738800, autumn = 1792879200;  // midnights of 29 March and 25 October 2026
          const hours = (ticks) => ticks.map((tick) => berlin.hours(tick));
          return [berlin.ticks("day", 1, spring, spring + 40 * 3600), hours(berlin.ticks("hour", 1, spring, spring + 4 * 3600)),
            hours(berlin.ticks("hour", 1, autumn, autumn + 4 * 3600)), hours(berlin.ticks("hour", 8, spring, spring + 23 * 3600)),
            berlin.utc(berlin.wall(spring) + 2.5 * 3600), berlin.snap(spring + 5 * 3600 + 100, 900)];
        }"""
    )
    days, spring, autumn, shifts, skipped, snapped = ticks
    assert days == [1774738800, 1774821600]  # 23 hours apart
    assert spring == ["00:00", "01:00", "03:00", "04:00"]
    assert autumn == ["00:00", "01:00", "02:00", "02:00"]
    assert shifts == ["00:00", "08:00", "16:00"]
    assert skipped == 1774746000
    assert snapped == 1774738800 + 5 * 3600


def test_an_empty_plan_says_what_belongs_there(browser, address, shop):
    book, plan, _ = shop
    empty = lane_data(book, {member: frame.clear() for member, frame in plan.items()}, "Asia/Shanghai")
    with board_page(browser, address, empty) as page:
        assert "Nothing is planned yet" in page.locator("lane-board").inner_text()


def test_on_paper_the_board_is_a_drawing(page):
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    drawing = page.locator("lane-board .paper svg")
    assert drawing.count() == 1
    assert drawing.locator("> rect").first.get_attribute("fill") == "#ffffff"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert drawing.count() == 0
