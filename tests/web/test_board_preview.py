"""What a repair or a promise would change, shown on the board of the plan in force before anybody decides."""

import os

import polars as pl
import pytest
from board_page import CHROMIUM, of_board, settled
from web.workbench import add_works, browser, page_of, serving

from lineshaft.core import find_engine
from lineshaft.core.solve import table_name

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")
SHOTS = os.environ.get("LINESHAFT_SHOTS")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """A works with a plan in force, a machine that broke down since, and an order that came in: address, works."""
    with serving(tmp_path_factory.mktemp("site"), crew=True) as (address, site), browser() as opened:
        works = add_works(site, "shop", example=True)
        open_works = site.open_works(works)
        open_works.accept(open_works.propose("make.schedule", limits={"work_limit": 1}, actor="ann"), "ann")
        repair = find_engine("make.repair")
        schemas, frames = repair.load("inputs").member_schemas(), repair.load("example")()
        later = {member: frames[member].filter(pl.col("order_id") == "WO-4") for member in
                 ("work_orders", "operations", "modes", "demands")} | {"capacities": frames["capacities"]}  # fmt: skip
        open_works.write(
            {table_name(schemas[member]): frame for member, frame in later.items()},
            "test",
            "later",
            mode="upsert",
        )
        yield address, works, opened


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


@pytest.mark.parametrize(("language", "width"), [("zh", 1440), ("en", 390)])
def test_a_repair_is_seen_before_it_is_decided(bench, language, width):
    address, works, opened = bench
    with page_of(opened, address, language=language, width=width) as page:
        page.goto(f"/w/{works}/boards/make.schedule")
        page.wait_for_selector("lane-board canvas")
        if width < 700:
            page.click(".more-tools")
        repair = {"zh": "当前排产修复", "en": "Repair of the schedule in force"}[language]
        page.locator("lane-board summary", has_text={"zh": "试排", "en": "Try"}[language]).click()
        page.get_by_role("button", name=repair).click()
        page.locator("lane-board .trial").wait_for(timeout=60_000)
        settled(page)
        shot(page, f"repair-{language}-{width}")
        moved = of_board(
            page, "board.preview.shown.bars.map((bar) => board.book.orders[bar[3]].id + ' ' + bar[4])"
        )
        assert moved, "the hobbing machine is away, so something moves"
        assert of_board(page, "board.preview.shown.fresh.map((bar) => bar.slice(3).join(' '))") == [
            "WO-4 10", "WO-4 10", "WO-4 20",
        ]  # fmt: skip
        assert of_board(page, "board.changes") == [], "nothing is changed by looking"
        strip = page.locator("lane-board .trial")
        assert repair in strip.inner_text()
        assert strip.locator("a.primary").get_attribute("href").startswith(f"/w/{works}/runs/r")
        page.get_by_role("button", name={"zh": "放弃", "en": "Discard"}[language]).locator(
            "visible=true"
        ).click()
        assert of_board(page, "board.preview.shown") is None
        assert not strip.is_visible()


@pytest.mark.parametrize(("language", "width"), [("zh", 390), ("en", 1440)])
def test_a_date_is_promised_and_the_order_entered(bench, language, width):
    address, works, opened = bench
    new = f"WO-3+{language}"
    with page_of(opened, address, language=language, width=width) as page:
        page.goto(f"/w/{works}/boards/make.schedule")
        page.wait_for_selector("lane-board canvas")
        page.evaluate("() => { const board = document.querySelector('lane-board'); board.show('WO-3'); }")
        if width < 700:
            page.click(".more-tools")
        page.locator("lane-board summary", has_text={"zh": "试排", "en": "Try"}[language]).click()
        page.get_by_role("button", name={"zh": "查询新工单交期", "en": "Ask for a date"}[language]).click()
        dialog = page.locator("lane-board dialog.promise")
        fields = dialog.locator("input")
        assert [fields.nth(n).input_value() for n in range(3)] == ["WO-3", "WO-3+2", "3"], "the picked order"
        fields.nth(1).fill("WO-1")
        assert {"zh": "已存在", "en": "already"}[language] in fields.nth(1).evaluate(
            "one => one.validationMessage"
        )
        fields.nth(1).fill(new)
        fields.nth(2).fill("2")
        dialog.locator("button.primary").click()
        dialog.locator(".date").wait_for()
        shot(page, f"promise-{language}-{width}")
        assert (
            dialog.locator(".date")
            .inner_text()
            .startswith({"zh": "可承诺交期", "en": "Can be promised"}[language])
        )
        dialog.get_by_role("button", name={"zh": "在看板中显示", "en": "Show on the board"}[language]).click()
        settled(page)
        steps = of_board(page, "board.preview.shown.fresh.map((bar) => bar.slice(3).join(' '))")
        assert set(steps) == {f"{new} 10", f"{new} 20"}
        assert of_board(
            page,
            "board.preview.shown.fresh.some((bar) => bar[2] > board.view.from && bar[1] < board.view.to)",
        )
        shot(page, f"promised-{language}-{width}")
        page.evaluate(
            "() => { const board = document.querySelector('lane-board'); board.parts.promise.showModal(); }"
        )
        dialog.get_by_role("button", name={"zh": "录入工单", "en": "Enter the order"}[language]).click()
        page.wait_for_url("**/runs/r*")
        page.wait_for_selector(".tile .value", timeout=60_000)
