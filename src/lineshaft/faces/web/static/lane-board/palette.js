// Colours of the tokens as numbers, so that canvas, SVG and contrast all use the same; and which colour a bar has.
import { AT, isLocked, stateOf } from "./book.js";

const NAMES = ["paper", "surface", "ink", "quiet", "line", "rest", "accent", "late", "risk", "running", "planned", "done"];
const LEGIBLE = 4.5;
const STATE_COLOURS = ["planned", "running", "done"];

/** The colours in force where `element` stands: names → #rrggbb, `okabe` a list of eight, `font` the family. */
export function readPalette(element) {
  const names = [...NAMES, ...Array.from({ length: 8 }, (_, at) => `okabe-${at}`)];
  const probes = document.createElement("i"), canvas = document.createElement("canvas");
  for (const name of names) probes.appendChild(document.createElement("i")).style.setProperty("color", `var(--${name})`);
  element.append(probes);
  canvas.width = names.length;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  names.forEach((_, at) => {
    context.fillStyle = getComputedStyle(probes.children[at]).color;
    context.fillRect(at, 0, 1, 1);
  });
  const font = getComputedStyle(element).fontFamily, pixels = context.getImageData(0, 0, names.length, 1).data;
  probes.remove();
  const colours = names.map((_, at) => hex(pixels.slice(at * 4, at * 4 + 3)));
  return { ...Object.fromEntries(NAMES.map((name, at) => [name, colours[at]])), okabe: colours.slice(NAMES.length), font, tones: new Map() };
}

/** A bar's colours from its strong one: the edge, a body as calm as its label's contrast allows, and the label's ink. */
export function toneOf(palette, strong) {
  if (!palette.tones.has(strong)) {
    const bodies = [0.42, 0.5, 0.58, 0.66, 0.74].map((share) => mix(strong, palette.surface, share));
    const inkOn = (body) => better(body, [palette.ink, "#ffffff", "#16181a"]);
    const body = bodies.find((one) => contrast(one, inkOn(one)) >= LEGIBLE) ?? bodies.at(-1);
    palette.tones.set(strong, { edge: strong, body, ink: inkOn(body) });
  }
  return palette.tones.get(strong);
}

/** The strong colour of a bar in a way of colouring. */
export function colourOf(palette, book, bar, scheme) {
  const order = book.orders[bar[AT.order]];
  if (scheme === "family") return bar[AT.family] < 0 ? palette.planned : palette.okabe[bar[AT.family] % 8];
  if (scheme === "step") return palette.okabe[bar[AT.name] % 8];
  if (scheme === "late") return latenessColour(palette, book.lateness(bar[AT.order]));
  if (scheme === "state") return isLocked(bar) && !stateOf(bar) ? palette.accent : palette[STATE_COLOURS[stateOf(bar)]];
  return palette.okabe[order.colour % 8];
}

export function latenessColour(palette, lateness) {
  return { late: palette.late, risk: palette.risk, onTime: palette.done, none: palette.planned }[lateness];
}

export function mix(one, other, share) {
  const a = numbers(one), b = numbers(other);
  return hex(a.map((value, at) => Math.round(value * (1 - share) + b[at] * share)));
}

/** Contrast of two colours as WCAG counts it. */
export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function better(ground, inks) {
  return inks.reduce((best, ink) => (contrast(ground, best) >= LEGIBLE || contrast(ground, best) >= contrast(ground, ink) ? best : ink));
}

function luminance(colour) {
  const [r, g, b] = numbers(colour).map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function numbers(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function hex(values) {
  return `#${[...values].map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
