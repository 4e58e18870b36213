// Which pair of languages is translated: the server's models decide what can be chosen.

import { h } from "./dom.js";
import { nameOfLanguage, onLanguage } from "./i18n.js";
import { icon } from "./icons.js";

export class Languages {
  #known = [];
  #from;
  #to;
  #swap;

  /** onChange: the pair is another one. onSwap: it is turned around. */
  constructor({ from, to, swap, onChange, onSwap }) {
    [this.#from, this.#to, this.#swap] = [from, to, swap];
    swap.replaceChildren(icon("swap"));
    from.addEventListener("change", () => {
      this.#fillTargets(this.target);
      onChange();
    });
    to.addEventListener("change", () => {
      this.#update();
      onChange();
    });
    swap.addEventListener("click", () => {
      if (!this.#canSwap()) return;
      this.choose(this.target, this.source);
      onSwap();
    });
    onLanguage(() => this.choose(this.source, this.target));
  }

  get source() {
    return this.#from.value;
  }

  get target() {
    return this.#to.value;
  }

  /** Whether there is anything to choose from yet. */
  get ready() {
    return this.source !== "" && this.target !== "";
  }

  /** Whether anything is translated out of a language. */
  translatesFrom(code) {
    return this.#targets(code).length > 0;
  }

  /** What the server translates: [{code, name, targets}]. */
  load(known) {
    this.#known = known.map((language) => ({
      ...language,
      targets: language.targets.filter((code) => code !== language.code),
    }));
    this.choose(this.source, this.target);
  }

  /** A pair, or the nearest that there is. */
  choose(source, target) {
    const sources = this.#known.filter((language) => language.targets.length);
    this.#fill(this.#from, sources.map((language) => language.code), source);
    this.#fillTargets(target);
  }

  #fillTargets(target) {
    this.#fill(this.#to, this.#targets(this.source), target);
    this.#update();
  }

  #fill(select, codes, chosen) {
    select.replaceChildren(
      ...codes.map((code) => h("option", { value: code }, nameOfLanguage(code, this.#name(code)))),
    );
    if (codes.includes(chosen)) select.value = chosen;
  }

  #update() {
    this.#swap.disabled = !this.#canSwap();
  }

  #canSwap() {
    return this.#targets(this.target).includes(this.source);
  }

  #targets(code) {
    return this.#known.find((language) => language.code === code)?.targets ?? [];
  }

  #name(code) {
    return this.#known.find((language) => language.code === code)?.name ?? code;
  }
}
