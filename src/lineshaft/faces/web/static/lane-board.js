// <lane-board>: machines and people as lanes, operations as bars. Draws only what is visible.
// Data (property `data`): see lane_data in faces/web/lanes.py. Attribute `lang`: zh or en.
const LANE = 22, HEAD = 34, LEFT = 190, LOAD = 64, FONT = 12;
const WORDS = {
  zh: { colour: "着色", order: "工单", late: "拖期", kind: "工序", all: "全部", find: "查找工单或资源", fit: "全部显示", load: "负荷",
        step: "工序", from: "开始", to: "结束", due: "交期", lateBy: "晚", onTime: "按期", setup: "换型", save: "导出 SVG", locked: "已锁定",
        day: "日", closed: "非工作时间", help: "滚轮缩放,拖动平移,点击工单看全程;方向键移动,+ − 缩放", none: "没有可显示的计划" },
  en: { colour: "Colour", order: "order", late: "lateness", kind: "step", all: "all", find: "Find order or resource", fit: "Show all", load: "Load",
        step: "Step", from: "Starts", to: "Ends", due: "Due", lateBy: "late by", onTime: "on time", setup: "Setup", save: "Save SVG", locked: "locked",
        day: "d", closed: "not working", help: "Wheel zooms, drag pans, click shows a whole order; arrows move, + − zoom", none: "Nothing planned to show" },
};
const escapeText = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

export class LaneBoard extends HTMLElement {
  static observedAttributes = ["lang"];

  set data(value) {
    this.book = value;
    this.from = value.from; this.to = value.to;
    this.colour = "order"; this.kind = ""; this.query = ""; this.picked = -1; this.top = 0;
    if (this.isConnected) this.build();
  }
  connectedCallback() { if (this.book) this.build(); this.resize ??= new ResizeObserver(() => this.book && this.draw()); this.resize.observe(this); }
  disconnectedCallback() { this.resize.disconnect(); }
  attributeChangedCallback() { if (this.book && this.isConnected) this.build(); }
  get words() { return WORDS[this.lang === "en" ? "en" : "zh"]; }

  build() {
    const w = this.words, kinds = [...new Set(this.book.lanes.map((lane) => lane.kind))];
    this.tabIndex = 0;
    this.setAttribute("role", "application");
    this.setAttribute("aria-label", w.help);
    const kindName = (kind) => escapeText(this.book.kinds[kind]?.[this.lang === "en" ? 0 : 1] ?? kind);
    this.innerHTML = `<style>
      lane-board { display: block; position: relative; background: var(--surface); border: 1px solid var(--line); border-radius: 6px; }
      lane-board .tools { display: flex; gap: 8px; padding: 8px; flex-wrap: wrap; border-bottom: 1px solid var(--line); align-items: center; }
      lane-board .tools label { color: var(--quiet); }
      lane-board svg { display: block; width: 100%; touch-action: none; cursor: grab; user-select: none; }
      lane-board text { font: ${FONT}px var(--font); fill: var(--ink); }
      lane-board text.quiet { fill: var(--quiet); }
      lane-board .closed { fill: var(--rest); }
      lane-board .grid { stroke: var(--line); }
      lane-board .setup { fill: var(--quiet); opacity: .55; }
      lane-board .dim { opacity: .18; }
      lane-board .mark { fill: none; stroke: var(--late); stroke-width: 2; }
      lane-board .link { fill: none; stroke: var(--ink); opacity: .6; }
      lane-board .card { position: absolute; pointer-events: none; background: var(--surface); border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px;
        box-shadow: 0 2px 10px #0003; max-width: 320px; z-index: 2; }
      lane-board .legend { color: var(--quiet); font-size: 12px; }
    </style>
    <div class="tools no-print">
      <label>${w.colour} <select data-do="colour"><option value="order">${w.order}</option><option value="late">${w.late}</option><option value="kind">${w.kind}</option></select></label>
      <select data-do="kind" aria-label="${w.all}"><option value="">${w.all}</option>${kinds.map((kind) => `<option value="${kind}">${kindName(kind)}</option>`).join("")}</select>
      <input data-do="find" type="search" placeholder="${w.find}" aria-label="${w.find}">
      <button data-do="in" aria-label="+">+</button><button data-do="out" aria-label="−">−</button><button data-do="fit">${w.fit}</button><button data-do="save">${w.save}</button>
      <span class="legend">${w.help}</span>
    </div><svg role="img"></svg><div class="card" hidden></div><div class="legend" aria-live="polite" style="padding:4px 8px"></div>`;
    this.svg = this.querySelector("svg"); this.card = this.querySelector(".card"); this.said = this.querySelector("[aria-live]");
    this.querySelector('[data-do="colour"]').value = this.colour;
    this.querySelector('[data-do="kind"]').value = this.kind;
    this.querySelector('[data-do="find"]').value = this.query;
    this.listen(); this.arrange(); this.draw();
  }

  listen() {
    const act = { in: () => this.zoom(0.6), out: () => this.zoom(1 / 0.6), fit: () => this.fit(), save: () => this.save() };
    for (const button of this.querySelectorAll("button")) button.onclick = () => act[button.dataset.do]();
    this.querySelector('[data-do="colour"]').onchange = (event) => { this.colour = event.target.value; this.draw(); };
    this.querySelector('[data-do="kind"]').onchange = (event) => { this.kind = event.target.value; this.top = 0; this.arrange(); this.draw(); };
    this.querySelector('[data-do="find"]').oninput = (event) => { this.query = event.target.value.trim().toLowerCase(); this.find(); };
    this.svg.onwheel = (event) => {
      event.preventDefault();
      if (event.shiftKey || event.altKey) this.scroll(Math.sign(event.deltaY) * 3); else this.zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, this.timeAt(event.clientX));
    };
    const pointers = new Map();
    this.svg.onpointerdown = (event) => { pointers.set(event.pointerId, event); this.moved = 0; this.svg.setPointerCapture(event.pointerId); };
    this.svg.onpointerup = this.svg.onpointercancel = (event) => { pointers.delete(event.pointerId); if (this.moved < 4) this.pick(event); };
    this.svg.onpointermove = (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return this.hover(event);
      const others = [...pointers.values()].filter((p) => p.pointerId !== event.pointerId);
      const perPixel = (this.to - this.from) / this.width;
      if (others.length) {
        const apart = Math.abs(before.clientX - others[0].clientX) || 1, now = Math.abs(event.clientX - others[0].clientX) || 1;
        this.zoom(apart / now, this.timeAt((event.clientX + others[0].clientX) / 2));
      } else {
        const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
        this.moved += Math.abs(dx) + Math.abs(dy);
        this.from -= dx * perPixel; this.to -= dx * perPixel;
        this.top = this.clampTop(this.top - dy / LANE);
        this.draw();
      }
      pointers.set(event.pointerId, event);
    };
    this.svg.onpointerleave = () => { this.card.hidden = true; };
    this.onkeydown = (event) => {
      if (event.target !== this) return;
      const step = (this.to - this.from) / 8;
      const keys = { ArrowLeft: () => this.shift(-step), ArrowRight: () => this.shift(step), ArrowUp: () => this.scroll(-1), ArrowDown: () => this.scroll(1),
        "+": () => this.zoom(0.6), "-": () => this.zoom(1 / 0.6), "0": () => this.fit(), Escape: () => this.choose(-1) };
      if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
    };
  }

  arrange() {
    this.shown = this.book.lanes.map((lane, index) => index).filter((index) => !this.kind || this.book.lanes[index].kind === this.kind);
    this.rows = new Map(this.shown.map((lane, row) => [lane, row]));
    if (this.ofLane) return;
    this.ofLane = this.book.lanes.map(() => []);
    this.ofOrder = this.book.orders.map(() => []);
    for (const bar of this.book.bars) { this.ofLane[bar[0]].push(bar); this.ofOrder[bar[3]].push(bar); }
    for (const bars of this.ofLane) bars.sort((a, b) => a[1] - b[1]);
  }

  get width() { return Math.max(60, this.svg.clientWidth - this.left); }
  get left() { return this.svg.clientWidth < 600 ? 92 : LEFT; }
  get visible() { return Math.max(4, Math.min(this.shown.length, this.svg.clientWidth < 600 ? 16 : 26)); }
  clampTop(top) { return Math.max(0, Math.min(this.shown.length - this.visible, top)); }
  timeAt(clientX) { return this.from + ((clientX - this.svg.getBoundingClientRect().left - this.left) / this.width) * (this.to - this.from); }
  x(time) { return this.left + ((time - this.from) / (this.to - this.from)) * this.width; }
  shift(seconds) { this.from += seconds; this.to += seconds; this.draw(); }
  scroll(lanes) { this.top = this.clampTop(this.top + lanes); this.draw(); }
  fit() { this.from = this.book.from; this.to = this.book.to; this.draw(); }
  zoom(factor, around = (this.from + this.to) / 2) {
    const span = Math.min(Math.max((this.to - this.from) * factor, 600), (this.book.to - this.book.from) * 2);
    const share = (around - this.from) / (this.to - this.from);
    this.from = around - share * span; this.to = this.from + span;
    this.draw();
  }
  find() {
    if (!this.query) return this.choose(-1);
    const order = this.book.orders.findIndex((o) => o.id.toLowerCase().includes(this.query));
    const lane = this.shown.findIndex((i) => `${this.book.lanes[i].id} ${this.book.lanes[i].name}`.toLowerCase().includes(this.query));
    if (lane >= 0) this.top = this.clampTop(lane);
    this.choose(order);
  }
  choose(order) {
    this.picked = order;
    if (order >= 0) {
      const o = this.book.orders[order];
      this.said.textContent = `${o.id} ${o.item ?? ""} · ${this.clock(o.start)} → ${this.clock(o.end)} · ${this.lateness(o)}`;
    } else this.said.textContent = "";
    this.dispatchEvent(new CustomEvent("pick", { detail: order < 0 ? null : this.book.orders[order].id }));
    this.draw();
  }
  show(orderId) {
    const order = this.book.orders.findIndex((o) => o.id === orderId);
    if (order < 0) return;
    const o = this.book.orders[order], pad = Math.max(3600, (o.end - o.start) * 0.08);
    this.from = o.start - pad; this.to = o.end + pad;
    const rows = this.ofOrder[order].map((bar) => this.rows.get(bar[0])).filter((row) => row !== undefined);
    if (rows.length) this.top = this.clampTop(Math.min(...rows));
    this.choose(order);
  }

  barAt(event) {
    const box = this.svg.getBoundingClientRect(), row = Math.floor((event.clientY - box.top - HEAD) / LANE + this.top), time = this.timeAt(event.clientX);
    const lane = this.shown[row];
    if (lane === undefined || event.clientX - box.left < this.left || event.clientY - box.top > HEAD + this.visible * LANE) return null;
    const slack = ((this.to - this.from) / this.width) * 2;
    return this.ofLane[lane].find((bar) => bar[1] - slack <= time && time <= bar[2] + slack) ?? null;
  }
  pick(event) { const bar = this.barAt(event); this.choose(bar ? bar[3] : -1); this.focus({ preventScroll: true }); }
  hover(event) {
    const bar = this.barAt(event);
    this.card.hidden = !bar;
    if (!bar) return;
    const w = this.words, order = this.book.orders[bar[3]], lane = this.book.lanes[bar[0]];
    const due = order.due === null ? "" : `<br>${w.due} ${this.clock(order.due)} · ${this.lateness(order)}`;
    const setup = bar[6] >= 0 ? `<br>${w.setup} ${this.clock(bar[6])}` : "";
    this.card.innerHTML = `<b>${escapeText(order.id)}</b> ${escapeText(order.item ?? "")}<br>${w.step} ${bar[4]} ${escapeText(this.book.names[bar[5]] ?? "")}<br>
      ${escapeText(lane.id)} ${escapeText(lane.name)}<br>${this.clock(bar[1])} → ${this.clock(bar[2])}${setup}${due}${bar[7] ? `<br>${w.locked}` : ""}`;
    const box = this.getBoundingClientRect(), x = event.clientX - box.left + 14, y = event.clientY - box.top + 14;
    this.card.style.left = `${Math.min(x, box.width - this.card.offsetWidth - 8)}px`;
    this.card.style.top = `${Math.min(y, box.height - this.card.offsetHeight - 8)}px`;
  }
  lateness(order) {
    if (order.due === null) return "";
    const w = this.words, late = order.end - order.due;
    return late > 0 ? `${w.lateBy} ${(late / 86400).toFixed(1)} ${w.day}` : w.onTime;
  }
  clock(seconds) {
    const date = new Date((seconds + this.offset(seconds)) * 1000), two = (n) => String(n).padStart(2, "0");
    return `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  }
  offset(seconds) {
    const changes = this.book.offsets;
    let at = 0;
    while (at + 1 < changes.length && changes[at + 1][0] <= seconds) at++;
    return changes.length ? changes[at][1] : 0;
  }

  fill(bar) {
    const order = this.book.orders[bar[3]];
    if (this.colour === "late") return order.due === null ? "var(--planned)" : order.end > order.due ? "var(--late)" : "var(--done)";
    return `var(--okabe-${(this.colour === "order" ? order.colour : bar[5]) % 8})`;
  }

  draw() {
    if (!this.svg || !this.svg.clientWidth) return;
    const rows = this.visible, height = HEAD + rows * LANE + LOAD;
    this.svg.setAttribute("height", height);
    this.svg.setAttribute("viewBox", `0 0 ${this.svg.clientWidth} ${height}`);
    const first = Math.floor(this.top), last = Math.min(this.shown.length, Math.ceil(this.top + rows) + 1);
    const parts = [];
    if (!this.shown.length) parts.push(`<text x="${this.left}" y="${HEAD + 20}">${this.words.none}</text>`);
    for (let row = first; row < last; row++) this.drawLane(parts, row);
    this.drawLinks(parts);
    const body = `<svg x="0" y="${HEAD}" width="${this.svg.clientWidth}" height="${rows * LANE}" viewBox="0 0 ${this.svg.clientWidth} ${rows * LANE}">${parts.join("")}</svg>`;
    this.svg.innerHTML = this.axis(rows) + body + this.load(HEAD + rows * LANE);
  }

  drawLane(parts, row) {
    const index = this.shown[row], lane = this.book.lanes[index], y = (row - this.top) * LANE, left = this.left, right = left + this.width;
    for (const [from, to] of this.book.closed[lane.calendar] ?? []) {
      if (to < this.from || from > this.to) continue;
      const a = Math.max(left, this.x(from)), b = Math.min(right, this.x(to));
      if (b - a > 0.7) parts.push(`<rect class="closed" x="${a}" y="${y}" width="${b - a}" height="${LANE}"/>`);
    }
    const bars = this.ofLane[index];
    let low = 0, high = bars.length;
    while (low < high) { const middle = (low + high) >> 1; bars[middle][2] < this.from ? (low = middle + 1) : (high = middle); }
    for (let i = low; i < bars.length && bars[i][1] < this.to; i++) this.drawBar(parts, bars[i], y, left, right);
    const name = left > 100 && lane.name ? `${lane.id} ${lane.name}` : lane.id;
    const limit = Math.floor(left / 7.4);
    let wide = 0, cut = 0;
    for (const c of name) { wide += c > "⺀" ? 1.75 : 1; if (wide > limit) break; cut += c.length; }
    parts.push(`<rect x="0" y="${y}" width="${left}" height="${LANE}" fill="var(--surface)"/><text x="8" y="${y + 15}">${escapeText(name.slice(0, cut))}<title>${escapeText(name)}</title></text>`);
    parts.push(`<line class="grid" x1="0" x2="${right}" y1="${y + LANE}" y2="${y + LANE}"/>`);
  }

  drawBar(parts, bar, y, left, right) {
    const a = Math.max(left, this.x(bar[1])), b = Math.min(right, this.x(bar[2])), order = this.book.orders[bar[3]];
    if (b < left) return;
    const dim = this.picked >= 0 && this.picked !== bar[3] ? ' class="dim"' : "";
    if (bar[6] >= 0 && this.x(bar[6]) < a) {
      const s = Math.max(left, this.x(bar[6]));
      parts.push(`<rect class="setup" x="${s}" y="${y + 7}" width="${a - s}" height="${LANE - 11}"/>`);
    }
    parts.push(`<rect${dim} x="${a}" y="${y + 3}" width="${Math.max(1, b - a)}" height="${LANE - 5}" rx="2" fill="${this.fill(bar)}"/>`);
    const late = order.due !== null && order.end > order.due;
    if (late && b - a > 6 && !dim) parts.push(`<path class="mark" d="M${a + 1} ${y + LANE - 3}H${b - 1}"/>`);
    if (b - a > 54) parts.push(`<text${dim} x="${a + 4}" y="${y + 16}" style="fill:#fff;paint-order:stroke;stroke:#0006;stroke-width:2px">${escapeText(`${order.id} ${bar[4]}`.slice(0, Math.floor((b - a) / 7)))}</text>`);
  }

  drawLinks(parts) {
    if (this.picked < 0) return;
    const bars = [...this.ofOrder[this.picked]].filter((bar) => this.rows.has(bar[0])).sort((a, b) => a[4] - b[4] || a[0] - b[0]);
    const first = bars.filter((bar, i) => i === 0 || bars[i - 1][4] !== bar[4]);
    for (let i = 1; i < first.length; i++) {
      const x1 = this.x(first[i - 1][2]), x2 = this.x(first[i][1]);
      const y1 = (this.rows.get(first[i - 1][0]) - this.top + 0.5) * LANE, y2 = (this.rows.get(first[i][0]) - this.top + 0.5) * LANE;
      if (Math.max(x1, x2) > this.left) parts.push(`<path class="link" d="M${x1} ${y1}C${x1 + 20} ${y1} ${x2 - 20} ${y2} ${x2} ${y2}"/>`);
    }
  }

  axis(rows) {
    const span = this.to - this.from, steps = [900, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2419200, 7257600];
    const step = steps.find((s) => (s / span) * this.width > 86) ?? 31536000;
    const parts = [], shift = this.offset(this.from);
    for (let time = Math.ceil((this.from + shift) / step) * step - shift; time < this.to; time += step) {
      const x = this.x(time), text = this.clock(time);
      parts.push(`<line class="grid" x1="${x}" x2="${x}" y1="${HEAD - 6}" y2="${HEAD + rows * LANE + LOAD}"/><text class="quiet" x="${x + 3}" y="${HEAD - 10}">${step < 86400 ? text.slice(5) : text.slice(0, 10)}</text>`);
    }
    const now = this.x(this.book.start);
    if (now > this.left) parts.push(`<line x1="${now}" x2="${now}" y1="0" y2="${HEAD + rows * LANE}" stroke="var(--accent)" stroke-width="2"/>`);
    return parts.join("");
  }

  load(y) {
    const slots = Math.max(8, Math.floor(this.width / 14)), span = (this.to - this.from) / slots, busy = new Float64Array(slots);
    for (const index of this.shown) for (const bar of this.ofLane[index]) {
      if (bar[2] <= this.from || bar[1] >= this.to) continue;
      for (let s = Math.max(0, Math.floor((bar[1] - this.from) / span)); s < slots && this.from + s * span < bar[2]; s++)
        busy[s] += Math.max(0, Math.min(bar[2], this.from + (s + 1) * span) - Math.max(bar[1], this.from + s * span));
    }
    const full = span * Math.max(1, this.shown.length);
    const bars = [...busy].map((b, s) => {
      const h = Math.min(1, b / full) * (LOAD - 18);
      return `<rect x="${this.left + (s * this.width) / slots + 1}" y="${y + LOAD - 4 - h}" width="${this.width / slots - 2}" height="${h}" fill="var(--accent)" opacity=".7"><title>${((100 * b) / full).toFixed(0)} %</title></rect>`;
    });
    return `<rect x="0" y="${y}" width="${this.svg.clientWidth}" height="${LOAD}" fill="var(--surface)"/><text class="quiet" x="8" y="${y + 20}">${this.words.load}</text>${bars.join("")}`;
  }

  save() {
    const copy = this.svg.cloneNode(true), style = getComputedStyle(this);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", this.svg.clientWidth);
    const names = ["--surface", "--ink", "--quiet", "--line", "--rest", "--late", "--done", "--planned", "--accent", ...Array.from({ length: 8 }, (_, i) => `--okabe-${i}`)];
    const probe = document.createElement("i");
    this.append(probe);
    copy.setAttribute("style", names.map((name) => { probe.style.color = `var(${name})`; return `${name}:${getComputedStyle(probe).color}`; }).join(";") + `;font-family:${style.fontFamily.replaceAll('"', "'")}`);
    probe.remove();
    copy.insertAdjacentHTML("afterbegin", `<style>text{font-size:${FONT}px;fill:var(--ink)}.quiet{fill:var(--quiet)}.closed{fill:var(--rest)}.grid{stroke:var(--line)}.setup{fill:var(--quiet);opacity:.55}.dim{opacity:.18}.mark{fill:none;stroke:var(--late);stroke-width:2}.link{fill:none;stroke:var(--ink)}</style>`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([copy.outerHTML], { type: "image/svg+xml" }));
    link.download = "lane-board.svg";
    link.click();
    URL.revokeObjectURL(link.href);
  }
}
customElements.define("lane-board", LaneBoard);
