// The board as a file and on paper: the time on screen, all rows, fonts and colours resolved.
import { drawBoard } from "./scene.js";
import { CanvasPen, SvgPen, widthOf } from "./pens.js";
import { legendOf } from "./legend.js";

const TITLE = 52;
const GAP = 18;

/** A view like the board's own with every row in it. */
function wholeView(board) {
  const rows = Math.max(1, board.rows.length);
  return Object.create(board.view, { top: { value: 0 }, visible: { value: rows }, rowCount: { value: rows } });
}

/** Title and legend above the drawing. */
function drawTitle(pen, board, view) {
  const { palette, clock, say } = board;
  pen.rect(0, 0, view.right + 10, TITLE, palette.surface);
  pen.text(9, 20, `${clock.stamp(view.from)} – ${clock.stamp(view.to)} · ${say("wall", { zone: board.book.data.zone })}`, palette.ink, { bold: true });
  let x = 9;
  for (const { colour, text } of legendOf(board)) {
    if (colour) pen.rect(x, 32, 11, 11, colour);
    if (text) pen.text(x + (colour ? 16 : 0), 42, text, palette.quiet);
    x += text ? widthOf(text) + (colour ? 16 : 0) + GAP : 15;
    if (x > view.right - 120) break;
  }
}

export function svgOf(board) {
  const view = wholeView(board), pen = new SvgPen(board.palette.font), width = view.right + 10;
  drawTitle(pen, board, view);
  pen.parts.push(`<g transform="translate(0 ${TITLE})">`);
  drawBoard(pen, board, view);
  pen.parts.push("</g>");
  return pen.whole(width, view.height + TITLE, board.say("board", { lanes: board.shownLanes.length, steps: board.stepCount }));
}

/** A PNG at twice the screen's resolution, less where the picture would be larger than browsers can draw. */
export function pngOf(board) {
  const view = wholeView(board), width = view.right + 10, height = view.height + TITLE;
  const scale = Math.min(2, 16000 / Math.max(width, height)), canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d"), pen = new CanvasPen(context, board.palette.font);
  context.scale(scale, scale);
  drawTitle(pen, board, view);
  context.translate(0, TITLE);
  drawBoard(pen, board, view);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

export function download(blob, name) {
  const link = document.createElement("a"), address = URL.createObjectURL(blob);
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** On paper the board is the drawing, not the canvas. */
export class Paper {
  constructor(board, place) {
    this.before = () => {
      if (!board.book) return;
      const drawing = new DOMParser().parseFromString(board.inLight(() => svgOf(board)), "image/svg+xml").documentElement;
      place.replaceChildren(document.importNode(drawing, true));
    };
    this.after = () => place.replaceChildren();
    addEventListener("beforeprint", this.before);
    addEventListener("afterprint", this.after);
  }

  forget() {
    removeEventListener("beforeprint", this.before);
    removeEventListener("afterprint", this.after);
  }
}
