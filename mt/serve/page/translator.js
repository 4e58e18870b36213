// Type, and see the translation as you type. Waits for a pause, drops answers to what was typed before.

import { ApiError, translate } from "./api.js";
import { byId, h } from "./dom.js";
import { doubtOf } from "./doubt.js";
import { examplesFor } from "./examples.js";
import { count, nameOfLanguage, onLanguage, t } from "./i18n.js";
import { Latest } from "./latest.js";
import { drawOutput, markSentence } from "./output.js";
import { problemWords } from "./problems.js";
import { SourceField } from "./source.js";

const PAUSE = 250; // ms without a key before it is translated
const BUSY = 300; // ms before it says that it is waiting
const SLOW = 4000; // ms before it says that the model is slow
const ALTERNATIVES = 4;

export class Translator {
  #languages;
  #on;
  #latest = new Latest();
  #timers = [];
  #answer = null; // with `sentences`
  #stale = false; // whether the answer is to a text before
  #chosen = 0; // of its sentences
  #notice = null; // a function that says it in the language of the moment
  #doubt = null;
  #limit = 0;
  #field = new SourceField(byId("source"), { onInput: (pause) => this.later(pause ?? PAUSE) });

  /** `on`: {typing(), translated({sentences, source, target}), empty(), failed(), retry(), choose(index)}. */
  constructor({ languages, on }) {
    this.#languages = languages;
    this.#on = on;
    byId("clear").addEventListener("click", () => {
      this.text = "";
      this.#field.focus();
    });
    byId("again").addEventListener("click", () => {
      this.#field.focus();
      if (this.#languages.ready) this.later(0);
      else this.#on.retry();
    });
    byId("copy").addEventListener("click", () => this.#copy());
    byId("other-language").addEventListener("click", () => {
      this.#languages.choose(this.#doubt.language, "");
      this.later(0);
    });
    onLanguage(() => this.#redraw());
  }

  /** Characters that one request may have; 0 permits any number. */
  set limit(characters) {
    this.#limit = Math.max(0, characters);
    this.#drawCount();
  }

  get text() {
    return this.#field.text;
  }

  set text(text) {
    this.#field.text = text;
    this.later(0);
  }

  /** The translation of the text as it stands, or "". */
  get translation() {
    return this.#stale ? "" : this.#answer?.translatedText ?? "";
  }

  /** Show an example, unless something has been typed. */
  showExample() {
    const [example] = examplesFor(this.#languages.source, this.#languages.target);
    if (this.text || !example) return;
    this.#field.showExample(example);
    this.later(0);
  }

  /** The sentence that is looked into. */
  mark(index) {
    this.#chosen = index;
    markSentence(index);
  }

  /** Translate what stands there, after a pause. */
  later(pause = PAUSE) {
    const { text } = this;
    this.#settle();
    this.#drawCount();
    this.#drawExamples();
    this.#latest.cancel();
    this.#on.typing();
    this.#setStale(true);
    if (!this.#languages.ready) {
      if (text.trim()) this.#latest.schedule(pause, () => this.#on.retry());
      return;
    }
    byId("source").lang = this.#languages.source;
    if (!text.trim()) {
      this.#show(null);
      this.#on.empty();
    } else if (this.#limit && [...text].length > this.#limit) {
      this.#stop(() => t("too.long", { limit: count(this.#limit) }));
    } else {
      this.#latest.schedule(pause, (signal) => this.#translate(text, signal));
    }
  }

  /** Says what went wrong, and offers to try again; `say` is called again when the language changes. */
  fail(problem) {
    if (!(problem instanceof ApiError)) throw problem;
    const { status, retryAfter } = problem;
    const comesAgain = status === 429 && retryAfter > 0 && retryAfter <= 60;
    this.#stop(() => {
      const said = problemWords(problem);
      return comesAgain ? said + t("sentence.end") + t("comes.again", { seconds: retryAfter }) : said;
    });
    byId("again").hidden = false;
    if (comesAgain) {
      this.#timers.push(setTimeout(() => this.later(0), retryAfter * 1000));
    }
  }

  async #translate(text, signal) {
    const { source, target } = this.#languages;
    this.#timers.push(setTimeout(() => this.#state("waiting"), BUSY));
    this.#timers.push(setTimeout(() => this.#say(() => t("slow"), "waiting"), SLOW));
    try {
      const answer = await translate({ text, source, target, alternatives: ALTERNATIVES, signal });
      if (signal.aborted) return;
      answer.sentences ??= [{ ...answer, source: text }]; // of a server that does not cut
      this.#settle();
      this.#show(answer);
      this.#on.translated({ sentences: answer.sentences, source, target });
      const doubt = await doubtOf({ text, sentences: answer.sentences, source, target, signal });
      if (!signal.aborted) this.#showDoubt(doubt);
    } catch (problem) {
      if (signal.aborted) return;
      this.#settle();
      this.fail(problem);
    }
  }

  /** Nothing is waited for, nothing is wrong. */
  #settle() {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#notice = null;
    byId("status").textContent = "";
    byId("again").hidden = true;
    this.#showDoubt(null);
    this.#state(this.#answer ? "done" : "empty");
  }

  /** It does not go on: what was translated before goes, so that nobody takes it for this text's. */
  #stop(say) {
    this.#show(null);
    this.#say(say, "error");
    this.#on.failed();
  }

  #show(answer) {
    this.#answer = answer;
    this.#chosen = 0;
    this.#setStale(false);
    this.#state(answer ? "done" : "empty");
    this.#redraw();
  }

  #setStale(stale) {
    this.#stale = stale;
    byId("copy").disabled = stale;
  }

  #showDoubt(doubt) {
    this.#doubt = doubt;
    const known = doubt?.language && this.#languages.translatesFrom(doubt.language);
    byId("doubt").textContent = doubt?.say() ?? "";
    byId("other-language").hidden = !known;
    if (known) {
      const language = nameOfLanguage(doubt.language, doubt.language);
      byId("other-language").textContent = t("doubt.switch", { language });
    }
  }

  #redraw() {
    drawOutput(this.#answer, {
      language: this.#languages.target, chosen: this.#chosen, onChoose: (index) => this.#on.choose(index),
    });
    byId("output-empty").hidden = this.#answer !== null || byId("out").dataset.state === "error";
    this.#drawCount();
    this.#drawExamples();
    this.#showDoubt(this.#doubt);
    if (this.#notice) byId("status").textContent = this.#notice();
  }

  #drawCount() {
    const length = [...this.text].length;
    const over = this.#limit > 0 && length > this.#limit;
    byId("count").textContent = this.#limit ? `${count(length)} / ${count(this.#limit)}` : count(length);
    byId("count").classList.toggle("over", over);
    byId("source").setAttribute("aria-invalid", String(over));
    byId("clear").hidden = length === 0;
  }

  #drawExamples() {
    const { source, target } = this.#languages;
    const offered = this.#field.holdsExample ? [t("example.shown")] : [];
    const examples = this.text && !this.#field.holdsExample ? [] : examplesFor(source, target);
    byId("examples").replaceChildren(
      ...offered,
      ...examples.filter((text) => text !== this.text).map((text) =>
        h("button", { type: "button", class: "example", lang: source, onclick: () => {
          this.#field.showExample(text);
          this.later(0);
        } }, text)),
    );
  }

  #say(words, state) {
    this.#notice = words;
    this.#state(state);
    byId("status").textContent = words();
  }

  #state(state) {
    byId("out").dataset.state = state;
    byId("out").setAttribute("aria-busy", String(state === "waiting"));
    byId("output-empty").hidden = this.#answer !== null || state === "error";
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
