// Below the lanes: load of the chosen lanes, the overview of the whole plan; beside them: where the rows are scrolled to.
import { loadUnit, overview } from "./load.js";
import { fitted, widthOf } from "./pens.js";
import { BAR_WIDTH, HEAD, LOAD, OVERVIEW } from "./view.js";

const PART = 3;
const GROUPED = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Slots of load on screen: [left, right, used s, open s]. */
function* slots(board, view, scope) {
  const unit = loadUnit(view), ticks = board.load.ticks[unit], { used, open } = board.load.ofLanes(scope.key, scope.lanes, unit);
  for (let at = 0; at < used.length; at++)
    if (ticks[at + 1] > view.from && ticks[at] < view.to) yield [view.x(ticks[at]), view.x(ticks[at + 1]), used[at], open[at]];
}

export function drawLoad(pen, board, view) {
  const { palette, say } = board, scope = board.loadScope, top = view.bottom, floor = top + LOAD - 6, room = LOAD - 26;
  pen.rect(0, top, view.right + 10, LOAD, palette.surface);
  const shown = [...slots(board, view, scope)], most = Math.max(3600, ...shown.map(([, , used, open]) => Math.max(used, open)));
  let usedSum = 0, openSum = 0;
  pen.inside(view.left, top, view.width, LOAD, () => {
    for (const [from, to, used, open] of shown) {
      const x = Math.round(from) + 1, width = Math.max(1, Math.round(to) - x - 1), full = (open / most) * room, part = (used / most) * room;
      usedSum += used;
      openSum += open;
      if (open > 0) pen.rect(x, floor - full, width, full, palette.rest);
      pen.rect(x, floor - part, width, part, used > open ? palette.late : palette.accent, used > open ? 1 : 0.75);
      if (open > 0) pen.line(x, floor - full, x + width, floor - full, palette.quiet, 1);
      const text = hoursOf(used);
      if (used > 0 && widthOf(text, 11) < width) pen.text(x + width / 2, floor - Math.max(part, full) - 4, text, palette.quiet, { size: 11, align: "center" });
    }
  });
  const share = openSum ? Math.round((100 * usedSum) / openSum) : 0;
  pen.line(0, top + 0.5, view.right + 10, top + 0.5, palette.line);
  pen.line(0, floor + 0.5, view.right + 10, floor + 0.5, palette.line);
  pen.rect(0, top + 1, view.left - 1, LOAD - 8, palette.surface);
  const lines = [[scope.name, palette.ink, true], [say(loadUnit(view) === "day" ? "perDay" : "perWeek"), palette.quiet, false],
    [`${hoursOf(usedSum)} / ${hoursOf(openSum)} h · ${share}\u202f%`, palette.quiet, false]];
  pen.text(9, top + 19, fitted(say("load"), view.left - 12), palette.quiet);
  lines.forEach(([text, colour, bold], at) => pen.text(9, top + 36 + at * 17, fitted(text, view.left - 12), colour, { bold }));
}

const hoursOf = (seconds) => {
  const value = seconds / 3600;
  return value >= 100 || Number.isInteger(value) ? GROUPED.format(value) : value.toFixed(1);
};

/** A folded group's row shows its load: height is the share used of the hours open. */
export function foldedLoad(pen, board, view, group, y) {
  const height = view.rowHeight - 4;
  for (const [from, to, used, open] of slots(board, view, board.scopeOf(group))) {
    const x = Math.round(from), width = Math.max(1, Math.round(to) - x - 1);
    if (!open && !used) continue;
    const part = Math.min(1, used / Math.max(1, open)) * height;
    pen.rect(x, y + 2, width, height, board.palette.surface, 0.7);
    pen.rect(x, y + 2 + height - part, width, part, used > open ? board.palette.late : board.palette.accent, 0.75);
  }
}

export function drawOverview(pen, board, view) {
  const { palette } = board, top = view.bottom + LOAD, height = OVERVIEW - 8, x = overviewX(view);
  pen.rect(0, top, view.right + 10, OVERVIEW, palette.surface);
  const parts = Math.max(10, Math.floor(view.width / PART));
  if (board.busy?.length !== parts) board.busy = overview(board.book, board.shownLanes, parts);
  board.busy.forEach((share, at) => {
    if (share > 0) pen.rect(view.left + (at * view.width) / parts, top + 2 + height * (1 - share), view.width / parts, height * share, palette.planned, 0.5);
  });
  const from = Math.max(view.left, x(view.from)), to = Math.min(view.right, x(view.to)), now = x(board.present);
  pen.rect(view.left, top + 1, from - view.left, height + 2, palette.surface, 0.6);
  pen.rect(to, top + 1, view.right - to, height + 2, palette.surface, 0.6);
  pen.line(now, top + 2, now, top + height + 2, palette.accent, 1.5);
  pen.frame(from + 0.5, top + 1.5, Math.max(4, to - from - 1), height + 2, palette.accent, 1.5);
  pen.text(9, top + 17, fitted(board.say("overview"), view.left - 12), palette.quiet);
}

/** Time → x on the overview. */
export function overviewX(view) {
  const [from, to] = view.horizon;
  return (time) => view.left + ((time - from) / (to - from)) * view.width;
}

/** x on the overview → time. */
export function overviewTime(view, x) {
  const [from, to] = view.horizon;
  return from + ((x - view.left) / view.width) * (to - from);
}

export function drawScroll(pen, board, view) {
  if (view.rowCount <= view.visible) return;
  const height = view.bottom - HEAD, thumb = Math.max(24, (height * view.visible) / view.rowCount);
  const y = HEAD + ((height - thumb) * view.top) / (view.rowCount - view.visible);
  pen.rect(view.right, HEAD, BAR_WIDTH, height, board.palette.surface);
  pen.rect(view.right + 2, y, BAR_WIDTH - 4, thumb, board.palette.quiet, 0.55);
}
