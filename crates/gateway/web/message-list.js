import { copy, fill, h, when } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Item} Item */
/** A place in the list that survives new messages above it. @typedef {{id: string, offset: number}} Anchor */

/** The height of a row; `style.css` has the same as `--row`. */
const ROW_REM = 3;
/** Rows that are rendered above and below the visible ones. */
const OVERSCAN = 40;
/** The next page is requested when so many rows are left below. */
const ROWS_LEFT = 8;

/** The sender of a message, as the list shows it. @param {Item} item */
export function senderOf(item) {
  return item.from?.replace(/\s*<[^<>]*>$/, "").trim() || item.from || item.sender || texts.noSender;
}

/**
 * The list of messages, with a scroll position of its own. All rows have the same height, and only those around the
 * visible ones are in the document, so that ten thousand messages are as fast as thirty. What is visible stays in place
 * when messages arrive above it. It fires `open` with the id of a message, `end` when the last rows are visible, `rows`
 * when other rows are, and `choose` when the selection changes.
 */
export class MessageList extends HTMLElement {
  /** @type {Item[]} */
  items = [];
  /** @type {string | null} */
  selected = null;
  /** The messages that an action applies to; null while none are chosen. @type {Set<string> | null} */
  chosen = null;
  /** What an empty list shows. @type {() => Node[]} */
  whenEmpty = () => [];
  /** What rows show as the mailbox of a message; null where all are of one. @type {((item: Item) => string) | null} */
  mailboxOf = null;
  rows = h("ol", { "aria-label": texts.inbox });
  /** Rendered rows, by id. @type {Map<string, {key: string, row: HTMLElement}>} */
  rendered = new Map();

  connectedCallback() {
    this.addEventListener("scroll", () => this.render(), { passive: true });
  }

  /** The first visible rows and the rows that fit. */
  visible() {
    const height = rowHeight();
    return { first: Math.floor(this.scrollTop / height), count: Math.ceil(this.clientHeight / height) + 1 };
  }

  /** Shows a text in place of the list. @param {...Node} nodes */
  showNotice(...nodes) {
    this.items = [];
    this.rendered.clear();
    fill(this, ...nodes);
  }

  /** @param {Item[]} items newest first */
  show(items) {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.id : undefined;
    const at = this.items.findIndex((item) => item.id === focused);
    const anchor = this.anchor();
    this.items = items;
    if (!items.length) {
      this.showNotice(h("div", { class: "empty" }, h("h2", {}, texts.emptyTitle), h("p", {}, texts.empty), ...this.whenEmpty()));
      return;
    }
    if (this.rows.parentNode !== this) fill(this, this.rows);
    this.rows.style.height = `${items.length * rowHeight()}px`;
    if (anchor) this.restore(anchor);
    this.render();
    // When the focused message was deleted, the row in its place gets the focus.
    if (at >= 0) this.focusRow((items.find((item) => item.id === focused) ?? items[Math.min(at, items.length - 1)]).id);
  }

  /** Renders the rows around the visible ones, and the row that has the focus. */
  render() {
    if (this.rows.parentNode !== this) return;
    const { first, count } = this.visible();
    const [from, to] = [Math.max(0, first - OVERSCAN), first + count + OVERSCAN];
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.id : undefined;
    /** @type {Map<string, {key: string, row: HTMLElement}>} */
    const next = new Map();
    this.items.forEach((item, index) => {
      if ((index < from || index >= to) && item.id !== focused) return;
      const key = JSON.stringify([item, item.id === this.selected, this.chosen?.has(item.id) ?? null, this.mailboxOf?.(item)]);
      const known = this.rendered.get(item.id);
      const row = known?.key === key ? known.row : this.row(item);
      row.style.transform = `translateY(${index * rowHeight()}px)`;
      row.setAttribute("aria-posinset", String(index + 1));
      row.setAttribute("aria-setsize", String(this.items.length));
      next.set(item.id, { key, row });
    });
    const isSame = next.size === this.rendered.size && [...next].every(([id, one]) => this.rendered.get(id)?.row === one.row);
    this.rendered = next;
    if (!isSame || this.rows.childElementCount !== next.size) {
      this.rows.replaceChildren(...[...next.values()].map((one) => one.row));
      if (focused) this.focusRow(focused);
    }
    this.dispatchEvent(new Event("rows"));
    if (first + count + ROWS_LEFT >= this.items.length) this.dispatchEvent(new Event("end"));
  }

  /** @param {Item} item */
  row(item) {
    const isSelected = item.id === this.selected;
    const code = item.codes?.[0]?.value;
    const sender = senderOf(item);
    const subject = item.subject || texts.noSubject;
    const mailbox = this.mailboxOf?.(item);
    return h("li", { class: `${item.is_read ? "" : "unread"} ${isSelected ? "selected" : ""}` },
      this.chosen ? h("input", {
        type: "checkbox", "data-choose": item.id, "aria-label": `${texts.select}: ${subject}`, checked: this.chosen.has(item.id),
        onchange: () => this.dispatchEvent(new CustomEvent("choose", { detail: item.id })),
      }) : null,
      h("button", {
        type: "button", class: "open", "data-id": item.id, "aria-current": isSelected ? "true" : null,
        onclick: () => this.dispatchEvent(new CustomEvent("open", { detail: item.id })),
      },
      item.is_read ? null : h("span", { class: "hidden" }, `${texts.unread} `),
      h("span", { class: "who", dir: "auto", title: item.from ?? item.sender }, sender),
      mailbox ? h("span", { class: "mailbox preview", title: mailbox }, h("span", { class: "hidden" }, `${texts.to} `), mailbox) : null,
      h("span", { class: "at" }, item.has_attachments ? h("span", { title: texts.hasAttachments, role: "img", "aria-label": texts.hasAttachments, class: "clip" }) : null, when(item.created_at)),
      // The subject gives the line its direction.
      h("span", { class: "line", dir: "auto" },
        h("span", { class: "subject" }, subject), " ",
        h("span", { class: "preview", dir: "auto" }, item.preview_text))),
      code ? h("button", { type: "button", class: "code small", "aria-label": texts.copyCode(code), onclick: () => copy(code, texts.codeCopied) }, code) : null);
  }

  /** @param {string} id */
  focusRow(id) {
    const button = this.rendered.get(id)?.row.querySelector("button.open");
    if (button instanceof HTMLElement && button !== document.activeElement) button.focus({ preventScroll: true });
  }

  /** Scrolls a row into view, as little as possible. @param {string} id */
  reveal(id) {
    const at = this.items.findIndex((item) => item.id === id);
    const height = rowHeight();
    if (at < 0) return;
    if (at * height < this.scrollTop) this.scrollTo(0, at * height);
    else if ((at + 1) * height > this.scrollTop + this.clientHeight) this.scrollTo(0, (at + 1) * height - this.clientHeight);
    this.render();
  }

  /** What is visible at the top; null at the newest message, where new ones are shown. @returns {Anchor | null} */
  anchor() {
    if (this.scrollTop <= 0) return null;
    const at = Math.min(this.items.length - 1, Math.floor(this.scrollTop / rowHeight()));
    return at < 0 ? null : { id: this.items[at].id, offset: this.scrollTop - at * rowHeight() };
  }

  /** Scrolls to an anchor, or to the next older message if that one was deleted. @param {Anchor} anchor */
  restore(anchor) {
    const at = this.items.findIndex((item) => item.id <= anchor.id);
    this.scrollTo(0, at < 0 ? this.scrollHeight : at * rowHeight() + anchor.offset);
  }

  /** The id of the message a number of rows away, limited to the ends of the list. @param {number} by */
  idAtOffset(by) {
    const at = this.items.findIndex((item) => item.id === this.selected);
    const next = Math.min(this.items.length - 1, Math.max(0, at < 0 ? 0 : at + by));
    return this.items.at(next)?.id ?? null;
  }

  /** Marks a message as the current one, and scrolls to it. @param {string | null} id */
  select(id) {
    this.selected = id;
    this.render();
    if (id) this.reveal(id);
  }
}

/** In pixels. */
function rowHeight() {
  return ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

customElements.define("message-list", MessageList);
