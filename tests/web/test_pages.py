"""Pages: both languages complete, usable by everybody, tables edited and pasted into, a foreign engine at home."""

import json
import re
from pathlib import Path

import pytest
from jinja2 import nodes
from web.workbench import CHROMIUM, add_works, browser, page_of, serving

from lineshaft.core import Change, Missing
from lineshaft.faces.desk.desk import Desk
from lineshaft.faces.web import filters, grid, urls, words
from lineshaft.faces.web.view import templates
from lineshaft.store.cells import BadCell
from lineshaft.store.units import find_unit
from lineshaft.tables import TABLES

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "src/lineshaft/faces/web/templates"
AXE = ROOT / ".venv/assets/node_modules/axe-core/axe.min.js"
NO_WORDS = {"Lineshaft", "Excel", "CSV", "PNG", "UTC", "Esc", "Shift", "Enter", "Ctrl", "C", "V", "Z", "html", "xlsx", "h", "id", "svg", "ISA"}  # fmt: skip
SAID = re.compile(r"<[^>]*>", re.DOTALL)
ATTRIBUTE = re.compile(r'(?:title|alt|placeholder|aria-label)="([^"]*)"')
WORD = re.compile(r"[A-Za-z]+|[\u4e00-\u9fff]+")

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")


# Words


@pytest.mark.parametrize("name", sorted(p.name for p in TEMPLATES.glob("*.html") if p.name != "report.html"))
def test_no_template_says_anything_in_one_language_only(name):
    tree = templates().parse((TEMPLATES / name).read_text(encoding="utf-8"))
    text = "".join(part.data if isinstance(part, nodes.TemplateData) else "\x00" for part in pieces(tree))
    bare = SAID.sub(" ", re.sub(r"<(script|style|code)\b.*?</\1>", " ", text, flags=re.DOTALL))
    bare += " ".join(ATTRIBUTE.findall(text))
    assert {word for word in WORD.findall(bare.replace("\x00", " ")) if word not in NO_WORDS} == set()


def pieces(tree):
    for output in tree.find_all(nodes.Output):
        yield from output.nodes


@pytest.mark.parametrize("name", sorted(p.name for p in TEMPLATES.glob("*.html") if p.name != "report.html"))
def test_every_pair_of_words_has_chinese_and_english(name):
    tree = templates().parse((TEMPLATES / name).read_text(encoding="utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t":
            en, zh = (part.value for part in call.args)
            assert not re.search(r"[\u4e00-\u9fff]", en) or en in ("中文", "zh")
            assert zh.count("{}") == en.count("{}")


def test_the_reader_s_language_is_what_was_chosen_then_the_browser_s():
    assert words.language_of({"ls_lang": "en"}, "zh-CN") == "en"
    assert words.language_of({}, "zh-CN,zh;q=0.9,en;q=0.8") == "zh"
    assert words.language_of({}, "en-US,en;q=0.5") == "en"
    assert words.language_of({"ls_lang": "fr"}, "") == "zh"


def test_utc_times_in_a_sentence_become_local():
    speech = words.Speech("zh", "Asia/Shanghai")
    assert speech.local("最早 2026-04-07 05:26Z 完成") == "最早 2026-04-07 13:26 完成"


# Cells and filters


def test_numbers_are_typed_in_people_s_units_or_name_their_own():
    rule = TABLES["operation_mode"].columns()["lot_s"]
    assert grid.read_text("90", rule, "UTC") == 5_400
    assert grid.read_text("1.5 h", rule, "UTC") == 5_400
    assert grid.read_text("20 秒", rule, "UTC") == 20
    with pytest.raises(BadCell):
        grid.read_text("3 kg", rule, "UTC")
    assert find_unit("秒") == "s"


def test_keys_with_slashes_survive_addresses():
    assert urls.key_parts(urls.key_text(("WO/1~a", 10))) == ("WO/1~a", "10")


@pytest.mark.parametrize(
    ("table", "column", "typed", "expected"),
    [
        ("work_order", "quantity", ">5", [("gt", "5")]),
        ("work_order", "quantity", "2..9", [("ge", "2"), ("le", "9")]),
        ("operation_mode", "lot_s", "≥1.5", [("ge", "90.0")]),
        ("work_order", "order_id", "W1", [("has", "W1")]),
        ("work_order", "order_id", "=W1", [("eq", "W1")]),
        ("work_order", "due", "=", [("empty", "")]),
        ("work_order", "due", "2026-03-05", [("ge", "2026-03-04T16:00:00Z"), ("lt", "2026-03-05T16:00:00Z")]),
        ("resource", "kind", "machine", [("eq", "machine")]),
    ],
)
def test_what_is_typed_above_a_column(table, column, typed, expected):
    schema = TABLES[table]
    columns = grid.columns_of(schema)
    found, faults = filters.conditions({column: typed}, columns, schema, "Asia/Shanghai")
    assert faults == []
    assert [(one.operator, one.value) for one in found] == expected


def test_a_filter_that_cannot_be_read_says_so():
    schema = TABLES["work_order"]
    found, faults = filters.conditions({"quantity": "many"}, grid.columns_of(schema), schema, "UTC")
    assert found == ()
    assert [fault.column for fault in faults] == ["quantity"]


# In the browser


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with serving(folder) as (address, site), browser() as opened:
        add_works(site, "full", example=True)
        add_works(site, "bare")
        works = site.open_works("full")
        first = works.propose("make.schedule", {}, {"work_limit": 1}, actor="ann")
        works.accept(first, "ann")
        works.propose("make.schedule", {}, {"work_limit": 1, "seed": 2}, actor="ann")
        works.propose_edit(
            "make.schedule", [Change("operation_plan", ("WO-1", 20), {"locked": True})], actor="ann"
        )
        yield address, site, opened


PAGES = {
    "front": "/",
    "begin": "/w/bare/",
    "home": "/w/full/",
    "tables": "/w/full/tables",
    "table": "/w/full/tables/operation",
    "object": "/w/full/objects/work_order/WO-3",
    "engine": "/w/full/engines/make.schedule",
    "runs": "/w/full/runs",
    "run": "/w/full/runs/r1",
    "accept": "/w/full/runs/r3/accept",
    "compare": "/w/full/compare?first=r1&second=r2",
    "board": "/w/full/boards/make.schedule",
    "search": "/w/full/search?q=WO",
    "people": "/people",
    "account": "/account",
    "audit": "/audit",
    "missing": "/w/nowhere/",
}


@needs_browser
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not there: tools/assets")
@pytest.mark.parametrize(
    ("language", "width", "theme"),
    [
        ("zh", 1440, "light"),
        ("en", 390, "dark"),
        pytest.param("zh", 390, "dark", marks=pytest.mark.slow),
    ],
)
def test_no_page_has_a_serious_fault_for_anybody(bench, language, width, theme):
    address, _, opened = bench
    found = {}
    with page_of(opened, address, language=language, width=width, theme=theme) as page:
        for name, path in PAGES.items():
            if name == "missing":
                continue
            page.goto(path)
            page.wait_for_load_state("networkidle")
            page.evaluate(AXE.read_text(encoding="utf-8"))
            told = page.evaluate("axe.run({resultTypes: ['violations']}).then((r) => r.violations)")
            bad = [
                f"{one['id']}: {node['html'][:160]}"
                for one in told
                if one["impact"] in ("serious", "critical")
                for node in one["nodes"][:3]
            ]
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                bad.append("wider than the screen")
            if bad:
                found[name] = bad
    assert found == {}, json.dumps(found, ensure_ascii=False, indent=1)


@needs_browser
def test_cells_are_changed_previewed_and_saved(bench):
    address, site, opened = bench
    with page_of(opened, address, language="en") as page:
        page.goto("/w/full/tables/work_order")
        page.click("#edit")
        put(page, 1, 3, "many")
        page.click("#review")
        page.wait_for_selector("td.wrong")
        assert "many" in page.inner_text("#problem")
        put(page, 1, 3, "7")
        page.click("#review")
        page.wait_for_selector("#preview[open]")
        assert page.locator("#preview ins").inner_text() == "7"
        page.click("#save")
        page.wait_for_selector("#grid:not(.editing)")
        page.wait_for_load_state("networkidle")
        assert site.open_works("full").read("work_order")["quantity"][0] == 7
        put_back(site)


def put(page, row, column, value):
    cell = page.locator(f"#grid tbody tr:nth-child({row}) > :nth-child({column + 1})")
    cell.click()
    page.keyboard.press("Enter")
    page.locator("#grid .editor").fill(value)
    page.keyboard.press("Enter")


def put_back(site):
    works = site.open_works("full")
    frame = works.read("work_order")
    works.write({"work_order": frame.with_columns(quantity=frame["quantity"].replace(7, 2))}, "test", "write")


@needs_browser
def test_a_block_from_excel_makes_rows(bench):
    address, site, opened = bench
    with page_of(opened, address) as page:
        page.goto("/w/bare/tables/customer")
        page.evaluate("document.querySelector('#edit').click()")
        page.click("#add")
        page.evaluate(PASTE, 'PORT-9\t"river ""port"""\r\nPORT-10\t钢厂\r\n')
        assert page.locator("#grid tr.new").count() == 2
        page.click("#review")
        page.wait_for_selector("#preview[open]")
        page.click("#save")
        page.wait_for_selector("#grid tbody tr[data-key]")
        kept = site.open_works("bare").read("customer")
        assert dict(kept.iter_rows()) == {"PORT-9": 'river "port"', "PORT-10": "钢厂"}


PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  document.activeElement.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
}"""


@needs_browser
def test_filters_sort_and_find_keep_the_address(bench):
    address, _, opened = bench
    with page_of(opened, address) as page:
        page.goto("/w/full/tables/operation")
        page.fill("[name=f_order_id]", "=WO-1")
        page.wait_for_url("**f_order_id=*")
        page.wait_for_selector("#count a")
        assert page.locator("#grid tbody tr").count() == 2
        page.click("[data-sort=op_no]")
        page.click("[data-sort=op_no]")
        page.wait_for_url("**sort=-op_no*")
        page.reload()
        assert page.locator("#grid tbody tr td:nth-child(3)").first.inner_text().strip() == "20"


@needs_browser
def test_keys_find_and_help(bench):
    address, _, opened = bench
    with page_of(opened, address) as page:
        page.goto("/w/full/")
        page.keyboard.press("?")
        assert page.locator("#help").is_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("WO-3")
        page.keyboard.press("Enter")
        page.wait_for_url("**/objects/work_order/WO-3")


@needs_browser
def test_language_and_theme_are_kept(bench):
    address, _, opened = bench
    with page_of(opened, address) as page:
        page.goto("/w/full/")
        assert page.inner_text("h1") == "今日事项"
        page.click("[data-set^=ls_lang]")
        page.wait_for_selector("html[lang=en]")
        assert page.inner_text("h1") == "Today"
        page.click("[data-theme-next]")
        page.wait_for_selector("html[data-theme=light]")


@needs_browser
def test_who_is_not_signed_in_sees_the_door_and_comes_back(bench):
    address, _, opened = bench
    page = opened.new_page(base_url=address)
    page.goto("/w/full/runs")
    assert page.url.endswith("/login?next=/w/full/runs")
    page.fill("[name=name]", "ann")
    page.fill("[name=password]", "wrong-wrong-wrong")
    page.click("main button.main")
    assert page.locator("[role=alert]").is_visible()
    assert page.input_value("[name=name]") == "ann"
    page.close()


def test_a_viewer_sees_no_button_that_changes(bench):
    _, site, _ = bench
    site.people.add("vera", by="test")
    site.grants.give("full", "vera", "viewer", by="test")
    desk = Desk(site, "full", site.who("vera"))
    assert [desk.may(one) for one in ("read", "write", "plan", "accept")] == [True, False, False, False]
    with pytest.raises(Missing):
        Desk(site, "bare", site.who("vera"))


def test_the_lock_file_names_versions_and_hashes_and_no_address():
    lock = json.loads((ROOT / "src/lineshaft/faces/web/assets/package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in packages.values())
