// The film of one sentence, time from left to right: a column for each piece read, the vector, a column for each
// piece written. A column is what the network knows at that moment. This is the picture that explains an RNN.

import { choose, drawPixels, pick, scaleOf } from "./cells.js";
import { h, reveal } from "./dom.js";
import { count, percent, t } from "./i18n.js";
import { pieceElement, pieceName } from "./pieces.js";
import { sideways } from "./sideways.js";
import { Timeline } from "./timeline.js";

const VECTOR_ROWS = 48;
const FULL = 0.3; // of what a state depends on: proportions are small where there are many pieces

/** Draws it; returns move(moment, {settled}). `player` is moved by clicks, focus and a resting pointer. */
export function drawStage(host, inspection, reading, { player, timeline }) {
  const chosen = choose(reading.states);
  const read = reading.order.map((piece, step) => readColumn(inspection, reading, chosen, step, piece));
  const vector = vectorColumn(inspection);
  const written = writtenColumns(inspection);
  const labels = [rowLabels(["reads", "state", "depends", "moved"]), rowLabels(["writes", "state", "sure", "hangs"])];
  const film = h("div", { class: "film", role: "group", "aria-label": t("stage.label") },
    labels[0], read, vector, labels[1], written);
  const positions = [
    ...read.map((_, step) => timeline.reading(step)), timeline.vector,
    ...written.map((_, step) => timeline.writing(step)),
  ];
  const columns = [...read, vector, ...written];
  columns.forEach((column, index) => listen(column, positions[index], player));
  host.replaceChildren(sideways(film, "around-film"), h("div", { class: "below-film" }, legend(chosen.scale), note(chosen)));
  const proportions = proportionsAt(inspection, reading);
  return (moment, { settled }) => {
    const done = Timeline.done(moment);
    read.forEach((column, step) => column.classList.toggle("done", step < done.read));
    vector.classList.toggle("done", done.vector);
    written.forEach((column, step) => column.classList.toggle("done", step < done.written));
    const current = { reading: read[moment.step], vector, writing: written[moment.step] }[moment.phase];
    for (const column of columns) mark(column, column === current);
    (current ?? read[0]).tabIndex = 0;
    if (settled && film.contains(document.activeElement)) (current ?? read[0]).focus({ preventScroll: true });
    const { looks, of } = proportions(moment);
    labels[0].querySelector("[data-row=depends]").textContent = t(looks ? "row.looks" : "row.depends");
    const most = Math.max(FULL, ...of);
    read.forEach((column, step) => setBar(column, "depends", of[step] ?? 0, step < of.length, most));
    if (current) reveal(film, current);
    else film.scrollLeft = 0;
  };
}

function mark(column, isCurrent) {
  column.classList.toggle("current", isCurrent);
  if (column.tabIndex !== -1) column.tabIndex = -1;
  if (isCurrent) column.setAttribute("aria-current", "step");
  else if (column.hasAttribute("aria-current")) column.removeAttribute("aria-current");
}

function listen(column, position, player) {
  column.addEventListener("click", () => player.go(position));
  column.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "mouse") player.peek(position);
  });
  column.addEventListener("pointerleave", () => player.peek(null));
}

/** What is known of each piece read, at a moment: what the state depends on, or where the decoder looks. */
function proportionsAt(inspection, reading) {
  const inOrder = (proportions) => reading.order.map((piece) => proportions[piece]);
  return ({ phase, step }) => {
    if (phase === "start") return { looks: false, of: [] };
    if (phase === "reading") return { looks: false, of: reading.dependence[step] };
    const attention = phase === "writing" ? inspection.steps[step].attention : null;
    return { looks: attention !== null, of: inOrder(attention ?? inspection.vector_dependence) };
  };
}

function readColumn(inspection, reading, chosen, step, piece) {
  const unknown = inspection.unknown?.includes(piece) ?? false;
  const name = pieceName(inspection.pieces[piece], { unknown });
  const canvas = h("canvas", { "aria-hidden": "true" });
  drawPixels(canvas, pick(reading.states[step], chosen.order), 1, chosen.scale);
  const column = columnOf("read", t("column.reading", { step: step + 1, piece: name, moved: percent(reading.moves[step]) }),
    pieceElement(inspection.pieces[piece], { unknown, lang: inspection.model.src }), canvas, ["depends", "moved"]);
  setBar(column, "moved", reading.moves[step], true);
  return column;
}

function vectorColumn(inspection) {
  const size = inspection.vector.length;
  const canvas = h("canvas", { "aria-hidden": "true" });
  drawPixels(canvas, inspection.vector, Math.ceil(size / VECTOR_ROWS), scaleOf([inspection.vector]));
  return columnOf("vector", t("column.vector", { size: count(size) }), h("span", { class: "piece" }, t("row.vector")), canvas, []);
}

function writtenColumns(inspection) {
  const chosen = choose(inspection.decoder_states);
  return inspection.steps.map((made, step) => {
    const canvas = h("canvas", { "aria-hidden": "true" });
    drawPixels(canvas, pick(inspection.decoder_states[step], chosen.order), 1, chosen.scale);
    const name = t("column.writing", { step: step + 1, piece: pieceName(made.piece), proportion: percent(made.probability) });
    const column = columnOf("written", name, pieceElement(made.piece, { lang: inspection.model.tgt }), canvas, ["sure", "hangs"]);
    setBar(column, "sure", made.probability, true);
    setBar(column, "hangs", made.influence, true);
    return column;
  });
}

function columnOf(kind, name, piece, canvas, bars) {
  return h("button", { type: "button", class: `column ${kind}`, "data-column": kind, "aria-label": name, tabindex: -1 },
    h("span", { class: "chip" }, piece),
    h("span", { class: "state" }, canvas),
    bars.map((bar) => h("span", { class: `bar ${bar}` }, h("span", { class: "fill" }), h("span", { class: "number" }))),
    bars.length ? null : [h("span"), h("span")]);
}

function setBar(column, name, proportion, known, most = 1) {
  const bar = column.querySelector(`.${name}`);
  const shown = known ? `${proportion} of ${most}` : "";
  if (bar.dataset.shown === shown) return; // a long sentence has hundreds of columns, of which few change
  bar.dataset.shown = shown;
  bar.style.setProperty("--proportion", known ? proportion / most : 0);
  bar.querySelector(".number").textContent = known ? percent(proportion).replace(/\s/g, "") : "";
}

function rowLabels(rows) {
  return h("div", { class: "labels", "aria-hidden": "true" },
    rows.map((row) => h("span", { "data-row": row }, t(`row.${row}`))));
}

function note(chosen) {
  return h("p", { class: "note" }, t("stage.note", { shown: count(chosen.order.length), all: count(chosen.all) }));
}

/** Which colour means what. */
export function legend(scale) {
  const end = scale.toPrecision(2);
  return h("p", { class: "legend", role: "img", "aria-label": `${t("legend.label")} (−${end} … ${end})` },
    h("span", {}, `−${end}`), h("span", { class: "ramp" }), h("span", {}, `+${end}`));
}
