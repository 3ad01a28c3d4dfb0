// <front-chart>: plans between two figures, each a point with its number; the third figure, if any, is said beside it.
//
// Property: `data` (front_data of faces/web/fronts.py). Attribute `lang`: zh or en.
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 340, LEFT = 64, RIGHT = 24, TOP = 30, BOTTOM = 44, TICKS = 5, RADIUS = 7;

function element(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Round steps that cover a range. */
function ticksOf(low, high) {
  const rough = (high - low) / TICKS || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough);
  return Array.from({ length: Math.ceil(high / step) - Math.floor(low / step) + 1 }, (_, at) => (Math.floor(low / step) + at) * step);
}

export class FrontChart extends HTMLElement {
  get data() { return this.front; }
  set data(value) { this.front = value; this.draw(); }

  connectedCallback() {
    this.resize = new ResizeObserver(() => { if (this.front && this.clientWidth !== this.drawn) this.draw(); });
    this.resize.observe(this);
  }

  disconnectedCallback() { this.resize.disconnect(); }

  get english() { return (this.getAttribute("lang") || this.closest("[lang]")?.lang || "zh").startsWith("en"); }

  say(en, zh) { return this.english ? en : zh; }

  figure(at, value) {
    const { en, zh, unit } = this.front.figures[at];
    return `${this.say(en, zh)} ${Math.round(value * 10) / 10}\u202f${unit}`;
  }

  words([number, ...values]) {
    const limits = this.front.limits.filter(([no]) => no === number).map(([, at, limit]) => `${this.say("at most", "上限")} ${this.figure(at, limit)}`);
    const chosen = number === this.front.chosen ? this.say("proposed", "拟采用") : "";
    return [`${this.say("Plan", "方案")} ${number}`, ...values.map((value, at) => this.figure(at, value)), ...limits, chosen].filter(Boolean).join(" · ");
  }

  draw() {
    const { figures, points } = this.front, width = (this.drawn = this.clientWidth) - 16;
    if (width < 100) return;
    if (!points.length) { this.replaceChildren(Object.assign(document.createElement("p"), { className: "words", textContent: this.say("There is nothing to plan.", "没有可排产的工序。") })); return; }
    const scales = [0, 1].map((axis) => {
      const values = points.map((point) => point[axis + 1]), ticks = ticksOf(Math.min(...values), Math.max(...values));
      const [from, to] = [ticks[0], ticks.at(-1)], span = to - from || 1;
      const at = axis ? (v) => HEIGHT - BOTTOM - ((v - from) / span) * (HEIGHT - TOP - BOTTOM) : (v) => LEFT + ((v - from) / span) * (width - LEFT - RIGHT);
      return { ticks, at, from, to };
    });
    const svg = element("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": this.say("Plans of the front", "前沿方案") });
    this.axes(svg, scales, width);
    const [x, y] = scales.map(({ at }) => at);
    const flat = figures.length === 2 ? points.map(([, a, b], at) => `${at ? `H${x(a)}V` : `M${x(a)} `}${y(b)}`).join("") : "";
    if (flat) svg.append(element("path", { class: "stair", d: flat }));
    const said = Object.assign(document.createElement("p"), { className: "words" });
    const home = this.words(points.find(([no]) => no === this.front.chosen) ?? points[0]);
    said.textContent = home;
    for (const point of points) svg.append(this.point(point, x(point[1]), y(point[2]), said, home));
    this.replaceChildren(svg, said);
  }

  axes(svg, [across, up], width) {
    const { figures } = this.front, title = (at) => `${this.say(figures[at].en, figures[at].zh)} [${figures[at].unit}]`;
    for (const tick of across.ticks) svg.append(element("line", { class: "grid", x1: across.at(tick), x2: across.at(tick), y1: TOP, y2: HEIGHT - BOTTOM }), element("text", { class: "quiet", x: across.at(tick), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, tick.toLocaleString("en")));
    for (const tick of up.ticks) svg.append(element("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: up.at(tick), y2: up.at(tick) }), element("text", { class: "quiet", x: LEFT - 6, y: up.at(tick) + 4, "text-anchor": "end" }, tick.toLocaleString("en")));
    const [bound, floor] = figures.map((one) => one.bound);
    if (bound > across.from && bound <= across.to) svg.append(element("line", { class: "bound", x1: across.at(bound), x2: across.at(bound), y1: TOP, y2: HEIGHT - BOTTOM }));
    if (floor > up.from && floor <= up.to) svg.append(element("line", { class: "bound", x1: LEFT, x2: width - RIGHT, y1: up.at(floor), y2: up.at(floor) }));
    svg.append(element("text", { x: width - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, title(0)), element("text", { x: 4, y: TOP - 14 }, title(1)));
  }

  point(point, x, y, said, home) {
    const [number] = point, words = this.words(point), chosen = number === this.front.chosen;
    const group = element("g", { class: chosen ? "point chosen" : "point", tabindex: 0, role: "img", "aria-label": words, "data-point": number },
      element("circle", { cx: x, cy: y, r: RADIUS }), element("text", { x: x + RADIUS + 4, y: y - RADIUS }, String(number)));
    for (const event of ["pointerenter", "focus"]) group.addEventListener(event, () => { said.textContent = words; });
    for (const event of ["pointerleave", "blur"]) group.addEventListener(event, () => { said.textContent = home; });
    return group;
  }
}

customElements.define("front-chart", FrontChart);
