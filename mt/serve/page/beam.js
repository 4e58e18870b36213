// Beam search as a tree that grows to the right: the beginnings kept at each step, best on top.

import { svg } from "./dom.js";
import { pieceText } from "./pieces.js";

const [ROW, HIGH, PAD, GAP, TOP] = [38, 26, 9, 26, 8];
const measure = document.createElement("canvas").getContext("2d");

/** beam: [[{piece, parent, log_prob, ended}]]; written: the pieces of the translation. Returns {element, mark}. */
export function beamTree({ beam, written, label, lang }) {
  const winner = pathOf(beam, written);
  const nodes = layout(beam, winner);
  const last = nodes.at(-1)[0];
  const width = Math.max(...nodes.at(-1).map((node) => node.x + node.width), last.x) + PAD;
  const height = TOP * 2 + Math.max(...beam.map((step) => step.length)) * ROW - (ROW - HIGH);
  const edges = nodes.slice(1).flatMap((step, before) =>
    step.map((node) => link(nodes[before][node.parent], node)));
  const boxes = nodes.flat().map((node) => ({ node, element: box(node, lang) }));
  const element = svg("svg", {
    class: "beam", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label,
  }, edges.map((one) => one.element), boxes.map((one) => one.element));
  return {
    element,
    /** Steps up to this one, counted from 0, have been made; null: all. Returns where the step is drawn. */
    mark(step) {
      const reached = step ?? nodes.length;
      for (const { node, element: one } of [...edges, ...boxes]) {
        one.classList.toggle("ahead", node.step > reached);
        one.classList.toggle("current", node.step === step);
      }
      return nodes[Math.min(Math.max(0, reached), nodes.length - 1)][0].x;
    },
  };
}

/** The indices, step by step, of the hypothesis that became the translation. */
function pathOf(beam, written) {
  const ends = beam.flatMap((step, at) => step.flatMap((node, index) => (node.ended ? [[at, index]] : [])));
  for (const [at, index] of ends) {
    const path = trace(beam, at, index);
    const pieces = path.map((where, step) => beam[step][where].piece);
    // A text that was cut off at the limit has an end here that its translation has not.
    if (pieces.join("\n") === written.join("\n") || pieces.slice(0, -1).join("\n") === written.join("\n")) return path;
  }
  return [];
}

function trace(beam, at, index) {
  const path = [];
  for (let step = at, where = index; step >= 0; step -= 1) {
    path.unshift(where);
    where = beam[step][where].parent;
  }
  return path;
}

function layout(beam, winner) {
  measure.font = "14px system-ui, sans-serif";
  let x = PAD;
  return beam.map((step, at) => {
    const widest = Math.max(...step.map((node) => measure.measureText(pieceText(node.piece)).width), 14);
    const drawn = step.map((node, index) => ({
      ...node, step: at, x, y: TOP + index * ROW, width: widest + 2 * PAD, wins: winner[at] === index,
    }));
    x += widest + 2 * PAD + GAP;
    return drawn;
  });
}

function link(from, to) {
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + HIGH / 2, to.x, to.y + HIGH / 2];
  const middle = (x1 + x2) / 2;
  const wins = from.wins && to.wins;
  return {
    node: to,
    element: svg("path", { class: wins ? "link wins" : "link", d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` }),
  };
}

function box(node, lang) {
  const classes = ["node", node.wins && "wins", node.ended && "ended"].filter(Boolean).join(" ");
  return svg("g", { class: classes, transform: `translate(${node.x} ${node.y})` },
    svg("title", {}, `${pieceText(node.piece)} ${node.log_prob.toPrecision(3)}`),
    svg("rect", { width: node.width, height: HIGH, rx: node.ended ? HIGH / 2 : 5 }),
    svg("text", { x: node.width / 2, y: HIGH / 2 + 5, "text-anchor": "middle", lang }, pieceText(node.piece)));
}
