// Keyboard and screen reader: one focused bar or row at a time, read as a sentence, and what the keys do.
//
// Two buttons take turns in holding the focus, so that a screen reader meets a new element at every step.
import { AT } from "./book.js";
import { sentence } from "./facts.js";
import { make } from "./make.js";
import { HEAD } from "./view.js";
import { own } from "./words.js";

export class Cursor {
  constructor(board, stage) {
    this.board = board;
    this.row = 0;
    this.bar = null;
    this.seats = [0, 1].map((at) => make("button", { type: "button", class: "seat", tabindex: at ? -1 : 0, "aria-label": board.say("board", { lanes: board.book.lanes.length, steps: board.stepCount }) }));
    stage.append(...this.seats);
    for (const seat of this.seats) {
      seat.addEventListener("focus", () => { if (!this.said) this.enter(); else if (seat !== this.seat) this.adopt(seat); });
      seat.addEventListener("click", (event) => { if (event.detail === 0) this.board.openCursor(); });
    }
    stage.addEventListener("keydown", (event) => this.key(event));
  }

  /** Focus comes for the first time: to the first bar on screen. */
  enter() {
    const { board } = this, { view } = board;
    for (let row = Math.floor(view.top); row < Math.min(board.rows.length, view.top + view.visible); row++) {
      const bar = this.nearest(row, view.from);
      if (bar) { this.set(bar); return; }
    }
    this.setRow(0);
  }

  /** Puts the focus on a bar and makes it visible; `quiet` leaves the card and the view alone. */
  set(bar, { quiet = false } = {}) {
    const { board } = this;
    this.bar = bar;
    this.row = board.rowOf.get(bar[AT.lane]) ?? this.row;
    if (!quiet) {
      board.view.showRow(this.row);
      if (bar[AT.end] < board.view.from || bar[AT.start] > board.view.to) board.view.showTime(bar[AT.start]);
    }
    this.speak(sentence(board, bar));
    if (!quiet) board.showCardOf(bar);
    board.draw();
  }

  setRow(row) {
    const { board } = this, { lane, group } = board.rows[row] ?? {};
    this.row = row;
    this.bar = null;
    board.leave();
    if (group === undefined) { this.speak(board.say("none")); return; }
    board.view.showRow(row);
    const name = lane < 0 ? board.groupName(group) : `${board.book.lanes[lane].id} ${own(board.book.lanes[lane].name, board.say)}`;
    this.speak(lane >= 0 ? board.say("emptyLane", { name }) : board.say("groupRow", {
      name, lanes: board.say.count("lanes", "lane1", group.lanes.length), folded: board.say(board.folded.has(group.key) ? "folded" : "expanded") }));
    board.draw();
  }

  speak(text) {
    this.said = text;
    const next = this.seats.find((seat) => seat !== document.activeElement);
    this.adopt(next);
    next.focus({ preventScroll: true });
  }

  adopt(seat) {
    for (const one of this.seats) one.setAttribute("tabindex", one === seat ? "0" : "-1");
    seat.setAttribute("aria-label", this.said);
    this.seat = seat;
    this.place();
  }

  /** Lays the focused button over its bar or row. */
  place() {
    const { board, seat } = this, { view } = board;
    if (!seat) return;
    const { moving } = board.edit, bar = moving?.ghosts().find((one) => one[AT.lane] === moving.lane) ?? this.bar;
    const row = moving ? board.rowOf.get(moving.lane) : this.row;
    const left = bar ? Math.max(view.left, view.x(bar[AT.start])) : 0, right = bar ? Math.min(view.right, view.x(bar[AT.end])) : view.left;
    const y = view.y(row), hidden = y < HEAD - view.rowHeight || y >= view.bottom || right < view.left || left > view.right;
    const size = { left: left - 2, top: y + 1, width: Math.max(8, right - left + 3), height: view.rowHeight - 2 };
    for (const [name, value] of Object.entries(size)) seat.style.setProperty(name, `${Math.round(value)}px`);
    seat.classList.toggle("away", hidden && !board.edit.moving);
  }

  /** The plan under the focus has changed: keep to the same step. */
  refresh() {
    const { book, rowOf, rows } = this.board;
    if (this.bar) {
      const bars = book.step(this.bar[AT.order], this.bar[AT.op]);
      this.bar = bars.find((bar) => bar[AT.lane] === this.bar[AT.lane]) ?? bars.find((bar) => bar[AT.allowed] === this.bar[AT.allowed]) ?? bars[0] ?? null;
      this.row = rowOf.get(this.bar?.[AT.lane]) ?? this.row;
      if (this.bar && this.seat) this.seat.setAttribute("aria-label", sentence(this.board, this.bar));
    }
    this.row = Math.min(this.row, Math.max(0, rows.length - 1));
  }

  nearest(row, time) {
    const lane = this.board.rows[row]?.lane ?? -1;
    if (lane < 0) return null;
    const far = (bar) => Math.max(0, bar[AT.start] - time, time - bar[AT.end]);
    return this.board.book.ofLane[lane].reduce((best, bar) => (!best || far(bar) < far(best) ? bar : best), null);
  }

  along(by) {
    if (!this.bar) return;
    const bars = this.board.book.ofLane[this.bar[AT.lane]];
    this.set(bars[Math.max(0, Math.min(bars.length - 1, bars.indexOf(this.bar) + by))]);
  }

  end(last) {
    const bars = this.board.book.ofLane[this.board.rows[this.row]?.lane] ?? [];
    if (bars.length) this.set(last ? bars.at(-1) : bars[0]);
  }

  across(by) {
    const row = this.row + by;
    if (row < 0 || row >= this.board.rows.length) return;
    const { view } = this.board, time = this.bar ? this.bar[AT.start] : (view.from + view.to) / 2, bar = this.nearest(row, time);
    if (bar) this.set(bar); else this.setRow(row);
  }

  key(event) {
    const { board } = this, moving = board.edit.moving;
    if (event.altKey || ((event.ctrlKey || event.metaKey) && !"zZyY".includes(event.key))) return;
    const act = (moving ? this.moveKeys(event) : this.keys(event))[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
    board.draw();
  }

  moveKeys({ shiftKey }) {
    const { edit } = this.board, nudge = (times, lanes) => () => edit.nudge(times, lanes, shiftKey);
    return { ArrowLeft: nudge(-1, 0), ArrowRight: nudge(1, 0), ArrowUp: nudge(0, -1), ArrowDown: nudge(0, 1), Enter: () => edit.drop(), " ": () => edit.drop(), m: () => edit.drop(), Escape: () => edit.cancel() };
  }

  keys({ shiftKey, ctrlKey, metaKey }) {
    const { board, bar } = this, { view, edit } = board, command = ctrlKey || metaKey, back = () => (shiftKey ? edit.redo() : edit.undo());
    return {
      ArrowLeft: () => this.along(-1), ArrowRight: () => this.along(1), ArrowUp: () => this.across(-1), ArrowDown: () => this.across(1),
      Home: () => this.end(false), End: () => this.end(true), PageUp: () => view.shift(-view.span * 0.9), PageDown: () => view.shift(view.span * 0.9),
      Enter: () => board.openCursor(), " ": () => (bar ? board.pick(bar[AT.order]) : board.openCursor()), Escape: () => board.pick(-1),
      m: () => { if (bar && edit.begin(bar)) board.tell(board.say("moving", { name: `${board.book.orders[bar[AT.order]].id} · ${bar[AT.op]}` })); },
      l: () => { if (bar) edit.lock(bar); }, u: back, ...(command ? { z: back, y: () => edit.redo() } : {}),
      "+": () => view.zoom(0.7), "=": () => view.zoom(0.7), "-": () => view.zoom(1 / 0.7), 0: () => view.fit(), n: () => board.goNow(),
      h: () => board.clickRow(this.row), "/": () => board.focusFind(), t: () => board.showTable(true), "?": () => board.showKeys(),
    };
  }
}
