// The data as the board uses it: bars by lane, by step and by order, with the changes of a pending edit laid over them.
export const AT = Object.freeze({ lane: 0, start: 1, end: 2, order: 3, op: 4, name: 5, setup: 6, flags: 7, family: 8, allowed: 9 });
export const RISK_S = 86400;
const OPS = 16384;

export const stepKey = (bar) => bar[AT.order] * OPS + bar[AT.op];
export const isLocked = (bar) => (bar[AT.flags] & 1) === 1;
export const stateOf = (bar) => bar[AT.flags] >> 1;
export const heldFrom = (bar) => (bar[AT.setup] >= 0 ? bar[AT.setup] : bar[AT.start]);

export class Book {
  constructor(data) {
    this.data = data;
    this.lanes = data.lanes;
    this.groups = data.groups;
    this.orders = data.orders.map(([id, item, quantity, due, colour, parent, parentOp]) =>
      ({ id, item, quantity, due, colour, parent, parentOp, root: -1 }));
    this.orders.forEach((order, at) => { order.root = this.rootOf(at); });
    this.children = this.orders.map(() => []);
    this.orders.forEach((order, at) => { if (order.parent >= 0) this.children[order.parent].push(at); });
    this.orderNumber = new Map(this.orders.map((order, at) => [order.id, at]));
    this.after = Map.groupBy(data.after, ([order, op]) => order * OPS + op);
    this.follow = Map.groupBy(data.after, ([, , order, op]) => order * OPS + op);
    this.loads = new Map((data.loads ?? []).map(([order, op, load]) => [order * OPS + op, load]));
    this.base = sorted(data.bars, this.lanes.length, this.orders.length);
    this.patched = [];
    this.lay([]);
  }

  rootOf(order) {
    let at = order;
    for (let depth = 0; depth < 99 && this.orders[at].parent >= 0; depth++) at = this.orders[at].parent;
    return at;
  }

  /** Lays changed bars over the plan; each replaces all bars of its step. An empty list shows the plan as it is. */
  lay(bars) {
    this.patched = bars;
    this.ofLane = this.base.ofLane.slice();
    this.ofOrder = this.base.ofOrder.slice();
    this.longest = this.base.longest.slice();
    const keys = new Set(bars.map(stepKey));
    const touchedOrders = new Set(bars.map((bar) => bar[AT.order]));
    const stay = (bar) => !keys.has(stepKey(bar));
    const touchedLanes = new Set(bars.map((bar) => bar[AT.lane]));
    for (const order of touchedOrders) {
      for (const bar of this.base.ofOrder[order]) if (!stay(bar)) touchedLanes.add(bar[AT.lane]);
      this.ofOrder[order] = this.base.ofOrder[order].filter(stay);
    }
    touchedLanes.delete(-1);
    for (const lane of touchedLanes) this.ofLane[lane] = this.base.ofLane[lane].filter(stay);
    for (const bar of bars) {
      this.ofOrder[bar[AT.order]].push(bar);
      if (bar[AT.lane] >= 0) this.ofLane[bar[AT.lane]].push(bar);
    }
    for (const lane of touchedLanes) this.longest[lane] = arranged(this.ofLane[lane]);
    for (const order of touchedOrders) this.ofOrder[order].sort(byStep);
    this.touched = touchedLanes;
    this.ends = null;
  }

  /** All bars of a step: one for each lane that it holds. */
  step(order, op) {
    return this.ofOrder[order].filter((bar) => bar[AT.op] === op);
  }

  /** What a step takes of a batch machine's greatest load. */
  loadOf(bar) { return this.loads.get(stepKey(bar)) ?? 0; }

  /** The first bar of a lane that may reach into `time`; bars are sorted by start. */
  firstAt(lane, time) {
    const bars = this.ofLane[lane], since = time - this.longest[lane];
    let low = 0, high = bars.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bars[middle][AT.start] < since) low = middle + 1; else high = middle;
    }
    return low;
  }

  /** When an order ends (UTC s): its last step. */
  endOf(order) {
    this.ends ??= new Map();
    if (!this.ends.has(order)) this.ends.set(order, this.ofOrder[order].reduce((last, bar) => Math.max(last, bar[AT.end]), -Infinity));
    return this.ends.get(order);
  }

  /** Seconds by which the final order behind an order is late (negative: early), or null where nothing is due. */
  lateBy(order) {
    const root = this.orders[order].due >= 0 ? order : this.orders[order].root;
    const due = this.orders[root].due;
    return due < 0 ? null : this.endOf(root) - due;
  }

  lateness(order) {
    const late = this.lateBy(order);
    if (late === null) return "none";
    return late > 0 ? "late" : late > -RISK_S ? "risk" : "onTime";
  }

  dueOf(order) {
    return this.orders[order].due >= 0 ? this.orders[order].due : this.orders[this.orders[order].root].due;
  }

  /** What a step directly waits for: [order, op_no, least lag in s, whether it counts from the start]. */
  before(order, op) {
    const named = this.after.get(order * OPS + op);
    const found = named ? named.map(([, , earlier, earlierOp, lag, fromStart]) => [earlier, earlierOp, lag, fromStart]) : [];
    if (!named) {
      let previous = -1;
      for (const bar of this.ofOrder[order]) if (bar[AT.op] < op) previous = Math.max(previous, bar[AT.op]);
      if (previous >= 0) found.push([order, previous, 0, 0]);
    }
    for (const child of this.children[order])
      if (this.orders[child].parentOp === op && this.ofOrder[child].length)
        found.push([child, this.ofOrder[child].at(-1)[AT.op], 0, 0]);
    return found;
  }

  /** Seconds by which a step can slip before the next step, its parent's step or the due date gives way; null: no limit. */
  slack(bar) {
    const order = bar[AT.order], op = bar[AT.op], { parent, parentOp, due } = this.orders[order];
    const next = [...this.ofOrder[order], ...(parent >= 0 ? this.step(parent, parentOp) : [])];
    for (const [follower, followerOp] of this.follow.get(order * OPS + op) ?? []) next.push(...this.step(follower, followerOp));
    let until = Infinity;
    for (const later of next)
      for (const [earlier, earlierOp, lag, fromStart] of this.before(later[AT.order], later[AT.op]))
        if (earlier === order && earlierOp === op)
          until = Math.min(until, later[AT.start] - lag - (fromStart ? bar[AT.start] : bar[AT.end]));
    if (until === Infinity && due >= 0) until = due - bar[AT.end];
    return until === Infinity ? null : until;
  }

  /** Lanes on which a bar could be instead; null where the data does not say. */
  lanesFor(bar) {
    return bar[AT.allowed] >= 0 ? new Set(this.data.allowed[bar[AT.allowed]]) : null;
  }
}

function sorted(bars, lanes, orders) {
  const ofLane = Array.from({ length: lanes }, () => []), ofOrder = Array.from({ length: orders }, () => []);
  for (const bar of bars) {
    if (bar[AT.lane] >= 0) ofLane[bar[AT.lane]].push(bar);
    ofOrder[bar[AT.order]].push(bar);
  }
  for (const list of ofOrder) list.sort(byStep);
  return { ofLane, ofOrder, longest: ofLane.map(arranged) };
}

function arranged(bars) {
  bars.sort((a, b) => a[AT.start] - b[AT.start] || a[AT.end] - b[AT.end]);
  return bars.reduce((longest, bar) => Math.max(longest, bar[AT.end] - bar[AT.start]), 0);
}

function byStep(a, b) {
  return a[AT.op] - b[AT.op] || a[AT.lane] - b[AT.lane];
}
