// What is shown before anything is typed, in the language that is translated from.

const EXAMPLES = {
  ar: ["كلب يجري على الشاطئ."],
  cs: ["Pes běží po pláži."],
  de: ["Ein Hund läuft am Strand.", "Zwei Kinder spielen im Park."],
  en: ["A dog runs on the beach.", "Two children play in the park."],
  "en-zh": ["I love Beijing", "My mother bought three books yesterday."],
  es: ["Un perro corre por la playa."],
  fr: ["Un chien court sur la plage."],
  he: ["כלב רץ על החוף."],
  it: ["Un cane corre sulla spiaggia."],
  ja: ["犬が海辺を走っています。"],
  ko: ["개가 해변을 달리고 있어요."],
  nl: ["Een hond rent over het strand."],
  pl: ["Pies biegnie po plaży."],
  pt: ["Um cachorro corre na praia."],
  ru: ["Собака бежит по пляжу."],
  sv: ["En hund springer på stranden."],
  tr: ["Bir köpek sahilde koşuyor."],
  uk: ["Собака біжить пляжем."],
  vi: ["Một con chó chạy trên bãi biển."],
  zh: ["我妈妈昨天买了三本书。", "我爱北京"],
};

/** Sentences to translate; none where the page knows none. */
export function examplesFor(source, target) {
  const [from, to] = [source, target].map((code) => code.toLowerCase().split("-")[0]);
  return EXAMPLES[`${from}-${to}`] ?? EXAMPLES[from] ?? [];
}
