// Why a translation may be wrong: the text is in another language than the model reads, or the model is unsure.

import { detect } from "./api.js";
import { nameOfLanguage, t } from "./i18n.js";
import { perWord } from "./words.js";

const UNSURE = 0.4; // calibrated confidence of a sentence: most such translations are not good
const LOW = 0.4; // probability of a word, on average, below which the language is looked at
const LETTERS = 3; // fewer say nothing about the script
const CERTAIN = 90; // confidence of the detection, of 100
const SCRIPTS = { Hans: ["Han"], Hant: ["Han"], Jpan: ["Han", "Hiragana", "Katakana"], Kore: ["Hangul", "Han"] };

/** Whether a model has read a sentence: what has no letters or is in the target language comes out as it is. */
export function isTranslated({ source, translatedText, scores }) {
  return source !== translatedText || (/\p{L}/u.test(source) && scores?.[0]?.probability !== 1);
}

/** How sure the model is of a word of these sentences, 0 to 1; null where it does not say. */
export function sureness(sentences, language) {
  const scored = sentences.filter((sentence) => sentence.scores?.length && isTranslated(sentence));
  if (!scored.length) return null;
  return perWord(scored.map(({ translatedText, scores }) => ({ text: translatedText, probability: scores[0].probability })), language);
}

/** How likely the worst of these sentences is to be good, 0 to 1; null of a run that is not calibrated. */
export function confidence(sentences) {
  const told = sentences.filter(isTranslated).map((sentence) => sentence.confidence);
  return told.length && told.every(Number.isFinite) ? Math.min(...told) : null;
}

/**
 * {say, language}: what to tell the reader and the language the text seems to be in, or null.
 * A low probability alone is no hint: without calibration it does not say how often a model is wrong.
 */
export async function doubtOf({ text, sentences, source, target, signal }) {
  const other = inOtherScript(text, source);
  const sure = confidence(sentences);
  const unsure = sure !== null && sure < UNSURE;
  const probability = sureness(sentences, target);
  if (!other && !unsure && (probability === null || probability >= LOW)) return null;
  if (!sentences.some(isTranslated)) return { say: () => t("doubt.kept", { language: nameOfLanguage(source, source) }) };
  const language = await detected(text, signal);
  if (language && base(language) !== base(source)) {
    return {
      language,
      say: () => t("doubt.language", { found: nameOfLanguage(language, language), language: nameOfLanguage(source, source) }),
    };
  }
  if (!other && !unsure) return null;
  return { say: () => t(other ? "doubt.script" : "doubt.unsure", { language: nameOfLanguage(source, source) }) };
}

/** Whether less than half of the letters are of the language's script. */
export function inOtherScript(text, language) {
  const scripts = scriptsOf(language);
  const letters = text.match(/\p{L}/gu) ?? [];
  if (!scripts || letters.length < LETTERS) return false;
  const own = new RegExp(`[${scripts.map((script) => `\\p{Script=${script}}`).join("")}]`, "u");
  return letters.filter((letter) => own.test(letter)).length < letters.length / 2;
}

function scriptsOf(language) {
  try {
    const { script } = new Intl.Locale(language).maximize();
    return script && (SCRIPTS[script] ?? [script]);
  } catch {
    return undefined; // not a code of a language
  }
}

async function detected(text, signal) {
  try {
    const [first] = await detect({ text, signal });
    return first?.confidence >= CERTAIN ? first.language : null;
  } catch {
    return null; // the hint is a courtesy: without it the answer stands
  }
}

function base(code) {
  return code.toLowerCase().split("-")[0];
}
