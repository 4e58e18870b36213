// "How it was read": asks the server for the numbers of the sentence and lets all drawings move together.

import { ApiError, inspect } from "./api.js";
import { forgetColours } from "./colours.js";
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
  #inspection = null;
  #which = 0; // of the readings
  #moves = [];
  #say = () => t("inside.empty");
  #busy = 0;
  #direction = h("select", { class: "direction" });
  #player = new Player(byId("player"), {
    extra: this.#direction,
    onMove: (place, how) => this.#moves.forEach((move) => move(place, how)),
  });

  constructor() {
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
    byId("inside-body").classList.add("stale");
  }

  /** Show how a text is read. */
  show({ text, source, target }) {
    this.hold();
    this.#busy = setTimeout(() => this.#tell(() => t("inside.waiting")), PAUSE + BUSY);
    this.#latest.schedule(PAUSE, async (signal) => {
      try {
        const inspection = await inspect({ text, source, target, signal });
        if (signal.aborted) return;
        this.#take(inspection);
      } catch (problem) {
        if (signal.aborted) return;
        this.#fail(problem);
      }
    });
  }

  /** There is no text. */
  clear() {
    this.hold();
    this.#inspection = null;
    this.#player.pause();
    byId("inside-body").hidden = true;
    this.#tell(() => t("inside.empty"));
  }

  /** The words or the colours are others. */
  redraw() {
    forgetColours();
    byId("inside-status").textContent = this.#say();
    this.#draw();
  }

  #take(inspection) {
    clearTimeout(this.#busy);
    this.#inspection = inspection;
    if (this.#which >= inspection.readings.length) this.#which = 0;
    const { parts = 1, translation } = inspection;
    this.#tell(() => (parts > 1 ? t("inside.parts", { parts: count(parts), translation }) : ""));
    byId("inside-body").hidden = false;
    byId("inside-body").classList.remove("stale");
    this.#draw({ fresh: true });
  }

  #fail(problem) {
    clearTimeout(this.#busy);
    if (!(problem instanceof ApiError)) throw problem;
    this.#inspection = null;
    this.#player.pause();
    byId("inside-body").hidden = true;
    this.#tell(() => t(problem.status ? "inside.failed" : "inside.gone", { message: problem.message }));
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
      drawNow(byId("now"), inspection, reading),
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
  }

  #drawDirection(readings) {
    this.#direction.hidden = readings.length < 2;
    this.#direction.setAttribute("aria-label", t("reading"));
    this.#direction.replaceChildren(
      ...readings.map(({ direction }, place) => h("option", { value: place }, t(`reading.${direction}`))),
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
