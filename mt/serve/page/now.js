// What happens at this moment, in one sentence, and the state itself, large: all that the network knows.

import { choose, drawCells, pick, scaleOf } from "./cells.js";
import { h } from "./dom.js";
import { count, percent, t } from "./i18n.js";
import { mostOf, quoted } from "./pieces.js";

const CHANGE = 450; // ms that the cells take from one state to the next
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Draws it, and says it in the element `words`; returns move(moment, {playing}). */
export function drawNow(host, words, inspection, reading) {
  const title = h("p", { class: "strip-title" });
  const canvas = h("canvas", { class: "strip", role: "img" });
  host.replaceChildren(title, canvas);
  const strips = stripsOf(inspection, reading);
  const show = morph(canvas);
  return (moment, { playing }) => {
    words.setAttribute("aria-live", playing ? "off" : "polite"); // a reader cannot keep pace with the film
    words.textContent = sentence(inspection, reading, moment);
    const strip = strips[moment.phase](moment.step);
    title.textContent = `${t(`now.strip.${strip.kind}`)} · ${strip.about}`;
    canvas.setAttribute("aria-label", title.textContent);
    show(strip);
  };
}

/** For each phase, step -> {kind, about, values, perRow, scale}. */
function stripsOf(inspection, reading) {
  const encoder = someOf("reading", reading.states);
  const decoder = someOf("writing", inspection.decoder_states);
  const size = inspection.vector.length;
  const vector = {
    kind: "vector", about: t("now.all", { all: count(size) }), values: inspection.vector, perRow: 64,
    scale: scaleOf([inspection.vector]),
  };
  return { start: () => encoder(-1), reading: encoder, vector: () => vector, writing: decoder };
}

function someOf(kind, states) {
  const { order, all, scale } = choose(states);
  const about = order.length < all
    ? t("now.some", { shown: count(order.length), all: count(all) })
    : t("now.all", { all: count(all) });
  const nothing = order.map(() => 0);
  return (step) => ({ kind, about, values: step < 0 ? nothing : pick(states[step], order), perRow: order.length, scale });
}

function sentence(inspection, reading, { phase, step }) {
  const size = count(inspection.vector.length);
  if (phase === "start") return t("now.start");
  if (phase === "vector") {
    return t(inspection.model.attention === "none" ? "now.vector" : "now.vector.attention", { size });
  }
  if (phase === "reading") {
    const order = reading.order.map((piece) => inspection.pieces[piece]);
    const read = t("now.reading", { piece: quoted(order[step]), moved: percent(reading.moves[step]) });
    const depends = t("now.depends", { pieces: mostOf(order, reading.dependence[step], percent) });
    return step ? read + t("sentence.gap") + depends : read;
  }
  const made = inspection.steps[step];
  const [runner] = made.runners_up;
  return [
    t("now.writing", { piece: quoted(made.piece), proportion: percent(made.probability) }),
    runner && t("now.runner", { piece: quoted(runner[0]), proportion: percent(runner[1]) }),
    made.attention
      ? t("now.looks", { pieces: mostOf(inspection.pieces, made.attention, percent) })
      : t("now.hangs", { proportion: percent(made.influence) }),
  ].filter(Boolean).join(t("sentence.gap"));
}

/** Lets the cells of a canvas change smoothly from what they are to what they shall be. */
function morph(canvas) {
  let shown = null;
  let frame = 0;
  return (wanted) => {
    cancelAnimationFrame(frame);
    const from = shown?.kind === wanted.kind ? shown.values : null;
    const began = performance.now();
    const draw = (now) => {
      const part = from && !calm.matches ? Math.min(1, Math.max(0, now - began) / CHANGE) : 1;
      const values = part < 1 ? wanted.values.map((value, cell) => from[cell] + (value - from[cell]) * ease(part)) : wanted.values;
      shown = { kind: wanted.kind, values };
      drawCells(canvas, values, wanted.perRow, wanted.scale);
      if (part < 1) frame = requestAnimationFrame(draw);
    };
    draw(began);
  };
}

function ease(part) {
  return part * (2 - part);
}
