// What is where: bars under a point, boxes of steps on the page, load of a name.
import { loadsOf, memberAt } from "./batches.js";
import { AT } from "./book.js";

const SLACK_PX = 2;

/** The bar under a point of the stage, or within two pixels of it; null where there is none. */
export function barAt({ view, rows, book }, x, y) {
  const lane = rows[view.rowAt(y)]?.lane ?? -1;
  if (lane < 0 || x < view.left || x > view.right) return null;
  const time = view.time(x), slack = view.perPixel * SLACK_PX, bars = book.ofLane[lane];
  let best = null;
  for (let at = book.firstAt(lane, time - slack); at < bars.length && bars[at][AT.start] <= time + slack; at++) {
    if (bars[at][AT.end] < time - slack) continue;
    best = bars[at];
    if (best[AT.start] <= time && time < best[AT.end]) break;
  }
  const load = best && loadsOf(book, lane)?.get(best);
  return load ? memberAt(book, load, y, view.y(view.rowAt(y)) + 3, view.rowHeight - 6) : best;
}

/** Where a step's bar is on the page (CSS px); null while it has no row. */
export function boxOf({ view, book, rowOf, parts }, orderId, op, laneId) {
  const order = book.orderNumber.get(orderId), box = parts.stage.getBoundingClientRect();
  const bars = order === undefined ? [] : book.step(order, op);
  const bar = bars.find((one) => rowOf.has(one[AT.lane]) && (!laneId || book.lanes[one[AT.lane]].id === laneId));
  if (!bar) return null;
  const x = view.x(bar[AT.start]), y = view.y(rowOf.get(bar[AT.lane])) + 3;
  return { x: box.left + x, y: box.top + y, width: view.x(bar[AT.end]) - x, height: view.rowHeight - 6 };
}

/** Load by day or week: [{ from, to, used_s, open_s }] of a lane id, a group's name or, without a name, all that is shown. */
export function loadOf(board, name, unit) {
  const lane = board.book.lanes.findIndex((one) => one.id === name);
  const group = board.rows.find((row) => row.lane < 0 && board.groupName(row.group) === name)?.group;
  const lanes = lane >= 0 ? [lane] : group ? group.lanes : board.shownLanes, ticks = board.load.ticks[unit];
  const { used, open } = board.load.ofLanes(lane >= 0 ? `lane ${lane}` : (group?.key ?? "all"), lanes, unit);
  return Array.from(used, (seconds, at) => ({ from: ticks[at], to: ticks[at + 1], used_s: seconds, open_s: open[at] }));
}
