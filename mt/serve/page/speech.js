// Speak, or take a sound file, and see what was heard. Shown where the server has a model that hears.

import { ApiError, transcribe } from "./api.js";
import { h, byId } from "./dom.js";
import { drawHeard } from "./heard.js";
import { nameOfLanguage, onLanguage, t } from "./i18n.js";
import { icon } from "./icons.js";
import { drawMoments } from "./moments.js";
import { problemWords } from "./problems.js";
import { Recorder } from "./recorder.js";
import { together } from "./timed.js";

export class Speech {
  #host;
  #translatesFrom;
  #onText;
  #offer = null;
  #recorder = null;
  #working = null;
  #answer = null;
  #say = () => "";
  #label = h("span");
  #record = h("button", { type: "button", class: "record", onclick: () => this.#toggle() }, icon("microphone"), this.#label);
  #choose = h("input", { type: "file", hidden: true, accept: "audio/*,.wav,.flac,.ogg,.opus,.mp3", onchange: () => this.#take() });
  #file = h("button", { type: "button", onclick: () => this.#choose.click() });
  #pair = h("select");
  #level = h("span", { class: "meter level", "aria-hidden": "true", hidden: true });
  #cancel = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.#stop() });
  #status = h("p", { role: "status", "aria-live": "polite" });
  #text = h("output", { class: "heard-text", dir: "auto", hidden: true });
  #translate = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.#handOn() });

  /** translatesFrom(code): whether that language can be translated; onText(text, code): translate it. */
  constructor(host, { translatesFrom, onText }) {
    this.#host = host;
    this.#translatesFrom = translatesFrom;
    this.#onText = onText;
    host.append(this.#record, this.#file, this.#choose, this.#pair, this.#level, this.#status, this.#cancel, this.#text, this.#translate);
    onLanguage(() => this.redraw());
  }

  /** {languages: [{source, target}], seconds_limit, bytes_limit}, or null: nothing here hears. */
  offer(offer) {
    this.#offer = offer;
    this.#host.hidden = offer === null;
    this.redraw();
  }

  /** The words or the colours are others. */
  redraw() {
    if (!this.#offer) return;
    const chosen = this.#pair.value || 0;
    this.#pair.hidden = this.#offer.languages.length < 2;
    this.#pair.replaceChildren(...this.#offer.languages.map((pair, index) => h("option", { value: index }, pairName(pair))));
    this.#pair.value = chosen;
    this.#pair.setAttribute("aria-label", t("speech.pair"));
    this.#file.textContent = t("speech.file");
    this.#cancel.textContent = t("cancel");
    this.#translate.textContent = t("speech.translate");
    this.#label.textContent = t(this.#recorder ? "speech.stop" : "speech.record");
    this.#status.textContent = this.#say();
    this.#draw();
  }

  async #toggle() {
    if (this.#recorder) return this.#send(this.#finish());
    this.#stop();
    if (!navigator.mediaDevices) return this.#tell(() => t("speech.insecure"), "error");
    const recorder = new Recorder();
    this.#recorder = recorder;
    this.#tell(() => t("speech.permission"));
    this.#showRecording();
    try {
      await recorder.start((level, seconds) => this.#hear(recorder, level, seconds));
      if (this.#recorder !== recorder) recorder.cancel(); // it was cancelled before it was permitted
    } catch (problem) {
      recorder.cancel();
      if (this.#recorder !== recorder) return;
      this.#recorder = null;
      this.#showRecording();
      this.#tell(() => t(problem.name === "NotAllowedError" ? "speech.forbidden" : "speech.no.microphone"), "error");
    }
  }

  /** Sound comes in; at the server's limit it is sent. */
  #hear(recorder, level, seconds) {
    if (this.#recorder !== recorder) return;
    this.#level.style.setProperty("--proportion", level.toFixed(3));
    const words = t("speech.recording", { seconds: Math.floor(seconds), limit: this.#offer.seconds_limit });
    if (this.#status.textContent !== words) this.#tell(() => words);
    if (this.#offer.seconds_limit && seconds >= this.#offer.seconds_limit) this.#send(this.#finish());
  }

  #finish() {
    const file = this.#recorder.stop(this.#offer.seconds_limit || Infinity);
    this.#recorder = null;
    this.#showRecording();
    return file;
  }

  #take() {
    const [file] = this.#choose.files;
    this.#choose.value = "";
    if (!file) return;
    this.#stop();
    this.#send(file);
  }

  async #send(file) {
    const limit = this.#offer.bytes_limit;
    if (limit && file.size > limit) return this.#tell(() => t("speech.too.large", { size: megabytes(limit) }), "error");
    const working = new AbortController();
    this.#working = working;
    this.#tell(() => t("speech.working"));
    this.#cancel.hidden = false;
    try {
      const answer = await transcribe({ file, ...this.#offer.languages[this.#pair.value || 0], signal: working.signal });
      if (working.signal.aborted) return;
      this.#answer = answer;
      this.#tell(() => (answer.text.trim() ? t("speech.heard", { seconds: answer.seconds.toFixed(1) }) : t("speech.nothing")));
    } catch (problem) {
      if (working.signal.aborted) return;
      if (!(problem instanceof ApiError)) throw problem;
      this.#tell(() => problemWords(problem, "speech.refused"), "error");
    }
    this.#cancel.hidden = true;
    this.#draw();
  }

  /** Whatever is under way ends, and what was heard before goes. */
  #stop() {
    this.#recorder?.cancel();
    this.#recorder = null;
    this.#working?.abort();
    this.#answer = null;
    this.#showRecording();
    this.#tell(() => "");
    this.#draw();
  }

  #handOn() {
    this.#onText(this.#answer.text, this.#answer.target);
    byId("source").focus();
  }

  #showRecording() {
    const recording = this.#recorder !== null;
    this.#label.textContent = t(recording ? "speech.stop" : "speech.record");
    this.#record.classList.toggle("recording", recording);
    this.#level.hidden = this.#cancel.hidden = !recording;
    this.#level.style.setProperty("--proportion", 0);
    this.#file.disabled = recording;
  }

  #tell(say, state = "") {
    this.#say = say;
    this.#status.textContent = say();
    this.#status.dataset.state = state;
  }

  #draw() {
    const { text = "", target, heard, parts } = this.#answer ?? {};
    this.#text.hidden = !text;
    this.#text.textContent = text;
    this.#text.lang = target ?? "";
    this.#translate.hidden = !text || !this.#translatesFrom(target ?? "");
    byId("heard").hidden = !heard;
    if (!heard) return;
    const part = parts.length > 1;
    const title = (part ? parts[0].text : text).trim() || t("speech.nothing");
    together(
      drawHeard(byId("figure-heard"), heard, { title, language: target, part }),
      drawMoments(byId("figure-moments"), heard, { language: target }),
    );
  }
}

function pairName({ source, target }) {
  const [from, to] = [source, target].map((code) => nameOfLanguage(code, code));
  return source === target ? from : `${from} → ${to}`;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
