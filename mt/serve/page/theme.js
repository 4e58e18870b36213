// Light or dark: as the system says, or as chosen. Drawings on a canvas must be told, style sheets need not.

import { remember, remembered } from "./i18n.js";

const KEPT = "mt.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Connects the chooser; calls back whenever the colours change. */
export function startTheme(select, onChange) {
  const kept = remembered(KEPT);
  select.value = ["light", "dark"].includes(kept) ? kept : "auto";
  select.addEventListener("change", () => {
    if (select.value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = select.value;
    remember(KEPT, select.value);
    onChange();
  });
  dark.addEventListener("change", onChange);
}
