import { h } from "./dom.js";
import { texts } from "./texts.js";

const KEY = "mayfly.theme";
/** @typedef {keyof typeof texts.themes} Theme */
const THEMES = /** @type {Theme[]} */ (Object.keys(texts.themes));

/** @returns {Theme} */
function stored() {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? "system";
  } catch {
    return "system";
  }
}

/** @param {Theme} theme */
function apply(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** A switch between the schemes: that of the system, light, dark. */
export function themeSwitch() {
  const choose = (/** @type {Event} */ event) => {
    const theme = /** @type {Theme} */ (/** @type {HTMLSelectElement} */ (event.target).value);
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It lasts until the page is closed.
    }
    apply(theme);
  };
  const chosen = stored();
  return h("select", { class: "theme", "aria-label": texts.theme, onchange: choose },
    ...THEMES.map((theme) => h("option", { value: theme, selected: theme === chosen }, texts.themes[theme])));
}

apply(stored());
window.addEventListener("storage", (event) => { if (event.key === KEY) apply(stored()); });
