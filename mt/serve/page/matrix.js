// A matrix of proportions: what each state depends on, or where the decoder looked. A strong colour is much.

import { sequential } from "./colours.js";
import { h } from "./dom.js";
import { percent } from "./i18n.js";
import { pieceElement, pieceText, quoted } from "./pieces.js";
import { sideways } from "./sideways.js";

const LABELLED = 60; // more rows or columns than that are too small for their names

/** rows, columns: pieces; proportions: a row may be shorter than `columns`. Returns {element, mark(row)}. */
export function matrix({ rows, columns, proportions, label, cell, rowLang, columnLang }) {
  const canvas = h("canvas", { role: "img", "aria-label": label });
  canvas.width = columns.length;
  canvas.height = rows.length;
  paint(canvas, proportions);
  const box = h("div", { class: "cells" }, canvas, h("span", { class: "row-mark", "aria-hidden": "true" }));
  const readout = h("p", { class: "readout", "aria-hidden": "true" }, "\u00a0");
  const side = Math.max(rows.length, columns.length);
  const size = side <= 8 ? "few" : side <= 16 ? "large" : side <= 32 ? "medium" : "small";
  const room = size === "few" ? 4 : 2; // letters that stand side by side above a column
  const short = columns.every((piece) => [...pieceText(piece)].length <= room) ? "short" : "";
  const element = h("div", { class: "scroll matrix-box" },
    h("div", { class: `matrix ${size} ${short}`, vars: { "--rows": rows.length, "--columns": columns.length } },
      h("span"),
      names("column-names", columns, columnLang),
      names("row-names", rows, rowLang),
      box));
  canvas.addEventListener("pointermove", (event) => {
    const area = canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - area.top) / area.height) * rows.length);
    const column = Math.floor(((event.clientX - area.left) / area.width) * columns.length);
    const proportion = proportions[row]?.[column];
    readout.textContent = proportion === undefined ? "\u00a0"
      : cell({ row: quoted(rows[row]), column: quoted(columns[column]), proportion: percent(proportion) });
  });
  canvas.addEventListener("pointerleave", () => { readout.textContent = "\u00a0"; });
  return {
    element: h("div", {}, sideways(element), readout),
    mark(row) {
      box.classList.toggle("marked", row !== null);
      box.style.setProperty("--row", row ?? 0);
    },
  };
}

function paint(canvas, proportions) {
  const context = canvas.getContext("2d");
  proportions.forEach((row, y) => row.forEach((proportion, x) => {
    context.fillStyle = sequential(Math.sqrt(proportion)); // so that small proportions can be told from none
    context.fillRect(x, y, 1, 1);
  }));
}

function names(kind, pieces, lang) {
  return h("div", { class: kind, "aria-hidden": "true" },
    pieces.length > LABELLED ? [] : pieces.map((piece) => h("span", {}, pieceElement(piece, { lang }))));
}
