// Signs on buttons, drawn: fonts do not have them everywhere.

import { svg } from "./dom.js";

const SHAPES = {
  play: ["M7 4.5v15l12-7.5z"],
  pause: ["M7 5h3.6v14H7z", "M13.4 5H17v14h-3.6z"],
  back: ["M6 5h2.4v14H6z", "M19 5v14L9.5 12z"],
  forward: ["M15.6 5H18v14h-2.4z", "M5 5v14l9.5-7z"],
  microphone: [
    "M12 14.5a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v5.5a3 3 0 0 0 3 3z",
    "M17.5 11.5a5.5 5.5 0 0 1-11 0h-2a7.5 7.5 0 0 0 6.5 7.4V21.5h2v-2.6a7.5 7.5 0 0 0 6.5-7.4z",
  ],
  left: ["M15.4 5 17 6.6 11.6 12l5.4 5.4-1.6 1.6L8.4 12z"],
  right: ["M8.6 5 7 6.6l5.4 5.4L7 17.4 8.6 19l7-7z"],
  swap: ["M8 4 3.5 8.5 8 13V9.6h11V7.4H8z", "m16 11 4.5 4.5L16 20v-3.4H5v-2.2h11z"],
};

/** A sign of the size of the text; its button says what it means. */
export function icon(name) {
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" },
    SHAPES[name].map((d) => svg("path", { d })));
}
