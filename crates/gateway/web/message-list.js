import { copy, fill, h, when } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Item} Item */

/** The sender of a message, as the list shows it. @param {Item} item */
export function senderOf(item) {
  return item.from?.replace(/\s*<[^<>]*>$/, "").trim() || item.from || item.sender || texts.noSender;
}

/**
 * The list of messages. All rows have the same height, so the layout is stable, and the focus stays on
 * its message when mail arrives above. It fires `open` with the id of a message.
 */
export class MessageList extends HTMLElement {
  /** @type {Item[]} */
  items = [];
  /** @type {string | null} */
  selected = null;

  /** @param {Item[]} items */
  show(items) {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.id : undefined;
    const at = this.items.findIndex((item) => item.id === focused);
    this.items = items;
    if (!items.length) {
      fill(this, h("div", { class: "empty" }, h("h2", {}, texts.emptyTitle), h("p", {}, texts.empty)));
      return;
    }
    fill(this, h("ol", { "aria-label": texts.inbox }, ...items.map((item) => this.row(item))));
    // When the focused message was deleted, the row in its place gets the focus.
    if (at >= 0) this.focusRow((items.find((item) => item.id === focused) ?? items[Math.min(at, items.length - 1)]).id);
  }

  /** @param {Item} item */
  row(item) {
    const isSelected = item.id === this.selected;
    const code = item.codes?.[0]?.value;
    return h("li", { class: `${item.is_read ? "" : "unread"} ${isSelected ? "selected" : ""}` },
      h("button", {
        type: "button", class: "open", "data-id": item.id, "aria-current": isSelected ? "true" : null,
        onclick: () => this.dispatchEvent(new CustomEvent("open", { detail: item.id })),
      },
      h("span", { class: "who" }, item.is_read ? null : h("span", { class: "hidden" }, `${texts.unread} `), senderOf(item)),
      when(item.created_at),
      h("span", { class: "subject" }, item.subject || texts.noSubject),
      h("span", { class: "preview" }, item.preview_text)),
      code ? h("button", { type: "button", class: "code small", "aria-label": texts.copyCode(code), onclick: () => copy(code, texts.codeCopied) }, code) : null);
  }

  /** @param {string} id */
  focusRow(id) {
    for (const row of this.querySelectorAll("button.open")) {
      if (row instanceof HTMLElement && row.dataset.id === id) row.focus({ preventScroll: true });
    }
  }

  /** The id of the message a number of rows away, limited to the ends of the list. @param {number} by */
  idAtOffset(by) {
    const at = this.items.findIndex((item) => item.id === this.selected);
    const next = Math.min(this.items.length - 1, Math.max(0, at < 0 ? 0 : at + by));
    return this.items.at(next)?.id ?? null;
  }

  /** @param {string} id */
  select(id) {
    this.selected = id;
    this.show(this.items);
    this.focusRow(id);
  }
}

customElements.define("message-list", MessageList);
