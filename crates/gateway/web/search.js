import { call } from "./api.js";
import { noteAccounts, queryParameters, queryPath } from "./source.js";

/** @typedef {import("./api.js").Item} Item */
/** @typedef {import("./source.js").Source} Source */

const LIMIT = 30;
/** Pages that one step reads at most: the server returns short pages. */
const MAX_PAGES = 10;

/** The messages of a list that fulfil a query, newest first, page by page. */
export class Search {
  /** @type {Item[]} */
  items = [];
  /** The cursor of the next page. @type {string | null} */
  next = null;
  /** Whether all mail that came before is in the index of the server. */
  isComplete = true;

  /** @param {Source} source @param {string} query */
  constructor(source, query) {
    this.source = source;
    this.query = query;
  }

  /** Reads until there are more messages or no more pages. */
  async more() {
    const path = `${queryPath(this.source)}/search`;
    const before = this.items.length;
    for (let page = 0; page < MAX_PAGES && this.items.length === before; page += 1) {
      const cursor = this.next ? `&cursor=${encodeURIComponent(this.next)}` : "";
      /** @type {{messages: Item[], next: string | null, complete: boolean}} */
      const answer = await call("GET", `${path}?${queryParameters(this.source, this.query)}&limit=${LIMIT}${cursor}`, this.source.token);
      noteAccounts(this.source, answer.messages);
      const known = new Set(this.items.map((item) => item.id));
      this.items = [...this.items, ...answer.messages.filter((item) => !known.has(item.id))];
      this.next = answer.next;
      this.isComplete = answer.complete;
      if (!answer.next) break;
    }
  }
}

/** The query of a text that is still being typed: its last word may continue. @param {string} text */
export function whileTyping(text) {
  return text.replace(/(^|\s)([\p{L}\p{N}]{3,})$/u, "$1$2*");
}
