// Upright bars with a piece under each: shares of something that has one number for each piece.

import { h } from "./dom.js";
import { percent } from "./i18n.js";
import { pieceElement } from "./pieces.js";
import { sideways } from "./sideways.js";

/** Returns {element, mark(place)}. `most`: the share of a full bar. */
export function bars({ pieces, shares, label, lang, most = 1 }) {
  const columns = pieces.map((piece, place) =>
    h("span", { class: "upright", vars: { "--share": shares[place] / most } },
      h("span", { class: "number" }, percent(shares[place]).replace(/\s/g, "")),
      h("span", { class: "rod" }),
      pieceElement(piece, { lang })));
  const box = h("div", { class: "scroll bars-box", role: "img", "aria-label": label }, h("div", { class: "bars" }, columns));
  const element = sideways(box);
  return {
    element,
    mark(place) {
      columns.forEach((column, which) => column.classList.toggle("marked", which === place));
    },
  };
}
