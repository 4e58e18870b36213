// Play, pause, a step back, a step on, a slider: where in time we are. Others are told by `onMove`.

import { h } from "./dom.js";
import { onLanguage, t } from "./i18n.js";
import { icon } from "./icons.js";

const PACE = { slow: 2, normal: 1, fast: 0.4 };
const STAY = { start: 700, reading: 1000, vector: 2200, writing: 1000 }; // ms at each moment
const STEPS = 20; // a longer film goes faster, so that it lasts no longer than one of so many steps
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Player {
  #timeline = null;
  #position = 0;
  #peeked = null;
  #timer = 0;
  #begins = false; // by itself, as soon as the film is seen
  #seen = false;
  #held = false; // whether somebody has stopped or moved it: later ones do not begin by themselves
  #onMove;
  #play = h("button", { type: "button", class: "play", onclick: () => this.toggle() });
  #back = h("button", { type: "button", class: "quiet", onclick: () => this.step(-1) }, icon("back"));
  #forward = h("button", { type: "button", class: "quiet", onclick: () => this.step(1) }, icon("forward"));
  #slider = h("input", { type: "range", min: 0, step: 1, oninput: () => this.go(Number(this.#slider.value)) });
  #where = h("output", { class: "where", "aria-hidden": "true" });
  #speed = h("select", { class: "speed" });

  /** onMove(moment, {playing, settled}): called after every move; settled: somebody went there and looks at it.
   * film: the element that is looked at. extra: what stands beside, such as the direction. */
  constructor(host, { film, onMove, extra }) {
    this.#onMove = onMove;
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#seen = isIntersecting;
      this.#beginIfSeen();
    }, { threshold: 0.6 }).observe(film);
    this.#speed.append(...Object.keys(PACE).map((pace) => h("option", { value: pace })));
    this.#speed.value = "normal";
    host.append(
      h("div", { class: "buttons" }, this.#back, this.#play, this.#forward),
      h("div", { class: "slide" }, this.#slider, this.#where),
      h("div", { class: "extras" }, this.#speed, extra),
    );
    new ResizeObserver(() => document.documentElement.style.setProperty("--player", `${host.offsetHeight}px`)).observe(host);
    onLanguage(() => this.#name());
  }

  get position() {
    return this.#position;
  }

  get playing() {
    return this.#timer !== 0;
  }

  /** Another sentence, shown from `position` on. */
  load(timeline, position) {
    this.#timeline = timeline;
    this.#slider.max = timeline.last;
    this.#peeked = null;
    this.pause();
    this.#move(position);
  }

  /** Play this sentence once, as soon as it is seen; not for those who want no motion or have taken over. */
  playOnce() {
    this.#begins = !calm.matches && !this.#held;
    this.#beginIfSeen();
  }

  /** Go to a position and stop there. */
  go(position) {
    this.#held = true;
    this.pause();
    this.#peeked = null;
    this.#move(position);
  }

  step(by) {
    this.go(this.#position + by);
  }

  /** Show another position while a pointer rests on it; null goes back. */
  peek(position) {
    if (this.#peeked === position) return;
    this.#peeked = position;
    this.#tell();
  }

  toggle() {
    this.#held = true;
    if (this.playing) this.pause();
    else this.play();
  }

  /** From here, or from the beginning if this is the end. */
  play() {
    if (!this.#timeline) return;
    if (this.#position >= this.#timeline.last) this.#move(0);
    this.#wait();
    this.#tell();
  }

  pause() {
    const was = this.playing;
    this.#begins = false;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#name();
    if (was) this.#tell();
  }

  /** The arrow keys, Home, End and the space bar, wherever in the section the focus is. */
  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.#timeline) return;
    const own = event.target.closest("input, select, textarea, summary, [data-own-keys]");
    const moves = {
      ArrowLeft: this.#position - 1, ArrowRight: this.#position + 1, Home: 0, End: this.#timeline.last,
    };
    if (event.key in moves && !own) this.go(moves[event.key]);
    else if (event.key === " " && event.target.closest("[data-column]")) this.toggle();
    else return;
    event.preventDefault();
  }

  #beginIfSeen() {
    if (!this.#begins || !this.#seen || document.hidden) return;
    this.#begins = false;
    this.#move(0);
    this.play();
  }

  #wait() {
    const { phase } = this.#timeline.at(this.#position);
    const shorter = Math.min(1, STEPS / this.#timeline.last);
    this.#timer = setTimeout(() => {
      if (this.#peeked !== null) return this.#wait(); // somebody is looking at something
      this.#move(this.#position + 1);
      if (this.#position >= this.#timeline.last) this.pause();
      else this.#wait();
    }, STAY[phase] * PACE[this.#speed.value] * shorter);
    this.#name();
  }

  #move(position) {
    this.#position = Math.min(this.#timeline.last, Math.max(0, position));
    this.#slider.value = this.#position;
    this.#back.disabled = this.#position === 0;
    this.#forward.disabled = this.#position === this.#timeline.last;
    this.#tell();
  }

  #tell() {
    if (!this.#timeline) return;
    const moment = this.#timeline.at(this.#peeked ?? this.#position);
    const words = t(`phase.${moment.phase}`, { step: moment.step + 1, steps: moment.steps });
    this.#where.textContent = words;
    this.#slider.setAttribute("aria-valuetext", words);
    this.#onMove(moment, { playing: this.playing, settled: !this.playing && this.#peeked === null });
  }

  #name() {
    const name = t(this.playing ? "pause" : "play");
    this.#play.replaceChildren(icon(this.playing ? "pause" : "play"));
    for (const [element, words] of [
      [this.#play, name], [this.#back, t("back")], [this.#forward, t("forward")],
      [this.#slider, t("position")], [this.#speed, t("speed")],
    ]) {
      element.setAttribute("aria-label", words);
      element.title = words;
    }
    for (const option of this.#speed.options) option.textContent = t(`speed.${option.value}`);
  }
}
