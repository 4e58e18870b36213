// How a recording was heard: its spectrogram, how far the state moved at each moment, where the writer looked.
// All have one axis of time, so that what was written stands over what it was heard in.

import { figure } from "./figure.js";
import { count, t } from "./i18n.js";
import { pieceName } from "./pieces.js";
import { barPicture, names, overTime, picture, row, rowsPicture, seconds } from "./timed.js";

/** `heard`: of POST /transcribe, S steps of time and T pieces; `title`: what was heard; `part`: whether it is the
 * first part of a longer recording. Returns the box that scrolls. */
export function drawHeard(host, heard, { title, language, part }) {
  const { spectrogram, movement, attention, pieces, times } = heard;
  const [steps, bands] = [spectrogram.length, spectrogram[0].length];
  const { element, box } = overTime(heard, t("heard.heading"), [
    row("heard.pieces", names(heard, steps, language)),
    row("heard.spectrogram", picture("spectrogram", steps, bands,
      (step, down) => spectrogram[step][bands - 1 - down] / 255, t("heard.spectrogram.label"))),
    row("heard.movement", barPicture("movement", movement, t("heard.movement.label"))),
    attention?.length && row("heard.attention", rowsPicture(attention, t("heard.attention.label"))),
  ]);
  const text = t(attention ? "heard.text.attention" : "heard.text");
  figure(host, {
    title,
    text: part ? t("heard.part") + t("sentence.gap") + text : text,
    body: [element],
    table: () => ({
      columns: [t("table.step"), t("table.piece"), t("heard.from"), t("heard.to")],
      rows: pieces.map((piece, at) => [count(at + 1), pieceName(piece), ...times[at].map(seconds)]),
    }),
  });
  return box;
}
