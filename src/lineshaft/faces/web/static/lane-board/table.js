// The same plan as a table: every operation a row, for people who read rather than look.
import { AT, isLocked } from "./book.js";
import { factsOf } from "./facts.js";
import { make } from "./make.js";

const PAGE = 100;
const COLUMNS = ["order", "item", "step", "resource", "people", "from", "to", "duration", "setup", "due", "state"];

export class Table {
  constructor(board, place) {
    this.board = board;
    this.place = place;
    this.first = 0;
  }

  /** One bar a step among the lanes that are shown (and steps that hold none) and what was found, by start. */
  steps() {
    const { book, shownLanes, found, kind } = this.board, shown = new Set(kind ? shownLanes : [-1, ...shownLanes]), steps = [];
    for (const bars of book.ofOrder) {
      const mine = bars.filter((bar) => shown.has(bar[AT.lane]) && (!found || found.bars(bar)));
      steps.push(...mine.filter((bar, at) => at === 0 || mine[at - 1][AT.op] !== bar[AT.op]));
    }
    return steps.sort((a, b) => a[AT.start] - b[AT.start] || a[AT.order] - b[AT.order] || a[AT.op] - b[AT.op]);
  }

  draw() {
    const { board, place } = this, { say } = board, steps = this.steps();
    this.first = Math.max(0, Math.min(this.first, Math.floor((steps.length - 1) / PAGE) * PAGE));
    const page = steps.slice(this.first, this.first + PAGE);
    const head = make("tr", {}, make("td", {}), ...COLUMNS.map((name) => make("th", { scope: "col" }, say(name))));
    const table = make("table", {}, make("caption", {}, say("tableOf")), make("thead", {}, head), make("tbody", {}, ...page.map((bar) => this.row(bar))));
    const turn = (by) => () => { this.first += by; this.draw(); };
    place.replaceChildren(make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("tableOf") }, table),
      make("div", { class: "pager" },
        make("button", { type: "button", disabled: this.first === 0, click: turn(-PAGE) }, say("earlier")),
        make("span", {}, say("rows", { from: steps.length ? this.first + 1 : 0, to: this.first + page.length, all: steps.length })),
        make("button", { type: "button", disabled: this.first + PAGE >= steps.length, click: turn(PAGE) }, say("later"))));
  }

  row(bar) {
    const { board } = this, facts = factsOf(board, bar), { say } = board;
    const cells = { ...facts, step: `${facts.op} ${facts.name}`, due: [facts.due, facts.late].filter(Boolean).join(" · ") };
    const lock = board.ask && bar[AT.lane] >= 0 ? make("button", { type: "button", click: () => board.edit.lock(bar) }, say(isLocked(bar) ? "unlockChange" : "lockChange")) : null;
    const jump = () => { board.showTable(false); board.reveal(bar); board.cursor.set(bar); };
    const show = bar[AT.lane] >= 0 ? make("button", { type: "button", "aria-label": `${say("showOn")} ${facts.order} ${facts.op}`, click: jump }, say("chart")) : null;
    const tone = (name) => (name === "due" ? facts.lateness : name === "resource" ? "wide-cell" : false);
    return make("tr", {}, make("td", { class: "acts" }, show, lock), make("th", { scope: "row" }, cells.order),
      ...COLUMNS.slice(1).map((name) => make("td", { class: tone(name) }, cells[name])));
  }
}
