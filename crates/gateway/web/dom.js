import { locale, timeFormat } from "./language.js";
import { texts } from "./texts.js";

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Creates an element. Strings become text, never HTML. `on…` attributes are listeners; `true` is an empty attribute.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  append(element, children);
  return element;
}

/** @param {Element} element @param {Child[]} children */
function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Replaces the children of an element. @param {Element} element @param {...Child} children */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** @param {string} label @param {() => unknown} onclick @param {string} [kind] */
export function button(label, onclick, kind = "") {
  return h("button", { type: "button", class: kind, onclick }, label);
}

/**
 * A labelled field.
 * @param {string} label
 * @param {HTMLElement} control
 */
export function field(label, control) {
  return h("label", { class: "field" }, h("span", {}, label), control);
}

const polite = () => document.getElementById("announce") ?? document.body.appendChild(
  h("p", { id: "announce", class: "hidden", role: "status", "aria-live": "polite" }));

/** Announces a text to screen readers. @param {string} text */
export function announce(text) {
  polite().textContent = text;
}

/** @type {number | undefined} */
let toastTimer;

/**
 * Shows a message for five seconds, with an action if there is one.
 * @param {string} text @param {"good" | "bad"} [kind] @param {{label: string, act: () => unknown}} [action]
 */
export function toast(text, kind = "good", action) {
  document.getElementById("toast")?.remove();
  clearTimeout(toastTimer);
  const note = h("span", { role: "status" });
  const box = h("div", { id: "toast", class: `toast ${kind}` }, note,
    action ? button(action.label, () => { box.remove(); action.act(); }, "small") : null);
  document.body.append(box);
  // Screen readers announce a live region when its text changes, not when it is added.
  note.textContent = text;
  toastTimer = window.setTimeout(() => box.remove(), 5000);
}

/** Copies a text to the clipboard and shows a confirmation. @param {string} text @param {string} [done] */
export async function copy(text, done = texts.copied) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast(texts.copyFailed, "bad");
  }
}

/** A text with a button that copies it. @param {string} text @param {string} label */
export function copyable(text, label) {
  return h("span", { class: "copyable" },
    h("code", {}, text),
    h("button", { type: "button", class: "small", "aria-label": `${texts.copy}: ${label}`, onclick: () => copy(text) }, texts.copy));
}

/**
 * A table. On a narrow screen each row is a card and each cell has its heading beside it. The roles are explicit because
 * browsers drop them when CSS changes the display type of a table.
 * @param {string[]} headings
 * @param {Child[][]} rows
 * @param {string} [label]
 */
export function table(headings, rows, label) {
  return h("table", { role: "table", "aria-label": label },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...headings.map((heading) => h("th", { role: "columnheader", scope: "col" }, heading)))),
    h("tbody", { role: "rowgroup" }, ...rows.map((cells) => h("tr", { role: "row" },
      ...cells.map((cell, index) => h("td", { role: "cell", "data-label": headings[index] }, cell))))));
}

/** Opens a dialog. It is removed when it closes. @param {string} title @param {...Child} children */
export function dialog(title, ...children) {
  const box = h("dialog", { "aria-label": title, onclose: () => box.remove() },
    h("header", {}, h("h2", {}, title),
      h("button", { type: "button", class: "quiet", "aria-label": texts.close, onclick: () => box.close() }, "✕")),
    ...children);
  document.body.append(box);
  box.showModal();
  return box;
}

/** Asks for confirmation of an action that cannot be undone. @param {string} question @param {string} yes @returns {Promise<boolean>} */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    let answer = false;
    const box = dialog(yes, h("p", {}, question), h("p", { class: "row" },
      button(yes, () => { answer = true; box.close(); }, "danger"),
      button(texts.cancel, () => box.close())));
    box.addEventListener("close", () => resolve(answer));
  });
}

/**
 * A form that calls the API. The button is disabled while a request runs; an error is shown in the form.
 * @param {Child[]} children
 * @param {string} submit
 * @param {(form: FormData) => Promise<unknown>} act
 * @param {(error: unknown) => string} explain
 * @param {string} [kind] of the button
 */
export function form(children, submit, act, explain, kind = "primary") {
  const problem = h("p", { class: "problem", role: "alert" });
  const send = h("button", { type: "submit", class: kind }, submit);
  return h("form", {
    onsubmit: async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const sent = /** @type {HTMLFormElement} */ (event.currentTarget);
      const data = new FormData(sent);
      send.disabled = true;
      problem.textContent = "";
      try {
        await act(data);
        sent.reset();
      } catch (error) {
        problem.textContent = explain(error);
      } finally {
        send.disabled = false;
      }
    },
  }, ...children, send, problem);
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = bytes < 1 ? 0 : Math.min(3, Math.floor(Math.log(bytes) / Math.log(1024)));
  const format = new Intl.NumberFormat(locale, { style: "unit", unit: units[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: 1 });
  return format.format(bytes / 1024 ** step);
}

/** A time in the reader's zone, with year and zone. @param {string} iso */
export function fullTime(iso) {
  const format = timeFormat({
    weekday: "short", year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  return h("time", { datetime: iso }, format.format(new Date(iso)));
}

// Formats are slow to create, and a list has many times.
const hourFormat = timeFormat({ hour: "2-digit", minute: "2-digit" });
const dayFormat = timeFormat({ day: "numeric", month: "short" });
const yearFormat = timeFormat({ dateStyle: "short" });
const fullFormat = timeFormat({ dateStyle: "full", timeStyle: "long" });

/** A time in the reader's zone: short today, longer before. @param {string} iso */
export function when(iso) {
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  return h("time", { datetime: iso, title: fullFormat.format(date) }, (isToday ? hourFormat : isThisYear ? dayFormat : yearFormat).format(date));
}
