// How a piece is shown and how it is said: SentencePiece's ▁ is a thin dot, the end of the sentence is ⏎.

import { h } from "./dom.js";
import { t } from "./i18n.js";

const SPACE = "▁";
const END = "</s>";

/** As an element; `unknown` marks one that the model does not know. */
export function pieceElement(piece, { unknown = false, lang } = {}) {
  const space = piece.startsWith(SPACE);
  const rest = pieceText(space ? piece.slice(1) : piece);
  return h("span", { class: unknown ? "piece unknown" : "piece", lang },
    space ? h("span", { class: "space" }, "·") : null, rest);
}

/** As short text, for drawings. */
export function pieceText(piece) {
  if (piece === END) return "⏎";
  return piece.replaceAll(SPACE, "·");
}

/** As words, for sentences and for those who listen. */
export function pieceName(piece, { unknown = false } = {}) {
  const name = piece === END ? t("piece.end") : piece.replaceAll(SPACE, " ").trim() || t("piece.space");
  return unknown ? t("piece.unknown", { piece: name }) : name;
}

/** As words in a sentence: “北京”; the end sign and a space without marks, as they are no text. */
export function quoted(piece) {
  const plain = piece === END || !piece.replaceAll(SPACE, "").trim();
  return plain ? pieceName(piece) : `“${pieceName(piece)}”`;
}

/** The two pieces with the largest proportions, as words: “北京” (45 %) and “爱” (30 %). */
export function mostOf(pieces, proportions, percent) {
  const order = proportions.map((_, index) => index).sort((a, b) => proportions[b] - proportions[a]);
  return order
    .slice(0, 2)
    .filter((index) => proportions[index] > 0)
    .map((index) => t("piece.proportion", { piece: quoted(pieces[index]), proportion: percent(proportions[index]) }))
    .join(t("and"));
}
