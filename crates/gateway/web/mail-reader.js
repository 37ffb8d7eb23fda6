import { ApiError, call, explain, send } from "./api.js";
import { CodeReader } from "./codes.js";
import { Deletions, FoundMarks, deleteFound, forEachMessage } from "./deletions.js";
import { announce, button, confirmed, fill, h, toast } from "./dom.js";
import { Feed, deletedSince } from "./feed.js";
import { MessageList, senderOf } from "./message-list.js";
import { MessageView } from "./message-view.js";
import { savePlace, savedPlace } from "./reader-place.js";
import { query, setQuery } from "./route.js";
import { Search } from "./search.js";
import { SearchBox } from "./search-box.js";
import { SelectionBar } from "./selection-bar.js";
import { keyOf, showHelp } from "./shortcuts.js";
import { EVERYTHING, messagePath, noteAccounts, readPage } from "./source.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Item} Item */
/** @typedef {import("./source.js").Source} Source */

/** How many pages a reload or a link reads at most to reach its place. */
const MAX_RESUMED_PAGES = 20;
/** Rows beside the visible ones whose codes are read. */
const ROWS_AROUND = 10;

/**
 * A list of messages beside the open message: live, by keyboard, with actions on many messages. The inbox and the
 * dashboard show their mailboxes with it. It fires `place` when the user opens or closes a message, `items` when
 * messages change, and `received` with messages that are new.
 */
export class MailReader extends HTMLElement {
  /** @type {Source} */
  source = { key: "", token: "", path: "" };
  /** Newest first, with those whose deletion can still be undone. @type {Item[]} */
  items = [];
  /** @type {Feed | null} */
  feed = null;
  isFirst = true;
  isComplete = false;
  isReadingOlder = false;
  /** Whether everything that the search finds is chosen, also what is not loaded. */
  isFoundChosen = false;
  /** What the list shows in place of all messages. @type {Search | null} */
  search = null;
  searchBox = new SearchBox();
  list = new MessageList();
  view = new MessageView();
  selection = new SelectionBar();
  state = h("span", { class: "state", role: "status" });
  older = button(texts.more, () => this.readOlder(), "small older");
  deletions = new Deletions(this.source, { deleted: () => {}, restored: () => {} });
  marks = new FoundMarks(this.source, { marked: () => {}, restored: () => {} });
  codes = new CodeReader(this.source, () => [], () => {});
  /** The form that signs in again. @type {() => HTMLElement} */
  signIn = () => h("p");
  onKey = (/** @type {KeyboardEvent} */ event) => this.key(event);
  onLeave = () => this.savePlace();

  constructor() {
    super();
    this.list.addEventListener("open", (event) => this.open(/** @type {CustomEvent<string>} */ (event).detail));
    this.list.addEventListener("end", () => this.readOlder());
    this.searchBox.addEventListener("query", (event) => this.find(/** @type {CustomEvent<string>} */ (event).detail));
    this.list.addEventListener("rows", () => { void this.codes.read(); });
    this.list.addEventListener("choose", (event) => this.toggle(/** @type {CustomEvent<string>} */ (event).detail));
    this.view.addEventListener("back", () => this.back());
    this.view.addEventListener("deleted", (event) => this.drop(new Set([/** @type {CustomEvent<string>} */ (event).detail])));
    this.view.addEventListener("remove", () => this.removeMessages([this.view.message?.id]));
    this.view.addEventListener("unread", () => this.markUnread(this.view.message?.id));
    this.selection.addEventListener("act", (event) => this.act(/** @type {CustomEvent<string>} */ (event).detail));
    fill(this,
      h("section", { class: "list", "aria-label": texts.inbox }, this.searchBox,
        h("div", { class: "list-bar" }, this.state, this.selection), this.list, this.older),
      h("section", { class: "view", "aria-label": texts.message, "aria-live": "off" }, this.view));
  }

  connectedCallback() {
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("pagehide", this.onLeave);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("pagehide", this.onLeave);
    this.stop();
  }

  stop() {
    if (this.feed) this.savePlace();
    void this.deletions.flush();
    void this.marks.flush();
    this.feed?.stop();
    this.codes.stop();
    this.feed = null;
  }

  /** Shows a list from its newest message, or from where this tab left it. @param {Source} source @param {string | null} open the message to open */
  start(source, open) {
    this.stop();
    this.source = source;
    this.items = [];
    this.isFirst = true;
    this.isComplete = this.isReadingOlder = false;
    this.older.hidden = true;
    this.list.chosen = null;
    this.isFoundChosen = false;
    this.list.selected = null;
    this.list.showNotice(h("p", { class: "empty" }, texts.loading));
    // Deleting the mail of all mailboxes at once is not offered.
    this.selection.canRemoveAll = !source.accounts;
    this.selection.show(null);
    this.deletions = new Deletions(source, {
      deleted: (ids) => { if (this.source === source) this.drop(ids); },
      restored: () => { if (this.source === source) this.show(); },
    });
    this.marks = new FoundMarks(source, {
      marked: () => this.refreshMarks(source),
      restored: (ids, isRead) => { if (this.source === source) this.setRead(ids, isRead); },
    });
    this.codes = new CodeReader(source, () => this.itemsInView(), (codes) => this.addCodes(codes));
    this.search = null;
    this.searchBox.input.value = "";
    this.searchBox.show(query());
    if (query()) void this.find(query());
    this.place(open);
    this.feed = new Feed(source, {
      items: () => this.items,
      newestPage: (page, before) => this.update(page, before),
      received: (item) => this.merge([item]),
      state: (state) => this.showState(state),
      failed: (error) => this.failed(error),
    });
  }

  /** @param {import("./feed.js").State} state */
  showState(state) {
    this.state.textContent = texts[state];
    this.state.dataset.state = state;
    // What failed while the server was away is shown once it is back.
    if (state === "live" || state === "polling") void this.view.retry();
  }

  /** The messages that are not deleted. */
  listed() {
    return this.deletions.hidden.size ? this.items.filter((item) => !this.deletions.hidden.has(item.id)) : this.items;
  }

  /** The messages in the list: all of them, or those that a query finds. */
  shown() {
    return this.search ? this.search.items.filter((item) => !this.deletions.hidden.has(item.id)) : this.listed();
  }

  /** Changes messages wherever they are listed. @param {(items: Item[]) => Item[]} change */
  edit(change) {
    this.items = change(this.items);
    if (this.search) this.search.items = change(this.search.items);
    this.show();
  }

  /** Shows the messages that fulfil a query, or all again. @param {string} text */
  async find(text) {
    setQuery(text);
    this.isFoundChosen = false;
    this.search = text ? new Search(this.source, text) : null;
    this.searchBox.found(null);
    if (this.search) await this.findMore();
    else if (!this.isFirst) this.show();
  }

  async findMore() {
    const { search } = this;
    if (!search) return;
    try {
      await search.more();
      if (this.search !== search) return;
      this.searchBox.found(search);
      this.show();
    } catch (error) {
      if (this.search === search) this.searchBox.fail(explain(error));
    }
  }

  /** Renders the list. */
  show() {
    const listed = this.shown();
    if (this.isFoundChosen) this.list.chosen = new Set(listed.map((item) => item.id));
    if (this.search && !listed.length) this.list.showNotice(h("p", { class: "empty" }, texts.nothingFound));
    else this.list.show(listed);
    this.older.hidden = this.search ? !this.search.next : this.isComplete || this.isFirst;
    if (this.list.chosen) {
      for (const id of this.list.chosen) if (!listed.some((item) => item.id === id)) this.list.chosen.delete(id);
    }
    this.selection.show(this.list.chosen, listed.length, !this.search ? "none" : this.isFoundChosen ? "found" : "search");
    this.dispatchEvent(new Event("items"));
  }

  /** Applies the newest page: removes deleted messages and adds new ones. @param {import("./source.js").Page} page @param {Item[]} before the messages when the page was requested */
  update(page, before) {
    const current = new Set(this.items.map((item) => item.id));
    const idsBefore = new Set(before.map((item) => item.id));
    this.drop(deletedSince(page, before));
    if (this.isFirst) this.isComplete = page.isLast;
    // The page may still have messages that were deleted here after the request.
    this.merge(page.messages.filter((item) => current.has(item.id) || !idsBefore.has(item.id)));
  }

  /** Removes messages that no longer exist. @param {Set<string>} ids */
  drop(ids) {
    if (!ids.size) return;
    const { selected } = this.list;
    if (selected && ids.has(selected)) this.list.selected = null;
    if (this.view.message && ids.has(this.view.message.id)) this.view.showError(texts.errors.not_found);
    this.edit((items) => items.filter((item) => !ids.has(item.id)));
  }

  /** Adds or updates messages from a page or from the channel. @param {Item[]} fresh */
  merge(fresh) {
    const { isFirst } = this;
    noteAccounts(this.source, fresh);
    const known = new Map(this.items.map((item) => [item.id, item]));
    const newest = this.items.at(0)?.id ?? "";
    const added = fresh.filter((item) => !known.has(item.id));
    // Older messages are not new: they come from the next page, or move up after a deletion.
    const arrived = added.filter((item) => item.id > newest);
    for (const item of fresh) {
      const old = known.get(item.id);
      // A read message never becomes unread: an unread one in a response is out of date. So is one that is about to be marked.
      const isRead = old?.is_read === true || (item.is_read && !this.marks.covers(item.id));
      known.set(item.id, { ...old, ...item, is_read: isRead });
    }
    const items = [...known.values()].sort((a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id));
    const isChanged = added.length > 0 || JSON.stringify(items) !== JSON.stringify(this.items);
    this.items = items;
    this.isFirst = false;
    if (isFirst || isChanged) this.show();
    if (isFirst) {
      void this.resume();
    } else if (arrived.length) {
      announce(texts.receivedFrom(senderOf(arrived[0])));
      this.dispatchEvent(new CustomEvent("received", { detail: arrived }));
    }
  }

  /** Loads the list as far as this tab had it, or as far as the open message, and scrolls there. */
  async resume() {
    const { source } = this;
    const place = savedPlace(source.key);
    const open = this.view.openId;
    const isShort = () => !this.isComplete
      && (this.items.length < (place?.count ?? 0) || (open !== null && (this.items.at(-1)?.id ?? "") > open));
    for (let page = 1; page < MAX_RESUMED_PAGES && isShort(); page += 1) {
      if (!await this.readOlder() || source !== this.source) break;
    }
    if (source !== this.source) return;
    if (place?.anchor) this.list.restore(place.anchor);
    if (this.list.selected && (!place || this.list.selected === open)) this.list.reveal(this.list.selected);
  }

  savePlace() {
    if (this.isFirst || !this.items.length) return;
    savePlace(this.source.key, { count: this.items.length, anchor: this.list.anchor() });
  }

  /** Reads the next page. Returns whether it was read. */
  async readOlder() {
    const { source } = this;
    if (this.search) {
      if (this.search.next && this.search.items.length) await this.findMore();
      return false;
    }
    if (this.isReadingOlder || this.isComplete || this.isFirst) return false;
    this.isReadingOlder = true;
    try {
      const page = await readPage(source, this.items);
      if (source !== this.source) return false;
      this.isComplete = page.isLast;
      this.isReadingOlder = false;
      this.merge(page.messages);
      this.older.hidden = this.isComplete;
      return true;
    } catch (error) {
      if (source !== this.source) return false;
      toast(explain(error), "bad");
      return false;
    } finally {
      if (source === this.source) this.isReadingOlder = false;
    }
  }

  /** The messages in and around the visible rows. */
  itemsInView() {
    const { first, count } = this.list.visible();
    return this.list.items.slice(Math.max(0, first - ROWS_AROUND), first + count + ROWS_AROUND);
  }

  /** @param {Map<string, import("./api.js").Code[]>} codes */
  addCodes(codes) {
    this.edit((items) => items.map((item) => (codes.has(item.id) && !item.codes ? { ...item, codes: codes.get(item.id) } : item)));
  }

  /** @param {unknown} error */
  failed(error) {
    if (error instanceof ApiError && error.status === 401) {
      this.feed?.stop();
      this.list.showNotice(h("div", { class: "empty" }, h("p", { role: "alert" }, texts.signedOut), this.signIn()));
    } else if (!this.items.length) {
      this.list.showNotice(h("p", { class: "empty", role: "alert" }, explain(error)));
    }
  }

  /** Opens a message, or the list, as the URL says. @param {string | null} id */
  place(id) {
    if (id === this.view.openId && id !== null) return;
    if (id) {
      void this.load(id);
      return;
    }
    const last = this.view.openId;
    this.classList.remove("reading");
    this.view.clear();
    if (last) this.list.focusRow(last);
  }

  /** Opens a message that the user chose. @param {string} id @param {boolean} [isReplacing] whether it replaces the open one in the history */
  open(id, isReplacing = false) {
    this.dispatchEvent(new CustomEvent("place", { detail: { id, isReplacing } }));
    this.place(id);
  }

  /** @param {string} id */
  async load(id) {
    const { source } = this;
    this.classList.add("reading");
    this.list.select(id);
    const isShown = await this.view.open(source, id);
    if (!isShown || this.view.message?.is_read) return;
    const isRead = await call("PUT", `${messagePath(source, id)}/read`, source.token).then(() => true, () => false);
    if (isRead && source === this.source) this.setRead(new Set([id]), true);
  }

  back() {
    this.dispatchEvent(new CustomEvent("place", { detail: { id: null, isReplacing: false } }));
  }

  /** Moves the selection, and opens the message if one is open. @param {number} by */
  step(by) {
    const id = this.list.idAtOffset(by);
    if (!id) return;
    if (!this.view.openId) {
      this.list.select(id);
      this.list.focusRow(id);
    } else if (id !== this.view.openId) {
      this.open(id, true);
    }
  }

  /** Deletes messages, which can be undone for a moment. @param {(string | null | undefined)[]} ids */
  removeMessages(ids) {
    const listed = this.shown();
    const found = new Set(ids.filter((id) => listed.some((item) => item.id === id)));
    if (!found.size) return;
    const at = listed.findIndex((item) => found.has(item.id));
    const isOpen = this.view.openId !== null && found.has(this.view.openId);
    void this.marks.flush();
    this.deletions.add(/** @type {string[]} */ ([...found]));
    if (isOpen) {
      this.dispatchEvent(new CustomEvent("place", { detail: { id: null, isReplacing: true } }));
      this.place(null);
    }
    this.show();
    const left = this.shown();
    const next = left[Math.min(at, left.length - 1)]?.id ?? null;
    if (!this.list.selected || !found.has(this.list.selected)) return;
    this.list.select(next);
    if (next) this.list.focusRow(next);
  }

  /** @param {string | null | undefined} id */
  async markUnread(id) {
    if (id) await this.mark([id], false);
  }

  /** Marks messages as read or unread. @param {string[]} ids @param {boolean} isRead */
  async mark(ids, isRead) {
    const { source } = this;
    const wanted = new Set(this.shown().filter((item) => ids.includes(item.id) && item.is_read !== isRead).map((item) => item.id));
    this.setRead(wanted, isRead);
    const { failure, failed } = await forEachMessage(wanted, (id) => send(isRead ? "PUT" : "DELETE", `${messagePath(source, id)}/read`, source.token));
    if (!failed.length || source !== this.source) return;
    this.setRead(new Set(failed), !isRead);
    toast(explain(failure), "bad");
  }

  /** @param {Set<string>} ids @param {boolean} isRead */
  setRead(ids, isRead) {
    this.edit((items) => items.map((item) => (ids.has(item.id) ? { ...item, is_read: isRead } : item)));
  }

  /** Marks everything that the search finds, which can be undone for a moment. @param {boolean} isRead */
  markFound(isRead) {
    const [newest] = this.search?.items ?? [];
    if (!this.search || !newest) return;
    void this.deletions.flush();
    void this.marks.flush();
    const ids = new Set(this.search.items.filter((item) => item.is_read !== isRead).map((item) => item.id));
    this.setRead(ids, isRead);
    this.marks.add(this.search.query, isRead, ids, newest.created_at);
  }

  /** Reads the marks of the listed messages again: the server has changed some that the search had not loaded. @param {Source} source */
  async refreshMarks(source) {
    /** @type {Item[]} */
    let read = [];
    try {
      for (let isLast = false; !isLast && source === this.source && read.length < this.items.length;) {
        const page = await readPage(source, read);
        [read, isLast] = [[...read, ...page.messages], page.isLast];
      }
    } catch (error) {
      toast(explain(error), "bad");
    }
    if (source !== this.source) return;
    const marks = new Map(read.map((item) => [item.id, item.is_read]));
    this.edit((items) => items.map((item) => ({ ...item, is_read: marks.get(item.id) ?? item.is_read })));
  }

  /** Deletes every message of the list, also those that are not loaded. */
  async removeAll() {
    if (await confirmed(texts.deleteAllAsk, texts.deleteAll)) await this.removeFound(EVERYTHING, () => texts.deletedAll);
  }

  /** Deletes the chosen messages, or a message if none are chosen. @param {string | null} [id] */
  async removeChosen(id) {
    const { search } = this;
    if (this.isFoundChosen && search) {
      if (await confirmed(texts.deleteFoundAsk(search.query), texts.remove)) await this.removeFound(search.query, texts.deleted);
    } else {
      this.removeMessages(this.list.chosen?.size ? [...this.list.chosen] : [id]);
    }
  }

  /** Deletes what a query finds, which cannot be undone, and reads the list again. @param {string} query @param {(count: number) => string} done */
  async removeFound(query, done) {
    const { source } = this;
    toast(texts.deleting);
    try {
      const count = await deleteFound(source, query);
      toast(done(count));
    } catch (error) {
      toast(explain(error), "bad");
    }
    if (source !== this.source) return;
    const open = this.view.openId;
    // Loads the open message again: it may be gone.
    this.view.clear();
    this.start(source, open);
  }

  /** Chooses a message for an action, or no longer. @param {string | null} id */
  toggle(id) {
    if (!id) return;
    this.list.chosen ??= new Set();
    this.isFoundChosen = false;
    if (!this.list.chosen.delete(id)) this.list.chosen.add(id);
    this.show();
  }

  /** Acts on the chosen messages. @param {string} action */
  act(action) {
    const chosen = [...this.list.chosen ?? []];
    /** @type {Record<string, () => unknown>} */
    const actions = {
      begin: () => { this.list.chosen = new Set(); },
      found: () => { this.isFoundChosen = true; },
      all: () => { this.list.chosen = new Set(chosen.length === this.shown().length ? [] : this.shown().map((item) => item.id)); },
      read: () => (this.isFoundChosen ? this.markFound(true) : this.mark(chosen, true)),
      unread: () => (this.isFoundChosen ? this.markFound(false) : this.mark(chosen, false)),
      remove: () => this.removeChosen(),
      removeAll: () => this.removeAll(),
      end: () => { this.list.chosen = null; },
    };
    void actions[action]?.();
    const isKept = this.isFoundChosen && action === "remove";
    if (action !== "found" && !isKept) this.isFoundChosen = false;
    if (["read", "unread", "remove"].includes(action) && !isKept) this.list.chosen = null;
    this.show();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.feed) return;
    const { selected } = this.list;
    const target = this.view.openId ? this.view.message?.id : selected;
    /** @type {Record<string, () => unknown>} */
    const keys = {
      j: () => this.step(1),
      k: () => this.step(-1),
      // A message that is still loading cannot be the one that the user wants to delete.
      d: () => this.removeChosen(target),
      z: () => this.marks.undo() || this.deletions.undo(),
      x: () => this.toggle(selected),
      u: () => this.markUnread(target),
      Backspace: () => this.back(),
      Escape: () => this.act("end"),
      "/": () => this.searchBox.input.focus(),
      "?": showHelp,
    };
    const key = keyOf(event);
    if (key === "Enter" && selected && !(event.target instanceof HTMLButtonElement)) {
      this.open(selected);
    } else if (key && Object.hasOwn(keys, key)) {
      event.preventDefault();
      void keys[key]();
    }
  }
}

customElements.define("mail-reader", MailReader);
