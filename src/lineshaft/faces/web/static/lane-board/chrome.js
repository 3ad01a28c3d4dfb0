// Tools above the board, legend, strip of pending changes, card, keys: everything that is not drawn.
import { AT } from "./book.js";
import { cardRows } from "./facts.js";
import { legendOf } from "./legend.js";
import { choose, make } from "./make.js";
import { askPromise } from "./promise.js";
import { DAY } from "./time.js";

const SNAPS = [0, 300, 900, 1800, 3600];

/** Builds all parts anew in the reader's language and hands them over by name. */
export function buildChrome(board) {
  const { say } = board;
  const parts = {
    tools: make("div", { class: "board-tools no-print", role: "toolbar", "aria-label": say("chart") }),
    legend: make("div", { class: "legend no-print", tabindex: 0 }),
    stage: make("div", { class: "stage no-print", role: "application" }),
    canvas: make("canvas", { "aria-hidden": "true" }),
    card: make("div", { class: "hover-card", hidden: true }),
    verdict: make("div", { class: "verdict", hidden: true }),
    sheet: make("div", { class: "sheet", hidden: true }),
    changes: make("div", { class: "changes no-print", role: "region", hidden: true }),
    trial: make("div", { class: "trial no-print", role: "region", hidden: true }),
    said: make("p", { class: "news no-print", "aria-live": "polite", role: "status" }),
    keys: make("dialog", { class: "key-help" }),
    promise: make("dialog", { class: "key-help promise", "aria-label": say("promise") }),
    paper: make("div", { class: "paper" }),
  };
  parts.stage.append(parts.canvas, parts.card, parts.verdict);
  fillTools(board, parts);
  fillKeys(board, parts.keys);
  return parts;
}

function button(text, label, act, extra = {}) {
  return make("button", { type: "button", "aria-label": label, title: label, click: act, ...extra }, text);
}

function fillTools(board, parts) {
  const { say, book } = board, kinds = [...new Set(book.lanes.map((lane) => lane.kind))];
  const kindName = (kind) => book.data.kinds[kind]?.[say.english ? 0 : 1] ?? kind;
  parts.find = make("input", {
    type: "search", placeholder: say("find"), "aria-label": say("find"), input: () => board.find(parts.find.value),
    keydown: (event) => { if (event.key === "Enter") board.nextFound(event.shiftKey ? -1 : 1); if (event.key === "Escape") { parts.find.value = ""; board.find(""); } },
  });
  parts.hits = make("span", { class: "hits", "aria-live": "polite" });
  const span = (name, seconds) => button(say(name), say(name), () => board.showSpan(seconds));
  const first = make("div", { class: "pack main" },
    make("span", { class: "finder" }, parts.find, parts.hits),
    make("span", { class: "joined" }, button("−", say("zoomOut"), () => board.zoomBy(1 / 0.7)), button("+", say("zoomIn"), () => board.zoomBy(0.7))),
    make("span", { class: "joined spans" }, span("day", DAY), span("week", 7 * DAY), span("month", 31 * DAY), button(say("fit"), say("fit"), () => board.fit())),
    button(say(board.hasNow ? "now" : "planStart"), say(board.hasNow ? "now" : "planStart"), () => board.goNow(), { class: "now" }),
    button("⋯", say("more"), () => board.classList.toggle("unfolded"), { class: "more-tools" }));
  parts.undo = button("↶", say("undo"), () => board.undo());
  parts.redo = button("↷", say("redo"), () => board.redo());
  parts.flip = button(say("table"), say("table"), () => board.showTable(parts.sheet.hidden));
  parts.scheme = choose(say("colour"), [["order", say("byOrder")], ["late", say("byLate")], ["state", say("byState")], ["family", say("byFamily")], ["step", say("byStep")]],
    board.scheme, (value) => board.recolour(value));
  parts.grouping = choose(say("group"), [["kind", say("groupKind")], ["centre", say("groupCentre")], ...(book.lanes.some((lane) => lane.bay) ? [["bay", say("groupBay")]] : []), ["none", say("groupNone")]], board.grouping, (value) => board.regroup(value));
  const item = (name, act, extra) => button(say(name), say(name), act, extra);
  const second = make("div", { class: "pack extra" }, parts.scheme, parts.grouping,
    menu(say("shown"),
      choose(say("kind"), [["", say("allKinds")], ...kinds.map((kind) => [kind, kindName(kind)])], board.kind, (value) => board.only(value)),
      board.ask ? choose(say("snap"), SNAPS.map((step) => [step, step ? say("minutes", { n: step / 60 }) : say("snapOff")]), board.snap, (value) => { board.snap = Number(value); }) : null,
      item("foldAll", () => board.foldAll(true)), item("unfoldAll", () => board.foldAll(false)),
      item("tight", () => board.tighten(), { "aria-pressed": String(board.tight), class: "tight" }), item("full", () => board.fullScreen())),
    board.attempt ? menu(say("tryOut"), board.promise ? item("promise", () => askPromise(board, board.picked)) : null, ...board.peers.map((peer) => button(peer[say.english ? "en" : "zh"], peer[say.english ? "en" : "zh"], () => board.preview.begin(peer)))) : null,
    board.ask ? make("span", { class: "joined" }, parts.undo, parts.redo) : null, parts.flip,
    menu(say("save"), item("png", () => board.savePng()), item("svg", () => board.saveSvg()), item("print", () => print())),
    button("?", say("keys"), () => board.showKeys()));
  parts.tools.append(first, second);
}

/** A list that opens below its name and closes after a button in it or when the focus leaves it. */
function menu(name, ...items) {
  const list = make("details", { class: "menu" }, make("summary", {}, name), make("div", {}, ...items));
  list.addEventListener("focusout", (event) => { if (!list.contains(event.relatedTarget)) list.open = false; });
  list.addEventListener("click", (event) => { if (event.target.tagName === "BUTTON") list.open = false; });
  list.addEventListener("keydown", (event) => { if (event.key === "Escape") list.open = false; });
  return list;
}

function fillKeys({ say }, dialog) {
  const rows = say.keys.map(([keys, text]) => make("tr", {}, make("th", { scope: "row" }, make("kbd", {}, keys)), make("td", {}, text)));
  dialog.append(make("h2", {}, say("keys")), make("table", {}, make("tbody", {}, ...rows)), make("button", { type: "button", click: () => dialog.close() }, say("close")));
}

export function fillLegend(board, place) {
  place.replaceChildren(...legendOf(board).map(({ colour, text }) => {
    const swatch = colour ? make("i", {}) : null;
    swatch?.style.setProperty("background", colour);
    return make("span", { class: !colour ? "remark" : text ? "entry" : "entry bare" }, swatch, text);
  }));
}

export function fillCard(board, card, bar) {
  const { title, rows, why } = cardRows(board, bar), { say } = board;
  const lines = rows.flatMap(([name, value, tone]) => [make("dt", {}, name), make("dd", { class: tone }, value)]);
  const reasons = why.length ? make("div", { class: "why" }, make("b", {}, say("why")), make("ul", {}, ...why.slice(0, 3).map((text) => make("li", {}, text)))) : null;
  card.replaceChildren(...[make("b", {}, title), make("dl", {}, ...lines), reasons].filter(Boolean));
}

/** Puts a box near a point of the stage, inside it. */
export function placeNear(box, stage, x, y) {
  const left = x + 16 + box.offsetWidth > stage.clientWidth ? x - box.offsetWidth - 12 : x + 16;
  const top = Math.min(y + 14, stage.clientHeight - box.offsetHeight - 4);
  box.style.setProperty("left", `${Math.max(4, left)}px`);
  box.style.setProperty("top", `${Math.max(4, top)}px`);
}

export function fillVerdict(board, box) {
  const { moving } = board.edit, { say, clock } = board;
  box.hidden = !moving;
  if (!moving) return;
  box.className = `verdict ${moving.verdict}`;
  const place = `${clock.said(moving.start, say.english)} · ${board.book.lanes[moving.lane].id}`;
  const sign = { yes: "✓ ", no: "✕ ", wait: "" }[moving.verdict];
  box.replaceChildren(make("b", {}, place), make("p", {}, moving.verdict === "wait" && moving.moved ? say("checking") : sign + moving.said.join(" ")));
}

/** The strip "n changes — propose, discard" with what each is and how the figures move. */
export function fillChanges(board, parts) {
  const { edit, say } = board, { changes, answer } = edit.now, place = parts.changes;
  parts.undo.disabled = !edit.past.length;
  parts.redo.disabled = !edit.future.length;
  place.hidden = !changes.length;
  place.setAttribute("aria-label", say.count("changes", "change1", changes.length));
  if (!changes.length) return;
  place.replaceChildren(make("b", {}, say.count("changes", "change1", changes.length)),
    make("ul", {}, ...changes.map((change) => make("li", {}, changeWords(board, change)))),
    make("div", { class: "figures" }, ...(answer?.kpis ?? []).map((kpi) => figure(kpi, say))),
    make("span", { class: "acts" },
      make("button", { type: "button", click: () => edit.undo() }, say("undo")),
      make("button", { type: "button", click: () => board.discard() }, say("discard")),
      make("button", { type: "button", class: "primary", click: () => board.propose() }, say("propose"))));
}

function changeWords({ say, clock }, { key, values }) {
  const parts = [];
  if (values.start) parts.push(clock.said(Date.parse(values.start) / 1000, say.english));
  if (values.resource_id) parts.push(`${values.instead_of} → ${values.resource_id}`);
  if ("locked" in values) parts.push(say(values.locked ? "lockChange" : "unlockChange"));
  return `${key.join(" · ")}: ${parts.join(", ")}`;
}

export function figure({ name, was, value, unit, better }, say) {
  const number = (one) => (Math.abs(one) >= 100 ? Math.round(one).toLocaleString("en") : String(Math.round(one * 100) / 100));
  const tone = value === was ? "" : (value < was) === (better === "low") ? "onTime" : "late";
  return make("span", { class: tone }, `${name[say.english ? "en" : "zh"]} ${number(was)} → ${number(value)}\u202f${unit}`);
}

/** Where a card about a bar goes when no pointer says where. */
export function besideBar(view, bar, row) {
  return { x: Math.max(view.left, Math.min(view.right - 20, view.x(bar[AT.start]))), y: view.y(row + 1) };
}
