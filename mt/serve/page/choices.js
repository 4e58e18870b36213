// One step of writing: the piece that was chosen, and what else could have been written.

import { h } from "./dom.js";
import { count, percent, t } from "./i18n.js";
import { pieceElement } from "./pieces.js";

/** Returns {element, mark(step)}. */
export function choices({ steps, lang }) {
  const where = h("p", { class: "readout" });
  const list = h("ol", { class: "choices" });
  return {
    element: h("div", { class: "choices-box" }, where, list),
    mark(step) {
      const { piece, probability, runners_up: others } = steps[step];
      const before = steps.slice(0, step).map((made) => made.piece).join("").replaceAll("▁", " ").trim();
      where.textContent = step ? t("choices.step", { step: count(step + 1), before }) : t("choices.first");
      const rest = Math.max(0, 1 - probability - others.reduce((sum, [, proportion]) => sum + proportion, 0));
      const chosen = [piece, probability]; // not always the likeliest: search looks further ahead
      const rows = [chosen, ...others].sort((a, b) => b[1] - a[1]).map((one) =>
        row(pieceElement(one[0], { lang }), one[1], one === chosen ? "chosen" : ""));
      list.replaceChildren(...rows, row(t("choices.rest"), rest, "rest"));
    },
  };
}

function row(name, proportion, kind) {
  return h("li", { class: kind || undefined },
    h("span", { class: "what" }, name, kind === "chosen" ? h("span", { class: "unseen" }, ` (${t("choices.chosen")})`) : null),
    h("span", { class: "meter", "aria-hidden": "true", vars: { "--proportion": proportion } }),
    h("span", { class: "proportion" }, percent(proportion)));
}
