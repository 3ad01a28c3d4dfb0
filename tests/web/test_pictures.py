"""The pictures of the README, taken from the workbench with the crane works in it.

`LINESHAFT_PICTURES=docs/pictures` keeps them there (`make pictures`); otherwise they are only looked at.
"""

import os
from pathlib import Path

import pytest
from web.workbench import CHROMIUM, browser, page_of, serving

from lineshaft.crane_works import generate
from lineshaft.store import Works

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt.txt)"),
]
PAGES = {
    "home": "/w/crane-works/",
    "board": "/w/crane-works/boards/make.schedule",
    "run": "/w/crane-works/runs/r1",
}
PLANNED_S = 20


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with serving(folder) as (address, site), browser() as opened:
        with Works.create(folder / "crane-works", "江岸起重机厂 Crane works") as works:
            works.write(generate(scale=1), "ann", "example")
            run = works.propose("make.schedule", limits={"time_limit_s": PLANNED_S}, actor="ann")
            works.accept(run, "ann")
        site.add_works(folder / "crane-works")
        yield address, opened


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_picture(bench, tmp_path, language, name):
    address, opened = bench
    with page_of(opened, address, language=language) as page:
        page.goto(PAGES[name])
        if name != "home":
            page.wait_for_selector("lane-board canvas")
            page.evaluate("document.querySelector('lane-board').showSpan(3 * 86400)")
            page.evaluate("() => new Promise((done) => setTimeout(done, 500))")
        folder = Path(os.environ.get("LINESHAFT_PICTURES", tmp_path))
        folder.mkdir(parents=True, exist_ok=True)
        picture = folder / f"{name}-{language}.png"
        page.screenshot(path=picture)
        assert picture.stat().st_size > 20_000
