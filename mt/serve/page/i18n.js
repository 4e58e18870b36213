// The page in Chinese or English: every word on it comes from here, and changes while it is being looked at.

import { en } from "./words-en.js";
import { zh } from "./words-zh.js";

const WORDS = { en, zh };
const KEPT = "mt.language";
const listeners = [];
let current = "en";

/** The language of the interface: `en` or `zh`. */
export function language() {
  return current;
}

/** The text of a key, `{name}`s filled in. */
export function t(key, values = {}) {
  const text = WORDS[current][key] ?? WORDS.en[key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? `{${name}}`));
}

/** Called now and after each change of language. */
export function onLanguage(listener) {
  listeners.push(listener);
}

/** What the reader chose before, else the first of the browser's languages that the page speaks. */
export function firstLanguage() {
  const kept = remembered(KEPT);
  if (kept in WORDS) return kept;
  const known = navigator.languages.map((code) => code.toLowerCase().split("-")[0]);
  return known.find((code) => code in WORDS) ?? "en";
}

/** Speak another language; `keep` remembers it. */
export function setLanguage(code, { keep = false } = {}) {
  current = code in WORDS ? code : "en";
  if (keep) remember(KEPT, current);
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  translateStatic(document);
  for (const listener of listeners) listener();
}

/** Fills in what stands in the HTML: data-t is text, data-t-label and so on are attributes. */
function translateStatic(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const [data, attribute] of [["tLabel", "aria-label"], ["tTitle", "title"], ["tPlaceholder", "placeholder"]]) {
    const name = data.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    for (const element of root.querySelectorAll(`[data-${name}]`)) {
      element.setAttribute(attribute, t(element.dataset[data]));
    }
  }
}

/** The name of a language in the interface's language, or what the server calls it. */
export function nameOfLanguage(code, fallback) {
  try {
    return new Intl.DisplayNames([current], { type: "language", fallback: "none" }).of(code) ?? fallback;
  } catch {
    return fallback;
  }
}

/** A proportion as a percentage: 0.9526 -> 95 %, 0.0009 -> 0.1 %. */
export function percent(proportion) {
  if (proportion > 0 && proportion < 0.0005) return `<${percentFormat(1).format(0.001)}`;
  return percentFormat(proportion < 0.0995 ? 1 : 0).format(proportion);
}

const formats = new Map(); // making one takes long, and there are thousands of numbers

function percentFormat(digits) {
  const name = `${current} ${digits}`;
  if (!formats.has(name)) {
    formats.set(name, new Intl.NumberFormat(current, { style: "percent", maximumFractionDigits: digits }));
  }
  return formats.get(name);
}

/** A whole number as the language writes it. */
export function count(number) {
  return new Intl.NumberFormat(current).format(number);
}

/** What was kept in the browser, or nothing. */
export function remembered(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** Keep a choice in the browser, where that is allowed. */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Not allowed: the choice holds until the page is closed.
  }
}
