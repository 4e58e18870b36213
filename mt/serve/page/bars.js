// Upright bars with a piece under each: proportions of something that has one number for each piece.

import { h } from "./dom.js";
import { percent } from "./i18n.js";
import { pieceElement } from "./pieces.js";
import { sideways } from "./sideways.js";

/** Returns {element, mark(index)}. `most`: the proportion of a full bar. */
export function bars({ pieces, proportions, label, lang, most = 1 }) {
  const columns = pieces.map((piece, index) =>
    h("span", { class: "upright", vars: { "--proportion": proportions[index] / most } },
      h("span", { class: "number" }, percent(proportions[index]).replace(/\s/g, "")),
      h("span", { class: "rod" }),
      pieceElement(piece, { lang })));
  const box = h("div", { class: "scroll bars-box", role: "img", "aria-label": label }, h("div", { class: "bars" }, columns));
  const element = sideways(box);
  return {
    element,
    mark(index) {
      columns.forEach((column, which) => column.classList.toggle("marked", which === index));
    },
  };
}
