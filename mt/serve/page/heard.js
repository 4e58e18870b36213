// How a recording was heard: its spectrogram, how far the state moved at each moment, where the writer looked.
// All have one axis of time, so that what was written stands over what it was heard in.

import { sequential } from "./colours.js";
import { h } from "./dom.js";
import { figure } from "./figure.js";
import { count, t } from "./i18n.js";
import { pieceElement, pieceName } from "./pieces.js";
import { sideways } from "./sideways.js";

const SIGN = 14; // pixels of a letter, about, for rows of names that do not overlap

/** `heard`: of POST /transcribe, S steps of time and T pieces; `title`: what was heard. */
export function drawHeard(host, heard, { title, language }) {
  const { spectrogram, movement, attention, pieces } = heard;
  const steps = spectrogram.length;
  const row = (name, element) => [h("span", { class: "heard-name" }, t(`heard.${name}`)), element];
  const time = h("div", { class: "heard", vars: { "--steps": steps } },
    heard.times ? row("pieces", names(heard, steps, language)) : null,
    row("spectrogram", picture("spectrogram", steps, spectrogram[0].length,
      (step, up) => spectrogram[step][spectrogram[0].length - 1 - up] / 255, t("heard.spectrogram.label"))),
    row("movement", picture("movement", steps, 24,
      (step, up) => (movement[step] * 24 >= 24 - up ? 0.9 : 0), t("heard.movement.label"))),
    attention ? row("attention", picture("attention", steps, attention.length,
      (step, piece) => attention[piece][step] / Math.max(...attention[piece]), t("heard.attention.label"))) : null);
  const box = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("heard.heading"), "data-own-keys": true }, time);
  figure(host, {
    title,
    text: t(attention ? "heard.text.attention" : "heard.text"),
    body: [sideways(box)],
    table: () => ({
      columns: [t("table.step"), t("table.piece"), t("heard.from"), t("heard.to")],
      rows: pieces.map((piece, at) => [
        count(at + 1), pieceName(piece), ...(heard.times?.[at] ?? ["", ""]).map((second) => (second === "" ? "" : second.toFixed(2))),
      ]),
    }),
  });
}

/** A canvas of one pixel a step; value(step, row) is 0 to 1, row 0 the uppermost. */
function picture(kind, steps, rows, value, label) {
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

/** The pieces over the time in which they were heard; one that would cover the one before goes a row lower. */
function names({ pieces, times, step, start = 0 }, steps, language) {
  const ends = [];
  const spans = pieces.map((piece, at) => {
    const [from, to] = times[at].map((second) => (second - start) / (step * steps));
    const row = ends.findIndex((end) => end <= from * steps * 6);
    const level = row < 0 ? ends.length : row;
    ends[level] = from * steps * 6 + SIGN * [...pieceName(piece)].length * 0.7 + SIGN / 2;
    return h("span", {
      class: "heard-piece", title: `${pieceName(piece)} ${times[at].map((second) => second.toFixed(2)).join("–")} s`,
      vars: { "--from": percentOf(from), "--long": percentOf(to - from), "--level": level },
    }, pieceElement(piece, { lang: language }));
  });
  return h("div", { class: "heard-pieces", vars: { "--levels": Math.max(1, ends.length) } }, spans);
}

function percentOf(proportion) {
  return `${(100 * Math.min(1, Math.max(0, proportion))).toFixed(2)}%`;
}
