import { ApiError, PAGE_SIZE } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { Feed, deletedSince } from "./feed.js";
import { number } from "./language.js";
import { senderOf } from "./message-list.js";
import { notifyReceived } from "./notifications.js";
import { sourceOf } from "./session.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Item} Item */
/** @typedef {import("./session.js").Mailbox} Mailbox */

/** From this width on there is room beside the open mailbox. `style.css` shows the sidebar at the same width. */
const WIDE = matchMedia("(min-width: 66rem)");
/** More mailboxes are listed, but not live: each live mailbox keeps a connection. */
const MAX_LIVE = 8;
/** The delay between the starts of two feeds, so that together they stay below the rate limit of the server. */
const START_INTERVAL_MS = 500;
const MAX_KEPT = 100;

/** A mailbox that is not the open one. It is live while the sidebar is visible. */
class BackgroundMailbox {
  /** Newest first; null until the list is read. @type {Item[] | null} */
  items = null;
  isSignedOut = false;
  /** @type {Feed | null} */
  feed = null;
  /** @type {number | undefined} */
  timer = undefined;

  /** @param {Mailbox} mailbox @param {() => void} changed */
  constructor(mailbox, changed) {
    this.mailbox = mailbox;
    this.changed = changed;
  }

  /** @param {number} delayMs */
  start(delayMs) {
    this.timer = window.setTimeout(() => {
      this.feed = new Feed(sourceOf(this.mailbox), {
        items: () => this.items ?? [],
        newestPage: (page, before) => this.merge(page.messages, deletedSince(page, before)),
        received: (item) => {
          this.merge([item]);
          announce(texts.receivedAt(senderOf(item), this.mailbox.address));
          notifyReceived(item, this.mailbox.address);
        },
        state: () => {},
        failed: (error) => {
          if (!(error instanceof ApiError) || error.status !== 401) return;
          this.isSignedOut = true;
          this.stop();
          this.changed();
        },
      });
    }, delayMs);
  }

  /** Adds or updates messages, and removes deleted ones. @param {Item[]} fresh @param {Set<string>} [deleted] */
  merge(fresh, deleted) {
    const kept = (this.items ?? []).filter((item) => !deleted?.has(item.id));
    const all = new Map([...kept, ...fresh].map((item) => [item.id, item]));
    this.items = [...all.values()].sort((a, b) => b.id.localeCompare(a.id)).slice(0, MAX_KEPT);
    this.changed();
  }

  stop() {
    clearTimeout(this.timer);
    this.feed?.stop();
    [this.timer, this.feed] = [undefined, null];
  }
}

/**
 * The list of all mailboxes of this browser, with the newest message and the unread count of each, live. It fires
 * `choose` with the id of a mailbox, and `count` when an unread count may have changed.
 */
export class Sidebar extends HTMLElement {
  /** @type {Mailbox[]} */
  mailboxes = [];
  /** @type {string | undefined} */
  open;
  /** The messages of the open mailbox. @type {Item[] | null} */
  items = null;
  /** The other mailboxes, by id. @type {Map<string, BackgroundMailbox>} */
  background = new Map();

  constructor() {
    super();
    WIDE.addEventListener("change", () => this.show(this.mailboxes, this.open));
  }

  /** @param {Mailbox[]} mailboxes @param {string | undefined} open */
  show(mailboxes, open) {
    const closed = { id: this.open, items: this.items };
    if (open !== this.open) this.items = null;
    [this.mailboxes, this.open] = [mailboxes, open];
    const others = mailboxes.filter((one) => one.id !== open).slice(0, MAX_LIVE);
    for (const [id, other] of this.background) {
      const isListed = others.some((one) => one.token === other.mailbox.token);
      if (!isListed || !WIDE.matches) other.stop();
      if (!isListed) this.background.delete(id);
    }
    let delayMs = 0;
    for (const one of others) {
      const other = this.background.get(one.id) ?? new BackgroundMailbox(one, () => this.render());
      if (one.id === closed.id) other.items = closed.items;
      this.background.set(one.id, other);
      if (WIDE.matches && !other.timer && !other.isSignedOut) other.start(delayMs += START_INTERVAL_MS);
    }
    this.render();
  }

  /** Updates the messages of the open mailbox. @param {Item[]} items newest first */
  update(items) {
    this.items = items;
    this.render();
  }

  /** The number of unread messages in the other mailboxes. */
  unread() {
    return [...this.background.values()].reduce((sum, one) => sum + unreadOf(one.items ?? []), 0);
  }

  render() {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.mailbox : undefined;
    fill(this, h("ul", { "aria-label": texts.mailboxes }, ...this.mailboxes.map((one) => this.row(one))));
    for (const row of this.querySelectorAll("button")) {
      if (row.dataset.mailbox === focused) row.focus({ preventScroll: true });
    }
    this.dispatchEvent(new Event("count"));
  }

  /** @param {Mailbox} mailbox */
  row(mailbox) {
    const isOpen = mailbox.id === this.open;
    const other = this.background.get(mailbox.id);
    const loaded = isOpen ? this.items : other?.items;
    const items = loaded ?? [];
    const unread = unreadOf(items);
    const isMore = unread >= MAX_KEPT || (unread === PAGE_SIZE && items.length === PAGE_SIZE);
    const [name, domain] = mailbox.address.split("@");
    const newest = items.length ? items[0].subject || texts.noSubject : loaded && texts.sidebarEmpty;
    return h("li", {}, h("button", {
      type: "button", "data-mailbox": mailbox.id, "aria-current": isOpen ? "true" : null, title: mailbox.address,
      onclick: () => this.dispatchEvent(new CustomEvent("choose", { detail: mailbox.id })),
    },
    h("span", { class: "name" }, h("span", {}, name), h("span", { class: "at" }, `@${domain}`)),
    unread ? h("span", { class: "count" }, `${number(unread)}${isMore ? "+" : ""}`, h("span", { class: "hidden" }, ` ${texts.unread}`)) : null,
    h("span", { class: "newest", dir: "auto" }, other?.isSignedOut ? texts.sidebarSignedOut : newest)));
  }
}

/** @param {Item[]} items */
function unreadOf(items) {
  return items.filter((item) => !item.is_read).length;
}

customElements.define("mailbox-sidebar", Sidebar);
