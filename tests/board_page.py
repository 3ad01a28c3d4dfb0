"""A page with one board on it, served on loopback under the workbench's strict content policy."""

import json
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
POLICY = "default-src 'self'; script-src 'self'; style-src 'self'"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="/icon.svg">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/tokens.css"><link rel="stylesheet" href="/lane-board.css"></head>
<body><lane-board></lane-board><script type="module" src="/lane-board.js"></script></body></html>"""

ASK = """() => {
  const board = document.querySelector("lane-board");
  window.asked = [];
  window.fired = [];
  for (const name of ["change", "propose", "open", "pick"])
    board.addEventListener(`lane-board-${name}`, (event) => window.fired.push([name, event.detail]));
  board.ask = async (changes) => {
    window.asked.push(structuredClone(changes));
    const { book } = board, bars = [], early = changes.some(({ values }) => Date.parse(values.start) / 1000 < board.data.start);
    for (const { key, values } of changes)
      for (const was of book.base.ofOrder[book.orderNumber.get(key[0])].filter((bar) => bar[4] === key[1])) {
        const bar = was.slice();
        if (values.start) { bar[1] = Date.parse(values.start) / 1000; bar[2] += bar[1] - was[1]; bar[6] = -1; }
        if (values.resource_id && book.lanes[was[0]].resource === values.instead_of)
          bar[0] = book.lanes.findIndex((lane) => lane.resource === values.resource_id);
        if ("locked" in values) bar[7] = (bar[7] & ~1) | (values.locked ? 1 : 0);
        bars.push(bar);
      }
    return { possible: !early, said: early ? [{ en: "before the plan begins", zh: "早于计划起点" }] : [{ en: "nothing else moves", zh: "其余不动" }], bars };
  };
}"""


class Static(SimpleHTTPRequestHandler):
    """Static files, the page at / and nothing in the log."""

    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def do_GET(self):
        if self.path != "/":
            super().do_GET()
            return
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quiet."""


@contextmanager
def chromium():
    """A browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def served():
    """The address of the page while it is served."""
    folder = str(files("lineshaft.faces.web").joinpath("static"))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Static, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@contextmanager
def board_page(browser, address, data, *, width=1440, ask=True, **settings):
    """A page whose board shows `data`; complaints of the browser fail the test."""
    page = browser.new_page(viewport={"width": width, "height": 900}, **settings)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(address)
    page.evaluate(
        "text => { document.querySelector('lane-board').data = JSON.parse(text); }", json.dumps(data)
    )
    if ask:
        page.evaluate(ASK)
    settled(page)
    yield page
    assert errors == [], errors
    page.close()


def settled(page):
    """Waits until the board has painted what it was told."""
    page.evaluate(
        """async () => {
          const board = document.querySelector("lane-board");
          do await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
          while (board.waiting || board.motion);
        }"""
    )


def of_board(page, expression):
    """A JavaScript expression about `board`."""
    return page.evaluate(
        f"() => {{ const board = document.querySelector('lane-board'); return {expression}; }}"
    )


def until(page, condition):
    """Waits until a condition about `board` holds; the policy forbids Playwright's own way of waiting."""
    for _ in range(600):
        if of_board(page, condition):
            settled(page)
            return
        page.evaluate("() => new Promise((done) => setTimeout(done, 10))")
    raise AssertionError(f"in vain: {condition}")


def box_of(page, order, op, lane=None):
    """Where a step's bar is on the page."""
    return of_board(page, f"board.boxOf({json.dumps(order)}, {op}, {json.dumps(lane)})")
