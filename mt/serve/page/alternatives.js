// What else the model could have said, and how likely it thought each: the beam's other hypotheses.

import { h } from "./dom.js";
import { percent, t } from "./i18n.js";

/** `answer`: of POST /translate, or null. */
export function drawAlternatives(host, answer, lang) {
  const texts = answer?.alternatives ?? [];
  host.hidden = texts.length === 0;
  if (host.hidden) {
    host.replaceChildren();
    return;
  }
  const shares = texts.map((_, place) => answer.scores?.[place + 1]?.probability);
  host.replaceChildren(
    h("h3", { id: "alternatives-heading" }, t("alternatives")),
    h("ol", { "aria-labelledby": "alternatives-heading" }, texts.map((text, place) => row(text, shares[place], lang))),
  );
}

function row(text, share, lang) {
  return h("li", {},
    h("span", { class: "alternative", lang, dir: "auto" }, text),
    share === undefined ? null : [
      h("span", { class: "meter", "aria-hidden": "true", vars: { "--share": share } }),
      h("span", { class: "share" }, percent(share)),
    ]);
}
