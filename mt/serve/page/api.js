// The server, as the page needs it: LibreTranslate's protocol and /inspect. Addresses are relative to the page.

/** An answer that is not what was asked for. status 0: nobody answered. */
export class ApiError extends Error {
  constructor(message, { status = 0, retryAfter = 0 } = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Not kept anywhere but here: it is gone with the page. */
let key = "";

/** The key that goes with every request from now on. */
export function useKey(given) {
  key = given.trim();
}

/** [{code, name, targets}] */
export function languages() {
  return ask("languages");
}

/** {charLimit, keyRequired, …} */
export function settings() {
  return ask("frontend/settings");
}

/** {translatedText, sentences}; a sentence is {source, translatedText, alternatives, scores}, scores first the translation's. */
export function translate({ text, source, target, alternatives, signal }) {
  const asked = { q: text, source, target, alternatives, scores: true, sentences: true, format: "text" };
  return ask("translate", { signal, body: asked });
}

/** [{language, confidence}], the likeliest first. */
export function detect({ text, signal }) {
  return ask("detect", { signal, body: { q: text } });
}

/** How a text is read: the JSON of `mt inspect --json`. */
export function inspect({ text, source, target, signal }) {
  return ask("inspect", { signal, body: { q: text, source, target } });
}

/** {href} of a translated file; it is fetched beside this page, whatever host the server calls itself. */
export async function translateFile({ file, source, target, signal }) {
  const { translatedFileUrl } = await ask("translate_file", { signal, form: { file, source, target } });
  const [, path] = /([^/]+\/[^/]+)$/.exec(new URL(translatedFileUrl, location.href).pathname) ?? [];
  return { href: path ?? translatedFileUrl };
}

/** {text, seconds, heard}: what was said in a recording, and how it was heard. */
export function transcribe({ file, source, target, signal }) {
  return ask("transcribe", { signal, form: { file, source, target, heard: "true" } });
}

async function ask(path, { body, form, signal } = {}) {
  const request = { signal, headers: { Accept: "application/json" } };
  if (form) {
    request.method = "POST";
    request.body = new FormData();
    for (const [name, value] of Object.entries(key ? { ...form, api_key: key } : form)) request.body.append(name, value);
  } else if (body) {
    request.method = "POST";
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(key ? { ...body, api_key: key } : body);
  }
  let response;
  try {
    response = await fetch(path, request);
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new ApiError("", { status: 0 });
  }
  const answer = await readAnswer(response);
  if (response.ok && answer !== undefined) return answer;
  throw new ApiError(typeof answer?.error === "string" ? answer.error : "", {
    status: response.status,
    retryAfter: Number(response.headers.get("Retry-After")) || 0,
  });
}

async function readAnswer(response) {
  try {
    return await response.json();
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    return undefined;
  }
}
