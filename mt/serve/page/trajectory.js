// The states of a sentence as a way across a map: PCA makes the map, other sentences' states are its grey dots.

import { svg } from "./dom.js";
import { pieceText } from "./pieces.js";

const [WIDTH, HEIGHT, MARGIN] = [420, 300, 26];
const AROUND = [[0, -11], [0, 18], [10, 4], [-10, 4], [9, -8], [-9, -8], [9, 15], [-9, 15]];

/** points, background: [[x, y]]; pieces: what stands at each point. Returns {element, mark(step)}. */
export function trajectory({ points, background, pieces, label, lang }) {
  const place = placing([...points, ...background]);
  const at = points.map(place);
  const dots = background.map(place).map(([x, y]) => svg("circle", { class: "other", cx: x, cy: y, r: 1.7 }));
  const ahead = svg("polyline", { class: "ahead", points: at.join(" ") });
  const gone = svg("polyline", { class: "gone" });
  const marks = at.map(([x, y]) => svg("circle", { class: "stop", cx: x, cy: y, r: 3.4 }));
  const names = labels(at, pieces.map(pieceText), lang);
  const ring = svg("circle", { class: "ring", r: 8 });
  const element = svg("svg", { class: "map", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    dots, ahead, gone, marks, ring, names);
  return {
    element,
    /** The way up to a step, counted from 0; -1 is before the first, null the whole way. */
    mark(step) {
      const reached = step ?? at.length - 1;
      gone.setAttribute("points", at.slice(0, reached + 1).join(" "));
      [marks, names].forEach((elements) => elements.forEach((one, which) => {
        one.classList.toggle("reached", which <= reached);
        one.classList.toggle("current", which === step);
      }));
      ring.classList.toggle("shown", step !== null && step >= 0);
      if (step !== null && step >= 0) {
        ring.setAttribute("cx", at[step][0]);
        ring.setAttribute("cy", at[step][1]);
      }
    },
  };
}

/** Coordinates -> positions on the paper; both axes to the same scale, so that distances can be compared. */
function placing(points) {
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((WIDTH - 2 * MARGIN) / (right - left || 1), (HEIGHT - 2 * MARGIN) / (high - low || 1));
  return ([x, y]) => [
    round(WIDTH / 2 + (x - (left + right) / 2) * scale),
    round(HEIGHT / 2 - (y - (low + high) / 2) * scale),
  ];
}

/** Names beside the points, each where it covers no other; one that finds no room is left out. */
function labels(at, texts, lang) {
  const taken = at.map(([x, y]) => [x - 3, y - 3, x + 3, y + 3]);
  return at.map(([x, y], which) => {
    const width = [...texts[which]].reduce((sum, sign) => sum + (sign > "\u2e7f" ? 13 : 7.4), 0);
    for (const [dx, dy] of AROUND) {
      const from = x + dx - (dx === 0 ? width / 2 : dx < 0 ? width : 0);
      const box = [from, y + dy - 10, from + width, y + dy + 3];
      const inside = box[0] >= 0 && box[2] <= WIDTH && box[1] >= 0 && box[3] <= HEIGHT;
      if (!inside || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      return svg("text", { class: "name", x: round(from), y: round(y + dy), lang }, texts[which]);
    }
    return svg("text", { class: "name" });
  });
}

function overlap(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

function round(number) {
  return Math.round(number * 10) / 10;
}
