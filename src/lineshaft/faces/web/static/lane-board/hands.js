// Mouse, pen and fingers: pan, zoom, pick, fold, drag a bar, pull the overview and the scroll bar.
import { AT } from "./book.js";
import { overviewTime } from "./strips.js";
import { HEAD, LOAD } from "./view.js";

const CLICK_PX = 4;
const FINGER_PX = 9;
const LONG_MS = 450;
const EDGE_PX = 28;

export class Hands {
  constructor(board, stage) {
    this.board = board;
    this.stage = stage;
    this.points = new Map();
    this.act = null;
    const on = (name, hear) => stage.addEventListener(name, hear);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.stop(event));
    on("pointerleave", (event) => { if (event.pointerType !== "touch") board.leave(); });
    on("dblclick", (event) => this.open(event));
    on("contextmenu", (event) => { if (this.act) event.preventDefault(); });
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  place(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  region({ x, y }) {
    const { view } = this.board;
    if (y >= view.bottom + LOAD) return "overview";
    if (y >= view.bottom) return "load";
    if (y < HEAD) return "head";
    if (x >= view.right) return "scroll";
    return x < view.left ? "names" : "lanes";
  }

  down(event) {
    if (event.button > 0) return;
    const at = this.place(event), { board } = this;
    this.stage.setPointerCapture(event.pointerId);
    this.points.set(event.pointerId, at);
    if (this.points.size === 2) { this.unpress(); if (board.edit.moving) board.edit.cancel(); this.act = { kind: "pinch" }; return; }
    const region = this.region(at), bar = region === "lanes" ? board.barAt(at.x, at.y) : null;
    const slack = event.pointerType === "touch" ? FINGER_PX : CLICK_PX;
    this.act = { kind: "press", region, bar, from: at, slack, touch: event.pointerType === "touch" };
    if (region === "overview") this.pull(at);
    if (bar && this.act.touch && board.ask) this.act.timer = setTimeout(() => this.lift(at), LONG_MS);
  }

  /** A finger has rested on a bar: it comes along. */
  lift(at) {
    const { act, board } = this;
    if (act?.kind !== "press" || !board.edit.begin(act.bar)) return;
    navigator.vibrate?.(15);
    this.act = { ...act, kind: "drag", grip: board.view.time(at.x) - act.bar[AT.start], last: at };
    board.leave();
    board.draw();
  }

  move(event) {
    const at = this.place(event), before = this.points.get(event.pointerId), { act, board } = this;
    if (!before || !act) { board.hoverAt(at.x, at.y, this.region(at)); return; }
    if (act.kind === "press") this.press(at);
    if (this.act.kind === "pan") this.pan(before, at, event.pointerType === "touch");
    if (this.act.kind === "scroll") board.view.scrollTo(board.view.top + ((at.y - before.y) / (board.view.bottom - HEAD)) * board.view.rowCount);
    if (this.act.kind === "pull") this.pull(at);
    if (this.act.kind === "drag") this.drag(at);
    if (this.act.kind === "pinch") this.pinch(event.pointerId, before, at);
    this.points.set(event.pointerId, at);
    board.draw();
  }

  /** Beyond a few pixels a press becomes what its place is for. */
  press(at) {
    const { act, board } = this;
    if (Math.hypot(at.x - act.from.x, at.y - act.from.y) < act.slack) return;
    this.unpress();
    if (act.bar && !act.touch && board.ask && board.edit.begin(act.bar)) {
      this.act = { ...act, kind: "drag", grip: board.view.time(act.from.x) - act.bar[AT.start], last: at };
      board.leave();
    } else this.act = { ...act, kind: { overview: "pull", scroll: "scroll" }[act.region] ?? "pan" };
  }

  pan(before, at, touch) {
    const { view } = this.board;
    if (this.act.region !== "names") view.shift((before.x - at.x) * view.perPixel);
    const beyond = view.scrollTo(view.top + (before.y - at.y) / view.rowHeight);
    if (touch && beyond) scrollBy(0, beyond * view.rowHeight);
    this.board.leave();
  }

  drag(at) {
    const { act, board } = this, row = board.view.rowAt(Math.max(HEAD + 1, Math.min(board.view.bottom - 1, at.y)));
    act.last = at;
    const lane = board.rows[row]?.lane ?? -1;
    board.edit.to(board.view.time(at.x) - act.grip, lane >= 0 ? lane : board.edit.moving.lane);
    board.placeVerdict(at);
    if (!act.rolling && this.edge(at)) this.roll();
  }

  /** How far a bar held at the edge moves the view in a frame: [pixels across, rows down]. */
  edge({ x, y }) {
    const { view } = this.board;
    const across = x < view.left + EDGE_PX ? -8 : x > view.right - EDGE_PX ? 8 : 0;
    const down = y < HEAD + EDGE_PX / 2 ? -0.25 : y > view.bottom - EDGE_PX / 2 ? 0.25 : 0;
    return across || down ? [across, down] : null;
  }

  roll() {
    const { act, board } = this, push = act?.kind === "drag" && board.edit.moving && this.edge(act.last);
    if (!act) return;
    act.rolling = Boolean(push);
    if (!push) return;
    board.view.shift(push[0] * board.view.perPixel);
    board.view.scrollTo(board.view.top + push[1]);
    this.drag(act.last);
    board.draw();
    requestAnimationFrame(() => this.roll());
  }

  pinch(id, before, at) {
    const other = [...this.points].find(([key]) => key !== id)?.[1], { view } = this.board;
    if (!other) return;
    const apart = Math.max(20, Math.hypot(before.x - other.x, before.y - other.y)), now = Math.max(20, Math.hypot(at.x - other.x, at.y - other.y));
    view.zoom(apart / now, view.time((at.x + other.x) / 2));
    view.shift(((before.x - at.x) / 2) * view.perPixel);
  }

  pull(at) {
    const { view } = this.board, middle = overviewTime(view, at.x);
    view.show(middle - view.span / 2, middle + view.span / 2);
    this.board.draw();
  }

  up(event) {
    const { act, board } = this, at = this.place(event);
    this.unpress();
    this.points.delete(event.pointerId);
    if (!act) return;
    if (act.kind === "drag") board.edit.drop();
    if (act.kind === "press") this.click(act, at);
    this.act = null;
    board.cursor.seat?.focus({ preventScroll: true });
    board.draw();
  }

  stop(event) {
    this.unpress();
    this.points.delete(event.pointerId);
    if (this.act?.kind === "drag") this.board.edit.cancel();
    this.act = null;
  }

  unpress() { clearTimeout(this.act?.timer); }

  click({ region, bar, touch }, at) {
    const { board } = this;
    if (region === "names") board.clickRow(board.view.rowAt(at.y));
    if (region === "lanes" && !bar && board.rows[board.view.rowAt(at.y)]?.lane === -1) board.clickRow(board.view.rowAt(at.y));
    else if (region === "lanes") {
      board.pick(bar ? bar[AT.order] : -1);
      if (bar) board.cursor.set(bar, { quiet: true });
      if (touch) board.hoverAt(at.x, at.y, region);
    }
  }

  open(event) {
    const at = this.place(event), { board } = this, region = this.region(at), row = board.rows[board.view.rowAt(at.y)];
    const bar = region === "lanes" ? board.barAt(at.x, at.y) : null;
    if (bar) board.openBar(bar);
    else if (region === "names" && row?.lane >= 0) board.fire("open", { table: "resource", key: [board.book.lanes[row.lane].resource] });
  }

  wheel(event) {
    const at = this.place(event), { view } = this.board, region = this.region(at), far = event.deltaMode ? 16 : 1;
    event.preventDefault();
    if (event.shiftKey || region === "names" || region === "scroll") view.scrollTo(view.top + ((event.deltaY || event.deltaX) * far) / view.rowHeight);
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.shift(event.deltaX * far * view.perPixel);
    else view.zoom(Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * far * (event.ctrlKey ? 0.01 : 0.002)))), view.time(Math.max(view.left, at.x)));
    this.board.leave();
    this.board.draw();
  }
}
