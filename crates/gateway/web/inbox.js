import { ApiError, PAGE_SIZE, call, explain, isNotFound, under } from "./api.js";
import { announce, button, confirmed, copy, copyable, dialog, fill, h, size, toast } from "./dom.js";
import { Feed, deletedSince } from "./feed.js";
import { MessageList, senderOf } from "./message-list.js";
import { MessageView } from "./message-view.js";
import * as session from "./session.js";
import { Sidebar } from "./sidebar.js";
import { chooseForm, quickMailbox, signInForm } from "./start.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Item} Item */

/** Rows whose codes are loaded, because the list response has no codes. */
const ROWS_WITH_CODES = 5;
/** The delay before codes are loaded again after a failure. */
const CODES_RETRY_MS = 5000;

/** The page at `/`: the current mailbox, or the welcome view if there is none. */
class Inbox extends HTMLElement {
  /** @type {Feed | null} */
  feed = null;
  /** @type {Item[]} */
  items = [];
  isLoadingCodes = false;
  /** Runs until codes are loaded again. @type {number | undefined} */
  codesTimer = undefined;
  list = new MessageList();
  view = new MessageView();
  sidebar = new Sidebar();
  state = h("span", { class: "state", role: "status" });
  quota = h("span", {});
  older = button(texts.more, () => this.readOlder(), "small older");

  connectedCallback() {
    if (session.isLocalUser() && !session.mailboxes().length) {
      // The mail of an open server is in the sandbox of its user.
      location.replace(under("/pro#sandboxes"));
      return;
    }
    this.list.addEventListener("open", (event) => this.open(/** @type {CustomEvent<string>} */ (event).detail));
    this.view.addEventListener("back", () => this.back());
    this.view.addEventListener("deleted", (event) => this.removeMessages(new Set([/** @type {CustomEvent<string>} */ (event).detail])));
    this.view.addEventListener("remove", () => this.removeMessage(this.view.message?.id));
    this.sidebar.addEventListener("choose", (event) => this.choose(/** @type {CustomEvent<string>} */ (event).detail));
    this.sidebar.addEventListener("count", () => this.updateTitle());
    document.addEventListener("keydown", (event) => this.key(event));
    this.start();
  }

  /** Shows the current mailbox from the start. */
  start() {
    this.feed?.stop();
    this.items = [];
    this.list.selected = null;
    this.classList.remove("reading");
    document.querySelector("dialog")?.close();
    const mailbox = session.current();
    fill(this, this.header(), mailbox ? this.mailbox(mailbox) : this.welcome());
    this.sidebar.show(session.mailboxes(), mailbox?.id);
    if (!mailbox) return;
    fill(this.list, h("p", { class: "empty" }, texts.loading));
    this.view.clear();
    this.older.hidden = true;
    this.feed = new Feed(mailbox.token, {
      items: () => this.items,
      newestPage: (page, before) => this.update(page, before),
      received: (item) => this.merge([item]),
      state: (state) => { this.state.textContent = texts[state]; this.state.dataset.state = state; },
      failed: (error) => this.failed(error),
    });
  }

  header() {
    const all = session.mailboxes();
    const chosen = session.current()?.id;
    const options = all.map((one) => h("option", { value: one.id, selected: one.id === chosen }, one.address));
    const switcher = all.length > 1 ? h("select", {
      "aria-label": texts.mailboxes,
      class: "switcher", onchange: (/** @type {Event} */ event) => this.choose(/** @type {HTMLSelectElement} */ (event.target).value),
    }, ...options) : null;
    return h("header", { class: "bar" },
      h("a", { class: "brand", href: under("/") }, h("img", { src: under("/web/icon.svg"), alt: "", width: 28, height: 28 }), texts.name),
      switcher,
      h("nav", { class: "row" },
        all.length ? button(`+ ${texts.newMailbox}`, () => this.addMailbox(), "quiet") : null,
        h("a", { href: under("/pro") }, texts.dashboard)));
  }

  /** Switches to another mailbox. @param {string} id */
  choose(id) {
    session.choose(id);
    this.start();
  }

  welcome() {
    return h("main", { class: "welcome" },
      h("h1", {}, texts.tagline), h("p", { class: "lead" }, texts.intro), ...this.mailboxOptions(),
      h("p", { class: "hint" }, texts.retention));
  }

  /** The buttons that create a mailbox or sign in to one. */
  mailboxOptions() {
    const more = h("div", { class: "more" });
    const done = () => this.start();
    const quick = h("button", { type: "button", class: "primary big", onclick: async () => {
      quick.disabled = true;
      try {
        await quickMailbox();
        done();
      } catch (error) {
        quick.disabled = false;
        toast(explain(error), "bad");
      }
    } }, texts.getMailbox);
    return [h("div", { class: "row" }, quick,
      button(texts.chooseName, () => fill(more, chooseForm(done))),
      button(texts.signIn, () => fill(more, signInForm(done)))), more];
  }

  addMailbox() {
    dialog(texts.newMailbox, ...this.mailboxOptions());
  }

  /** @param {session.Mailbox} mailbox */
  mailbox(mailbox) {
    return h("main", { class: session.mailboxes().length > 1 ? "mailbox multiple" : "mailbox" },
      session.mailboxes().length > 1 ? h("nav", { class: "sidebar", "aria-label": texts.mailboxes }, this.sidebar) : null,
      h("section", { class: "card", "aria-label": texts.address },
        h("h1", { class: "address" }, mailbox.address),
        h("div", { class: "row" },
          button(texts.copy, () => copy(mailbox.address, texts.addressCopied), "primary"),
          button(texts.showQr, () => this.qr(mailbox.address)),
          mailbox.password ? button(texts.showPassword, () => this.password(mailbox)) : null,
          button(texts.forget, () => this.forget(mailbox), "quiet"),
          button(texts.deleteMailbox, () => this.deleteMailbox(mailbox), "quiet")),
        h("p", { class: "hint" }, this.quota, " ", texts.retention, " ", session.isPersistent() ? texts.storedInBrowser : texts.notStored)),
      h("div", { class: "panes" },
        h("section", { class: "list", "aria-label": texts.inbox }, this.state, this.list, this.older),
        h("section", { class: "view", "aria-live": "off" }, this.view)));
  }

  /** @param {string} address */
  qr(address) {
    dialog(texts.showQr, h("img", {
      class: "qr", src: under(`/api/qr?text=${encodeURIComponent(address)}`), alt: texts.qrOf(address), width: 240, height: 240,
    }));
  }

  /** @param {session.Mailbox} mailbox */
  password(mailbox) {
    dialog(texts.showPassword, h("p", {}, texts.passwordHint), copyable(mailbox.password ?? "", texts.password));
  }

  /** Shows the password in the confirmation: only this browser knows a generated password. @param {session.Mailbox} mailbox */
  async forget(mailbox) {
    if (!await confirmed(texts.forgetAsk(mailbox.address, mailbox.password), texts.forget)) return;
    session.forget(mailbox.id);
    this.start();
  }

  /** @param {session.Mailbox} mailbox */
  async deleteMailbox(mailbox) {
    if (!await confirmed(texts.deleteMailboxAsk(mailbox.address), texts.deleteMailbox)) return;
    try {
      await call("DELETE", "/api/me", mailbox.token);
    } catch (error) {
      toast(explain(error), "bad");
      return;
    }
    session.forget(mailbox.id);
    this.start();
  }

  /** Applies the newest page: removes deleted messages and adds new ones. @param {Item[]} page @param {Item[]} before the messages when the page was requested */
  update(page, before) {
    const current = new Set(this.items.map((item) => item.id));
    const idsBefore = new Set(before.map((item) => item.id));
    this.removeMessages(deletedSince(page, before));
    // The page may still have messages that were deleted here after the request.
    this.merge(page.filter((item) => current.has(item.id) || !idsBefore.has(item.id)));
  }

  /** Removes messages that were deleted elsewhere. @param {Set<string>} ids */
  removeMessages(ids) {
    if (!ids.size) return;
    const { selected } = this.list;
    this.items = this.items.filter((item) => !ids.has(item.id));
    if (selected && ids.has(selected)) this.list.selected = null;
    if (this.view.message && ids.has(this.view.message.id)) this.view.showError(texts.errors.not_found);
    this.list.show(this.items);
    this.sidebar.update(this.items);
    void this.readQuota();
  }

  /** Adds or updates messages from a page or from the socket. @param {Item[]} fresh */
  merge(fresh) {
    const isFirst = !this.list.querySelector("ol, .empty h2");
    const known = new Map(this.items.map((item) => [item.id, item]));
    const newest = this.items.at(0)?.id ?? "";
    const added = fresh.filter((item) => !known.has(item.id));
    // Older messages are not new: they come from the next page, or move up after a deletion.
    const arrived = added.find((item) => item.id > newest);
    for (const item of fresh) {
      const old = known.get(item.id);
      // A read message never becomes unread: an unread one in a response is out of date.
      known.set(item.id, { ...old, ...item, is_read: item.is_read || old?.is_read === true });
    }
    const items = [...known.values()].sort((a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id));
    const isChanged = added.length > 0 || JSON.stringify(items) !== JSON.stringify(this.items);
    this.items = items;
    if (isFirst) this.older.hidden = fresh.length < PAGE_SIZE;
    if (isFirst || isChanged) this.list.show(items);
    if (!isFirst && arrived) announce(texts.receivedFrom(senderOf(arrived)));
    if (isFirst || added.length) void this.readQuota();
    this.sidebar.update(items);
    void this.loadCodes();
  }

  /** Shows the number of unread messages of all mailboxes in the title. */
  updateTitle() {
    const unread = this.items.filter((item) => !item.is_read).length + this.sidebar.unread();
    document.title = unread ? `(${unread}) ${texts.name}` : texts.name;
  }

  /** Loads the newest messages for their codes, one at a time, each once. */
  async loadCodes() {
    if (this.isLoadingCodes) return;
    this.isLoadingCodes = true;
    const feed = this.feed;
    const next = () => this.items.slice(0, ROWS_WITH_CODES).find((item) => !item.codes);
    for (let item = next(); item && feed && feed === this.feed && !feed.isStopped; item = next()) {
      const id = item.id;
      /** @type {import("./api.js").Code[] | null} */
      const codes = await call("GET", `/api/messages/${id}`, feed.token)
        .then((message) => message.codes, (error) => (isNotFound(error) ? [] : null));
      if (!codes) {
        clearTimeout(this.codesTimer);
        this.codesTimer = window.setTimeout(() => this.loadCodes(), CODES_RETRY_MS);
        break;
      }
      this.items = this.items.map((one) => (one.id === id ? { ...one, codes } : one));
      if (codes.length && feed === this.feed) this.list.show(this.items);
    }
    this.isLoadingCodes = false;
    if (this.feed !== feed) void this.loadCodes();
  }

  async readQuota() {
    const feed = this.feed;
    if (!feed) return;
    try {
      const me = await call("GET", "/api/me", feed.token);
      if (feed !== this.feed) return;
      this.quota.textContent = `${texts.quota(size(me.used), size(me.quota))}.`;
    } catch {
      // The list shows the error.
    }
  }

  async readOlder() {
    const feed = this.feed;
    if (!feed) return;
    // Counts the complete pages: after a deletion the next page starts earlier.
    const next = Math.floor(this.items.length / PAGE_SIZE) + 1;
    try {
      const page = await call("GET", `/api/messages?page=${next}`, feed.token);
      if (feed !== this.feed) return;
      this.merge(page.messages);
      this.older.hidden = page.messages.length < PAGE_SIZE;
    } catch (error) {
      if (feed === this.feed) toast(explain(error), "bad");
    }
  }

  /** @param {unknown} error */
  failed(error) {
    if (error instanceof ApiError && error.status === 401) {
      this.feed?.stop();
      fill(this.list, h("div", { class: "empty" }, h("p", { role: "alert" }, texts.signedOut), signInForm(() => this.start())));
    } else if (!this.items.length) {
      fill(this.list, h("p", { class: "empty", role: "alert" }, explain(error)));
    }
  }

  /** @param {string} id */
  async open(id) {
    const feed = this.feed;
    const item = this.items.find((one) => one.id === id);
    if (!feed || !item) return;
    this.list.selected = id;
    this.list.show(this.items);
    this.classList.add("reading");
    if (!await this.view.open(feed.token, id) || item.is_read) return;
    const isRead = await call("PUT", `/api/messages/${id}/read`, feed.token).then(() => true, () => false);
    // The message may be deleted by now, or another mailbox may be open.
    if (isRead && this.items.some((one) => one.id === id)) this.merge([{ ...item, is_read: true }]);
  }

  back() {
    const id = this.list.selected;
    this.classList.remove("reading");
    this.view.clear();
    if (id) this.list.focusRow(id);
  }

  /** Moves the selection, and opens the message if one is open. @param {number} by */
  step(by) {
    const id = this.list.idAtOffset(by);
    if (!id) return;
    if (!this.view.openId) this.list.select(id);
    else if (id !== this.view.openId) void this.open(id);
  }

  /** @param {string | null | undefined} id */
  async removeMessage(id) {
    const at = this.items.findIndex((item) => item.id === id);
    const feed = this.feed;
    if (!id || at < 0 || !feed) return;
    try {
      await call("DELETE", `/api/messages/${id}`, feed.token);
    } catch (error) {
      if (!isNotFound(error)) {
        toast(explain(error), "bad");
        return;
      }
    }
    if (feed !== this.feed) return;
    this.items = this.items.filter((item) => item.id !== id);
    // Another message may have been opened since.
    if (!this.view.openId || this.view.openId === id) {
      this.back();
      this.list.show(this.items);
      const next = this.items[Math.min(at, this.items.length - 1)]?.id;
      if (next) this.list.select(next);
      else this.list.selected = null;
    } else {
      this.list.show(this.items);
    }
    this.merge([]);
    void this.readQuota();
    toast(texts.deleted);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const isTyping = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !this.feed) return;
    /** @type {Record<string, () => unknown>} */
    const keys = {
      j: () => this.step(1),
      k: () => this.step(-1),
      // A message that is still loading cannot be the one that the user wants to delete.
      d: () => this.removeMessage(this.view.openId ? this.view.message?.id : this.list.selected),
      Backspace: () => this.back(),
      "?": () => dialog(texts.keys, h("dl", { class: "keys" },
        ...texts.keyList.flatMap(([key, action]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, action)]))),
    };
    if (event.key === "Enter" && this.list.selected && !(event.target instanceof HTMLButtonElement)) {
      void this.open(this.list.selected);
    } else if (Object.hasOwn(keys, event.key)) {
      event.preventDefault();
      keys[event.key]();
    }
  }
}

customElements.define("mayfly-inbox", Inbox);
