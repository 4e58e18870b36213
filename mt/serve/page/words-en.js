// Every word of the interface in English.

export const en = {
  title: "mt · a translator you can look into",
  special:
    "Watch a small network read your sentence piece by piece, keep it as numbers, and write the translation from them.",
  "skip.text": "Skip to the text",
  "skip.inside": "Skip to how it was read",
  language: "Language of this page",
  theme: "Colours",
  "theme.auto": "Auto",
  "theme.light": "Light",
  "theme.dark": "Dark",

  "translate.heading": "Translate",
  from: "Translate from",
  to: "Translate into",
  swap: "Swap the languages",
  "source.label": "Text to translate",
  "source.placeholder": "Type or paste a text",
  "typing.help": "It is translated as you type.",
  clear: "Clear",
  "output.label": "Translation",
  "output.empty": "The translation appears here.",
  sureness: "probability of a word: about {value}",
  "sureness.title": "The geometric mean over the words of the translation. It does not say how often such a translation is right",
  confidence: "confidence {value}",
  "confidence.title": "Of validation sentences with this confidence, about so many had a good translation",
  copy: "Copy",
  copied: "Copied.",
  "copy.by.hand": "The browser forbids copying from here: the translation is selected, press Ctrl+C.",
  again: "Try again",
  alternatives: "Also possible",
  "alternatives.proportion": "{proportion} as likely",
  "example.shown": "An example; type your own. Or:",

  cancel: "Cancel",
  "file.label": "Translate a file",
  "file.working": "Translating {name} …",
  "file.done": "Translated:",
  "file.refused": "The server does not translate this file. {message}",
  "speech.label": "Speak, or take a sound file",
  "speech.record": "Speak",
  "speech.stop": "Done",
  "speech.file": "Take a sound file",
  "speech.pair": "Language spoken",
  "speech.permission": "The browser asks whether this page may use the microphone.",
  "speech.recording": "Recording: {seconds} of at most {limit} s",
  "speech.working": "Listening …",
  "speech.heard": "Heard in {seconds} s of sound:",
  "speech.nothing": "Nothing was heard in it.",
  "speech.translate": "Translate this",
  "speech.forbidden": "The browser was told not to lend the microphone to this page: permit it there, or take a sound file.",
  "speech.no.microphone": "No microphone can be used here: take a sound file.",
  "speech.insecure": "Browsers lend the microphone to pages by https or on this machine only: take a sound file.",
  "speech.too.large": "The sound is too large: at most {size} MB.",
  "speech.refused": "The server cannot use this sound. {message}",
  "heard.heading": "How it was heard",
  "heard.lead":
    "Sound is cut into moments; the network reads one after the other, as it reads the pieces of a text, and each changes " +
    "its state.",
  "heard.text": "From left to right is time. Where the state moves, something new was heard.",
  "heard.text.attention":
    "From left to right is time. Where the state moves, something new was heard; the lowest picture has a row for each " +
    "piece that was written and shows where the network looked for it: its diagonal is the order of what was said.",
  "heard.pieces": "written",
  "heard.spectrogram": "sound, high on top",
  "heard.movement": "state moves",
  "heard.attention": "looked at",
  "heard.spectrogram.label": "Spectrogram: how loud each pitch is at each moment",
  "heard.movement.label": "How far the state moves at each moment",
  "heard.attention.label": "Where the network looked, a row for each piece written",
  "heard.from": "From, s",
  "heard.to": "To, s",

  "doubt.language": "This looks like {found}. The model reads {language}, so its answer means little.",
  "doubt.script": "This does not look like {language}, which the model reads: its answer means little.",
  "doubt.kept": "This does not look like {language}, which the model reads: it comes out as it is.",
  "doubt.unsure": "The model is very unsure of this one: it may be wrong.",
  "doubt.switch": "Translate from {language}",

  "more.left": "More to the left",
  "more.right": "More to the right",
  "key.label": "This server asks for an API key",
  "key.use": "Use it",

  slow: "Still translating: this model takes its time.",
  "too.long": "The text is too long: at most {limit} characters are translated at once.",
  gone: "The server does not answer. Is mt serve still running?",
  forbidden: "The server asks for a valid API key. {message}",
  slowdown: "Too many requests at once. {message}",
  "comes.again": "It tries again in {seconds} s.",
  refused: "The server does not translate this. {message}",
  broken: "The server made a mistake ({status}). {message}",

  "inside.heading": "How it was read",
  "inside.lead":
    "One network reads in pieces: words or parts of them (· is a space, ⏎ the end). Each piece changes its state, a list " +
    "of numbers that is all it keeps. Reading ends in the sentence vector; a second network writes the translation from it.",
  "inside.empty": "Type something above, and watch it being read.",
  "inside.waiting": "Looking inside …",
  "inside.gone": "The server does not answer: what was read cannot be shown.",
  "inside.failed": "This cannot be looked into. {message}",
  "inside.nothing": "There is nothing to translate in it: it comes out as it is.",
  "inside.differs": "Looked into, this sentence gets another translation than above, so it is not shown.",

  "chooser.label": "Sentence",
  "chooser.back": "The sentence before",
  "chooser.forward": "The next sentence",
  "chooser.where": "sentence {index} of {all}",

  "player.label": "Step through it",
  play: "Play",
  pause: "Pause",
  back: "One step back",
  forward: "One step on",
  position: "Position",
  speed: "Speed",
  "speed.slow": "slow",
  "speed.normal": "normal",
  "speed.fast": "fast",
  reading: "Reading direction",
  "reading.left-to-right": "Forwards →",
  "reading.right-to-left": "← Backwards",

  "phase.start": "before the first piece",
  "phase.reading": "reading {step} of {steps}",
  "phase.vector": "the sentence vector",
  "phase.writing": "writing {step} of {steps}",

  "stage.label": "Reading and writing, piece by piece",
  "row.reads": "reads",
  "row.state": "state",
  "row.depends": "depends on",
  "row.looks": "looks at",
  "row.moved": "moves",
  "row.writes": "writes",
  "row.sure": "sure",
  "row.hangs": "from vector",
  "row.vector": "vector",
  "column.reading": "Reading step {step}: {piece}, the state moves {moved}",
  "column.vector": "The sentence vector: {size} numbers",
  "column.writing": "Writing step {step}: {piece}, probability {proportion}",
  "piece.space": "the space",
  "piece.end": "the end sign ⏎",
  "piece.unknown": "{piece} (unknown to the model)",
  "legend.label": "Colours: blue is negative, orange is positive",

  "now.start": "Nothing is read yet: every number of the state is 0.",
  "now.reading": "It reads {piece}, and the state moves by {moved}.",
  "now.depends": "What it now knows hangs mostly on {pieces}.",
  "now.vector":
    "All is read. These {size} numbers are the sentence vector: all that the second network gets to know of the sentence.",
  "now.vector.attention":
    "All is read. The second network begins with these {size} numbers, the sentence vector; it may also look back at " +
    "the states above.",
  "now.writing": "It writes {piece}, {proportion} sure.",
  "now.runner": "Next in mind: {piece} ({proportion}).",
  "now.hangs": "With another vector in its place, this prediction would differ by {proportion}.",
  "now.looks": "It looks mostly at {pieces}.",
  "now.strip.reading": "The state now",
  "now.strip.vector": "The sentence vector",
  "now.strip.writing": "The writer's state now",
  "now.some": "{shown} of {all} numbers, those that move most",
  "now.all": "all {all} numbers",
  "stage.note":
    "A column is the state after a piece: {shown} of its {all} numbers, those that move most. Where a stripe keeps its " +
    "colour, something is being remembered.",
  and: " and ",
  "piece.proportion": "{piece} ({proportion})",
  "sentence.gap": " ",
  "sentence.end": ". ",

  "dependence.title": "What it still remembers",
  "dependence.text":
    "Each row is one moment; the stronger the colour of a square, the more the state still depends on that piece. " +
    "Fading downwards is forgetting.",
  "dependence.label": "Matrix: rows are the states after each step, columns the pieces; the last state depends most on {pieces}.",
  "dependence.cell": "After {row} the state depends on {column} to {proportion}.",

  "path.title": "The way of the state",
  "path.text":
    "Each state is a point, and the line is the way this sentence takes. Grey: states of {sentences} other sentences.",
  "path.text.alone": "Each state is a point, and the line is the way this sentence takes.",
  "map.little":
    "Two of many axes: they show only {proportion} of the differences between states, so points that lie together here may " +
    "be far apart.",
  "map.much": "Two of many axes: they show {proportion} of the differences between states.",
  "path.label": "Map of the states, a line from {first} to {last}.",

  "vector.title": "The sentence in {size} numbers",
  "vector.text": "Whatever the sentence, the vector is as long. The bars say how much of it hangs on each piece.",
  "vector.label": "The sentence vector as {size} coloured cells.",
  "vector.bars": "How much of the vector depends on each piece: most on {pieces}.",
  "vector.both": "Both reading directions together make it.",

  "choices.title": "What it could write next",
  "choices.text":
    "At each step every piece it knows gets a probability; these are the likeliest. The search need not choose the " +
    "first: it looks further ahead.",
  "choices.step": "Step {step}, after “{before}”",
  "choices.first": "Step 1, before anything is written",
  "choices.chosen": "chosen",
  "choices.rest": "all others",

  "attention.title": "Where it looked",
  "attention.text":
    "Before each piece it writes, the network looks back at the states of the sentence. Each row is one look; a strong " +
    "colour is where it looked.",
  "attention.label": "Matrix: rows are the pieces written, columns the pieces read; coloured where the network looked.",
  "attention.cell": "Writing {row} it looked at {column} to {proportion}.",
  "influence.title": "What still comes from the vector",
  "influence.text":
    "How much each choice would differ had the vector been another one. A low bar: what was already written decides.",
  "influence.label": "Bars, one for each piece written: how much the choice hangs on the sentence vector.",

  "decoder-path.title": "The way of the writer",
  "decoder-path.text":
    "The same for the second network: from the vector it walks until it writes the end sign ⏎.",

  "beam.title": "The search",
  "beam.text":
    "It follows several beginnings at once and keeps the likeliest few at each step, best on top. ⏎ marks finished " +
    "ones; the thick line is the translation.",
  "beam.label": "Tree of the search: {steps} steps, up to {width} beginnings kept at each.",

  numbers: "The numbers",
  "table.step": "Step",
  "table.piece": "Piece",
  "table.moved": "Moves",
  "table.proportion": "Share",
  "table.probability": "Probability",
  "table.runners": "Next in mind",
  "table.hangs": "From the vector",
  "table.after": "Continues",
  "table.log_prob": "Log-probability",
  "table.ended": "Finished",
  "table.rank": "Rank",
  yes: "yes",

  facts: "{name}: {cell}, {layers}, {directions}, a vector of {size} numbers, {attention}",
  "facts.layers": "layers of the reader: {encoder}, of the writer: {decoder}",
  "facts.both": "reads in both directions",
  "facts.one": "reads in one direction",
  "facts.none": "no attention",
  "facts.attention": "attention: {kind}",

  "keys.heading": "Keyboard",
  "keys.now": "in the text: translate at once",
  "keys.step": "in “How it was read”: a step back, a step on",
  "keys.ends": "to the beginning, to the end",
  "keys.play": "on a piece or the play button: play, pause",
  "keys.tab": "to the next control; a row of pieces is one stop",
};
