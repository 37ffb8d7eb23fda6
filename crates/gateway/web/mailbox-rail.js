import { ApiError, PAGE_SIZE } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { Feed, goneOf } from "./feed.js";
import { senderOf } from "./message-list.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Item} Item */
/** @typedef {import("./session.js").Mailbox} Mailbox */

/** Where there is room beside the open mailbox; `style.css` shows the rail at the same width. */
const WIDE = matchMedia("(min-width: 60rem)");
/** More mailboxes are listed, but do not receive while another is open: each keeps a connection. */
const MAX_LIVE = 8;
/** The pause between two that begin to receive, so that together they stay below the server's limit of requests. */
const PAUSE_MS = 500;
const MAX_KEPT = 100;

/** Mail of a mailbox that is not the open one, as it arrives while there is room to show it. */
class Neighbour {
  /** Newest first; nothing before they are read. @type {Item[] | null} */
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

  /** @param {number} pauseMs */
  start(pauseMs) {
    this.timer = window.setTimeout(() => {
      this.feed = new Feed(this.mailbox.token, {
        known: () => this.items ?? [],
        list: (page, known) => this.take(page, goneOf(page, known)),
        item: (item) => { this.take([item]); announce(texts.arrivedAt(senderOf(item), this.mailbox.address)); },
        state: () => {},
        failed: (error) => {
          if (!(error instanceof ApiError) || error.status !== 401) return;
          this.isSignedOut = true;
          this.stop();
          this.changed();
        },
      });
    }, pauseMs);
  }

  /** @param {Item[]} fresh @param {Set<string>} [gone] */
  take(fresh, gone) {
    const left = (this.items ?? []).filter((item) => !gone?.has(item.id));
    const all = new Map([...left, ...fresh].map((item) => [item.id, item]));
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
 * Every mailbox of this browser beside the open one: its newest message and how many are unread, live. It fires `choose`
 * with the id of a mailbox, and `count` when an unread message more or less is known.
 */
export class MailboxRail extends HTMLElement {
  /** @type {Mailbox[]} */
  mailboxes = [];
  /** @type {string | undefined} */
  open;
  /** Of the open one. @type {Item[] | null} */
  items = null;
  /** @type {Map<string, Neighbour>} */
  neighbours = new Map();

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
    for (const [id, neighbour] of this.neighbours) {
      const isThere = others.some((one) => one.token === neighbour.mailbox.token);
      if (!isThere || !WIDE.matches) neighbour.stop();
      if (!isThere) this.neighbours.delete(id);
    }
    let pauseMs = 0;
    for (const one of others) {
      const neighbour = this.neighbours.get(one.id) ?? new Neighbour(one, () => this.render());
      if (one.id === closed.id) neighbour.items = closed.items;
      this.neighbours.set(one.id, neighbour);
      if (WIDE.matches && !neighbour.timer && !neighbour.isSignedOut) neighbour.start(pauseMs += PAUSE_MS);
    }
    this.render();
  }

  /** Says what is in the open mailbox. @param {Item[]} items newest first */
  note(items) {
    this.items = items;
    this.render();
  }

  /** How many messages are unread in the other mailboxes. */
  unread() {
    return [...this.neighbours.values()].reduce((sum, one) => sum + unreadOf(one.items ?? []), 0);
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
    const neighbour = this.neighbours.get(mailbox.id);
    const known = isOpen ? this.items : neighbour?.items;
    const items = known ?? [];
    const unread = unreadOf(items);
    const isMore = unread >= MAX_KEPT || (unread === PAGE_SIZE && items.length === PAGE_SIZE);
    const [name, domain] = mailbox.address.split("@");
    const newest = items.length ? items[0].subject || texts.noSubject : known && texts.railEmpty;
    return h("li", {}, h("button", {
      type: "button", "data-mailbox": mailbox.id, "aria-current": isOpen ? "true" : null, title: mailbox.address,
      onclick: () => this.dispatchEvent(new CustomEvent("choose", { detail: mailbox.id })),
    },
    h("span", { class: "name" }, name, h("span", { class: "at" }, `@${domain}`)),
    unread ? h("span", { class: "count" }, `${unread}${isMore ? "+" : ""}`, h("span", { class: "hidden" }, ` ${texts.unread}`)) : null,
    h("span", { class: "newest" }, neighbour?.isSignedOut ? texts.railSignedOut : newest)));
  }
}

/** @param {Item[]} items */
function unreadOf(items) {
  return items.filter((item) => !item.is_read).length;
}

customElements.define("mailbox-rail", MailboxRail);
