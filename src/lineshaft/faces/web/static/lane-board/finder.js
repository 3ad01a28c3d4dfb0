// Finding orders, items and resources: what matches stays bright, and one after the other comes into view.
import { AT } from "./book.js";

/** What matches a text: places to go to and whether a bar belongs to them; null for an empty text. */
export function search(board, text) {
  const wanted = text.trim().toLowerCase(), { book, shownLanes } = board;
  if (!wanted) return null;
  const has = (...names) => names.some((name) => name && name.toLowerCase().includes(wanted));
  const orders = book.orders.flatMap((order, at) => (has(order.id, order.item) && book.ofOrder[at].length ? [at] : []));
  const lanes = shownLanes.filter((lane) => has(book.lanes[lane].id, book.lanes[lane].name));
  const inOrders = new Set(orders), inLanes = new Set(lanes);
  return {
    list: [...orders.map((order) => ({ order })), ...lanes.map((lane) => ({ lane }))],
    at: -1,
    bars: (bar) => inOrders.has(bar[AT.order]) || inLanes.has(bar[AT.lane]),
  };
}
