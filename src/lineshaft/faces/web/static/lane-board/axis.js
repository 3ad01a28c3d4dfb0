// Time across the top: two tiers of the works' own clock, grid lines and the line of the present.
import { fitted, widthOf } from "./pens.js";
import { HEAD } from "./view.js";

// unit, count, seconds, least pixels, what the label says, the tier above
const LEVELS = [
  ["minute", 5, 300, 46, "minute", "date"], ["minute", 15, 900, 46, "minute", "date"], ["minute", 30, 1800, 46, "minute", "date"],
  ["hour", 1, 3600, 46, "hour", "date"], ["hour", 2, 7200, 46, "hour", "date"], ["hour", 4, 14400, 46, "hour", "date"],
  ["hour", 8, 28800, 46, "hour", "date"], ["day", 1, 86400, 54, "weekday", "month"], ["day", 1, 86400, 21, "day", "month"],
  ["week", 1, 604800, 44, "week", "month"], ["month", 1, 2629800, 36, "month", "year"], ["year", 1, 31557600, 36, "year", "year"],
];
const ABOVE = { date: "day", month: "month", year: "year" };

/** The tiers that fit a view: { unit, count, label, above }. */
export function tiers(view) {
  const [unit, count, , , label, above] = LEVELS.find(([, , seconds, least]) => (seconds / view.span) * view.width >= least) ?? LEVELS.at(-1);
  return { unit, count, label, above };
}

export function drawGrid(pen, board, view) {
  const { unit, count, above } = tiers(view), { clock, palette } = board;
  for (const tick of clock.ticks(unit, count, view.from, view.to)) line(pen, view, tick, palette.line, 0.6);
  for (const tick of clock.ticks(ABOVE[above], 1, view.from, view.to)) line(pen, view, tick, palette.quiet, 0.6);
}

function line(pen, view, tick, colour, thick) {
  const x = Math.round(view.x(tick)) + 0.5;
  if (x > view.left) pen.line(x, HEAD, x, view.bottom, colour, thick);
}

export function drawAxis(pen, board, view) {
  const { clock, palette, say } = board, { unit, count, label, above } = tiers(view);
  pen.rect(0, 0, view.right + 10, HEAD, palette.surface);
  pen.inside(view.left, 0, view.width, HEAD, () => {
    const tops = clock.ticks(ABOVE[above], 1, view.from, view.to);
    tops.forEach((tick, at) => {
      const x = Math.max(view.left, view.x(tick)), end = at + 1 < tops.length ? view.x(tops[at + 1]) : view.right;
      const text = above === "date" ? clock.day(tick, say.english) : above === "month" ? clock.month(tick, say.english) : clock.label("year", tick);
      if (view.x(tick) > view.left) pen.line(Math.round(x) + 0.5, 0, Math.round(x) + 0.5, 21, palette.line);
      pen.text(x + 6, 15, fitted(text, end - x - 8), palette.ink, { bold: true });
    });
    for (const tick of clock.ticks(unit, count, view.from, view.to)) {
      const x = Math.round(view.x(tick)) + 0.5;
      pen.line(x, 22, x, HEAD, palette.line);
      pen.text(x + 4, 37, clock.label(label, tick, say.english), palette.quiet);
    }
  });
  pen.rect(0, 0, view.left - 1, HEAD, palette.surface);
  pen.text(9, 37, fitted(board.book.data.zone, view.left - 14, 11), palette.quiet, { size: 11 });
  pen.line(view.left, 21.5, view.right + 10, 21.5, palette.line);
  pen.line(0, HEAD - 0.5, view.right + 10, HEAD - 0.5, palette.line);
  nowChip(pen, board, view);
}

export function drawNow(pen, board, view) {
  const x = Math.round(view.x(board.present)) + 0.5;
  if (x >= view.left && x <= view.right) pen.line(x, HEAD, x, view.bottom, board.palette.accent, 1.6);
}

function nowChip(pen, board, view) {
  const x = view.x(board.present), text = board.say(board.hasNow ? "now" : "planStart"), width = widthOf(text, 11) + 10;
  if (x < view.left || x > view.right) return;
  const left = Math.max(view.left, Math.min(view.right - width, x - width / 2));
  pen.rect(left, 23, width, 17, board.palette.accent);
  pen.text(left + 5, 35.5, text, "#ffffff", { size: 11 });
}
