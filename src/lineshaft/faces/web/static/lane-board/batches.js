// Batch machines: steps that share a load start and end together and are drawn as one stack, each as high as its share.
import { AT, heldFrom, stepKey } from "./book.js";
import { fitted, widthOf } from "./pens.js";
import { colourOf, toneOf } from "./palette.js";

const LEAST_SHARE = 0.12;
const cached = new WeakMap();

/** The loads of a batch lane by their first bar: { members, load, share }; null for any other lane. */
export function loadsOf(book, lane) {
  const most = book.lanes[lane]?.load_max;
  if (!most) return null;
  const bars = book.ofLane[lane];
  if (!cached.has(bars)) {
    const together = Map.groupBy(bars, (bar) => `${bar[AT.start]} ${bar[AT.end]}`), loads = new Map();
    for (const members of together.values()) {
      const load = members.reduce((sum, bar) => sum + book.loadOf(bar), 0);
      for (const bar of members) loads.set(bar, { members, load, share: load / most, first: members[0] === bar });
    }
    cached.set(bars, loads);
  }
  return cached.get(bars);
}

/** The slices of a load from the bottom up: [bar, top, height] of a box; even the lightest can be seen. */
export function slices(book, { members, share }, y, height) {
  const filled = height * Math.min(1, Math.max(share, LEAST_SHARE)), loads = members.map((bar) => book.loadOf(bar));
  const whole = loads.reduce((sum, load) => sum + load, 0);
  let top = y + height;
  return members.map((bar, at) => {
    const part = filled * (whole > 0 ? loads[at] / whole : 1 / members.length);
    return [bar, (top -= part), part];
  });
}

/** Draws a load: what is free above, the members below it, and how full it is. */
export function drawBatch(pen, board, view, load, start, end, y, height, alphaOf) {
  const { palette, book, scheme } = board, { members } = load;
  const x = Math.round(Math.max(view.left - 4, start)), width = Math.max(1, Math.round(Math.min(view.right + 4, end)) - x - (end - start > 4 ? 1 : 0));
  const first = members[0], held = heldFrom(first), calm = Math.max(...members.map(alphaOf));
  if (held < first[AT.start]) {
    const from = Math.max(view.left - 4, view.x(held));
    if (x - from > 1) pen.hatch(from, y + 3, x - from, height - 3, palette.quiet, calm * 0.8);
  }
  pen.rect(x, y, width, height, palette.rest, calm);
  for (const [bar, top, part] of slices(book, load, y, height)) {
    const strong = colourOf(palette, book, bar, scheme), alpha = alphaOf(bar);
    pen.rect(x, top, width, Math.max(1, part - (part > 3 ? 1 : 0)), width < 4 ? strong : toneOf(palette, strong).body, alpha, pen.clips && aboutOf(book, bar));
    if (width >= 4) pen.rect(x, top, 3, Math.max(1, part - (part > 3 ? 1 : 0)), strong, alpha);
    if (board.hover === bar) pen.frame(x + 0.5, top + 0.5, width - 1, Math.max(1, part - 1), palette.ink);
  }
  if (width < 4) return;
  pen.frame(x + 0.5, y + 0.5, width - 1, height - 1, palette.quiet);
  if (members.some((bar) => book.lateness(bar[AT.order]) === "late")) pen.rect(x, y + height - 2, width, 2, palette.late, calm);
  const text = words(board, load);
  if (height > 13 && width > widthOf(text.short) + 10) {
    const shown = fitted(width > widthOf(text.long) + 12 ? text.long : text.short, width - 8);
    pen.rect(x + 4, y + height / 2 - 8, widthOf(shown) + 6, 16, palette.surface, 0.82 * calm);
    pen.text(x + 7, y + height / 2 + 4.2, shown, palette.ink, { alpha: calm });
  }
}

/** How full a load is: short for a bar, long with the number of steps in it. */
export function words({ say, book }, { members, load, share }) {
  const lane = book.lanes[members[0][AT.lane]], percent = `${Math.round(100 * share)} %`;
  const unit = lane.load_unit === "place" ? "" : `\u202f${lane.load_unit.replace("m3", "m³")}`;
  return { short: percent, long: say("loadFill", { percent, n: members.length }), full: say("loadFull", { percent, n: members.length, load: `${amount(load)}/${amount(lane.load_max)}${unit}` }) };
}

/** The member of a load at a height of its box. */
export function memberAt(book, load, y, top, height) {
  const found = slices(book, load, top, height).find(([, at, part]) => y >= at && y < at + part);
  return found ? found[0] : load.members[0];
}

/** Who else is in a step's load. */
export function matesOf(book, bar) {
  const load = loadsOf(book, bar[AT.lane])?.get(bar);
  return load ? { load, mates: load.members.filter((one) => stepKey(one) !== stepKey(bar)) } : null;
}

/** What an exported bar says of itself. */
export function aboutOf(book, bar) {
  const load = book.loadOf(bar);
  return { order: book.orders[bar[AT.order]].id, op: bar[AT.op], lane: book.lanes[bar[AT.lane]].id, start: bar[AT.start], end: bar[AT.end], ...(load ? { load } : {}) };
}

const amount = (number) => String(Math.round(number * 100) / 100);
