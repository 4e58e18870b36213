// What every drawing has around it: a title, one plain sentence, and the same numbers as a table for those who
// cannot see it or want to know exactly.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { sideways } from "./sideways.js";

/** Fills a section; `table`: () -> {columns, rows}, made when it is opened. `method`: how they were got, in English. */
export function figure(host, { title, text, body, table, method }) {
  const heading = `${host.id}-title`;
  host.setAttribute("aria-labelledby", heading);
  host.classList.add("figure");
  host.hidden = false;
  host.replaceChildren(h("h3", { id: heading }, title), h("p", { class: "explain" }, text), ...body, numbers(title, table, method));
}

function numbers(title, table, method) {
  const details = h("details", { class: "numbers" }, h("summary", {}, t("numbers")));
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table")) return;
    const { columns, rows } = table();
    if (method) details.append(h("p", { class: "method", lang: "en" }, method));
    details.append(sideways(h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${title}: ${t("numbers")}`, "data-own-keys": true },
      h("table", {},
        h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, rows.map(([first, ...others]) =>
          h("tr", {}, h("th", { scope: "row" }, first), others.map((cell) => h("td", {}, cell)))))))));
  });
  return details;
}
