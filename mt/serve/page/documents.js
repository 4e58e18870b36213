// A file goes in, a translated one comes out.

import { ApiError, translateFile } from "./api.js";
import { h } from "./dom.js";
import { onLanguage, t } from "./i18n.js";
import { problemWords } from "./problems.js";

export class Documents {
  #host;
  #languages;
  #formats = [];
  #working = null; // what is under way
  #say = () => "";
  #choose = h("input", { type: "file", hidden: true, onchange: () => this.#take() });
  #button = h("button", { type: "button", onclick: () => this.#choose.click() });
  #which = h("summary");
  #kinds = h("span");
  #list = h("details", { class: "kinds" }, this.#which, this.#kinds);
  #cancel = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.#stop() });
  #status = h("p", { role: "status", "aria-live": "polite" });
  #link = h("a", { class: "download", hidden: true });

  constructor(host, { languages }) {
    this.#host = host;
    this.#languages = languages;
    host.append(this.#button, this.#choose, this.#list, this.#status, this.#link, this.#cancel);
    onLanguage(() => this.#name());
  }

  /** Which kinds of file the server takes, as ".po"; none hides this. */
  offer(formats) {
    this.#formats = formats;
    this.#host.hidden = formats.length === 0;
    this.#choose.accept = formats.join(",");
    this.#name();
  }

  async #take() {
    const [file] = this.#choose.files;
    this.#choose.value = ""; // so that the same file can be taken again
    if (!file) return;
    const { source, target } = this.#languages;
    const working = new AbortController();
    this.#working?.abort();
    this.#working = working;
    this.#tell(() => t("file.working", { name: file.name }));
    try {
      const { href } = await translateFile({ file, source, target, signal: working.signal });
      if (working.signal.aborted) return;
      this.#done(() => t("file.done"));
      this.#link.href = href;
      this.#link.download = this.#link.textContent = translatedName(file.name, target);
      this.#link.hidden = false;
    } catch (problem) {
      if (working.signal.aborted) return;
      if (!(problem instanceof ApiError)) throw problem;
      this.#done(() => problemWords(problem, "file.refused"), "error");
    }
  }

  #stop() {
    this.#working?.abort();
    this.#done(() => "");
  }

  #done(say, state) {
    this.#tell(say, state);
    this.#working = null;
    this.#cancel.hidden = true;
  }

  #tell(say, state = "") {
    this.#say = say;
    this.#status.textContent = say();
    this.#status.dataset.state = state;
    this.#link.hidden = true;
    this.#cancel.hidden = false;
  }

  #name() {
    this.#button.textContent = t("file.label");
    this.#button.title = this.#kinds.textContent = this.#formats.join(" ");
    this.#which.textContent = t("file.kinds");
    this.#cancel.textContent = t("cancel");
    this.#status.textContent = this.#say();
  }
}

/** app.po -> app.de.po */
function translatedName(name, language) {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? `${name.slice(0, dot)}.${language}${name.slice(dot)}` : `${name}.${language}`;
}
