"""A workbench on loopback with its crew, and a browser in front of it, for the tests of the pages."""

from __future__ import annotations

import shutil
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import xlsxwriter

from lineshaft.core import find_engine
from lineshaft.core.solve import table_name
from lineshaft.faces.desk.crew import Crew
from lineshaft.faces.http.app import create_app
from lineshaft.store.importing import read_tables
from lineshaft.store.site import Site
from lineshaft.store.workbook import write_example
from lineshaft.store.works import Works

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAME, PASSWORD = "ann", "seven-cranes-over-wuxi"
ENGINE = "make.schedule"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(folder: Path, *, crew: bool = False):
    """A site with the administrator `NAME`, served: yields (address, site)."""
    site = Site.create(folder)
    site.people.add(NAME, PASSWORD, by="test", admin=True)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    app = create_app(site, origin=address)
    config = uvicorn.Config(app, port=port, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    workers = Crew(folder, 1)
    try:
        if crew:
            workers.start()
        thread.start()
        while not server.started:
            thread.join(0.02)
            assert thread.is_alive()
        yield address, site
    finally:
        server.should_exit = True
        thread.join(20)
        if crew:
            workers.stop()
        site.close()


def add_works(site: Site, name: str, *, example: bool = False) -> str:
    """A works of the site, empty or with the example of the schedule."""
    with Works.create(site.folder / name, f"试验厂 {name}") as works:
        if example:
            works.write(example_tables(site.folder), "test", "example")
    return site.add_works(site.folder / name, name).works_id


def example_tables(folder: Path):
    engine = find_engine(ENGINE)
    members = engine.load("inputs").members()
    frames = {
        table_name(members[member].schema): frame
        for member, frame in engine.load("example")().items()
        if frame is not None
    }
    path = folder / "example.xlsx"
    write_example(engine, frames, path, "en")
    return read_tables(path)


def broken_workbook(folder: Path) -> Path:
    """The example with two bad cells: a quantity of −5 and a time that is none."""
    tables = example_tables(folder)
    path = folder / "orders.xlsx"
    book = xlsxwriter.Workbook(path)
    for name, frame in tables.items():
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, frame.columns)
        for number, row in enumerate(frame.rows(), start=1):
            sheet.write_row(number, 0, ["" if cell is None else plain(cell) for cell in row])
        if name == "work_order":
            sheet.write(1, frame.columns.index("quantity"), -5)
        if name == "receipt":
            sheet.write(1, frame.columns.index("available"), "next Friday")
    book.close()
    return path


def plain(cell):
    if hasattr(cell, "isoformat"):
        return cell.isoformat().replace("+00:00", "Z")
    return cell if isinstance(cell, int | float) else str(cell)


@contextmanager
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def page_of(opened, address: str, *, language: str = "zh", width: int = 1440, theme: str = "light"):
    """A signed-in page; any error in its console fails the test."""
    context = opened.new_context(
        viewport={"width": width, "height": 900},
        locale="zh-CN" if language == "zh" else "en-US",
        color_scheme=theme,
        base_url=address,
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto("/login")
    page.fill("[name=name]", NAME)
    page.fill("[name=password]", PASSWORD)
    page.click("main button.main")
    page.wait_for_url(lambda url: "/login" not in url)
    yield page
    context.close()
    assert errors == []
