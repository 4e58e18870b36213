// The page comes to life here: the parts are made, told of each other, and the server is asked what it can do.

import { ApiError, languages, settings, useKey } from "./api.js";
import { forgetColours } from "./colours.js";
import { Documents } from "./documents.js";
import { byId } from "./dom.js";
import { firstLanguage, language, setLanguage } from "./i18n.js";
import { Inside } from "./inside.js";
import { Languages } from "./languages.js";
import { Speech } from "./speech.js";
import { startTheme } from "./theme.js";
import { Translator } from "./translator.js";

const pair = new Languages({
  from: byId("source-language"),
  to: byId("target-language"),
  swap: byId("swap"),
  onChange: () => translator.later(0),
  onSwap: () => {
    translator.text = translator.translation || translator.text;
  },
});
const inside = new Inside({ onChoose: (index) => translator.mark(index) });
const translator = new Translator({
  languages: pair,
  on: {
    typing: () => inside.hold(),
    translated: (what) => inside.show(what),
    choose: (index) => inside.choose(index),
    empty: () => inside.clear(),
    failed: () => inside.clear({ failed: true }),
    retry: () => start(),
  },
});

const documents = new Documents(byId("file"), { languages: pair });
const speech = new Speech(byId("speech"), {
  translatesFrom: (code) => pair.translatesFrom(code),
  onText: (text, code) => {
    pair.choose(code, pair.target);
    translator.text = text;
  },
});

startTheme(byId("theme"), () => {
  forgetColours();
  inside.redraw();
  speech.redraw();
});
setLanguage(firstLanguage());
byId("interface-language").value = language();
byId("interface-language").addEventListener("change", (event) => setLanguage(event.target.value, { keep: true }));
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(byId("api-key").value);
  translator.later(0);
});

let starting = null;

/** Asks what the server can do, once at a time; until it has answered nothing is translated. */
function start() {
  starting ??= ask().finally(() => {
    starting = null;
  });
  return starting;
}

async function ask() {
  try {
    const [known, limits] = await Promise.all([languages(), settings()]);
    translator.limit = limits.charLimit ?? 0;
    byId("key-form").hidden = !limits.keyRequired;
    documents.offer(limits.filesTranslation ? limits.supportedFilesFormat ?? [] : []);
    speech.offer(limits.transcribe ?? null);
    pair.load(known);
    document.body.classList.toggle("sound-only", Boolean(limits.transcribe) && !pair.ready);
    translator.showExample();
    translator.later(0);
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    translator.fail(problem);
  }
}

await start();
