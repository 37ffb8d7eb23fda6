import { fill, h } from "./dom.js";
import { whileTyping } from "./search.js";
import { texts } from "./texts.js";

/** The pause after which a text that is being typed is searched for. */
const TYPING_MS = 250;
/** The server takes 512 bytes. The page adds a mailbox and a time where it needs them. */
const MAX_LENGTH = 430;
/** The filters that chips turn on and off. */
const CHIPS = /** @type {(keyof typeof texts.chips)[]} */ (Object.keys(texts.chips));

/** The box above a list, with chips for common filters. It fires `query` with the query, empty for the whole list. */
export class SearchBox extends HTMLElement {
  /** @type {number | undefined} */
  timer = undefined;
  input = h("input", {
    type: "search", "aria-label": texts.search, placeholder: texts.searchHint, autocomplete: "off", spellcheck: "false", maxlength: MAX_LENGTH,
    oninput: () => this.typed(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
  });
  status = h("p", { class: "hint", role: "status" });
  problem = h("p", { class: "problem", role: "alert" });
  chips = CHIPS.map((filter) => h("button", {
    type: "button", class: "small", "data-filter": filter, "aria-pressed": "false", onclick: () => this.toggle(filter),
    // The box keeps the focus, and with it the chips stay.
    onmousedown: (/** @type {MouseEvent} */ event) => event.preventDefault(),
  }, texts.chips[filter]));

  constructor() {
    super();
    fill(this, h("search", {}, this.input, h("div", { class: "row", role: "group", "aria-label": texts.filters }, ...this.chips)), this.status, this.problem);
  }

  /** Shows a query without searching for it. @param {string} query */
  show(query) {
    if (this.input !== document.activeElement) this.input.value = query;
    this.problem.textContent = "";
    this.mark();
  }

  /** Tells how much a search found, as far as it is known. @param {import("./search.js").Search | null} search */
  found(search) {
    this.status.textContent = search
      ? texts.searchFound(search.items.length, search.next !== null) + (search.isComplete ? "" : ` ${texts.indexing}`) : "";
  }

  /** @param {string} text */
  fail(text) {
    this.found(null);
    this.problem.textContent = text;
  }

  mark() {
    const words = this.input.value.split(/\s+/);
    for (const chip of this.chips) chip.setAttribute("aria-pressed", String(words.includes(chip.dataset.filter ?? "")));
  }

  /** @param {string} query */
  fire(query) {
    clearTimeout(this.timer);
    this.problem.textContent = "";
    this.mark();
    this.dispatchEvent(new CustomEvent("query", { detail: query.trim() }));
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.fire(whileTyping(this.input.value)), TYPING_MS);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Enter") this.fire(this.input.value);
    if (event.key !== "Escape") return;
    this.input.value = "";
    this.input.blur();
    this.fire("");
  }

  /** @param {string} filter */
  toggle(filter) {
    const words = this.input.value.split(/\s+/).filter(Boolean);
    this.input.value = (words.includes(filter) ? words.filter((word) => word !== filter) : [...words, filter]).join(" ");
    this.fire(this.input.value);
  }
}

customElements.define("search-box", SearchBox);
