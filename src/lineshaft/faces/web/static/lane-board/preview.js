// What another engine would do with the plan on the board, before anybody decides: ghosts where its steps would go.
import { AT, stepKey } from "./book.js";
import { make } from "./make.js";
import { fitted, widthOf } from "./pens.js";
import { mix } from "./palette.js";

export class Preview {
  constructor(board) {
    this.board = board;
    this.shown = null;
    this.busy = "";
  }

  /** Asks a peer ({ name, en, zh }); the answer stays until it is dropped or the data is new. */
  async begin(peer) {
    const { board } = this, title = peer[board.say.english ? "en" : "zh"];
    if (this.busy) return;
    this.busy = peer.name;
    board.tell(board.say("tryingOut", { title }));
    try {
      this.show({ title, ...await board.attempt(peer.name) });
    } catch (error) {
      board.tell(error.message || board.say("failed"), "no");
    }
    this.busy = "";
  }

  show(answer) {
    const { board } = this, lanes = board.book.ofLane.length;
    const ofLane = Array.from({ length: lanes }, () => []);
    for (const bar of answer.bars) if (bar[AT.lane] >= 0) ofLane[bar[AT.lane]].push({ start: bar[AT.start], end: bar[AT.end], label: `${board.book.orders[bar[AT.order]].id} · ${bar[AT.op]}`, bar });
    for (const [lane, start, end, order, op] of answer.fresh) ofLane[lane].push({ start, end, label: `${order} · ${op}`, bar: null });
    for (const list of ofLane) list.sort((a, b) => a.start - b.start);
    const moved = new Set(answer.bars.map(stepKey)), added = new Set(answer.fresh.map(([, , , order, op]) => `${order} ${op}`));
    this.shown = { ...answer, ofLane, moved, added };
    board.tell(this.said());
    this.fill();
    this.goThere(ofLane.flat());
    board.draw();
  }

  /** Shows the time of the ghosts where none of them is on screen. */
  goThere(ghosts) {
    const { view } = this.board;
    if (!ghosts.length || ghosts.some(({ start, end }) => end > view.from && start < view.to)) return;
    const from = Math.min(...ghosts.map(({ start }) => start)), to = Math.max(...ghosts.map(({ end }) => end));
    view.show(from - 0.1 * (to - from), to + 0.1 * (to - from));
  }

  drop() {
    this.shown = null;
    this.fill();
    this.board.tell("");
    this.board.draw();
  }

  said() {
    const { say } = this.board, { moved, added } = this.shown;
    return moved.size || added.size ? say("wouldMove", { moved: moved.size, added: added.size }) : say("wouldStay");
  }

  /** True for a bar that would not stay where it is. */
  leaves(bar) { return this.shown?.moved.has(stepKey(bar)) ?? false; }

  /** The strip below the board: what it is, how the figures move, and where it is decided. */
  fill() {
    const { board, shown } = this, { say } = board, place = board.parts.trial;
    place.hidden = !shown;
    if (!shown) return;
    place.setAttribute("aria-label", shown.title);
    place.replaceChildren(make("b", {}, `${shown.title} ${shown.run}`.trim()), make("span", { class: "quiet" }, this.said()),
      make("div", { class: "figures" }, ...shown.kpis.filter(({ was, value }) => was !== null && was !== value).map((kpi) => board.figure(kpi))),
      make("span", { class: "acts" }, make("button", { type: "button", click: () => this.drop() }, say("discard")),
        shown.address ? make("a", { class: "button primary", href: shown.address }, say("look")) : null));
  }
}

/** The ghosts of a preview, and from where each would come. */
export function drawPreview(pen, board, view, first, last) {
  const { shown } = board.preview, { palette, book, rows, rowOf } = board;
  if (!shown) return;
  for (let row = first; row < last; row++) {
    const lane = rows[row].lane;
    for (const { start, end, label, bar } of lane < 0 ? [] : shown.ofLane[lane]) {
      if (end < view.from || start > view.to) continue;
      const x = view.x(start), width = Math.max(4, view.x(end) - x), y = view.y(row) + 2, height = view.rowHeight - 4;
      const colour = bar ? palette.running : palette.accent, was = bar && cameFrom(book, bar);
      const row0 = was && rowOf.get(was[AT.lane]);
      if (row0 !== undefined && row0 !== null && was[AT.start] !== start) pen.line(view.x(was[AT.start]), view.y(row0 + 0.5), x, y + height / 2, colour, 1, [2, 2]);
      pen.rect(x, y, width, height, mix(colour, palette.surface, 0.7), 0.85);
      pen.frame(x + 1, y + 1, width - 2, height - 2, colour, 2, bar ? [5, 3] : []);
      if (width > widthOf(label) + 12 && height > 12) pen.text(x + 7, y + height / 2 + 4.2, fitted(label, width - 10), palette.ink, { bold: !bar });
    }
  }
}

/** Where a step stands on the board: on the same lane, else on the first that it leaves. */
function cameFrom(book, bar) {
  const bars = book.step(bar[AT.order], bar[AT.op]);
  return bars.find((one) => one[AT.lane] === bar[AT.lane]) ?? bars[0] ?? null;
}
