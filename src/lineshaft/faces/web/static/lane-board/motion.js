// Bars that glide from where they were to where an answer puts them.
import { AT, stepKey } from "./book.js";

/** Lays bars over the plan; answers which bar moved from where: new bar → old bar. */
export function laid(book, bars) {
  const samples = new Map([...book.patched, ...bars].map((bar) => [stepKey(bar), bar]));
  const before = [...samples.values()].map((bar) => [bar, book.step(bar[AT.order], bar[AT.op])]);
  book.lay(bars);
  const old = new Map();
  for (const [{ [AT.order]: order, [AT.op]: op }, were] of before)
    book.step(order, op).forEach((bar, at) => {
      const was = were[at];
      if (was && bar[AT.lane] >= 0 && (was[AT.start] !== bar[AT.start] || was[AT.lane] !== bar[AT.lane])) old.set(bar, was);
    });
  return old;
}
