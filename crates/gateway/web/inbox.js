import { call, explain, under } from "./api.js";
import { button, confirmed, copy, copyable, dialog, fill, h, size, toast } from "./dom.js";
import { MailReader } from "./mail-reader.js";
import { notificationSwitch, notifyReceived } from "./notifications.js";
import { fragment, go, leaveOrOpen, segments } from "./route.js";
import { keptText, retentionSecs } from "./server-facts.js";
import * as session from "./session.js";
import { Sidebar } from "./sidebar.js";
import { chooseForm, quickMailbox, signInForm } from "./start.js";
import { teach } from "./teach.js";
import { texts } from "./texts.js";
import { themeSwitch } from "./theme.js";
import { showUnread } from "./unread-badge.js";

/** Of messages that arrive together, so many are notified of. */
const MAX_NOTIFIED = 3;

/** The page at `/`: the mailbox that the URL names, or the welcome view if there is none. */
class Inbox extends HTMLElement {
  /** @type {session.Mailbox | null} */
  current = null;
  reader = new MailReader();
  sidebar = new Sidebar();

  connectedCallback() {
    if (session.isLocalUser() && !session.mailboxes().length) {
      // The mail of an open server is in the sandbox of its user.
      location.replace(under("/pro#sandboxes"));
      return;
    }
    this.reader.addEventListener("place", (event) => {
      const { id, isReplacing } = /** @type {CustomEvent<{id: string | null, isReplacing: boolean}>} */ (event).detail;
      this.goTo(id, isReplacing);
    });
    this.reader.addEventListener("items", () => {
      this.sidebar.update(this.reader.listed());
      this.updateTitle();
    });
    this.reader.addEventListener("received", (event) => {
      const { detail } = /** @type {CustomEvent<import("./api.js").Item[]>} */ (event);
      for (const item of detail.slice(0, MAX_NOTIFIED)) notifyReceived(item, this.current?.address ?? "");
    });
    this.reader.signIn = () => signInForm(() => this.start(), this.current?.address);
    this.sidebar.addEventListener("choose", (event) => this.choose(/** @type {CustomEvent<string>} */ (event).detail));
    this.sidebar.addEventListener("count", () => this.updateTitle());
    window.addEventListener("popstate", () => this.route());
    session.onOtherTab(() => this.otherTab());
    this.start();
  }

  /** Follows the history: to a message of the open mailbox, or to another mailbox. */
  route() {
    const [address, message = null] = segments();
    if (this.current && (address ?? this.current.address) === this.current.address) this.reader.place(message);
    else this.start();
  }

  /** @param {string | null} message @param {boolean} isReplacing */
  goTo(message, isReplacing) {
    leaveOrOpen([this.current?.address], message, isReplacing);
    if (message === null) this.reader.place(null);
  }

  /** Shows the mailbox of the URL, or the one that was open last. */
  start() {
    const [address, message = null] = segments();
    const mailbox = address ? session.mailboxOf(address) : session.latest();
    this.reader.stop();
    this.current = mailbox;
    document.querySelector("dialog")?.close();
    this.classList.toggle("app", mailbox !== null);
    fill(this, this.header(), mailbox ? this.mailbox(mailbox) : this.welcome(address));
    this.sidebar.show(session.mailboxes(), mailbox?.id);
    if (!mailbox) return;
    session.choose(mailbox.id);
    go([mailbox.address, message], true, history.state);
    const source = session.sourceOf(mailbox);
    this.reader.list.whenEmpty = () => teach(source, mailbox.address);
    this.reader.start(source, message);
  }

  /** Another tab created, removed or renewed a mailbox. */
  otherTab() {
    const isHere = this.current && session.mailboxes().some((one) => one.id === this.current?.id);
    if (this.current && isHere) {
      this.querySelector("header.bar")?.replaceWith(this.header());
      this.querySelector("main")?.classList.toggle("multiple", session.mailboxes().length > 1);
      this.sidebar.show(session.mailboxes(), this.current.id);
    } else if (this.current || session.mailboxes().length) {
      history.replaceState(null, "", location.pathname);
      this.start();
    }
  }

  header() {
    const all = session.mailboxes();
    const options = all.map((one) => h("option", { value: one.id, selected: one.id === this.current?.id }, one.address));
    const switcher = all.length > 1 ? h("select", {
      "aria-label": texts.mailboxes,
      class: "switcher", onchange: (/** @type {Event} */ event) => this.choose(/** @type {HTMLSelectElement} */ (event.target).value),
    }, ...options) : null;
    return h("header", { class: "bar" },
      h("a", { class: "brand", href: under("/") }, h("img", { src: under("/web/icon.svg"), alt: "", width: 28, height: 28 }), texts.name),
      switcher,
      h("nav", { class: "row" },
        all.length ? button(`+ ${texts.newMailbox}`, () => this.addMailbox(), "quiet") : null,
        themeSwitch(), h("a", { href: under("/pro") }, texts.dashboard)));
  }

  /** Switches to another mailbox. @param {string} id */
  choose(id) {
    const chosen = session.mailboxes().find((one) => one.id === id);
    if (chosen) this.openMailbox(chosen.address);
  }

  /** @param {string} address */
  openMailbox(address) {
    go([address]);
    this.start();
  }

  /** @param {string | undefined} address of a mailbox that this browser does not know */
  welcome(address) {
    const done = (/** @type {string} */ opened) => this.openMailbox(opened);
    const isUnknown = address?.includes("@");
    return h("main", { class: "welcome" },
      h("h1", {}, texts.tagline), h("p", { class: "lead" }, texts.intro),
      isUnknown ? h("section", { class: "card", "aria-label": texts.signIn }, h("p", {}, texts.unknownMailbox(address ?? "")), signInForm(done, address)) : null,
      ...this.mailboxOptions());
  }

  /** The buttons that create a mailbox or sign in to one. */
  mailboxOptions() {
    const more = h("div", { class: "more" });
    const done = (/** @type {string} */ address) => this.openMailbox(address);
    const quick = h("button", { type: "button", class: "primary big", onclick: async () => {
      quick.disabled = true;
      try {
        done(await quickMailbox());
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
    const isMultiple = session.mailboxes().length > 1;
    return h("main", { class: isMultiple ? "mailbox multiple" : "mailbox" },
      h("nav", { class: "sidebar", "aria-label": texts.mailboxes }, this.sidebar),
      h("section", { class: "mailbox-bar", "aria-label": texts.address },
        h("h1", { class: "address", title: mailbox.address }, mailbox.address),
        h("div", { class: "row" },
          button(texts.copy, () => copy(mailbox.address, texts.addressCopied), "primary small"),
          button(texts.showQr, () => this.qr(mailbox.address), "small"),
          button(texts.details, () => this.details(mailbox), "small")),
        session.isPersistent() ? null : h("p", { class: "hint" }, texts.notStored)),
      this.reader);
  }

  /** @param {string} address */
  qr(address) {
    dialog(texts.showQr, h("img", {
      class: "qr", src: under(`/api/qr?text=${encodeURIComponent(address)}`), alt: texts.qrOf(address), width: 240, height: 240,
    }));
  }

  /** What the server knows about a mailbox, and what can be done with it. @param {session.Mailbox} mailbox */
  details(mailbox) {
    const facts = h("p", { class: "hint" }, texts.loading);
    const kept = h("p", { class: "hint" });
    void retentionSecs().then((secs) => fill(kept, keptText(secs)));
    const box = dialog(texts.details, h("p", {}, h("code", {}, mailbox.address)), facts, kept,
      mailbox.password ? h("p", {}, texts.passwordHint) : null,
      mailbox.password ? h("p", {}, `${texts.password}: `, copyable(mailbox.password, texts.password)) : null,
      h("p", { class: "hint" }, session.isPersistent() ? texts.storedInBrowser : texts.notStored),
      notificationSwitch(),
      h("div", { class: "row" },
        button(texts.forget, () => { box.close(); void this.forget(mailbox); }),
        button(texts.deleteMailbox, () => { box.close(); void this.deleteMailbox(mailbox); }, "danger")));
    call("GET", "/api/me", mailbox.token).then(
      (me) => fill(facts, `${texts.quota(size(me.used), size(me.quota))}.`),
      (error) => fill(facts, explain(error)));
  }

  /** Shows the password in the confirmation: only this browser knows a generated password. @param {session.Mailbox} mailbox */
  async forget(mailbox) {
    if (!await confirmed(texts.forgetAsk(mailbox.address, mailbox.password), texts.forget)) return;
    session.forget(mailbox.id);
    this.leave();
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
    this.leave();
  }

  /** Opens another mailbox in place of one that is gone. */
  leave() {
    history.replaceState(null, "", fragment(session.latest()?.address) || location.pathname);
    this.start();
  }

  /** Shows the number of unread messages of all mailboxes in the title and on the icon. */
  updateTitle() {
    const unread = this.current ? this.reader.listed().filter((item) => !item.is_read).length : 0;
    showUnread(unread + this.sidebar.unread());
  }
}

customElements.define("mayfly-inbox", Inbox);
