import { call, download, explain, isGone, send } from "./api.js";
import { button, copy, fill, h, size, toast, when } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Message} Message */
/** @typedef {keyof typeof texts.tabs} Tab */

/** What is shown here at most; the rest is there to download. */
const MAX_SHOWN_BYTES = 1024 * 1024;
const MAX_LINKS = 10;

/** One message. It fires `back`, `remove`, and `gone` with the id of one that is there no more. */
export class MessageView extends HTMLElement {
  /** What is shown; nothing while it is read. @type {Message | null} */
  message = null;
  /** What is open, shown already or not. @type {string | null} */
  opened = null;
  /** Counts what was asked for, since an answer may come after that to a later question. */
  turn = 0;
  token = "";

  clear() {
    this.turn += 1;
    this.message = this.opened = null;
    fill(this, h("p", { class: "empty" }, texts.nothingOpen));
  }

  /** Says whether the message is shown. @param {string} token @param {string} id @returns {Promise<boolean>} */
  async open(token, id) {
    const turn = this.turn += 1;
    [this.token, this.opened, this.message] = [token, id, null];
    fill(this, h("p", { class: "empty", role: "status" }, texts.loading));
    try {
      const message = await call("GET", `/api/messages/${encodeURIComponent(id)}`, token);
      if (turn !== this.turn) return false;
      this.message = message;
    } catch (error) {
      if (turn !== this.turn) return false;
      this.say(explain(error));
      if (isGone(error)) this.dispatchEvent(new CustomEvent("gone", { detail: id }));
      return false;
    }
    this.render();
    this.querySelector("h2")?.focus();
    return true;
  }

  /** Says something in place of the message. @param {string} what */
  say(what) {
    this.message = null;
    fill(this, this.tools(), h("p", { class: "problem", role: "alert" }, what));
  }

  tools() {
    return h("div", { class: "tools" },
      button(`← ${texts.back}`, () => this.dispatchEvent(new Event("back")), "quiet back"),
      this.message ? button(texts.remove, () => this.dispatchEvent(new Event("remove")), "danger") : null);
  }

  render() {
    const message = this.message;
    if (!message) return;
    let body = h("div", { class: "body" });
    /** @type {Tab[]} */
    const tabs = message.html_body === null ? ["text", "headers", "source"] : ["html", "text", "headers", "source"];
    const buttons = tabs.map((tab) => h("button", {
      type: "button", "data-tab": tab, "aria-pressed": "false", onclick: () => pick(tab),
    }, texts.tabs[tab]));
    const pick = (/** @type {Tab} */ tab) => {
      for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.tab === tab));
      // Each view has a place of its own, so that a late answer to an earlier one shows nowhere.
      const place = h("div", { class: "body" });
      body.replaceWith(place);
      body = place;
      void this.show(tab, place);
    };
    fill(this, this.tools(),
      h("h2", { tabindex: "-1" }, message.subject || texts.noSubject),
      h("dl", { class: "facts" },
        h("dt", {}, texts.from), h("dd", {}, message.from ?? texts.noSender),
        h("dt", {}, texts.sender), h("dd", {}, message.sender || texts.noSender),
        h("dt", {}, texts.received), h("dd", {}, when(message.created_at), ` · ${size(message.size)}`)),
      this.finds(message), this.attachments(message),
      h("div", { class: "tabs", role: "group", "aria-label": texts.views }, ...buttons), body);
    pick(tabs[0]);
  }

  /** Codes and links that the server found. @param {Message} message */
  finds(message) {
    const codes = (message.codes ?? []).map(({ value }) => h("button", {
      type: "button", class: "code", "aria-label": texts.copyCode(value), onclick: () => copy(value, texts.codeCopied),
    }, value));
    const all = message.links ?? [];
    const isMeant = (/** @type {import("./api.js").Link} */ link) => link.kind === "verify" || link.kind === "reset";
    const meant = all.filter(isMeant).slice(0, MAX_LINKS).map(found);
    const others = all.filter((link) => !isMeant(link)).slice(0, MAX_LINKS).map(found);
    return h("div", { class: "finds" },
      codes.length ? h("div", { class: "row", role: "group", "aria-label": texts.codes }, ...codes) : null,
      meant.length ? h("ul", { class: "meant", "aria-label": texts.links }, ...meant) : null,
      others.length ? h("details", {}, h("summary", {}, `${texts.otherLinks} (${others.length})`), h("ul", {}, ...others)) : null);
  }

  /** @param {Message} message */
  attachments(message) {
    if (!message.attachments.length) return null;
    return h("ul", { class: "attachments", "aria-label": texts.attachments }, ...message.attachments.map((one) => {
      const name = one.filename || texts.unnamed(one.index);
      const save = () => download(`/api/messages/${message.id}/attachments/${one.index}`, this.token, name)
        .catch((error) => toast(explain(error), "bad"));
      return h("li", {}, button(`↓ ${name}`, save), h("small", {}, `${one.content_type} · ${size(one.size)}`));
    }));
  }

  /** @param {Tab} tab @param {HTMLElement} into */
  async show(tab, into) {
    const message = this.message;
    if (!message) return;
    if (tab === "html") return this.frame(into, false);
    if (tab === "text") {
      fill(into, message.text_body === null
        ? h("p", { class: "hint" }, texts.noText)
        : h("pre", { class: "text", tabindex: "0" }, ...linked(message.text_body.slice(0, MAX_SHOWN_BYTES))));
      return;
    }
    const path = `/api/messages/${message.id}/source`;
    const save = button(texts.downloadSource, () => download(path, this.token, "message.eml")
      .catch((error) => toast(explain(error), "bad")));
    if (message.size > MAX_SHOWN_BYTES) {
      fill(into, h("p", { class: "hint" }, texts.tooLarge), save);
      return;
    }
    fill(into, h("p", { class: "hint", role: "status" }, texts.loading));
    try {
      const source = await (await send("GET", path, this.token)).text();
      const shown = tab === "headers" ? source.split(/\r?\n\r?\n/, 1)[0] : source;
      fill(into, save, h("pre", { class: "source", tabindex: "0" }, shown));
    } catch (error) {
      fill(into, h("p", { class: "problem", role: "alert" }, explain(error)));
    }
  }

  /**
   * The HTML, from a route of its own, in a frame that may do nothing. A ticket opens it once.
   * @param {HTMLElement} into
   * @param {boolean} withImages
   */
  async frame(into, withImages) {
    const message = this.message;
    if (!message) return;
    fill(into, h("p", { class: "hint", role: "status" }, texts.loading));
    try {
      const { ticket } = await call("POST", "/api/tickets", this.token, { for: "message", id: message.id });
      const images = withImages ? "&images=remote" : "";
      fill(into,
        withImages ? null : h("p", { class: "hint" }, texts.imagesHint, " ", button(texts.showImages, () => this.frame(into, true), "small")),
        h("iframe", {
          title: texts.frameTitle, referrerpolicy: "no-referrer", sandbox: "allow-popups allow-popups-to-escape-sandbox",
          src: `/api/messages/${message.id}/body?ticket=${encodeURIComponent(ticket)}${images}`,
        }));
    } catch {
      fill(into, h("p", { class: "hint" }, texts.noHtml));
    }
  }
}

/** A link out of here, or nothing if it is no link of the web. @param {string} url @param {string} label */
function outside(url, label) {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !["https:", "http:"].includes(parsed.protocol)) return null;
  return h("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer" }, label);
}

/** A link that the server found: what it is for, its text, and where it leads. @param {import("./api.js").Link} link */
function found(link) {
  const where = URL.canParse(link.url) ? new URL(link.url).host : "";
  const shown = outside(link.url, link.text || link.url);
  return shown && h("li", {}, link.kind && link.kind !== "other" ? h("span", { class: "tag" }, texts.linkKinds[link.kind]) : null, " ",
    shown, link.text ? h("small", { class: "hint" }, ` ${where}`) : null);
}

/** A text with its web addresses as links. @param {string} text */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) => (index % 2 ? outside(part, part) ?? part : part));
}

customElements.define("message-view", MessageView);
