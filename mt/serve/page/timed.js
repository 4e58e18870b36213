// Drawings over the time of a recording: one row below the other, all with one axis from left to right.

import { sequential } from "./colours.js";
import { h } from "./dom.js";
import { count, t } from "./i18n.js";
import { pieceElement, pieceName } from "./pieces.js";
import { sideways } from "./sideways.js";

const WIDE = 6; // pixels of a step, as in speech.css
const SIGN = 14; // pixels of a letter, about, for rows of names that do not overlap
const TICK = 0.5; // seconds between two marks of the axis
const ROOM = 0.2; // seconds at the end in which a mark's number would not fit
const BAR = 24; // rows of pixels in which bars are drawn

/** Rows of `row` with an axis below them, in a box that scrolls; returns {element, box}. */
export function overTime(heard, label, rows) {
  const steps = heard.spectrogram.length;
  const grid = h("div", { class: "heard", vars: { "--steps": steps } }, ...rows.filter(Boolean), row("heard.seconds", axis(heard, steps)));
  const box = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label, "data-own-keys": true }, grid);
  return { element: sideways(box), box };
}

/** A name, and what is drawn beside it. */
export function row(name, element) {
  return [h("span", { class: "heard-name" }, t(name)), element];
}

/** Two boxes show the same seconds. */
export function together(first, second) {
  for (const [one, other] of [[first, second], [second, first]]) {
    one.addEventListener("scroll", () => { other.scrollLeft = one.scrollLeft; }, { passive: true });
  }
}

/** A canvas of one pixel a step; value(step, row) is 0 to 1, row 0 the uppermost. */
export function picture(kind, steps, rows, value, label) {
  const canvas = h("canvas", { class: kind, role: "img", "aria-label": label, width: steps, height: rows, vars: { "--rows": rows } });
  const context = canvas.getContext("2d");
  for (let step = 0; step < steps; step += 1) {
    for (let at = 0; at < rows; at += 1) {
      context.fillStyle = sequential(value(step, at));
      context.fillRect(step, at, 1, 1);
    }
  }
  return canvas;
}

/** The same of one number a step, 0 to 1: upright bars. */
export function barPicture(kind, values, label) {
  return picture(kind, values.length, BAR, (step, down) => (values[step] * BAR >= BAR - down ? 0.9 : 0), label);
}

/** A picture of a row of proportions for each piece, the largest of each row in the full colour. */
export function rowsPicture(rows, label) {
  const largest = rows.map((row) => Math.max(...row));
  return picture("attention", rows[0].length, rows.length, (step, at) => rows[at][step] / largest[at], label);
}

/** The pieces over the time in which they were heard; one that would cover the one before goes a row lower. */
export function names({ pieces, times, step, start = 0 }, steps, language) {
  const ends = [];
  const spans = pieces.map((piece, at) => {
    const [from, to] = times[at].map((second) => (second - start) / (step * steps));
    const free = ends.findIndex((end) => end <= from * steps * WIDE);
    const level = free < 0 ? ends.length : free;
    ends[level] = from * steps * WIDE + SIGN * [...pieceName(piece)].length * 0.7 + SIGN / 2;
    return h("span", {
      class: "heard-piece", title: `${pieceName(piece)} ${times[at].map(seconds).join("–")} s`,
      vars: { "--from": percentOf(from), "--long": percentOf(to - from), "--level": level },
    }, pieceElement(piece, { lang: language }));
  });
  return h("div", { class: "heard-pieces", vars: { "--levels": Math.max(1, ends.length) } }, spans);
}

/** Seconds as a drawing or a table has them. */
export function seconds(value) {
  return value.toFixed(2);
}

function axis({ step, start = 0 }, steps) {
  const marks = [];
  for (let mark = Math.ceil(start / TICK) * TICK; mark + ROOM < start + steps * step; mark += TICK) {
    marks.push(h("span", { vars: { "--from": percentOf((mark - start) / (step * steps)) } }, count(mark)));
  }
  return h("div", { class: "heard-axis", "aria-hidden": "true" }, marks);
}

function percentOf(proportion) {
  return `${(100 * Math.min(1, Math.max(0, proportion))).toFixed(2)}%`;
}
