"""The toy engine in the workbench, without a line of face code: form, run, reasons, preview, accept."""

import pytest
from contract.toy import ENGINE
from toy_installed import toy_installed
from web.workbench import CHROMIUM, browser, page_of, serving

from lineshaft.core import find_engine
from lineshaft.store import Works

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)")
WORDS = {
    "zh": ("棒料下料(示例)", "棒料长度", "启用第 1 根棒料"),
    "en": ("Bar cutting (toy)", "length of a bar", "opens bar 1"),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with toy_installed(), serving(folder, crew=True) as (address, site), browser() as opened:
        yield address, site, opened


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.slow)])
def test_the_toy_is_asked_read_and_accepted_on_pages(bench, language):
    address, site, opened = bench
    title, parameter, reason = WORDS[language]
    with Works.create(site.folder / language, language) as works:
        works.use(ENGINE)
        works.write({"piece": find_engine(ENGINE.name).load("example")()["pieces"]}, "test", "example")
    name = site.add_works(site.folder / language).works_id
    with page_of(opened, address, language=language) as page:
        page.goto(f"/w/{name}/engines/{ENGINE.name}")
        assert title in page.inner_text("h1")
        form = page.locator("form.ask")
        assert parameter in form.inner_text()
        assert "mm" in form.inner_text()
        page.fill("[name='p.bar_mm']", "13000")
        form.locator("button.main").click()
        page.wait_for_url("**/runs/r1")
        page.wait_for_selector(".tile .value", timeout=60_000)
        assert title in page.inner_text("main")
        assert reason in page.inner_text("#reasons")
        page.click("main a[href$='/runs/r1/accept']")
        page.click("#accept")
        page.wait_for_url("**/runs/r1")
        page.goto(f"/w/{name}/tables/cut")
        assert page.locator("#rows tr[data-key]").count() == 5
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(site.open_works(name).read("cut")) == 5
