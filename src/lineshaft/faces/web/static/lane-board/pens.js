// Two pens that draw the same strokes: on a canvas for the screen and PNG, as text for SVG files and print.
export const SIZE = 12;
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => ESCAPES[sign]);
const short = (number) => Math.round(number * 100) / 100;

export class CanvasPen {
  constructor(context, family) {
    this.context = context;
    this.family = family;
    this.hatches = new Map();
    this.paths = new Map();
    this.font = "";
  }

  rect(x, y, width, height, fill, alpha = 1) {
    const context = this.context;
    context.fillStyle = fill;
    if (alpha === 1) { context.fillRect(x, y, width, height); return; }
    context.globalAlpha = alpha;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
  }

  frame(x, y, width, height, stroke, thick = 1, dash = []) {
    this.context.setLineDash(dash);
    this.context.lineWidth = thick;
    this.context.strokeStyle = stroke;
    this.context.strokeRect(x, y, width, height);
    this.context.setLineDash([]);
  }

  hatch(x, y, width, height, stroke, alpha = 1) {
    if (!this.hatches.has(stroke)) this.hatches.set(stroke, this.context.createPattern(hatchTile(stroke), "repeat"));
    this.rect(x, y, width, height, this.hatches.get(stroke), alpha);
  }

  line(x1, y1, x2, y2, stroke, thick = 1, dash = []) {
    const context = this.context;
    context.strokeStyle = stroke;
    context.lineWidth = thick;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    context.setLineDash([]);
  }

  path(d, x, y, { fill, stroke, thick = 1, alpha = 1 }) {
    const context = this.context;
    if (!this.paths.has(d)) this.paths.set(d, new Path2D(d));
    context.save();
    context.translate(x, y);
    context.globalAlpha = alpha;
    if (fill) { context.fillStyle = fill; context.fill(this.paths.get(d)); }
    if (stroke) { context.strokeStyle = stroke; context.lineWidth = thick; context.stroke(this.paths.get(d)); }
    context.restore();
    if (this.paths.size > 200) this.paths.clear();
  }

  text(x, y, text, fill, { size = SIZE, bold = false, align = "left", alpha = 1 } = {}) {
    const context = this.context, font = `${bold ? 600 : 400} ${size}px ${this.family}`;
    if (font !== this.font) context.font = this.font = font;
    if (context.textAlign !== align) context.textAlign = align;
    context.fillStyle = fill;
    context.globalAlpha = alpha;
    context.fillText(text, x, y);
    context.globalAlpha = 1;
  }

  inside(x, y, width, height, draw) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(x, y, width, height);
    this.context.clip();
    draw();
    this.context.restore();
    this.font = "";
  }
}

function hatchTile(stroke) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const context = tile.getContext("2d");
  context.strokeStyle = stroke;
  context.lineWidth = 1.6;
  for (const x of [-6, 0, 6]) { context.moveTo(x - 1, 7); context.lineTo(x + 7, -1); }
  context.stroke();
  return tile;
}

export class SvgPen {
  constructor(family) {
    this.family = family.replaceAll('"', "'");
    this.parts = [];
    this.hatches = new Map();
    this.clips = [];
  }

  rect(x, y, width, height, fill, alpha = 1, about = null) {
    const said = about ? Object.entries(about).map(([name, value]) => ` data-${name}="${escaped(value)}"`).join("") : "";
    this.parts.push(`<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="${fill}"${faint(alpha)}${said}/>`);
  }

  frame(x, y, width, height, stroke, thick = 1, dash = []) {
    this.parts.push(`<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="none" stroke="${stroke}" stroke-width="${thick}"${dashed(dash)}/>`);
  }

  hatch(x, y, width, height, stroke, alpha = 1) {
    if (!this.hatches.has(stroke)) this.hatches.set(stroke, `hatch${this.hatches.size}`);
    this.rect(x, y, width, height, `url(#${this.hatches.get(stroke)})`, alpha);
  }

  line(x1, y1, x2, y2, stroke, thick = 1, dash = []) {
    this.parts.push(`<path d="M${short(x1)} ${short(y1)}L${short(x2)} ${short(y2)}" stroke="${stroke}" stroke-width="${thick}"${dashed(dash)}/>`);
  }

  path(d, x, y, { fill = "none", stroke = "none", thick = 1, alpha = 1 }) {
    this.parts.push(`<path d="${d}" transform="translate(${short(x)} ${short(y)})" fill="${fill}" stroke="${stroke}" stroke-width="${thick}"${faint(alpha)}/>`);
  }

  text(x, y, text, fill, { size = SIZE, bold = false, align = "left", alpha = 1 } = {}) {
    const anchor = { left: "", center: ' text-anchor="middle"', right: ' text-anchor="end"' }[align];
    const strong = bold ? ' font-weight="600"' : "";
    this.parts.push(`<text x="${short(x)}" y="${short(y)}" font-size="${size}" fill="${fill}"${anchor}${strong}${faint(alpha)}>${escaped(text)}</text>`);
  }

  inside(x, y, width, height, draw) {
    this.clips.push(`<clipPath id="clip${this.clips.length}"><rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"/></clipPath>`);
    this.parts.push(`<g clip-path="url(#clip${this.clips.length - 1})">`);
    draw();
    this.parts.push("</g>");
  }

  /** The whole drawing. */
  whole(width, height, title) {
    const hatches = [...this.hatches].map(([stroke, id]) =>
      `<pattern id="${id}" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M-1 7L7 -1M-4 4L4 -4M2 10L10 2" stroke="${stroke}" stroke-width="1.6"/></pattern>`);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escaped(this.family)}" font-size="${SIZE}">` +
      `<title>${escaped(title)}</title><defs>${hatches.join("")}${this.clips.join("")}</defs>${this.parts.join("")}</svg>`;
  }
}

const faint = (alpha) => (alpha === 1 ? "" : ` opacity="${alpha}"`);
const dashed = (dash) => (dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "");

const WIDE = /[\u2e80-\uffef]/;
const BROAD = /[A-Z0-9mw%—]/;
const NARROW = /[ .,:;·'|il-]/;
const ems = new Map();

function emOf(sign) {
  if (!ems.has(sign)) ems.set(sign, WIDE.test(sign) ? 1 : BROAD.test(sign) ? 0.66 : NARROW.test(sign) ? 0.33 : 0.56);
  return ems.get(sign);
}

/** About how wide a text is at a size: Latin letters and digits by class, CJK signs a full em. */
export function widthOf(text, size = SIZE) {
  let em = 0;
  for (const sign of text) em += emOf(sign);
  return em * size;
}

/** As much of a text as fits into a width, with … where it is cut. */
export function fitted(text, width, size = SIZE) {
  if (widthOf(text, size) <= width) return text;
  let room = width - size, end = 0;
  for (const sign of text) {
    room -= widthOf(sign, size);
    if (room < 0) break;
    end += sign.length;
  }
  return end ? `${text.slice(0, end)}…` : "";
}
