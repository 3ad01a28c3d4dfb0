// Hours used of hours open, per lane and day or week of the works' zone.
//
// A lane is used from the start of a setup to the end of its step, as far as its calendar is open: a step that pauses
// over night uses no night. Both are counted in seconds.
import { AT, heldFrom } from "./book.js";
import { DAY } from "./time.js";

export class Load {
  constructor(book, clock) {
    this.book = book;
    this.horizon = book.data.horizon;
    this.opens = new Map();
    const [from, to] = this.horizon;
    this.ticks = { day: [...clock.ticks("day", 1, from, to), to], week: [...clock.ticks("week", 1, from, to), to] };
    this.lanes = { day: new Map(), week: new Map() };
    this.sums = new Map();
  }

  /** Forgets what a change of these lanes has made wrong. */
  forget(lanes) {
    for (const lane of lanes) for (const unit of ["day", "week"]) this.lanes[unit].delete(lane);
    this.sums.clear();
  }

  /** Open seconds of a calendar from the beginning of the horizon until a moment. */
  openUntil(calendar, time) {
    if (!this.opens.has(calendar)) this.opens.set(calendar, openTimes(this.book.data.closed[calendar] ?? [], this.horizon));
    const { starts, ends, before } = this.opens.get(calendar);
    let low = 0, high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] < time) low = middle + 1; else high = middle;
    }
    return low ? before[low - 1] + Math.min(time, ends[low - 1]) - starts[low - 1] : 0;
  }

  /** Used and open seconds of one lane by day or week. */
  ofLane(lane, unit) {
    const known = this.lanes[unit];
    if (!known.has(lane)) known.set(lane, this.count(lane, this.ticks[unit]));
    return known.get(lane);
  }

  count(lane, ticks) {
    const calendar = this.book.lanes[lane].calendar, slots = ticks.length - 1;
    const open = new Float64Array(slots), used = new Float64Array(slots), until = ticks.map((tick) => this.openUntil(calendar, tick));
    for (let slot = 0; slot < slots; slot++) open[slot] = until[slot + 1] - until[slot];
    let first = 0;
    for (const bar of this.book.ofLane[lane]) {
      const from = heldFrom(bar), to = bar[AT.end];
      while (first > 0 && ticks[first] > from) first--;
      while (first < slots - 1 && ticks[first + 1] <= from) first++;
      let at = this.openUntil(calendar, from);
      const end = this.openUntil(calendar, to);
      for (let slot = first; slot < slots && at < end; slot++) {
        const part = Math.min(end, until[slot + 1]);
        if (part > at) { used[slot] += part - at; at = part; }
      }
    }
    return { used, open };
  }

  /** Used and open seconds of some lanes together; `name` remembers the sum. */
  ofLanes(name, lanes, unit) {
    const key = `${unit} ${name}`;
    if (!this.sums.has(key)) {
      const slots = this.ticks[unit].length - 1, sum = { used: new Float64Array(slots), open: new Float64Array(slots) };
      for (const lane of lanes) {
        const { used, open } = this.ofLane(lane, unit);
        for (let slot = 0; slot < slots; slot++) { sum.used[slot] += used[slot]; sum.open[slot] += open[slot]; }
      }
      this.sums.set(key, sum);
    }
    return this.sums.get(key);
  }
}

function openTimes(closed, [from, to]) {
  const starts = [], ends = [], before = [];
  let at = from, sum = 0;
  for (const [shut, again] of [...closed, [to, to]]) {
    if (shut > at) { starts.push(at); ends.push(shut); before.push(sum); sum += shut - at; }
    at = Math.max(at, again);
  }
  return { starts, ends, before };
}

/** How busy all these lanes are over the horizon, 0 to 1 in so many equal parts. */
export function overview(book, lanes, parts) {
  const [from, to] = book.data.horizon, step = (to - from) / parts, held = new Float64Array(parts + 1);
  for (const lane of lanes)
    for (const bar of book.ofLane[lane]) {
      const first = Math.max(0, Math.floor((bar[AT.start] - from) / step)), last = Math.min(parts - 1, Math.floor((bar[AT.end] - from) / step));
      held[first] += 1;
      held[last + 1] -= 1;
    }
  let sum = 0;
  const busy = held.subarray(0, parts).map((change) => (sum += change));
  const most = busy.reduce((high, value) => Math.max(high, value), 1);
  return busy.map((value) => value / most);
}

/** The unit in which load is drawn: days while they are wide enough. */
export const loadUnit = (view) => ((DAY / view.span) * view.width >= 11 ? "day" : "week");
