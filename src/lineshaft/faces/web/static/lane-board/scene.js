// The lanes: closed times, bars with their marks, links of a picked order, and the ghost of a bar being moved.
import { AT, heldFrom, isLocked, stateOf, stepKey } from "./book.js";
import { aboutOf, drawBatch, loadsOf } from "./batches.js";
import { drawAxis, drawGrid, drawNow } from "./axis.js";
import { drawLoad, drawOverview, drawScroll, foldedLoad } from "./strips.js";
import { drawPreview } from "./preview.js";
import { fitted, widthOf } from "./pens.js";
import { colourOf, latenessColour, mix, toneOf } from "./palette.js";
import { HEAD } from "./view.js";
import { own } from "./words.js";

const LOCK = "M2 5V3.5a2.5 2.5 0 0 1 5 0V5M0.5 5h8v5.5h-8z";
const PLAY = "M0 0L6 4L0 8Z";
const TICK = "M0 4L3 7L8 0";
const CHEVRON = { open: "M0 0L4 4L8 0", folded: "M0 0L4 4L0 8" };
const FAINT = 0.16;

/** Draws the whole board with a pen; a view other than the board's own is for export. */
export function drawBoard(pen, board, view) {
  const { palette } = board;
  pen.rect(0, 0, view.right + 10, view.height, palette.surface);
  const first = Math.floor(view.top), last = Math.min(board.rows.length, Math.ceil(view.top + view.visible));
  pen.inside(view.left, HEAD, view.width, view.bottom - HEAD, () => {
    drawGround(pen, board, view, first, last);
    drawGrid(pen, board, view);
    for (let row = first; row < last; row++) drawRow(pen, board, view, row);
    if (board.motion) drawMotion(pen, board, view);
    drawLinks(pen, board, view);
    drawPreview(pen, board, view, first, last);
    drawGhost(pen, board, view);
    drawNow(pen, board, view);
  });
  pen.inside(0, HEAD, view.right + 10, view.bottom - HEAD, () => {
    for (let row = first; row < last; row++) drawName(pen, board, view, row);
  });
  drawAxis(pen, board, view);
  drawLoad(pen, board, view);
  drawOverview(pen, board, view);
  drawScroll(pen, board, view);
  pen.line(view.left - 0.5, 0, view.left - 0.5, view.height, palette.line);
}

function drawGround(pen, board, view, first, last) {
  const { book, palette, rows, edit } = board, shut = new Map();
  for (let row = first; row < last; row++) {
    const { lane, group } = rows[row], y = view.y(row), height = view.rowHeight;
    if (lane < 0) {
      pen.rect(view.left, y, view.width, height, board.ground);
      if (board.folded.has(group.key)) foldedLoad(pen, board, view, group, y);
      continue;
    }
    const { calendar } = book.lanes[lane];
    if (!shut.has(calendar)) shut.set(calendar, closedSpans(book.data.closed[calendar] ?? [], view));
    for (const [x, width] of shut.get(calendar)) pen.rect(x, y, width, height, palette.rest);
    if (edit.moving?.lanes?.has(lane)) pen.rect(view.left, y, view.width, height, palette.accent, 0.13);
    pen.line(view.left, y + height - 0.5, view.right, y + height - 0.5, palette.line, 1);
  }
}

function closedSpans(closed, view) {
  const spans = [];
  for (const [from, to] of closed) {
    if (to < view.from) continue;
    if (from > view.to) break;
    const x = Math.max(view.left, view.x(from)), width = Math.min(view.right, view.x(to)) - x;
    if (width > 1.2) spans.push([Math.round(x), Math.round(width)]);
  }
  return spans;
}

function drawRow(pen, board, view, row) {
  const { book, rows, edit } = board, { lane } = rows[row];
  if (lane < 0) return;
  const bars = book.ofLane[lane], y = view.y(row) + 3, height = view.rowHeight - 6, loads = loadsOf(book, lane);
  const faint = (bar) => (edit.moving && edit.moving.key === stepKey(bar) ? 0.3 : alphaOf(board, bar));
  let painted = -1;
  for (let at = book.firstAt(lane, view.from); at < bars.length; at++) {
    const bar = bars[at];
    if (heldFrom(bar) > view.to) break;
    if (board.motion?.old.has(bar)) continue;
    const start = view.x(bar[AT.start]), end = view.x(bar[AT.end]), last = Math.floor(end);
    const load = loads?.get(bar);
    if (load && !load.first && !board.motion) continue;
    if (last === painted && end - start < 1) continue;
    painted = last;
    if (load && !board.motion) drawBatch(pen, board, view, load, start, end, y, height, faint);
    else drawBar(pen, board, view, bar, start, end, y, height, faint(bar));
  }
}

function alphaOf(board, bar) {
  if (board.preview.leaves(bar)) return 0.35;
  if (board.picked >= 0) return board.book.orders[bar[AT.order]].root === board.pickedRoot ? 1 : FAINT;
  return board.found && !board.found.bars(bar) ? FAINT : 1;
}

function drawBar(pen, board, view, bar, start, end, y, height, alpha) {
  const { palette, book, scheme } = board, left = view.left - 4;
  const x = Math.max(left, Math.round(start)), width = Math.max(1, Math.min(view.right + 4, Math.round(end)) - x - (end - start > 4 ? 1 : 0));
  const strong = colourOf(palette, book, bar, scheme), about = pen.clips && aboutOf(book, bar);
  if (bar[AT.setup] >= 0) {
    const from = Math.max(left, view.x(bar[AT.setup]));
    if (x - from > 1) pen.hatch(from, y + 3, x - from, height - 3, strong, alpha * 0.8);
  }
  if (width < 4) { pen.rect(x, y, width, height, strong, alpha, about); return; }
  const tone = toneOf(palette, strong);
  pen.rect(x, y, width, height, tone.body, alpha, about);
  pen.rect(x, y, 3, height, tone.edge, alpha);
  if (book.lateness(bar[AT.order]) === "late" && alpha > FAINT) pen.rect(x, y + height - 2, width, 2, palette.late, alpha);
  if (board.hover === bar) pen.frame(x + 0.5, y + 0.5, width - 1, height - 1, palette.ink, 1);
  if (width > 18 && height > 10) drawLabel(pen, board, bar, x, width, y, height, tone, alpha);
}

function drawLabel(pen, board, bar, x, width, y, height, tone, alpha) {
  let room = width - 9;
  const state = stateOf(bar), mark = state === 1 ? PLAY : state === 2 ? TICK : isLocked(bar) ? LOCK : "";
  if (mark && room > 12) {
    const place = { thick: 1.4, alpha };
    pen.path(mark, x + width - 13, y + height / 2 - (mark === LOCK ? 5.5 : 4), mark === PLAY ? { fill: tone.ink, ...place } : { stroke: tone.ink, ...place });
    room -= 14;
  }
  const order = board.book.orders[bar[AT.order]];
  if (height < 14 || room < widthOf(order.id)) return;
  let text = `${order.id} · ${bar[AT.op]}`;
  if (room > widthOf(text) + 14) text += ` ${own(board.book.data.names[bar[AT.name]], board.say)}`;
  pen.text(x + 6, y + height / 2 + 4.2, room < widthOf(text) ? order.id : fitted(text, room), tone.ink, { alpha });
}

/** Bars on their way from where they were to where an answer put them. */
function drawMotion(pen, board, view) {
  const { motion, rowOf, book } = board, share = motion.share;
  const between = (from, to) => from + (to - from) * share;
  for (const [bar, was] of motion.old) {
    const row = rowOf.get(bar[AT.lane]), wasRow = rowOf.get(was[AT.lane]) ?? row;
    if (row === undefined || !book.ofLane[bar[AT.lane]].includes(bar)) continue;
    const y = view.y(between(wasRow, row)) + 3;
    const start = view.x(between(was[AT.start], bar[AT.start])), end = view.x(between(was[AT.end], bar[AT.end]));
    drawBar(pen, board, view, bar, start, end, y, view.rowHeight - 6, alphaOf(board, bar));
  }
}

function drawName(pen, board, view, row) {
  const { book, rows, palette, say } = board, { lane, group } = rows[row], y = view.y(row), height = view.rowHeight;
  const small = view.left < 120, middle = y + height / 2 + 4.2;
  pen.rect(0, y, view.left - 1, height, lane < 0 ? board.ground : palette.surface);
  if (lane < 0) {
    const folded = board.folded.has(group.key), count = String(group.lanes.length);
    pen.path(folded ? CHEVRON.folded : CHEVRON.open, 9, y + height / 2 - (folded ? 4 : 2), { stroke: palette.quiet, thick: 1.6 });
    if (height > 18) {
      const room = view.left - 34 - widthOf(count);
      pen.text(23, middle, fitted(board.groupName(group), room), palette.ink, { bold: true });
      pen.text(view.left - 8, middle, count, palette.quiet, { align: "right" });
    }
  } else if (height > 12) {
    const { id, name } = book.lanes[lane], indent = board.grouping === "none" || small || !group.headed ? 9 : 23;
    const scoped = board.scope?.key === `lane ${lane}`;
    if (scoped) pen.rect(0, y, 3, height, palette.accent);
    const shown = fitted(id, view.left - indent - 6);
    pen.text(indent, middle, shown, palette.ink);
    const at = indent + Math.ceil(widthOf(shown)) + 8, room = view.left - at - 6;
    if (!small && name && room > 30) pen.text(at, middle, fitted(own(name, say), room), palette.quiet);
  }
  pen.line(0, y + height - 0.5, view.left, y + height - 0.5, palette.line);
}

/** Arrows along the picked order and the orders made for it. */
function drawLinks(pen, board, view) {
  if (board.picked < 0) return;
  const { book, palette } = board;
  book.orders.forEach((order, at) => {
    if (order.root !== board.pickedRoot) return;
    const seen = new Set();
    for (const bar of book.ofOrder[at]) {
      if (seen.has(bar[AT.op])) continue;
      seen.add(bar[AT.op]);
      for (const [earlier, op] of book.before(at, bar[AT.op])) {
        const from = placeOf(board, view, book.step(earlier, op)), to = placeOf(board, view, book.step(at, bar[AT.op]));
        const strong = at === board.picked || earlier === board.picked;
        if (from && to) drawLink(pen, view.x(from.bar[AT.end]), from.y, view.x(to.bar[AT.start]), to.y, palette.ink, strong);
      }
    }
  });
  const due = book.dueOf(board.picked);
  if (due >= 0) {
    const x = Math.round(view.x(due)) + 0.5, colour = latenessColour(palette, book.lateness(board.picked));
    const text = `${board.say("due")} ${book.orders[board.pickedRoot].id}`;
    pen.line(x, HEAD, x, view.bottom, colour, 1.5, [5, 4]);
    pen.rect(x, HEAD, widthOf(text) + 10, 18, colour);
    pen.text(x + 5, HEAD + 13, text, palette.surface);
  }
}

/** The bar of a step by which links go, and its height on screen: the first lane that has a row. */
function placeOf(board, view, bars) {
  for (const bar of bars) {
    const row = board.rowOf.get(bar[AT.lane]) ?? board.foldedRowOf(bar[AT.lane]);
    if (row !== undefined) return { bar, y: view.y(row + 0.5) };
  }
  return null;
}

function drawLink(pen, x1, y1, x2, y2, colour, strong) {
  const bend = Math.max(12, Math.min(70, Math.abs(x2 - x1) / 2)), dx = x2 - x1, dy = y2 - y1;
  const style = { stroke: colour, thick: strong ? 1.6 : 1, alpha: strong ? 0.9 : 0.45 };
  pen.path(`M0 0C${bend.toFixed(0)} 0 ${(dx - bend).toFixed(0)} ${dy.toFixed(0)} ${(dx - 2).toFixed(0)} ${dy.toFixed(0)}`, x1, y1, style);
  pen.path("M0 0L-6 -3.5L-6 3.5Z", x2, y2, { fill: colour, alpha: style.alpha });
}

/** Where the bar being moved would be, with lanes that cannot take it dimmed. */
function drawGhost(pen, board, view) {
  const { moving } = board.edit, { palette, rowOf } = board;
  if (!moving) return;
  if (moving.lanes)
    for (let row = Math.floor(view.top); row < Math.min(board.rows.length, view.top + view.visible + 1); row++)
      if (board.rows[row].lane >= 0 && !moving.lanes.has(board.rows[row].lane))
        pen.rect(view.left, view.y(row), view.width, view.rowHeight, palette.surface, 0.45);
  const colour = { yes: palette.done, no: palette.late, wait: palette.ink }[moving.verdict];
  for (const bar of moving.ghosts()) {
    const row = rowOf.get(bar[AT.lane]);
    if (row === undefined) continue;
    const x = view.x(bar[AT.start]), width = Math.max(4, view.x(bar[AT.end]) - x), y = view.y(row) + 2, height = view.rowHeight - 4;
    pen.rect(x, y, width, height, mix(colour, palette.surface, 0.55), 0.75);
    pen.frame(x + 1, y + 1, width - 2, height - 2, colour, 2, moving.verdict === "wait" ? [4, 3] : []);
    if (width > 40) pen.text(x + 7, y + height / 2 + 4.2, fitted(board.book.orders[bar[AT.order]].id, width - 10), palette.ink, { bold: true });
  }
}
