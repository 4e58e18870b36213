// The drawings below the film, one function each: what they show of an inspection, and their words.

import { bars } from "./bars.js";
import { beamTree } from "./beam.js";
import { drawCells, scaleOf } from "./cells.js";
import { choices } from "./choices.js";
import { h } from "./dom.js";
import { figure } from "./figure.js";
import { count, percent, t } from "./i18n.js";
import { matrix } from "./matrix.js";
import { mostOf, pieceName, pieceText, quoted } from "./pieces.js";
import { sideways } from "./sideways.js";
import { trajectory } from "./trajectory.js";

const MOST_OF_IT = 0.7; // of the differences between states
const number = (value) => value.toPrecision(3);
const readStep = ({ phase, step }) => (phase === "reading" ? step : phase === "start" ? -1 : null);
const writtenStep = ({ phase, step }) => (phase === "writing" ? step : -1);

/** Each draws into a section and returns move(moment). */
export function dependenceFigure(host, inspection, reading) {
  const order = reading.order.map((piece) => inspection.pieces[piece]);
  const drawn = matrix({
    rows: order, columns: order, proportions: reading.dependence,
    label: t("dependence.label", { pieces: mostOf(order, reading.dependence.at(-1), percent) }),
    cell: (values) => t("dependence.cell", values),
    rowLang: inspection.model.src, columnLang: inspection.model.src,
  });
  figure(host, {
    title: t("dependence.title"),
    text: t("dependence.text"),
    body: [drawn.element],
    method: inspection.dependence_method,
    table: () => ({
      columns: [t("table.step"), t("table.piece"), t("table.moved"), ...order.map((piece) => pieceName(piece))],
      rows: order.map((piece, step) => [
        count(step + 1), pieceName(piece), percent(reading.moves[step]), ...reading.dependence[step].map(percent),
        ...order.slice(step + 1).map(() => ""),
      ]),
    }),
  });
  return (moment) => drawn.mark(moment.phase === "reading" ? moment.step : null);
}

export function pathFigure(host, inspection, reading, which) {
  const order = reading.order.map((piece) => inspection.pieces[piece]);
  const { pca } = inspection;
  const background = pca.background[which] ?? [];
  const drawn = trajectory({
    points: reading.trajectory, background, pieces: order, lang: inspection.model.src,
    label: t("path.label", { first: quoted(order[0]), last: quoted(order.at(-1)) }),
  });
  figure(host, {
    title: t("path.title"),
    text: mapText(sum(pca.explained[which])) + t("sentence.gap") +
      t(background.length ? "path.text" : "path.text.alone", { sentences: count(pca.sentences) }),
    body: [drawn.element],
    table: () => pathTable(order, reading.trajectory),
  });
  return (moment) => drawn.mark(readStep(moment));
}

export function vectorFigure(host, inspection) {
  const size = count(inspection.vector.length);
  const canvas = h("canvas", { class: "vector-cells", role: "img", "aria-label": t("vector.label", { size }) });
  drawCells(canvas, inspection.vector, 32, scaleOf([inspection.vector]));
  const proportions = inspection.vector_dependence;
  const drawn = bars({
    pieces: inspection.pieces, proportions, most: Math.max(...proportions), lang: inspection.model.src,
    label: t("vector.bars", { pieces: mostOf(inspection.pieces, proportions, percent) }),
  });
  figure(host, {
    title: t("vector.title", { size }),
    text: t("vector.text") + (inspection.readings.length > 1 ? t("sentence.gap") + t("vector.both") : ""),
    body: [canvas, drawn.element],
    table: () => ({
      columns: [t("table.piece"), t("table.proportion")],
      rows: inspection.pieces.map((piece, index) => [pieceName(piece), percent(proportions[index])]),
    }),
  });
  return () => {};
}

export function choicesFigure(host, inspection) {
  const drawn = choices({ steps: inspection.steps, lang: inspection.model.tgt });
  figure(host, {
    title: t("choices.title"),
    text: t("choices.text"),
    body: [drawn.element],
    table: () => ({
      columns: [t("table.step"), t("table.piece"), t("table.probability"), t("table.runners")],
      rows: inspection.steps.map((step, index) => [
        count(index + 1), pieceName(step.piece), percent(step.probability),
        step.runners_up.map(([piece, proportion]) => `${pieceName(piece)} ${percent(proportion)}`).join(", "),
      ]),
    }),
  });
  return (moment) => drawn.mark(Math.max(0, writtenStep(moment)));
}

/** Where an attention model looked; of others, what of each choice came from the vector. */
export function looksFigure(host, inspection) {
  return inspection.steps[0].attention ? attentionFigure(host, inspection) : influenceFigure(host, inspection);
}

function attentionFigure(host, inspection) {
  const rows = inspection.steps.map((step) => step.piece);
  const drawn = matrix({
    rows, columns: inspection.pieces, proportions: inspection.steps.map((step) => step.attention),
    label: t("attention.label"), cell: (values) => t("attention.cell", values),
    rowLang: inspection.model.tgt, columnLang: inspection.model.src,
  });
  figure(host, {
    title: t("attention.title"),
    text: t("attention.text"),
    body: [drawn.element],
    table: () => ({
      columns: [t("table.piece"), ...inspection.pieces.map((piece) => pieceName(piece))],
      rows: inspection.steps.map((step) => [pieceName(step.piece), ...step.attention.map(percent)]),
    }),
  });
  return (moment) => drawn.mark(moment.phase === "writing" ? moment.step : null);
}

function influenceFigure(host, inspection) {
  const drawn = bars({
    pieces: inspection.steps.map((step) => step.piece), proportions: inspection.steps.map((step) => step.influence),
    lang: inspection.model.tgt, label: t("influence.label"),
  });
  figure(host, {
    title: t("influence.title"),
    text: t("influence.text"),
    body: [drawn.element],
    method: inspection.influence_method,
    table: () => ({
      columns: [t("table.step"), t("table.piece"), t("table.hangs")],
      rows: inspection.steps.map((step, index) => [count(index + 1), pieceName(step.piece), percent(step.influence)]),
    }),
  });
  return (moment) => drawn.mark(writtenStep(moment));
}

export function decoderPathFigure(host, inspection) {
  const pieces = inspection.steps.map((step) => step.piece);
  const drawn = trajectory({
    points: inspection.decoder_trajectory, background: [], pieces, lang: inspection.model.tgt,
    label: t("path.label", { first: quoted(pieces[0]), last: quoted(pieces.at(-1)) }),
  });
  figure(host, {
    title: t("decoder-path.title"),
    text: mapText(sum(inspection.pca.decoder_explained)) + t("sentence.gap") + t("decoder-path.text"),
    body: [drawn.element],
    table: () => pathTable(pieces, inspection.decoder_trajectory),
  });
  return (moment) => drawn.mark(writtenStep(moment));
}

export function beamFigure(host, inspection) {
  const { beam } = inspection;
  const drawn = beamTree({
    beam, written: inspection.steps.map((step) => step.piece), lang: inspection.model.tgt,
    label: t("beam.label", { steps: count(beam.length), width: count(Math.max(...beam.map((step) => step.length))) }),
  });
  const scroller = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("beam.title"), "data-own-keys": true }, drawn.element);
  figure(host, {
    title: t("beam.title"),
    text: t("beam.text"),
    body: [sideways(scroller)],
    table: () => ({
      columns: [t("table.step"), t("table.rank"), t("table.after"), t("table.piece"), t("table.log_prob"), t("table.ended")],
      rows: beam.flatMap((step, at) => step.map((node, rank) => [
        count(at + 1), count(rank + 1), at ? pieceText(beam[at - 1][node.parent].piece) : "", pieceText(node.piece),
        number(node.log_prob), node.ended ? t("yes") : "",
      ])),
    }),
  });
  return (moment) => {
    const x = drawn.mark(moment.phase === "writing" ? moment.step : null);
    if (moment.phase === "writing") scroller.scrollLeft = x - scroller.clientWidth / 2;
  };
}

/** How much of the differences a map shows, said before it is read as one. */
function mapText(proportion) {
  return t(proportion < MOST_OF_IT ? "map.little" : "map.much", { proportion: percent(proportion) });
}

function pathTable(pieces, points) {
  return {
    columns: [t("table.step"), t("table.piece"), "x", "y"],
    rows: pieces.map((piece, step) => [count(step + 1), pieceName(piece), ...points[step].map(number)]),
  };
}

function sum(numbers) {
  return numbers.reduce((total, one) => total + one, 0);
}
