// What depends on which moment of a recording: the vector, each written piece, and the state after each moment.

import { h } from "./dom.js";
import { figure } from "./figure.js";
import { percent, t } from "./i18n.js";
import { pieceName, quoted } from "./pieces.js";
import { barPicture, names, overTime, picture, row, rowsPicture, seconds } from "./timed.js";

/** `heard`: of POST /transcribe, S steps, M moments, T pieces. Returns the box that scrolls. */
export function drawMoments(host, heard, { language }) {
  const { pieces, dependence, moments } = heard;
  const steps = heard.spectrogram.length;
  const at = momentsOf(moments.bounds); // step -> moment
  const ofPieces = dependence.map((proportions) => inMoments(proportions, at));
  const span = spans(heard);
  const readout = h("p", { class: "readout", "aria-hidden": "true" }, "\u00a0");
  const most = Math.max(...moments.vector);
  const directions = Object.entries(moments.states);
  const say = (canvas, words) => pointed(canvas, readout, words);
  const { element, box } = overTime(heard, t("moments.title"), [
    row("heard.pieces", names(heard, steps, language)),
    row("moments.vector", say(
      barPicture("movement", at.map((moment) => moments.vector[moment] / most), t("moments.vector.label")),
      (step) => t("moments.vector.cell", { ...span(at[step]), proportion: percent(moments.vector[at[step]]) }))),
    pieces.length > 0 && row("moments.pieces", say(
      rowsPicture(dependence, t("moments.pieces.label")),
      (step, piece) => t("moments.pieces.cell", {
        ...span(at[step]), piece: quoted(pieces[piece]), proportion: percent(ofPieces[piece][at[step]]),
      }))),
    ...directions.map(([direction, rows]) => row(`moments.${direction}`, say(
      picture("states", steps, rows.length, (step, down) => Math.sqrt(rows[down][at[step]]), t(`moments.${direction}.label`)),
      (step, down) => t(`moments.${direction}.cell`, {
        ...span(at[step]), moment: span(down)[direction === "left-to-right" ? "to" : "from"], proportion: percent(rows[down][at[step]]),
      })))),
  ]);
  figure(host, {
    title: t("moments.title"),
    text: t("moments.text"),
    body: [element, readout],
    method: moments.method,
    table: () => numbers(heard, ofPieces, span, directions),
  });
  return box;
}

function numbers({ pieces, moments }, ofPieces, span, directions) {
  const all = moments.vector.map((_, moment) => moment);
  return {
    columns: [
      t("heard.from"), t("heard.to"), t("moments.vector"), ...pieces.map((piece) => pieceName(piece)),
      ...directions.flatMap(([direction]) => all.map((moment) => t(`moments.${direction}.column`, span(moment)))),
    ],
    rows: all.map((moment) => [
      span(moment).from, span(moment).to, percent(moments.vector[moment]), ...ofPieces.map((row) => percent(row[moment])),
      ...directions.flatMap(([, rows]) => rows.map((row) => percent(row[moment]))),
    ]),
  };
}

/** [0, 2, 5] -> [0, 0, 1, 1, 1]: the moment of each step. */
function momentsOf(bounds) {
  return bounds.slice(1).flatMap((end, moment) => Array.from({ length: end - bounds[moment] }, () => moment));
}

/** Proportions of steps -> their sums over the moments. */
function inMoments(proportions, at) {
  const sums = [];
  proportions.forEach((proportion, step) => { sums[at[step]] = (sums[at[step]] ?? 0) + proportion; });
  return sums;
}

/** moment -> {from, to}, in seconds of the recording, as text. */
function spans({ step, start, moments: { bounds } }) {
  return (moment) => ({ from: seconds(start + bounds[moment] * step), to: seconds(start + bounds[moment + 1] * step) });
}

/** The canvas, which tells what a pointer rests on. */
function pointed(canvas, readout, words) {
  canvas.addEventListener("pointermove", (event) => {
    const area = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
    const [step, down] = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
    const inside = step >= 0 && step < canvas.width && down >= 0 && down < canvas.height;
    readout.textContent = inside ? words(step, down) : "\u00a0";
  });
  canvas.addEventListener("pointerleave", () => { readout.textContent = "\u00a0"; });
  return canvas;
}
