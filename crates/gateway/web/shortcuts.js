import { dialog, h } from "./dom.js";
import { texts } from "./texts.js";

/**
 * The key of an event, unless the user types a text or another program owns the combination. On a keyboard of another
 * script it is the key that is in the same place on a Latin one.
 * @param {KeyboardEvent} event
 */
export function keyOf(event) {
  const isTyping = event.target instanceof Element && event.target.closest("input:not([type=checkbox]), select, textarea, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (/^[\x20-\x7e]+$/.test(event.key)) return event.key;
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
}

/** Lists all keys. */
export function showHelp() {
  dialog(texts.keys, h("dl", { class: "keys" },
    ...Object.entries(texts.keyList).flatMap(([key, action]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, action)])));
}
