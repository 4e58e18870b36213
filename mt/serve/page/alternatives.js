// What else the model could have said, where that says something: other words, not much less likely.

import { h } from "./dom.js";
import { percent, t } from "./i18n.js";
import { difference, sameWords } from "./words.js";

const LIKELY = 0.1; // of the translation's probability
const MOST = 3;

/** `sentences`: of an answer; alternatives are shown of a single one. */
export function drawAlternatives(host, sentences, language) {
  const rows = sentences.length === 1 ? worthShowing(sentences[0]) : [];
  host.hidden = rows.length === 0;
  host.replaceChildren();
  if (host.hidden) return;
  const { translatedText } = sentences[0];
  host.append(
    h("h4", { id: "alternatives-heading" }, t("alternatives")),
    h("ol", { "aria-labelledby": "alternatives-heading" }, rows.map(({ text, ratio }) =>
      h("li", {}, h("span", { class: "alternative", lang: language, dir: "auto" }, marked(text, translatedText, language)),
        h("span", { class: "proportion" }, t("alternatives.proportion", { proportion: percent(ratio) }))))),
  );
}

function worthShowing({ translatedText, alternatives = [], scores = [] }) {
  const best = scores[0]?.probability ?? 0;
  return alternatives
    .map((text, rank) => ({ text, ratio: (scores[rank + 1]?.probability ?? 0) / best }))
    .filter(({ text, ratio }) => ratio >= LIKELY && text.trim() && !sameWords(text, translatedText))
    .slice(0, MOST);
}

function marked(text, translation, language) {
  return difference(text, translation, language).map((part) => (part.differs ? h("mark", {}, part.text) : part.text));
}
