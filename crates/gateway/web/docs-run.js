import { button, fill, h, size } from "./dom.js";
import { docsTexts } from "./docs-texts.js";
import { texts } from "./texts.js";

/** How much of a response is shown, in characters. */
const MAX_SHOWN = 100_000;
/** The headers of a response that are shown. */
const SHOWN_HEADERS = ["content-type", "content-length", "retry-after", "x-mayfly-since", "content-disposition"];

/**
 * A button that sends a GET request from this page and shows the response. While a response arrives, also one that never
 * ends, the button stops it.
 * @param {() => {url: string, headers: Record<string, string>}} request
 */
export function runner(request) {
  /** @type {AbortController | null} */
  let running = null;
  const status = h("p", { role: "status" });
  const body = h("pre", { class: "source", tabindex: 0, role: "group", "aria-label": docsTexts.response, hidden: true });
  const act = async () => {
    if (running) {
      running.abort();
      return;
    }
    running = new AbortController();
    run.textContent = docsTexts.stop;
    fill(status);
    body.hidden = true;
    try {
      const { url, headers } = request();
      const response = await fetch(url, { headers, credentials: "omit", cache: "no-store", signal: running.signal });
      const shown = SHOWN_HEADERS.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
      fill(status, h("strong", {}, `${response.status} ${response.statusText}`), ` ${shown.join(" · ")}`);
      await show(response, body);
    } catch (error) {
      if (!running.signal.aborted) fill(status, error instanceof TypeError ? texts.errors.offline : String(error));
    }
    running = null;
    run.textContent = docsTexts.run;
  };
  const run = button(docsTexts.run, act, "primary small");
  return h("div", { class: "run" }, h("p", { class: "row" }, run), status, body);
}

/** Shows a body as it arrives: JSON indented, other text as it is, of other types the size. @param {Response} response @param {HTMLElement} into */
async function show(response, into) {
  const type = response.headers.get("content-type") ?? "";
  const isText = /^(text|message)\/|json|xml/.test(type);
  if (!isText) {
    const { size: bytes } = await response.blob();
    if (!bytes) return;
    into.textContent = size(bytes);
    into.hidden = false;
    return;
  }
  let text = "";
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    text += read.value;
    into.textContent = text.slice(0, MAX_SHOWN);
    into.hidden = false;
    if (text.length > MAX_SHOWN) {
      await reader?.cancel();
      return;
    }
  }
  if (/json/.test(type)) into.textContent = indented(text);
}

/** @param {string} text */
function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
