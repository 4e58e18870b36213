// Words of a text: how many there are, how sure each is, and which of them another text has not.

const CUT = { granularity: "word" };

/** How many words a text has, at least 1. */
export function countWords(text, language) {
  return Math.max(1, segments(text, language).filter((segment) => segment.isWordLike).length);
}

/** The geometric mean of a word's probability in texts: [{text, probability}]. */
export function perWord(texts, language) {
  const words = texts.reduce((sum, { text }) => sum + countWords(text, language), 0);
  const log = texts.reduce((sum, { probability }) => sum + Math.log(Math.max(probability, Number.MIN_VALUE)), 0);
  return Math.exp(log / words);
}

/** A text in parts, [{text, differs}]: those that differ are not in `other`, in this order. */
export function difference(text, other, language) {
  const [here, there] = [text, other].map((one) => segments(one, language).map((segment) => segment.segment));
  const same = longestCommon(here, there);
  const differing = here.map((segment, index) => segment.trim() !== "" && !same.has(index));
  const parts = [];
  here.forEach((segment, index) => {
    const between = segment.trim() === "" && differing[index - 1] && differing[index + 1];
    const differs = differing[index] || between;
    if (parts.length && parts.at(-1).differs === differs) parts.at(-1).text += segment;
    else parts.push({ text: segment, differs });
  });
  return parts;
}

/** Whether two texts have the same words: white space, marks and capitals do not count. */
export function sameWords(one, other) {
  const bare = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  return bare(one) === bare(other);
}

function segments(text, language) {
  try {
    return [...new Intl.Segmenter(language, CUT).segment(text)];
  } catch {
    return [...new Intl.Segmenter(undefined, CUT).segment(text)]; // not a code of a language
  }
}

/** The indices in `here` of a longest common subsequence. */
function longestCommon(here, there) {
  const lengths = Array.from({ length: here.length + 1 }, () => new Uint16Array(there.length + 1));
  for (let i = here.length - 1; i >= 0; i -= 1) {
    for (let j = there.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = here[i] === there[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const found = new Set();
  for (let i = 0, j = 0; i < here.length && j < there.length;) {
    if (here[i] === there[j]) {
      found.add(i);
      [i, j] = [i + 1, j + 1];
    } else if (lengths[i + 1][j] >= lengths[i][j + 1]) i += 1;
    else j += 1;
  }
  return found;
}
