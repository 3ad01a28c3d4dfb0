// "When could we deliver one more of these?": a form, the date that can be promised, and the order entered.
import { make } from "./make.js";
import { lasting } from "./time.js";
import { own } from "./words.js";

/** Opens the dialog for a copy of an order; `picked` is the number of the one to begin with, −1 for the first. */
export function askPromise(board, picked) {
  const { say, book, clock } = board, dialog = board.parts.promise, likely = book.orders[Math.max(0, picked)];
  const field = (label, input) => make("label", {}, make("span", {}, label), input);
  const order = make("input", { list: "promise-orders", required: true, value: likely.id });
  const orders = make("datalist", { id: "promise-orders" }, ...book.orders.map(({ id, item }) => make("option", { value: id }, own(item, say))));
  const name = make("input", { required: true, maxlength: 80, value: freeName(book, likely.id) });
  const quantity = make("input", { type: "number", min: 1, required: true, value: likely.quantity });
  const told = make("div", { class: "told", "aria-live": "polite" });
  const wish = () => ({ order_id: order.value, new_id: name.value.trim(), quantity: Number(quantity.value), release: new Date(board.present * 1000).toISOString() });
  name.addEventListener("input", () => name.setCustomValidity(book.orderNumber.has(name.value.trim()) ? say("taken") : ""));
  order.addEventListener("change", () => {
    const one = book.orders[book.orderNumber.get(order.value)];
    if (one) { quantity.value = one.quantity; name.value = freeName(book, one.id); }
  });
  const submit = async (event) => {
    event.preventDefault();
    told.replaceChildren(make("p", { class: "quiet" }, say("checking")));
    try {
      const asked = wish(), answer = await board.promise(asked);
      told.replaceChildren(...answered(board, asked, answer));
    } catch (error) {
      told.replaceChildren(make("p", { class: "late" }, error.message || say("failed")), ...(error.faults ?? []).map((fault) => make("p", { class: "late" }, fault[say.english ? "en" : "zh"])));
    }
  };
  dialog.replaceChildren(make("form", { submit }, make("h2", {}, say("promise")), make("p", { class: "quiet" }, say("promiseHelp", { at: clock.said(board.present, say.english) })),
    field(say("like"), order), orders, field(say("newOrder"), name), field(say("quantity"), quantity), told,
    make("p", { class: "acts" }, make("button", { type: "button", click: () => dialog.close() }, say("close")), make("button", { class: "primary" }, say("askDate")))));
  dialog.showModal();
}

/** The answer in words, and what can be done with it. */
function answered(board, wish, answer) {
  const { say, clock } = board, at = (second) => clock.said(second, say.english), line = (name, value) => [make("dt", {}, name), make("dd", {}, value)];
  const waits = answer.resource ? line(say("waitsFor"), `${answer.resource} · ${lasting(answer.waiting_s, say.english)}`) : [];
  const look = () => { board.parts.promise.close(); board.preview.show({ title: `${wish.new_id} · ${at(answer.promised)}`, run: "", bars: [], kpis: [], fresh: answer.fresh }); };
  const enter = async () => {
    const due = new Date(answer.promised * 1000).toISOString();
    try { await board.enter({ ...wish, due }); } catch (error) { board.parts.promise.querySelector(".told").append(make("p", { class: "late" }, error.message)); }
  };
  return [make("p", { class: "date" }, make("b", {}, say("canPromise", { at: at(answer.promised) }))),
    make("dl", {}, ...line(say("time"), `${at(answer.start)} – ${at(answer.end)}`), ...line(say("emptyShop"), at(answer.earliest)), ...waits),
    make("p", { class: "acts" }, make("button", { type: "button", click: look }, say("showOn")), board.enter ? make("button", { type: "button", click: enter }, say("enterOrder")) : null)];
}

/** A number that no order has yet. */
function freeName(book, id) {
  for (let n = 2; ; n++) if (!book.orderNumber.has(`${id}+${n}`)) return `${id}+${n}`;
}
