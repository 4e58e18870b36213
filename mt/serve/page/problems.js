// An answer that is not what was asked for, in words.

import { t } from "./i18n.js";

const KEYS = { 0: "gone", 403: "forbidden", 429: "slowdown" };

/** What went wrong; `refused` is the key of the words for a request that the server turns down. */
export function problemWords({ status, message }, refused = "refused") {
  return t(KEYS[status] ?? (status < 500 ? refused : "broken"), { message, status }).trim();
}
