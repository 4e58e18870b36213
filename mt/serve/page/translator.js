// Type, and see the translation as you type. Waits for a pause, drops answers to what was typed before.

import { ApiError, translate } from "./api.js";
import { drawAlternatives } from "./alternatives.js";
import { byId, h } from "./dom.js";
import { count, onLanguage, percent, t } from "./i18n.js";
import { Latest } from "./latest.js";

const PAUSE = 250; // ms without a key before it is translated
const BUSY = 300; // ms before it says that it is waiting
const SLOW = 4000; // ms before it says that the model is slow
const ALTERNATIVES = 4;
const EXAMPLES = {
  zh: ["我爱北京", "我妈妈昨天买了三本书。"],
  en: ["I love Beijing", "A dog runs on the beach."],
  de: ["Ein Hund läuft am Strand."],
  fr: ["Un chien court sur la plage."],
};

export class Translator {
  #languages;
  #onTranslated;
  #onEmpty;
  #onTyping;
  #onRetry;
  #latest = new Latest();
  #timers = [];
  #answer = null;
  #trouble = null; // a function that says it in the language of the moment
  #limit = 0;

  /** onTyping(), then onTranslated({text, source, target}) or onEmpty(); onRetry(): the server was never there */
  constructor({ languages, onTyping, onTranslated, onEmpty, onRetry }) {
    this.#languages = languages;
    this.#onTranslated = onTranslated;
    this.#onEmpty = onEmpty;
    this.#onTyping = onTyping;
    this.#onRetry = onRetry;
    this.#source.addEventListener("input", (event) => {
      if (!event.isComposing) this.later(); // while pinyin is being typed there is nothing to translate yet
    });
    this.#source.addEventListener("compositionend", () => this.later());
    this.#source.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.later(0);
    });
    byId("clear").addEventListener("click", () => {
      this.text = "";
      this.#source.focus();
    });
    byId("again").addEventListener("click", () => {
      this.#source.focus();
      if (this.#languages.ready) this.later(0);
      else this.#onRetry();
    });
    byId("copy").addEventListener("click", () => this.#copy());
    onLanguage(() => this.#redraw());
  }

  /** Characters that one request may have; 0 permits any number. */
  set limit(characters) {
    this.#limit = Math.max(0, characters);
    this.#drawCount();
  }

  get text() {
    return this.#source.value;
  }

  set text(text) {
    this.#source.value = text;
    this.later(0);
  }

  /** The best translation of the moment. */
  get translation() {
    return this.#answer?.translatedText ?? "";
  }

  /** Translate what stands there, after a pause. */
  later(pause = PAUSE) {
    const text = this.text;
    this.#drawCount();
    this.#drawExamples();
    this.#settle();
    this.#latest.cancel();
    this.#onTyping();
    if (!this.#languages.ready) {
      if (text.trim()) this.#latest.schedule(pause, () => this.#onRetry());
      return;
    }
    this.#source.lang = this.#languages.source;
    if (!text.trim()) {
      this.#show(null);
      this.#onEmpty();
    } else if (this.#limit && [...text].length > this.#limit) {
      this.#say(() => t("too.long", { limit: count(this.#limit) }), "error");
    } else {
      this.#latest.schedule(pause, (signal) => this.#translate(text, signal));
    }
  }

  /** Says what went wrong, and offers to try again; `say` is called again when the language changes. */
  fail(problem) {
    if (!(problem instanceof ApiError)) throw problem;
    const { status, retryAfter } = problem;
    const key = { 0: "gone", 403: "forbidden", 429: "slowdown" }[status] ?? (status < 500 ? "refused" : "broken");
    const comesAgain = status === 429 && retryAfter > 0 && retryAfter <= 60;
    this.#say(() => {
      const said = t(key, { message: problem.message, status }).trim();
      return comesAgain ? said + t("sentence.end") + t("comes.again", { seconds: retryAfter }) : said;
    }, "error");
    byId("again").hidden = false;
    if (comesAgain) {
      this.#timers.push(setTimeout(() => this.later(0), retryAfter * 1000));
    }
  }

  get #source() {
    return byId("source");
  }

  async #translate(text, signal) {
    const { source, target } = this.#languages;
    this.#timers.push(setTimeout(() => this.#state("waiting"), BUSY));
    this.#timers.push(setTimeout(() => this.#say(() => t("slow"), "waiting"), SLOW));
    try {
      const answer = await translate({ text, source, target, alternatives: ALTERNATIVES, signal });
      if (signal.aborted) return;
      this.#settle();
      byId("output").lang = target;
      this.#show(answer);
      this.#onTranslated({ text, source, target });
    } catch (problem) {
      if (signal.aborted) return;
      this.#settle();
      this.fail(problem);
    }
  }

  /** Nothing is waited for, nothing is wrong. */
  #settle() {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#trouble = null;
    byId("status").textContent = "";
    byId("again").hidden = true;
    this.#state(this.#answer ? "done" : "empty");
  }

  #show(answer) {
    this.#answer = answer;
    this.#state(answer ? "done" : "empty");
    this.#redraw();
  }

  #redraw() {
    const answer = this.#answer;
    byId("output").textContent = answer?.translatedText ?? "";
    byId("output-empty").hidden = answer !== null;
    byId("copy").hidden = !answer?.translatedText;
    const probability = answer?.scores?.[0]?.probability;
    byId("sureness").textContent =
      probability === undefined ? "" : t("probability", { share: percent(probability) });
    drawAlternatives(byId("alternatives"), answer, this.#languages.target);
    this.#drawCount();
    this.#drawExamples();
    if (this.#trouble) byId("status").textContent = this.#trouble();
  }

  #drawCount() {
    const length = [...this.text].length;
    const over = this.#limit > 0 && length > this.#limit;
    byId("count").textContent = this.#limit ? `${count(length)} / ${count(this.#limit)}` : count(length);
    byId("count").classList.toggle("over", over);
    this.#source.setAttribute("aria-invalid", String(over));
    byId("clear").hidden = length === 0;
  }

  #drawExamples() {
    const examples = this.text ? [] : EXAMPLES[this.#languages.source.split("-")[0]] ?? [];
    byId("examples").replaceChildren(
      ...examples.map((text) =>
        h("button", { type: "button", class: "example", lang: this.#languages.source, onclick: () => {
          this.text = text;
          this.#source.focus();
        } }, text)),
    );
  }

  #say(words, state) {
    this.#trouble = words;
    this.#state(state);
    byId("status").textContent = words();
  }

  #state(state) {
    byId("out").dataset.state = state;
    byId("out").setAttribute("aria-busy", String(state === "waiting"));
    byId("status").dataset.state = state;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.translation);
      this.#say(() => t("copied"), "done");
    } catch {
      getSelection().selectAllChildren(byId("output")); // so that Ctrl+C does it
      this.#say(() => t("copy.by.hand"), "done");
    }
  }
}
