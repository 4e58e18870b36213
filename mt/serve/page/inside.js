// "How it was read": asks the server for the numbers of a sentence and lets all drawings move together.

import { ApiError, inspect } from "./api.js";
import { Chooser } from "./chooser.js";
import { forgetColours } from "./colours.js";
import { isTranslated } from "./doubt.js";
import { byId, h } from "./dom.js";
import * as figures from "./figures.js";
import { count, onLanguage, t } from "./i18n.js";
import { Latest } from "./latest.js";
import { drawNow } from "./now.js";
import { Player } from "./player.js";
import { drawStage } from "./stage.js";
import { Timeline } from "./timeline.js";

const PAUSE = 350; // ms after the translation: who types on does not need it yet
const BUSY = 500; // ms before it says that it is waiting

export class Inside {
  #latest = new Latest();
  #asked = { sentences: [], source: "", target: "" };
  #index = 0; // of the sentences
  #found = new Map(); // index -> inspection
  #inspection = null;
  #which = 0; // of the readings
  #moves = [];
  #say = () => t("inside.empty");
  #busy = 0;
  #onChoose;
  #direction = h("select", { class: "direction" });
  #chooser = new Chooser(byId("chooser"), { onChoose: (index) => this.choose(index) });
  #player = new Player(byId("player"), {
    film: byId("stage"),
    extra: this.#direction,
    onMove: (moment, how) => this.#moves.forEach((move) => move(moment, how)),
  });

  /** onChoose(index): that sentence is looked into. */
  constructor({ onChoose }) {
    this.#onChoose = onChoose;
    byId("inside").addEventListener("keydown", (event) => this.#player.onKey(event));
    this.#direction.addEventListener("change", () => {
      this.#which = Number(this.#direction.value);
      this.#draw();
    });
    onLanguage(() => this.redraw());
  }

  /** The text is another one: what is shown does not belong to it, what was asked for is not needed. */
  hold() {
    this.#latest.cancel();
    clearTimeout(this.#busy);
    this.#player.pause();
    byId("inside-body").classList.add("stale");
  }

  /** Show how a text is read: the first of its sentences that holds anything to translate. */
  show({ sentences, source, target }) {
    this.#asked = { sentences, source, target };
    this.#found.clear();
    const first = sentences.findIndex(isTranslated);
    if (first < 0) this.clear({ say: () => t("inside.nothing") });
    else this.#look(first, PAUSE);
  }

  /** Look into another of the sentences. */
  choose(index) {
    if (index in this.#asked.sentences) this.#look(index, 0);
  }

  /** There is no text, or no translation of it. */
  clear({ failed = false, say = () => t("inside.empty") } = {}) {
    this.hold();
    this.#chooser.hide();
    this.#hide(failed ? () => "" : say);
  }

  /** The words or the colours are others. */
  redraw() {
    forgetColours();
    byId("inside-status").textContent = this.#say();
    this.#draw();
  }

  #look(index, pause) {
    this.hold();
    this.#index = index;
    this.#chooser.show(this.#asked.sentences, index, this.#asked);
    this.#onChoose(index);
    const sentence = this.#asked.sentences[index];
    if (!isTranslated(sentence)) return this.#hide(() => t("inside.nothing"));
    if (this.#found.has(index)) return this.#take(this.#found.get(index));
    this.#busy = setTimeout(() => this.#tell(() => t("inside.waiting")), pause + BUSY);
    this.#latest.schedule(pause, async (signal) => {
      try {
        const { source, target } = this.#asked;
        const inspection = await inspect({ text: sentence.source, source, target, signal });
        if (signal.aborted) return;
        this.#found.set(index, inspection);
        this.#take(inspection);
      } catch (problem) {
        if (signal.aborted) return;
        if (!(problem instanceof ApiError)) throw problem;
        this.#hide(() => t(problem.status ? "inside.failed" : "inside.gone", { message: problem.message }));
      }
    });
  }

  #take(inspection) {
    clearTimeout(this.#busy);
    if (inspection.translation.trim() !== this.#asked.sentences[this.#index].translatedText.trim()) {
      return this.#hide(() => t("inside.differs")); // the film is of what stands above, or there is none
    }
    this.#inspection = inspection;
    if (this.#which >= inspection.readings.length) this.#which = 0;
    this.#tell(() => "");
    byId("inside-body").hidden = false;
    byId("inside-body").classList.remove("stale");
    this.#draw({ fresh: true });
  }

  #hide(say) {
    clearTimeout(this.#busy);
    this.#inspection = null;
    byId("inside-body").hidden = true;
    this.#tell(say);
  }

  #tell(say) {
    this.#say = say;
    byId("inside-status").textContent = say();
  }

  #draw({ fresh = false } = {}) {
    const inspection = this.#inspection;
    if (!inspection) return;
    const reading = inspection.readings[this.#which];
    const timeline = new Timeline(reading.order.length, inspection.steps.length);
    this.#drawDirection(inspection.readings);
    const section = (name) => byId(`figure-${name}`);
    this.#moves = [
      drawStage(byId("stage"), inspection, reading, { player: this.#player, timeline }),
      drawNow(byId("now"), byId("words"), inspection, reading),
      figures.dependenceFigure(section("dependence"), inspection, reading),
      figures.pathFigure(section("path"), inspection, reading, this.#which),
      figures.vectorFigure(section("vector"), inspection),
      figures.choicesFigure(section("choices"), inspection),
      figures.looksFigure(section("looks"), inspection),
      figures.decoderPathFigure(section("decoder-path"), inspection),
      figures.beamFigure(section("beam"), inspection),
    ];
    byId("facts").textContent = facts(inspection.model);
    this.#player.load(timeline, fresh ? timeline.allRead : this.#player.position);
    if (fresh) this.#player.playOnce();
  }

  #drawDirection(readings) {
    this.#direction.hidden = readings.length < 2;
    this.#direction.setAttribute("aria-label", t("reading"));
    this.#direction.replaceChildren(
      ...readings.map(({ direction }, index) => h("option", { value: index }, t(`reading.${direction}`))),
    );
    this.#direction.value = this.#which;
  }
}

function facts(model) {
  return t("facts", {
    name: model.name,
    cell: model.cell.toUpperCase(),
    layers: t("facts.layers", { encoder: model.encoder_layers, decoder: model.decoder_layers }),
    directions: t(model.bidirectional ? "facts.both" : "facts.one"),
    size: count(model.vector_size),
    attention: model.attention === "none" ? t("facts.none") : t("facts.attention", { kind: model.attention }),
  });
}
