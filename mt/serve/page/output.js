// The translation on the page: its sentences, of which one is looked into, what else was possible, how sure it is.

import { drawAlternatives } from "./alternatives.js";
import { confidence, sureness } from "./doubt.js";
import { byId, h } from "./dom.js";
import { percent, t } from "./i18n.js";

/** `answer`: of POST /translate with its `sentences`, or null. onChoose(index): a sentence was clicked. */
export function drawOutput(answer, { language, chosen, onChoose }) {
  const output = byId("output");
  output.lang = language;
  output.replaceChildren(...(answer ? spans(answer, chosen, onChoose) : []));
  byId("copy").hidden = !answer?.translatedText;
  drawSureness(answer, language);
  drawAlternatives(byId("alternatives"), answer?.sentences ?? [], language);
}

/** Marks the sentence that is looked into. */
export function markSentence(chosen) {
  for (const span of byId("output").querySelectorAll("[data-sentence]")) {
    span.classList.toggle("chosen", Number(span.dataset.sentence) === chosen);
  }
}

function drawSureness(answer, language) {
  const sentences = answer?.translatedText.trim() ? answer.sentences : [];
  const calibrated = confidence(sentences);
  const sure = calibrated ?? sureness(sentences, language);
  const key = calibrated === null ? "sureness" : "confidence";
  byId("sureness").textContent = sure === null ? "" : t(key, { value: percent(sure) });
  byId("sureness").title = sure === null ? "" : t(`${key}.title`);
}

/** The text with a span around each sentence; as it is where they are not found in it one after the other. */
function spans({ translatedText: text, sentences }, chosen, onChoose) {
  const parts = [];
  let end = 0;
  for (const [index, { translatedText }] of sentences.entries()) {
    const begin = text.indexOf(translatedText, end);
    if (sentences.length < 2 || begin < 0) return [text];
    parts.push(text.slice(end, begin), h("span", {
      class: index === chosen ? "chosen" : undefined, "data-sentence": index, onclick: () => onChoose(index),
    }, translatedText));
    end = begin + translatedText.length;
  }
  return [...parts, text.slice(end)];
}
