// States as coloured cells. A state has hundreds of numbers: those that move most are shown, in the order in
// which they move, so that it can be seen which piece wrote what and how long it stays.

import { diverging } from "./colours.js";

const MOST = 48;

/** Which numbers of the states (S, H) are shown, and how large one is that gets the full colour. */
export function choose(states) {
  const ranges = states[0].map((_, cell) => {
    const values = states.map((state) => state[cell]);
    return Math.max(0, ...values) - Math.min(0, ...values);
  });
  const liveliest = ranges.map((_, cell) => cell).sort((a, b) => ranges[b] - ranges[a]).slice(0, MOST);
  const jumps = new Map(liveliest.map((cell) => [cell, largestJump(states, cell)]));
  const order = liveliest.sort((a, b) => jumps.get(a).step - jumps.get(b).step || jumps.get(b).by - jumps.get(a).by);
  return { order, all: states[0].length, scale: scaleOf(states.map((state) => pick(state, order))) };
}

/** The shown numbers of a state. */
export function pick(state, order) {
  return order.map((cell) => state[cell]);
}

/** The size that 98 of 100 numbers stay below: a single large one shall not make all others pale. */
export function scaleOf(rows) {
  const sizes = rows.flat().map(Math.abs).sort((a, b) => a - b);
  return sizes[Math.floor(0.98 * (sizes.length - 1))] || 1;
}

function largestJump(states, cell) {
  let found = { step: 0, by: 0 };
  states.forEach((state, step) => {
    const by = state[cell] - (step ? states[step - 1][cell] : 0);
    if (Math.abs(by) > Math.abs(found.by)) found = { step, by };
  });
  return found;
}

/** Draws values as a grid of `perRow` columns, a pixel each; the style sheet stretches it. */
export function drawPixels(canvas, values, perRow, scale) {
  canvas.width = perRow;
  canvas.height = Math.ceil(values.length / perRow);
  paint(canvas, values, perRow, scale, 1, 0);
}

/** The same with square cells and a little room between them. */
export function drawCells(canvas, values, perRow, scale) {
  const [cell, gap] = [16, 2];
  canvas.width = perRow * cell - gap;
  canvas.height = Math.ceil(values.length / perRow) * cell - gap;
  paint(canvas, values, perRow, scale, cell, gap);
}

function paint(canvas, values, perRow, scale, cell, gap) {
  const context = canvas.getContext("2d");
  values.forEach((value, index) => {
    context.fillStyle = diverging(value / scale);
    const [x, y] = [(index % perRow) * cell, Math.floor(index / perRow) * cell];
    context.fillRect(x, y, cell - gap, cell - gap);
  });
}
