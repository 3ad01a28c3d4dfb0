// Everything there is to say about an operation: for the card, for the table and as a sentence for screen readers.
import { matesOf, words } from "./batches.js";
import { AT, isLocked, stateOf } from "./book.js";
import { lasting } from "./time.js";
import { own } from "./words.js";

const STATES = ["planned", "running", "done"];

/** Facts of a bar's step in the reader's language. */
export function factsOf(board, bar) {
  const { book, clock, say } = board, order = book.orders[bar[AT.order]], english = say.english;
  const held = book.step(bar[AT.order], bar[AT.op]).filter((one) => one[AT.lane] >= 0).map((one) => book.lanes[one[AT.lane]]);
  const named = (lanes) => lanes.map((lane) => [lane.id, own(lane.name, say)].filter(Boolean).join(" ")).join(say.english ? ", " : "、");
  const people = held.filter((lane) => lane.kind === "person"), machines = held.filter((lane) => lane.kind !== "person");
  const shared = held.some((lane) => lane.load_max > 0) ? book.step(bar[AT.order], bar[AT.op]).map((one) => matesOf(book, one)).find(Boolean) : null;
  const due = book.dueOf(bar[AT.order]), slack = book.slack(bar), family = bar[AT.family] >= 0 ? book.data.families[bar[AT.family]] : null;
  return {
    order: order.id,
    item: order.item ?? "",
    quantity: order.quantity,
    op: bar[AT.op],
    name: own(book.data.names[bar[AT.name]], say),
    resource: named(machines) || (people.length ? "" : say("noResource")),
    people: named(people),
    lanes: named(held) || say("noResource"),
    from: clock.said(bar[AT.start], english),
    to: clock.said(bar[AT.end], english),
    duration: lasting(bar[AT.end] - bar[AT.start], english),
    setup: bar[AT.setup] < 0 ? "" : `${clock.said(bar[AT.setup], english)} · ${lasting(bar[AT.start] - bar[AT.setup], english)}`,
    load: shared ? words(board, shared.load).full : "",
    mates: shared ? shared.mates.map((one) => `${book.orders[one[AT.order]].id} · ${one[AT.op]}`).join(english ? ", " : "、") : "",
    family: family ? own(family[1], say) || family[0] : "",
    parent: order.parent < 0 ? "" : `${book.orders[order.parent].id} · ${order.parentOp}`,
    due: due < 0 ? "" : clock.said(due, english),
    lateness: book.lateness(bar[AT.order]),
    late: lateWords(board, bar[AT.order]),
    slack: slack === null ? "" : slack < 60 ? say("slackNone") : lasting(slack, english),
    state: [say(STATES[stateOf(bar)]), isLocked(bar) ? say("locked") : ""].filter(Boolean).join(" · "),
    why: (book.data.why?.[book.orders[order.root].id] ?? []).map(([en, zh]) => (english ? en : zh)),
  };
}

/** How late or early the final order is, in words. */
export function lateWords(board, order) {
  const late = board.book.lateBy(order), { say } = board;
  if (late === null) return say("noDue");
  const time = lasting(late, say.english);
  return late > 0 ? say("late", { time }) : late > -60 ? say("onTime") : say("early", { time });
}

/** A bar as one sentence. */
export function sentence(board, bar) {
  const facts = factsOf(board, bar);
  return board.say("sentence", { order: facts.order, op: facts.op, step: facts.name, lanes: facts.lanes, from: facts.from, to: facts.to, time: facts.duration, state: facts.state, late: facts.late });
}

/** Rows of the card: [label, value, tone]. */
export function cardRows(board, bar) {
  const facts = factsOf(board, bar), { say } = board;
  const rows = [
    ["item", [facts.item, facts.quantity ? say("pieces", { n: facts.quantity }) : ""].filter(Boolean).join(" · ")],
    ["forOrder", facts.parent], ["resource", facts.resource], ["people", facts.people],
    ["time", `${facts.from} – ${facts.to}`], ["duration", facts.duration],
    ["setup", facts.setup], ["family", facts.family], ["furnace", facts.load], ["mates", facts.mates],
    ["due", facts.due ? `${facts.due} · ${facts.late}` : facts.late, facts.lateness], ["slack", facts.slack], ["state", facts.state],
  ];
  return { title: `${facts.order} · ${facts.op} ${facts.name}`, why: facts.why, rows: rows.filter(([, value]) => value).map(([name, value, tone]) => [say(name), value, tone ?? ""]) };
}
