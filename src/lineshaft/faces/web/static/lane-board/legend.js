// What the colours mean, for the line below the tools and for exported pictures.
import { AT } from "./book.js";
import { latenessColour } from "./palette.js";
import { own } from "./words.js";

const MOST = 10;

/** Entries { colour, text } of the way of colouring; entries without colour are remarks. */
export function legendOf(board) {
  const { say, scheme, palette, book } = board;
  const marks = [{ text: say("markLate") }, { text: say("markSetup") }, { text: say("markClosed") }];
  if (book.lanes.some((lane) => lane.load_max > 0)) marks.push({ text: say("markLoad") });
  if (scheme === "late")
    return [["late", "isLate"], ["risk", "isRisk"], ["onTime", "isOnTime"], ["none", "noDue"]]
      .map(([name, text]) => ({ colour: latenessColour(palette, name), text: say(text) })).concat(marks);
  if (scheme === "state")
    return [["planned", "planned"], ["running", "running"], ["done", "done"], ["accent", "locked"]]
      .map(([name, text]) => ({ colour: palette[name], text: say(text) })).concat(marks);
  if (scheme === "family") return families(board).concat(marks);
  const colours = palette.okabe.map((colour, at) => ({ colour, text: at === 7 ? say(scheme === "step" ? "sameStep" : "sameOrder") : "" }));
  return book.orders.length ? colours.concat(marks) : marks;
}

function families({ say, palette, book }) {
  const used = new Set(book.data.bars.map((bar) => bar[AT.family]));
  const known = book.data.families.map(([id, name], at) => ({ colour: palette.okabe[at % 8], text: own(name, say) || id, at })).filter(({ at }) => used.has(at));
  const more = known.length > MOST ? [{ text: say("moreFamilies", { n: known.length - MOST }) }] : [];
  return [...known.slice(0, MOST), ...more, { colour: palette.planned, text: say("noFamily") }];
}
