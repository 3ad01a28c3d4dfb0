// Changes that are tried out but not yet proposed. Every question goes through `board.ask`; nothing is written here.
import { AT, isLocked, stateOf, stepKey } from "./book.js";
import { DAY } from "./time.js";

const TABLE = "operation_plan";
const NOTHING = { changes: [], answer: null };

/** A bar on its way: where it would start, on which lane, and what the answer to that is. */
class Moving {
  constructor(book, bar) {
    this.bar = bar;
    this.key = stepKey(bar);
    this.bars = book.step(bar[AT.order], bar[AT.op]);
    this.lanes = book.lanesFor(bar);
    this.start = bar[AT.start];
    this.lane = bar[AT.lane];
    this.verdict = "wait";
    this.said = [];
  }

  get moved() { return this.start !== this.bar[AT.start] || this.lane !== this.bar[AT.lane]; }

  ghosts() {
    const by = this.start - this.bar[AT.start];
    return this.bars.map((bar) => {
      const ghost = bar.slice();
      ghost[AT.start] += by;
      ghost[AT.end] += by;
      if (bar === this.bar) ghost[AT.lane] = this.lane;
      return ghost;
    });
  }
}

export class Edit {
  constructor(board) {
    this.board = board;
    this.past = [];
    this.future = [];
    this.moving = null;
    this.flight = null;
    this.dropping = false;
  }

  get now() { return this.past.at(-1) ?? NOTHING; }
  get changes() { return this.now.changes; }

  /** Takes a bar up; says why not where it cannot be moved. */
  begin(bar) {
    const refusal = this.refusal(bar);
    if (refusal || this.dropping) {
      if (refusal) this.board.tell(this.board.say(refusal));
      return false;
    }
    this.moving = new Moving(this.board.book, bar);
    return true;
  }

  refusal(bar) {
    if (!this.board.ask) return "readOnly";
    if (stateOf(bar) === 1) return "isRunning";
    if (stateOf(bar) === 2) return "isDone";
    return isLocked(bar) ? "isLocked" : "";
  }

  /** Moves the bar in hand to a start and a lane, and asks whether that is possible. */
  to(start, lane) {
    const { moving, board } = this, snapped = board.clock.snap(start, board.snap);
    if (!moving || this.dropping || (snapped === moving.start && lane === moving.lane)) return;
    moving.start = snapped;
    moving.lane = lane;
    moving.verdict = "wait";
    moving.said = [];
    if (!moving.moved) moving.said = [board.say("timeSame")];
    else if (moving.lanes && !moving.lanes.has(lane)) this.judge(moving, this.notAllowed(lane));
    else this.wonder();
    board.draw();
  }

  /** A keyboard's step: time by the setting or by a day, lanes among those allowed. */
  nudge(times, lanes, large) {
    const { moving, board } = this;
    let lane = moving.lane;
    if (lanes) {
      const among = board.rows.map((row) => row.lane).filter((at) => at >= 0 && (!moving.lanes || moving.lanes.has(at)));
      lane = among[Math.max(0, Math.min(among.length - 1, among.indexOf(lane) + lanes))] ?? lane;
    }
    this.to(moving.start + times * (large ? DAY : board.snap || 60), lane);
    board.view.showTime(moving.start);
    board.view.showRow(board.rowOf.get(lane) ?? 0);
  }

  /** Asks for the bar's place; while an answer is awaited only the latest place counts. */
  async wonder() {
    if (this.wondering) return;
    this.wondering = true;
    while (this.moving?.verdict === "wait" && this.moving.moved) {
      const { moving } = this, { start, lane } = moving, answer = await this.answer(this.withMove(moving));
      if (moving.start === start && moving.lane === lane) this.judge(moving, answer);
    }
    this.wondering = false;
  }

  judge(moving, answer) {
    moving.verdict = answer.possible ? "yes" : "no";
    moving.said = this.words(answer);
    if (this.moving === moving) this.board.showVerdict();
    this.board.draw();
  }

  words(answer) {
    const said = (answer.said ?? []).map((words) => words[this.board.say.english ? "en" : "zh"]);
    return said.length ? said : [this.board.say(answer.possible ? "possible" : "impossible")];
  }

  notAllowed(lane) {
    const name = this.board.book.lanes[lane].id, words = (say) => say("notAllowed", { lane: name });
    return { possible: false, said: [{ zh: words(this.board.speak("zh")), en: words(this.board.speak("en")) }], bars: [] };
  }

  /** The answer to some changes; the same question twice in a row is asked once. */
  answer(changes) {
    const question = JSON.stringify(changes);
    if (this.flight?.question !== question) {
      const failed = { possible: false, said: [{ zh: this.board.speak("zh")("failed"), en: this.board.speak("en")("failed") }], bars: [] };
      const answer = Promise.resolve(changes).then((asked) => this.board.ask(asked)).catch(() => {
        this.flight = null;
        return failed;
      });
      this.flight = { question, answer };
    }
    return this.flight.answer;
  }

  withMove(moving) {
    const { book } = this.board, from = book.lanes[moving.bar[AT.lane]].resource, to = book.lanes[moving.lane].resource;
    const values = { start: new Date(moving.start * 1000).toISOString().replace(".000", "") };
    if (to !== from) Object.assign(values, { resource_id: to, instead_of: from });
    return merged(this.changes, this.change(moving.bar, values));
  }

  change(bar, values) {
    return { table: TABLE, key: [this.board.book.orders[bar[AT.order]].id, bar[AT.op]], values };
  }

  /** Puts the bar down: a possible place becomes a pending change, any other brings it back. */
  async drop() {
    const { moving, board } = this;
    if (!moving || this.dropping) return;
    if (!moving.moved) { this.cancel(); return; }
    if (moving.lanes && !moving.lanes.has(moving.lane)) { this.putBack(this.notAllowed(moving.lane)); return; }
    this.dropping = true;
    const changes = this.withMove(moving), answer = await this.answer(changes);
    this.dropping = false;
    if (answer.possible) {
      this.moving = null;
      this.commit(changes, answer, board.say("dropped", { said: this.words(answer).join(" ") }));
    } else this.putBack(answer);
  }

  putBack(answer) {
    this.moving = null;
    this.board.tell(this.words(answer).join(" "), "no");
    this.board.showVerdict();
    this.board.draw();
  }

  cancel() {
    if (!this.moving || this.dropping) return;
    this.moving = null;
    this.board.tell(this.board.say("cancelled"));
    this.board.showVerdict();
    this.board.draw();
  }

  async lock(bar) {
    const { board } = this;
    if (!board.ask || this.dropping) { if (!board.ask) board.tell(board.say("readOnly")); return; }
    if (stateOf(bar) === 2) { board.tell(board.say("isDone")); return; }
    this.dropping = true;
    board.tell(board.say("checking"));
    const changes = merged(this.changes, this.change(bar, { locked: !isLocked(bar) })), answer = await this.answer(changes);
    this.dropping = false;
    if (answer.possible) this.commit(changes, answer, `${board.say(isLocked(bar) ? "unlockChange" : "lockChange")}: ${this.words(answer).join(" ")}`);
    else board.tell(this.words(answer).join(" "), "no");
  }

  commit(changes, answer, said) {
    this.past.push({ changes, answer });
    this.future = [];
    this.show(said);
  }

  undo() {
    if (!this.past.length) { this.board.tell(this.board.say("noUndo")); return; }
    this.future.push(this.past.pop());
    this.show(this.board.say("undone"));
  }

  redo() {
    if (!this.future.length) return;
    this.past.push(this.future.pop());
    this.show(this.board.say("redone"));
  }

  discard() {
    this.past = [];
    this.future = [];
    this.show(this.board.say("discarded"));
  }

  show(said) {
    const { board } = this, { changes, answer } = this.now;
    board.lay(answer?.bars ?? []);
    board.showVerdict();
    board.showChanges();
    board.tell(said);
    board.fire("change", { changes, answer });
  }
}

/** Changes with one more: one a step, unless the step changes on two of its lanes. */
export function merged(changes, change) {
  const same = (one) => one.table === change.table && JSON.stringify(one.key) === JSON.stringify(change.key);
  const joins = (one) => same(one) && (!one.values.resource_id || !change.values.resource_id || one.values.resource_id === change.values.instead_of);
  const partner = changes.find(joins);
  const rest = changes.map((one) => (one !== partner && same(one) && change.values.start ? { ...one, values: { ...one.values, start: change.values.start } } : one));
  if (!partner) return [...rest, change];
  const values = { ...partner.values, ...change.values };
  if (partner.values.instead_of) values.instead_of = partner.values.instead_of;
  return rest.map((one) => (one === partner ? { ...one, values } : one));
}
