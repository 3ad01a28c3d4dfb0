// <lane-board>: machines and people as lanes, operations as bars on a canvas that holds only what is on screen.
//
// Properties: `data` (lane_data of faces/web/lanes.py), `ask` (async (changes) => answer; without it the board only
// shows), `peers` and `attempt` (async (name) => what another engine would change), `promise` and `enter` (async (wish)),
// `changes`, `snap` (s). Methods: undo, redo, discard, show(order), toSvg, toPng. Attribute `lang`: zh or en.
// Events: lane-board-change {changes, answer}, lane-board-propose (changes), lane-board-open {table, key},
// lane-board-pick {order}. The board moves nothing by itself and speaks to no server.
import { AT, Book, stepKey } from "./lane-board/book.js";
import { besideBar, buildChrome, figure, fillCard, fillChanges, fillLegend, fillVerdict, placeNear } from "./lane-board/chrome.js";
import { Cursor } from "./lane-board/cursor.js";
import { Edit } from "./lane-board/edit.js";
import { Paper, download, pngOf, svgOf } from "./lane-board/exporter.js";
import { lateWords } from "./lane-board/facts.js";
import { search } from "./lane-board/finder.js";
import { Hands } from "./lane-board/hands.js";
import { Load } from "./lane-board/load.js";
import { laid } from "./lane-board/motion.js";
import { mix, readPalette } from "./lane-board/palette.js";
import { CanvasPen, widthOf } from "./lane-board/pens.js";
import { Preview } from "./lane-board/preview.js";
import { rowOfLane, rowsOf } from "./lane-board/rows.js";
import { drawBoard } from "./lane-board/scene.js";
import { Table } from "./lane-board/table.js";
import { Clock } from "./lane-board/time.js";
import { HEAD, LOAD, OVERVIEW, View } from "./lane-board/view.js";
import { barAt, boxOf, loadOf } from "./lane-board/where.js";
import { own, speaker } from "./lane-board/words.js";

const MOTION_MS = 140;
const PHONE_PX = 600;
const PAUSE_MS = 250;

export class LaneBoard extends HTMLElement {
  static observedAttributes = ["lang"];

  constructor() {
    super();
    Object.assign(this, { scheme: "order", grouping: "kind", kind: "", snap: 900, tight: false, folded: new Set(), picked: -1, pickedRoot: -1, found: null, hover: null, scope: null, motion: null });
    this.edit = new Edit(this);
    this.preview = new Preview(this);
    this.speak = speaker;
  }

  get data() { return this.book?.data; }
  set data(value) {
    const before = this.view, picked = this.book?.orders[this.picked]?.id;
    this.book = new Book(value);
    this.clock = new Clock(value.offsets);
    this.load = new Load(this.book, this.clock);
    this.view = new View(this.book);
    if (before) { this.view.rowHeight = before.rowHeight; this.view.top = before.top; this.view.show(before.from, before.to); }
    this.edit = new Edit(this);
    this.preview = new Preview(this);
    this.hasNow = value.now >= value.horizon[0] && value.now <= value.horizon[1];
    this.present = this.hasNow ? value.now : value.start;
    this.picked = this.book.orderNumber.get(picked) ?? -1;
    this.pickedRoot = this.picked < 0 ? -1 : this.book.orders[this.picked].root;
    Object.assign(this, { hover: null, scope: null, busy: null, motion: null, found: null });
    this.stepCount = new Set(value.bars.map(stepKey)).size;
    if (this.isConnected) this.build();
  }

  get ask() { return this.asker; }
  set ask(value) {
    this.asker = value;
    if (this.parts) this.build();
  }

  get changes() { return this.edit.changes; }
  get say() { return (this.speaking ??= speaker(this.getAttribute("lang") || this.closest("[lang]")?.lang || "zh")); }

  connectedCallback() {
    this.theme = new MutationObserver(() => this.rethink());
    this.theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.onDark = () => this.rethink();
    this.dark.addEventListener("change", this.onDark);
    this.resize = new ResizeObserver(() => { if (this.parts.stage.clientWidth !== this.painted) this.draw(); });
    if (this.book) this.build();
  }

  disconnectedCallback() {
    this.theme.disconnect();
    this.resize.disconnect();
    this.dark.removeEventListener("change", this.onDark);
    this.paper?.forget();
  }

  attributeChangedCallback() {
    this.speaking = null;
    if (this.parts) this.build();
  }

  build() {
    this.paper?.forget();
    this.parts = buildChrome(this);
    const { tools, legend, stage, sheet, changes, trial, said, keys, promise, paper } = this.parts;
    this.replaceChildren(tools, legend, stage, sheet, changes, trial, said, keys, promise, paper);
    stage.setAttribute("aria-label", this.say("board", { lanes: this.book.lanes.length, steps: this.stepCount }));
    this.cursor = new Cursor(this, stage);
    this.hands = new Hands(this, stage);
    this.table = new Table(this, sheet);
    this.paper = new Paper(this, paper);
    this.resize.disconnect();
    this.resize.observe(stage);
    this.arrange();
    this.rethink();
    fillChanges(this, this.parts);
    this.preview.fill();
    if (!this.book.lanes.length) {
      for (const part of [tools, legend, stage]) part.hidden = true;
      this.tell(this.say("none"));
    }
    this.paint();
  }

  /** Reads colours and fonts again. */
  rethink() {
    if (!this.parts) return;
    this.readColours();
    fillLegend(this, this.parts.legend);
    this.draw();
  }

  readColours() {
    this.pen = null;
    this.palette = readPalette(this);
    this.ground = mix(this.palette.rest, this.palette.surface, 0.35);
  }

  /** Rows from lanes, after a change of grouping, folding or kind. */
  arrange() {
    this.rows = rowsOf(this.book, this.grouping, this.kind, this.folded);
    this.rowOf = rowOfLane(this.rows);
    this.foldedRows = new Map();
    this.rows.forEach((row, at) => { if (row.lane < 0 && this.folded.has(row.group.key)) for (const lane of row.group.lanes) this.foldedRows.set(lane, at); });
    this.shownLanes = [...new Set(this.rows.flatMap((row) => (row.lane < 0 ? row.group.lanes : [row.lane])))];
    this.busy = null;
    this.load.sums.clear();
    this.longestName = Math.max(90, ...this.rows.map(({ lane, group }) => (lane < 0 ? widthOf(this.groupName(group)) + 56 :
      widthOf(this.book.lanes[lane].id) + widthOf(own(this.book.lanes[lane].name, this.say)) + 40)));
    this.draw();
    if (this.parts && !this.parts.sheet.hidden) this.table.draw();
  }

  foldedRowOf(lane) { return this.foldedRows.get(lane); }

  groupName(group) {
    if (group.key.startsWith("bay")) return group.bay || this.say("noBay");
    const kind = this.book.data.kinds[group.kind]?.[this.say.english ? 0 : 1] ?? group.kind;
    if (group.key.startsWith("kind")) return kind;
    const centre = this.book.groups[group.centre];
    return own(centre?.name, this.say) || centre?.id || kind;
  }

  scopeOf(group) { return { key: group.key || "all", lanes: group.lanes, name: group.key ? this.groupName(group) : this.say("ungrouped") }; }
  get loadScope() { return this.scope ?? { key: "all", lanes: this.shownLanes, name: this.say("ungrouped") }; }

  // ── drawing ──

  draw() {
    if (this.waiting || !this.parts) return;
    this.waiting = requestAnimationFrame((time) => this.paint(time));
  }

  measure() {
    const width = this.parts.stage.clientWidth, phone = width < PHONE_PX, wide = document.fullscreenElement === this;
    const room = (wide ? innerHeight - 150 : innerHeight * (phone ? 0.7 : 0.82)) - HEAD - LOAD - OVERVIEW;
    this.view.rowHeight = this.tight ? 14 : 24;
    this.view.measure(width, phone ? 88 : Math.round(Math.min(250, this.longestName)), this.rows.length, room);
    return width;
  }

  paint(time) {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    const width = this.painted = this.isConnected && this.measure();
    if (!width) return;
    const { canvas } = this.parts, ratio = devicePixelRatio || 1, height = this.view.height;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.setProperty("height", `${height}px`);
    }
    if (this.motion) {
      this.motion.began ??= time;
      this.motion.share = Math.min(1, (time - this.motion.began) / MOTION_MS);
      if (this.motion.share === 1) this.motion = null;
    }
    const context = canvas.getContext("2d", { alpha: false });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.pen ??= new CanvasPen(context, this.palette.font);
    this.pen.font = "";
    drawBoard(this.pen, this, this.view);
    this.cursor.place();
    if (this.motion) this.draw();
  }

  /** Shows changed bars in place of the plan's, and lets them glide there. */
  lay(bars) {
    const { touched } = this.book, old = laid(this.book, bars);
    this.load.forget([...touched, ...this.book.touched]);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.motion = old.size && !still ? { old, share: 0 } : null;
    this.hover = null;
    this.busy = null;
    this.cursor?.refresh();
    if (this.parts && !this.parts.sheet.hidden) this.table.draw();
    this.draw();
  }

  // ── what is where ──

  barAt(x, y) { return barAt(this, x, y); }
  boxOf(orderId, op, laneId = null) { return boxOf(this, orderId, op, laneId); }
  loadOf(name = null, unit = "day") { return loadOf(this, name, unit); }

  hoverAt(x, y, region) {
    const bar = region === "lanes" ? this.barAt(x, y) : null;
    this.parts.stage.classList.toggle("over", Boolean(bar && this.ask));
    if (!bar) { this.leave(); return; }
    if (this.hover !== bar) {
      this.hover = bar;
      fillCard(this, this.parts.card, bar);
      this.parts.card.hidden = false;
      this.draw();
    }
    placeNear(this.parts.card, this.parts.stage, x, y);
  }

  showCardOf(bar) {
    const { card, stage } = this.parts, { x, y } = besideBar(this.view, bar, this.cursor.row);
    fillCard(this, card, bar);
    card.hidden = false;
    placeNear(card, stage, x, y - 10);
  }

  leave() {
    if (this.parts.card.hidden) return;
    this.parts.card.hidden = true;
    this.hover = null;
    this.draw();
  }

  // ── choosing and finding ──

  pick(order) {
    this.picked = order;
    this.pickedRoot = order < 0 ? -1 : this.book.orders[order].root;
    const one = this.book.orders[order];
    if (one) this.tell([one.id, one.item, lateWords(this, order)].filter(Boolean).join(" · "));
    else this.tell("");
    this.fire("pick", { order: one?.id ?? null });
    this.draw();
  }

  /** Jumps to an order and picks it. */
  show(orderId) {
    const order = this.book.orderNumber.get(orderId);
    if (order === undefined || !this.book.ofOrder[order].length) return;
    const bars = this.book.ofOrder[order], start = bars.reduce((least, bar) => Math.min(least, bar[AT.start]), Infinity), end = this.book.endOf(order);
    const pad = Math.max(3600, (end - start) * 0.1);
    this.view.show(start - pad, end + pad);
    this.measure();
    const rows = bars.map((bar) => this.rowOf.get(bar[AT.lane])).filter((row) => row !== undefined);
    if (rows.length) this.view.showRow(Math.min(...rows));
    this.pick(order);
  }

  find(text) {
    this.found = search(this, text);
    this.picked = this.pickedRoot = -1;
    this.parts.hits.textContent = "";
    this.nextFound(1);
    if (!this.parts.sheet.hidden) this.table.draw();
    this.draw();
  }

  nextFound(by) {
    const { found } = this, { hits } = this.parts;
    if (!found) return;
    const all = found.list.length;
    found.at = all ? (found.at + by + all) % all : -1;
    hits.textContent = all ? this.say("foundOf", { at: found.at + 1, all }) : this.say("notFound");
    const { order, lane } = found.list[found.at] ?? {};
    if (order !== undefined) this.reveal(this.book.ofOrder[order].find((bar) => bar[AT.lane] >= 0));
    if (lane !== undefined) { this.unfold(lane); this.view.showRow(this.rowOf.get(lane)); }
    this.draw();
  }

  reveal(bar) {
    if (!bar) return;
    this.unfold(bar[AT.lane]);
    this.view.showTime(bar[AT.start]);
    this.view.showRow(this.rowOf.get(bar[AT.lane]) ?? 0);
  }

  unfold(lane) {
    const row = this.foldedRows.get(lane);
    if (row === undefined) return;
    this.folded.delete(this.rows[row].group.key);
    this.arrange();
  }

  focusFind() { this.parts.find.focus(); }

  // ── tools ──

  zoomBy(factor) { this.view.zoom(factor); this.draw(); }
  fit() { this.view.fit(); this.draw(); }
  goNow() { this.view.show(this.present - this.view.span * 0.15, this.present + this.view.span * 0.85); this.draw(); }
  recolour(scheme) {
    this.scheme = this.parts.scheme.value = scheme;
    fillLegend(this, this.parts.legend);
    this.draw();
  }


  regroup(grouping) {
    Object.assign(this, { grouping, scope: null });
    this.parts.grouping.value = grouping;
    this.view.top = 0;
    this.arrange();
  }

  only(kind) { Object.assign(this, { kind, scope: null }); this.view.top = 0; this.arrange(); }
  tighten() { this.tight = !this.tight; this.querySelector(".tight").setAttribute("aria-pressed", String(this.tight)); this.draw(); }

  showSpan(seconds) {
    const { from, to } = this.view, seen = from <= this.present && this.present <= to;
    const start = this.clock.midnight(seen ? this.present : Math.max(from, this.book.data.from));
    this.view.show(start, start + seconds);
    this.draw();
  }

  foldAll(fold) {
    this.folded = new Set(fold ? this.rows.map((row) => row.group.key) : []);
    this.arrange();
  }

  /** A click on a name: folds a group, or shows the load of a lane and, again, of all. */
  clickRow(row) {
    const { lane, group } = this.rows[row] ?? {};
    if (group === undefined) return;
    if (lane >= 0) {
      const key = `lane ${lane}`;
      this.scope = this.scope?.key === key ? null : { key, lanes: [lane], name: this.book.lanes[lane].id };
    } else {
      if (this.folded.has(group.key)) this.folded.delete(group.key); else this.folded.add(group.key);
      this.scope = this.scopeOf(group);
      this.arrange();
    }
    this.draw();
  }

  openBar(bar) { this.fire("open", { table: "operation", key: [this.book.orders[bar[AT.order]].id, bar[AT.op]] }); }

  openCursor() {
    const { bar, row } = this.cursor;
    if (bar) this.openBar(bar);
    else if (this.rows[row]) {
      this.clickRow(row);
      if (this.rows[row].lane < 0) this.cursor.setRow(row);
    }
  }

  showTable(open) {
    const { sheet, stage, flip } = this.parts;
    sheet.hidden = !open;
    stage.hidden = open;
    flip.textContent = this.say(open ? "chart" : "table");
    if (open) this.table.draw();
    else this.draw();
    (open ? sheet.querySelector(".scroll") : flip).focus({ preventScroll: true });
  }

  showKeys() { this.parts.keys.showModal(); }
  fullScreen() { if (document.fullscreenElement) document.exitFullscreen(); else this.requestFullscreen?.(); }

  // ── changes ──

  undo() { this.edit.undo(); }
  redo() { this.edit.redo(); }
  discard() { this.edit.discard(); }
  propose() { this.fire("propose", this.changes); }

  fire(name, detail) { this.dispatchEvent(new CustomEvent(`lane-board-${name}`, { detail, bubbles: true })); }

  tell(text, tone = "") {
    clearTimeout(this.later);
    this.parts.said.textContent = text;
    this.parts.said.className = `news no-print ${tone}`;
  }

  showChanges() { fillChanges(this, this.parts); }
  figure(kpi) { return figure(kpi, this.say); }

  /** The answer beside the bar in hand; read out once it has stood for a moment. */
  showVerdict() {
    const { verdict, said } = this.parts, { moving } = this.edit;
    fillVerdict(this, verdict);
    clearTimeout(this.later);
    if (!moving) return;
    if (!this.hands.act) this.placeVerdict(besideBar(this.view, moving.ghosts().find((bar) => bar[AT.lane] === moving.lane), this.rowOf.get(moving.lane) ?? 0));
    this.later = setTimeout(() => { said.textContent = [...verdict.children].map((part) => part.textContent).join(" "); }, PAUSE_MS);
  }

  placeVerdict({ x, y }) {
    fillVerdict(this, this.parts.verdict);
    placeNear(this.parts.verdict, this.parts.stage, x, y);
  }

  // ── files ──

  /** What `draw` gives while the board wears its light colours, as paper wants them. */
  inLight(draw) {
    this.style.setProperty("color-scheme", "light");
    this.readColours();
    const drawn = draw();
    this.style.removeProperty("color-scheme");
    this.rethink();
    return drawn;
  }

  toSvg() { this.measure(); return svgOf(this); }
  toPng() { this.measure(); return pngOf(this); }
  saveSvg() { download(new Blob([this.toSvg()], { type: "image/svg+xml" }), "lane-board.svg"); }
  async savePng() { download(await this.toPng(), "lane-board.png"); }
}

customElements.define("lane-board", LaneBoard);
