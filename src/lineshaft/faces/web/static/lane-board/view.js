// What part of the plan is on screen: a span of time across, rows down; sizes in CSS pixels.
import { DAY } from "./time.js";

export const HEAD = 44;
export const LOAD = 84;
export const OVERVIEW = 30;
export const BAR_WIDTH = 10;
const SHORTEST_S = 600;

export class View {
  constructor(book) {
    this.from = book.data.from;
    this.to = book.data.to;
    this.home = [book.data.from, book.data.to];
    this.horizon = book.data.horizon;
    this.top = 0;
    this.rowHeight = 24;
    this.rowCount = 0;
    this.visible = 0;
    this.left = 190;
    this.width = 0;
  }

  get span() { return this.to - this.from; }
  get right() { return this.left + this.width; }
  get bottom() { return HEAD + this.visible * this.rowHeight; }
  get height() { return this.bottom + LOAD + OVERVIEW; }
  get perPixel() { return this.span / this.width; }

  /** Takes the size of the stage and the number of rows; rows that do not fit scroll. */
  measure(stageWidth, left, rowCount, room) {
    this.left = left;
    this.width = Math.max(40, stageWidth - left - BAR_WIDTH);
    this.rowCount = rowCount;
    this.visible = Math.max(1, Math.min(rowCount, Math.max(4, Math.floor(room / this.rowHeight))));
    this.scrollTo(this.top);
  }

  x(time) { return this.left + ((time - this.from) / (this.to - this.from)) * this.width; }
  time(x) { return this.from + ((x - this.left) / this.width) * (this.to - this.from); }
  y(row) { return HEAD + (row - this.top) * this.rowHeight; }
  rowAt(y) { return y < HEAD || y >= this.bottom ? -1 : Math.floor((y - HEAD) / this.rowHeight + this.top); }

  /** Scrolls down to a row; answers by how many rows it could not. */
  scrollTo(top) {
    this.top = Math.max(0, Math.min(this.rowCount - this.visible, top));
    return top - this.top;
  }

  showRow(row) {
    if (row < this.top) this.top = row;
    if (row > this.top + this.visible - 1) this.scrollTo(row - this.visible + 1);
  }

  shift(seconds) {
    this.show(this.from + seconds, this.to + seconds);
  }

  /** Shows a span of time: not shorter than ten minutes, not far beyond what the data covers. */
  show(from, to) {
    const whole = this.horizon[1] - this.horizon[0], span = Math.max(SHORTEST_S, Math.min(to - from, whole + 14 * DAY));
    const middle = (from + to) / 2;
    const start = Math.max(this.horizon[0] - 7 * DAY, Math.min(middle - span / 2, this.horizon[1] + 7 * DAY - span));
    this.from = start;
    this.to = start + span;
  }

  zoom(factor, around = (this.from + this.to) / 2) {
    const span = Math.max(SHORTEST_S, this.span * factor), share = (around - this.from) / this.span;
    this.show(around - share * span, around + (1 - share) * span);
  }

  /** Makes a moment visible, moving as little as needed. */
  showTime(time) {
    const margin = this.span * 0.1;
    if (time < this.from + margin) this.shift(time - this.from - margin);
    else if (time > this.to - margin) this.shift(time - this.to + margin);
  }

  fit() { [this.from, this.to] = this.home; }
}
