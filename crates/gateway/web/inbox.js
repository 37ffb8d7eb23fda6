import { ApiError, PAGE_SIZE, call, explain, isGone } from "./api.js";
import { announce, button, confirmed, copy, copyable, dialog, fill, h, size, toast } from "./dom.js";
import { Feed, goneOf } from "./feed.js";
import { MailboxRail } from "./mailbox-rail.js";
import { MessageList, senderOf } from "./message-list.js";
import { MessageView } from "./message-view.js";
import * as session from "./session.js";
import { chooseForm, quickMailbox, signInForm } from "./start.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Item} Item */

/** Rows whose codes are looked up: a list carries none. */
const ROWS_WITH_CODES = 5;
/** When a look for codes that failed is made again. */
const AGAIN_MS = 5000;

/** The page at `/`: without a mailbox it offers one, with one it shows it. */
class Inbox extends HTMLElement {
  /** @type {Feed | null} */
  feed = null;
  /** @type {Item[]} */
  items = [];
  isLookingUp = false;
  /** Until codes are looked for again. @type {number | undefined} */
  again = undefined;
  list = new MessageList();
  view = new MessageView();
  rail = new MailboxRail();
  state = h("span", { class: "state", role: "status" });
  quota = h("span", {});
  older = button(texts.more, () => this.readOlder(), "small older");

  connectedCallback() {
    this.list.addEventListener("open", (event) => this.open(/** @type {CustomEvent<string>} */ (event).detail));
    this.view.addEventListener("back", () => this.back());
    this.view.addEventListener("gone", (event) => this.leave(new Set([/** @type {CustomEvent<string>} */ (event).detail])));
    this.view.addEventListener("remove", () => this.removeMessage(this.view.message?.id));
    this.rail.addEventListener("choose", (event) => this.choose(/** @type {CustomEvent<string>} */ (event).detail));
    this.rail.addEventListener("count", () => this.nameTab());
    document.addEventListener("keydown", (event) => this.key(event));
    this.start();
  }

  /** Shows the current mailbox anew. */
  start() {
    this.feed?.stop();
    this.items = [];
    this.list.selected = null;
    this.classList.remove("reading");
    document.querySelector("dialog")?.close();
    const mailbox = session.current();
    fill(this, this.header(), mailbox ? this.mailbox(mailbox) : this.welcome());
    this.rail.show(session.mailboxes(), mailbox?.id);
    if (!mailbox) return;
    fill(this.list, h("p", { class: "empty" }, texts.loading));
    this.view.clear();
    this.older.hidden = true;
    this.feed = new Feed(mailbox.token, {
      known: () => this.items,
      list: (page, known) => this.reread(page, known),
      item: (item) => this.merge([item]),
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
      h("a", { class: "brand", href: "/" }, h("img", { src: "/web/icon.svg", alt: "", width: 28, height: 28 }), texts.name),
      switcher,
      h("nav", { class: "row" },
        all.length ? button(`+ ${texts.newMailbox}`, () => this.another(), "quiet") : null,
        h("a", { href: "/pro" }, texts.dashboard)));
  }

  /** Opens another mailbox. @param {string} id */
  choose(id) {
    session.choose(id);
    this.start();
  }

  welcome() {
    return h("main", { class: "welcome" },
      h("h1", {}, texts.tagline), h("p", { class: "lead" }, texts.intro), ...this.ways(),
      h("p", { class: "hint" }, texts.retention));
  }

  ways() {
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
    return [h("div", { class: "row ways" }, quick,
      button(texts.chooseName, () => fill(more, chooseForm(done))),
      button(texts.signIn, () => fill(more, signInForm(done)))), more];
  }

  another() {
    dialog(texts.newMailbox, ...this.ways());
  }

  /** @param {session.Mailbox} mailbox */
  mailbox(mailbox) {
    return h("main", { class: session.mailboxes().length > 1 ? "mailbox several" : "mailbox" },
      session.mailboxes().length > 1 ? h("nav", { class: "rail", "aria-label": texts.mailboxes }, this.rail) : null,
      h("section", { class: "card", "aria-label": texts.address },
        h("h1", { class: "address" }, mailbox.address),
        h("div", { class: "row" },
          button(texts.copy, () => copy(mailbox.address, texts.addressCopied), "primary"),
          button(texts.showQr, () => this.qr(mailbox.address)),
          mailbox.password ? button(texts.showPassword, () => this.password(mailbox)) : null,
          button(texts.forget, () => this.forget(mailbox), "quiet"),
          button(texts.deleteMailbox, () => this.deleteMailbox(mailbox), "quiet")),
        h("p", { class: "hint" }, this.quota, " ", texts.retention, " ", session.isKept() ? texts.keptInBrowser : texts.notKept)),
      h("div", { class: "panes" },
        h("section", { class: "list", "aria-label": texts.inbox }, this.state, this.list, this.older),
        h("section", { class: "view", "aria-live": "off" }, this.view)));
  }

  /** @param {string} address */
  qr(address) {
    dialog(texts.showQr, h("img", {
      class: "qr", src: `/api/qr?text=${encodeURIComponent(address)}`, alt: texts.qrOf(address), width: 240, height: 240,
    }));
  }

  /** @param {session.Mailbox} mailbox */
  password(mailbox) {
    dialog(texts.showPassword, h("p", {}, texts.passwordHint), copyable(mailbox.password ?? "", texts.password));
  }

  /** Asks first: nobody else knows a password that was made here. @param {session.Mailbox} mailbox */
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

  /** Takes in the newest page, and lets go what is there no more. @param {Item[]} page @param {Item[]} known before it was asked for */
  reread(page, known) {
    const here = new Set(this.items.map((item) => item.id));
    const before = new Set(known.map((item) => item.id));
    this.leave(goneOf(page, known));
    // What was deleted here meanwhile is on the page, too.
    this.merge(page.filter((item) => here.has(item.id) || !before.has(item.id)));
  }

  /** Lets go what was deleted elsewhere. @param {Set<string>} gone */
  leave(gone) {
    if (!gone.size) return;
    const { selected } = this.list;
    this.items = this.items.filter((item) => !gone.has(item.id));
    if (selected && gone.has(selected)) this.list.selected = null;
    if (this.view.message && gone.has(this.view.message.id)) this.view.say(texts.errors.not_found);
    this.list.show(this.items);
    this.rail.note(this.items);
    void this.readQuota();
  }

  /** Takes in messages of the newest page or of the socket. @param {Item[]} fresh */
  merge(fresh) {
    const isFirst = !this.list.querySelector("ol, .empty h2");
    const known = new Map(this.items.map((item) => [item.id, item]));
    const newest = this.items.at(0)?.id ?? "";
    const added = fresh.filter((item) => !known.has(item.id));
    // Older mail comes with the next page, and moves up where some before it was deleted.
    const arrived = added.find((item) => item.id > newest);
    for (const item of fresh) {
      const old = known.get(item.id);
      // No message is ever unread again: the answer may be older.
      known.set(item.id, { ...old, ...item, is_read: item.is_read || old?.is_read === true });
    }
    const items = [...known.values()].sort((a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id));
    const isChanged = added.length > 0 || JSON.stringify(items) !== JSON.stringify(this.items);
    this.items = items;
    if (isFirst) this.older.hidden = fresh.length < PAGE_SIZE;
    if (isFirst || isChanged) this.list.show(items);
    if (!isFirst && arrived) announce(texts.arrived(senderOf(arrived)));
    if (isFirst || added.length) void this.readQuota();
    this.rail.note(items);
    void this.findCodes();
  }

  /** Says in the title how many messages are unread, wherever they are. */
  nameTab() {
    const unread = this.items.filter((item) => !item.is_read).length + this.rail.unread();
    document.title = unread ? `(${unread}) ${texts.name}` : texts.name;
  }

  /** Reads the newest messages for their codes, one at a time, each once. */
  async findCodes() {
    if (this.isLookingUp) return;
    this.isLookingUp = true;
    const feed = this.feed;
    const next = () => this.items.slice(0, ROWS_WITH_CODES).find((item) => !item.codes);
    for (let item = next(); item && feed && feed === this.feed && !feed.isStopped; item = next()) {
      const id = item.id;
      /** @type {import("./api.js").Code[] | null} */
      const codes = await call("GET", `/api/messages/${id}`, feed.token)
        .then((message) => message.codes, (error) => (isGone(error) ? [] : null));
      if (!codes) {
        clearTimeout(this.again);
        this.again = window.setTimeout(() => this.findCodes(), AGAIN_MS);
        break;
      }
      this.items = this.items.map((one) => (one.id === id ? { ...one, codes } : one));
      if (codes.length && feed === this.feed) this.list.show(this.items);
    }
    this.isLookingUp = false;
    if (this.feed !== feed) void this.findCodes();
  }

  async readQuota() {
    const feed = this.feed;
    if (!feed) return;
    try {
      const me = await call("GET", "/api/me", feed.token);
      if (feed !== this.feed) return;
      this.quota.textContent = `${texts.quota(size(me.used), size(me.quota))}.`;
    } catch {
      // The list says what is wrong.
    }
  }

  async readOlder() {
    const feed = this.feed;
    if (!feed) return;
    // The pages that are here: what was deleted has moved the next one up.
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
    // It may be deleted by now, or another mailbox be open.
    if (isRead && this.items.some((one) => one.id === id)) this.merge([{ ...item, is_read: true }]);
  }

  back() {
    const id = this.list.selected;
    this.classList.remove("reading");
    this.view.clear();
    if (id) this.list.focusRow(id);
  }

  /** Moves on in the list, and in what is read when a message is open. @param {number} by */
  step(by) {
    const id = this.list.beside(by);
    if (!id) return;
    if (!this.view.opened) this.list.select(id);
    else if (id !== this.view.opened) void this.open(id);
  }

  /** @param {string | null | undefined} id */
  async removeMessage(id) {
    const at = this.items.findIndex((item) => item.id === id);
    const feed = this.feed;
    if (!id || at < 0 || !feed) return;
    try {
      await call("DELETE", `/api/messages/${id}`, feed.token);
    } catch (error) {
      if (!isGone(error)) {
        toast(explain(error), "bad");
        return;
      }
    }
    if (feed !== this.feed) return;
    this.items = this.items.filter((item) => item.id !== id);
    // Somebody may have opened another one meanwhile.
    if (!this.view.opened || this.view.opened === id) {
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
      // What is being read, and not yet shown, nobody can have meant.
      d: () => this.removeMessage(this.view.opened ? this.view.message?.id : this.list.selected),
      Backspace: () => this.back(),
      "?": () => dialog(texts.keys, h("dl", { class: "keys" },
        ...texts.keyList.flatMap(([key, does]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)]))),
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
