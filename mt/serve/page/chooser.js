// Which of several sentences is looked into: a step back, a list, a step on, and the pair itself below them.

import { h } from "./dom.js";
import { count, onLanguage, t } from "./i18n.js";
import { icon } from "./icons.js";

const SHOWN = 60; // characters of a sentence in the list

export class Chooser {
  #host;
  #onChoose;
  #sentences = [];
  #index = 0;
  #list = h("select", { onchange: () => this.#onChoose(Number(this.#list.value)) });
  #back = h("button", { type: "button", class: "quiet", onclick: () => this.#onChoose(this.#index - 1) }, icon("left"));
  #forward = h("button", { type: "button", class: "quiet", onclick: () => this.#onChoose(this.#index + 1) }, icon("right"));
  #where = h("span", { class: "where" });
  #source = h("span", { class: "from", dir: "auto" });
  #translation = h("span", { class: "to", dir: "auto" });

  /** onChoose(index): somebody wants to see that sentence. */
  constructor(host, { onChoose }) {
    this.#host = host;
    this.#onChoose = onChoose;
    host.append(
      h("div", { class: "which" }, this.#back, this.#list, this.#forward, this.#where),
      h("p", { class: "pair" }, this.#source, h("span", { "aria-hidden": "true" }, " → "), this.#translation),
    );
    onLanguage(() => this.#name());
  }

  /** Several sentences, of which one is looked into; it is hidden where there is one. */
  show(sentences, index, { source, target }) {
    if (sentences !== this.#sentences) {
      this.#list.replaceChildren(...sentences.map(({ source: text }, which) => h("option", { value: which }, shortened(text))));
    }
    [this.#sentences, this.#index] = [sentences, index];
    this.#host.hidden = sentences.length < 2;
    if (this.#host.hidden) return;
    this.#list.value = index;
    this.#back.disabled = index === 0;
    this.#forward.disabled = index === sentences.length - 1;
    [this.#source.lang, this.#translation.lang] = [source, target];
    this.#source.textContent = sentences[index].source;
    this.#translation.textContent = sentences[index].translatedText;
    this.#name();
  }

  hide() {
    this.#host.hidden = true;
  }

  #name() {
    this.#where.textContent = t("chooser.where", { index: count(this.#index + 1), all: count(this.#sentences.length) });
    for (const [element, key] of [[this.#back, "chooser.back"], [this.#forward, "chooser.forward"], [this.#list, "chooser.label"]]) {
      element.setAttribute("aria-label", t(key));
      element.title = t(key);
    }
  }
}

function shortened(text) {
  const signs = [...text];
  return signs.length > SHOWN ? `${signs.slice(0, SHOWN).join("")}…` : text;
}
