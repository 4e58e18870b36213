// A box that scrolls sideways says so: a shade and a sign at each edge behind which there is more.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";

/** The box in a frame with its signs. `kind`: another class of the frame. */
export function sideways(box, kind = "") {
  const frame = h("div", { class: `sideways ${kind}` }, box, sign(box, "left", -1), sign(box, "right", 1));
  const look = () => {
    frame.classList.toggle("more-left", box.scrollLeft > 1);
    frame.classList.toggle("more-right", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  };
  box.addEventListener("scroll", look, { passive: true });
  const sizes = new ResizeObserver(look);
  for (const one of [box, ...box.children]) sizes.observe(one);
  return frame;
}

/** For pointers; the keyboard scrolls the box itself. */
function sign(box, side, direction) {
  const words = t(`more.${side}`);
  return h("button", {
    type: "button", class: `edge ${side}`, tabindex: -1, "aria-hidden": "true", title: words,
    onclick: () => box.scrollBy({ left: direction * box.clientWidth * 0.7, behavior: "smooth" }),
  }, icon(side));
}
