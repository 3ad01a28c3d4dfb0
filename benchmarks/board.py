"""The lane board beside vis-timeline and ECharts in the same Chromium: first paint and pan, with axis, labels and hover.

python benchmarks/board.py [--runs 3] [--json]

Peers come by npm into out/peers/board (never committed). Each contestant gets the same operations, as plain lists
that are already in the page; 40 lanes are on screen. First paint: from handing over the data until the frame after
the first one that shows it. Pan: 60 steps of a fortieth of the window, each drawn before the next; time from frame
to frame, so 16.7 ms is the floor. "ours, SVG" draws the same scene by the pen that exports SVG, to choose a method.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "src/lineshaft/faces/web/static"
PEERS = ROOT / "out/peers/board"
PACKAGES = ("vis-timeline@8.5.4", "echarts@6.1.0")
SIZES = ((2_000, 40), (50_000, 200))
BARS = {"first paint ms": (2_000, 150), "pan median ms": (50_000, 40)}
PATIENCE_MS = 60_000
START, DAY = 1_772_402_400, 86_400

PAGE = """<!doctype html><meta charset="utf-8"><title>bench</title>
<link rel="stylesheet" href="/static/tokens.css"><link rel="stylesheet" href="/static/lane-board.css">
<link rel="stylesheet" href="/peers/node_modules/vis-timeline/styles/vis-timeline-graph2d.min.css">
<style>body { margin: 0 } #peer { width: 1400px; height: 1060px }</style><div id="peer"></div>
<script src="/peers/node_modules/echarts/dist/echarts.min.js"></script>
<script src="/peers/node_modules/vis-timeline/standalone/umd/vis-timeline-graph2d.min.js"></script>
<script type="module">
import "/static/lane-board.js";
import { drawBoard } from "/static/lane-board/scene.js";
import { SvgPen } from "/static/lane-board/pens.js";
const place = document.getElementById("peer"), frame = () => new Promise((done) => requestAnimationFrame(done));
const contestants = {
  "ours, canvas"(data) {
    const board = document.createElement("lane-board");
    board.lang = "en"; board.grouping = "none";
    board.data = data; place.append(board);
    return { board, show: (from, to) => { board.view.show(from, to); board.draw(); },
      drawn: () => `bars on screen on one canvas, ${place.querySelectorAll("*").length} nodes; also closed times, load, overview` };
  },
  "ours, SVG"(data) {
    const ours = contestants["ours, canvas"](data), sheet = document.createElement("div");
    ours.board.paint = () => { ours.board.waiting = 0; ours.board.measure(); const pen = new SvgPen(ours.board.palette.font); drawBoard(pen, ours.board, ours.board.view);
      sheet.innerHTML = pen.whole(ours.board.view.right + 10, ours.board.view.height, ""); };
    place.prepend(sheet);
    return { ...ours, drawn: () => `the same scene, ${place.querySelectorAll("*").length} nodes` };
  },
  "vis-timeline"(data) {
    const items = data.bars.map((bar, id) => ({ id, group: bar[0], start: bar[1] * 1000, end: bar[2] * 1000,
      content: `${data.orders[bar[3]][0]} · ${bar[4]}`, title: `${data.orders[bar[3]][0]} step ${bar[4]}` }));
    const groups = data.lanes.map((lane, id) => ({ id, content: lane.id }));
    const line = new vis.Timeline(place, new vis.DataSet(items), new vis.DataSet(groups), { stack: false, height: 1060, verticalScroll: true,
      start: data.from * 1000, end: data.to * 1000, margin: { item: 2 }, showCurrentTime: false });
    return { show: (from, to) => line.setWindow(from * 1000, to * 1000, { animation: false }), drawn: () => `all lanes' bars in the window, ${place.querySelectorAll("*").length} nodes` };
  },
  "ECharts custom"(data) {
    const chart = echarts.init(place), lanes = Math.min(40, data.lanes.length);
    chart.setOption({ animation: false, tooltip: {}, grid: { left: 120, right: 20, top: 30, bottom: 20 },
      xAxis: { type: "time", position: "top", min: data.from * 1000 - 3e9, max: data.to * 1000 + 3e9 },
      yAxis: { type: "category", inverse: true, data: data.lanes.map((lane) => lane.id) },
      dataZoom: [{ type: "inside", xAxisIndex: 0, filterMode: "weakFilter", startValue: data.from * 1000, endValue: data.to * 1000 },
        { type: "inside", yAxisIndex: 0, filterMode: "weakFilter", startValue: 0, endValue: lanes - 1 }],
      series: [{ type: "custom", encode: { x: [1, 2], y: 0 }, data: data.bars.map((bar) => [bar[0], bar[1] * 1000, bar[2] * 1000, bar[3], bar[4]]),
        renderItem(params, api) {
          const from = api.coord([api.value(1), api.value(0)]), to = api.coord([api.value(2), api.value(0)]), height = api.size([0, 1])[1] - 6;
          const width = Math.max(1, to[0] - from[0]), shape = { x: from[0], y: from[1] - height / 2, width, height };
          const text = width > 40 ? `${data.orders[api.value(3)][0]} · ${api.value(4)}` : "";
          return { type: "rect", shape, style: { fill: echarts.color.lift("#0072b2", 0.3) }, textConfig: { position: "insideLeft" },
            textContent: { style: { text, width: width - 4, overflow: "truncate", fill: "#fff", fontSize: 12 } } };
        } }] });
    return { show: (from, to) => chart.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, startValue: from * 1000, endValue: to * 1000 }),
      drawn: () => "bars of 40 lanes on one canvas" };
  },
};
window.measure = async (name, data) => {
  await frame();
  const begun = performance.now(), shown = contestants[name](data);
  await frame(); await frame();
  const first = performance.now() - begun, window = (data.to - data.from) / 4, frames = [];
  shown.show(data.from, data.from + window);
  for (let warm = 0; warm < 3; warm++) await frame();
  for (let step = 0; step <= 60; step++) {
    const at = data.from + (step * window) / 40;
    shown.show(at, at + window);
    frames.push(await frame());
  }
  return { first, frames: frames.slice(1).map((time, at) => time - frames[at]), drawn: shown.drawn() };
};
window.ready = true;
</script>"""


def plan(operations, lanes):
    """A board's data: each lane one operation after the other by day, orders of ten steps over random lanes."""
    rng = random.Random(7)
    at, bars = [START] * lanes, []
    for number in range(operations):
        lane = number % lanes
        start = at[lane] + rng.choice((0, 0, 900, 3_600))
        length = rng.randrange(1_800, 18_000, 300)
        setup = start - 900 if start - at[lane] >= 900 else -1
        bars.append(
            [
                lane,
                start,
                start + length,
                number // 10,
                10 * (number % 10 + 1),
                number % 12,
                setup,
                0,
                number % 8,
                -1,
            ]
        )
        at[lane] = start + length
    end = max(at)
    nights = [[day + 16 * 3_600, day + 22 * 3_600] for day in range(START, end, DAY)]
    orders = [
        [f"W{number:04}", f"ITEM-{number % 40}", 5, START + rng.randrange(end - START), number, -1, -1]
        for number in range((operations + 9) // 10)
    ]
    return {
        "lanes": [
            {"id": f"M-{n:03}", "name": f"machine {n}", "kind": "machine", "group": 0, "calendar": "day", "resource": f"M-{n:03}"}
            for n in range(lanes)
        ],
        "groups": [{"id": "M", "name": "machines", "kind": "machine"}],
        "bars": bars, "orders": orders, "names": [f"step {n}" for n in range(12)],
        "families": [[f"F{n}", f"family {n}"] for n in range(8)], "allowed": [], "after": [],
        "closed": {"day": nights}, "kinds": {"machine": ["machine", "设备"]}, "states": ["planned", "running", "done"],
        "horizon": [START - 7 * DAY, end + 28 * DAY], "zone": "Asia/Shanghai", "offsets": [[0, 28_800]],
        "from": START, "to": end, "start": START, "now": None, "why": {},
    }  # fmt: skip


class Files(SimpleHTTPRequestHandler):
    """The page, our static files under /static, peers under /peers."""

    def translate_path(self, path):
        head, _, rest = path.lstrip("/").partition("/")
        return str({"static": STATIC, "peers": PEERS}.get(head, PEERS) / rest)

    def do_GET(self):
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_):
        """Quiet."""


def install():
    """The peers, by the system's npm."""
    if not all((PEERS / "node_modules" / one.split("@")[0]).exists() for one in PACKAGES):
        PEERS.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(PEERS), *PACKAGES], check=True
        )


def contests(browser, address, name, data, runs):
    """So many runs, or one that had no answer."""
    found = []
    while len(found) < runs and None not in found:
        found.append(contest(browser, address, name, data))
    return found


def contest(browser, address, name, data):
    """One run in a page of its own: first paint, pan and what was drawn; or what went wrong."""
    page = browser.new_page(viewport={"width": 1440, "height": 1400})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.wait_for_function("window.ready")
    page.evaluate("text => { window.data = JSON.parse(text); }", json.dumps(data))
    found = page.evaluate(
        "([name, limit]) => Promise.race([measure(name, window.data), new Promise((done) => setTimeout(() => done(null), limit))])",
        [name, PATIENCE_MS],
    )
    page.close()
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    install()
    from playwright.sync_api import sync_playwright

    rows = []
    with sync_playwright() as play, ThreadingHTTPServer(("127.0.0.1", 0), partial(Files)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for operations, lanes in SIZES:
            data = plan(operations, lanes)
            for name in ("ours, canvas", "ours, SVG", "vis-timeline", "ECharts custom"):
                rows.append(
                    row(
                        operations,
                        lanes,
                        name,
                        contests(browser, address, name, data, asked.runs),
                    )
                )
                print(json.dumps(rows[-1]) if asked.json else told(rows[-1]), flush=True)
        browser.close()
        server.shutdown()


def row(operations, lanes, name, runs):
    """The middle of the runs; of the worst frames the best."""
    ended = [run for run in runs if run]
    if not ended:
        return {
            "operations": operations,
            "lanes": lanes,
            "what": name,
            "drawn": f"no answer in {PATIENCE_MS // 1000} s",
        }
    return {
        "operations": operations,
        "lanes": lanes,
        "what": name,
        "first paint ms": round(statistics.median(run["first"] for run in ended)),
        "pan median ms": round(statistics.median(statistics.median(run["frames"]) for run in ended), 1),
        "pan worst ms": round(min(max(run["frames"]) for run in ended), 1),
        "drawn": ended[-1]["drawn"],
    }


def told(row):
    """A row for people, with the bars it has to keep."""
    limits = [
        f"bar {limit} {'kept' if row[name] <= limit else 'missed'}"
        for name, (operations, limit) in BARS.items()
        if row["what"] == "ours, canvas" and row["operations"] == operations
    ]
    figures = "  ".join(f"{name} {value}" for name, value in row.items() if name not in ("drawn",))
    return f"{figures}  [{'; '.join([*limits, row['drawn']])}]"


if __name__ == "__main__":
    main()
