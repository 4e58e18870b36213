// Numbers as colours: the two scales of the project's pictures, in the theme of the moment.

let scales = null;

/** The theme is another one: look the colours up again. */
export function forgetColours() {
  scales = null;
}

/** -1 … 0 … 1 -> blue … neutral … orange; beyond, as at the end. */
export function diverging(value) {
  const { negative, neutral, positive } = known();
  return value < 0 ? mix(neutral, negative, -value) : mix(neutral, positive, value);
}

/** 0 … 1 -> neutral … teal. */
export function sequential(proportion) {
  return mix(known().neutral, known().accent, proportion);
}

function known() {
  if (scales) return scales;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => parse(style.getPropertyValue(`--${name}`).trim());
  scales = Object.fromEntries(
    ["negative", "neutral", "positive", "accent"].map((name) => [name, colour(name === "accent" ? "sequential" : name)]),
  );
  return scales;
}

/** #2b6cb0 -> [43, 108, 176] */
function parse(hex) {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}

function mix(from, to, proportion) {
  const part = Math.min(1, Math.max(0, proportion));
  return `rgb(${from.map((channel, index) => Math.round(channel + (to[index] - channel) * part)).join(" ")})`;
}
