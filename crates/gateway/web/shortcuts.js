import { dialog, h } from "./dom.js";
import { texts } from "./texts.js";

/** The key of an event, unless the user types a text or another program owns the combination. @param {KeyboardEvent} event */
export function keyOf(event) {
  const isTyping = event.target instanceof Element && event.target.closest("input:not([type=checkbox]), select, textarea, dialog");
  return isTyping || event.ctrlKey || event.metaKey || event.altKey ? null : event.key;
}

/** Lists all keys. */
export function showHelp() {
  dialog(texts.keys, h("dl", { class: "keys" },
    ...texts.keyList.flatMap(([key, action]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, action)])));
}
