import { call, download, explain, isNotFound, send, under } from "./api.js";
import { button, copy, fill, h, size, toast, when } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Message} Message */
/** @typedef {import("./api.js").Link} Link */
/** @typedef {keyof typeof texts.tabs} Tab */

/** Larger bodies and sources are only offered for download. */
const MAX_SHOWN_BYTES = 1024 * 1024;
const MAX_LINKS = 10;

/** One message. It fires `back`, `remove`, and `deleted` with the id of a message that no longer exists. */
export class MessageView extends HTMLElement {
  /** The message that is shown; null while it is loading. @type {Message | null} */
  message = null;
  /** The id of the open message, loaded or not. @type {string | null} */
  openId = null;
  /** The number of the latest request. A response to an earlier request is ignored. */
  requestNumber = 0;
  token = "";

  clear() {
    this.requestNumber += 1;
    this.message = this.openId = null;
    fill(this, h("p", { class: "empty" }, texts.nothingOpen));
  }

  /** Loads and shows a message. Returns whether it is shown. @param {string} token @param {string} id @returns {Promise<boolean>} */
  async open(token, id) {
    const requestNumber = this.requestNumber += 1;
    [this.token, this.openId, this.message] = [token, id, null];
    fill(this, h("p", { class: "empty", role: "status" }, texts.loading));
    try {
      const message = await call("GET", `/api/messages/${encodeURIComponent(id)}`, token);
      if (requestNumber !== this.requestNumber) return false;
      this.message = message;
    } catch (error) {
      if (requestNumber !== this.requestNumber) return false;
      this.showError(explain(error));
      if (isNotFound(error)) this.dispatchEvent(new CustomEvent("deleted", { detail: id }));
      return false;
    }
    this.render();
    this.querySelector("h2")?.focus();
    return true;
  }

  /** Shows an error instead of the message. @param {string} text */
  showError(text) {
    this.message = null;
    fill(this, this.toolbar(), h("p", { class: "problem", role: "alert" }, text));
  }

  toolbar() {
    return h("div", { class: "toolbar" },
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
      // Each tab gets a new element, so that a late response for an earlier tab is not shown.
      const next = h("div", { class: "body" });
      body.replaceWith(next);
      body = next;
      void this.show(tab, next);
    };
    fill(this, this.toolbar(),
      h("h2", { tabindex: "-1" }, message.subject || texts.noSubject),
      h("dl", { class: "facts" },
        h("dt", {}, texts.from), h("dd", {}, message.from ?? texts.noSender),
        h("dt", {}, texts.sender), h("dd", {}, message.sender || texts.noSender),
        h("dt", {}, texts.receivedTitle), h("dd", {}, when(message.created_at), ` · ${size(message.size)}`)),
      this.extracted(message), this.attachments(message),
      h("div", { class: "tabs", role: "group", "aria-label": texts.views }, ...buttons), body);
    pick(tabs[0]);
  }

  /** Codes and links that the server extracted. @param {Message} message */
  extracted(message) {
    const codes = (message.codes ?? []).map(({ value }) => h("button", {
      type: "button", class: "code", "aria-label": texts.copyCode(value), onclick: () => copy(value, texts.codeCopied),
    }, value));
    const all = message.links ?? [];
    const isPrimary = (/** @type {Link} */ link) => link.kind === "verify" || link.kind === "reset";
    const byConfidence = (/** @type {Link} */ one, /** @type {Link} */ other) => (other.confidence ?? 0) - (one.confidence ?? 0);
    const primary = all.filter(isPrimary).sort(byConfidence).slice(0, MAX_LINKS).map(linkItem);
    const others = all.filter((link) => !isPrimary(link)).slice(0, MAX_LINKS).map(linkItem);
    return h("div", { class: "extracted" },
      codes.length ? h("div", { class: "row", role: "group", "aria-label": texts.codes }, ...codes) : null,
      primary.length ? h("ul", { class: "primary-links", "aria-label": texts.links }, ...primary) : null,
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
        : h("pre", { class: "text", tabindex: "0" }, ...linkify(message.text_body.slice(0, MAX_SHOWN_BYTES))));
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
   * Shows the HTML body in a sandboxed frame. The frame loads its own route with a single-use ticket.
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
          src: under(`/api/messages/${message.id}/body?ticket=${encodeURIComponent(ticket)}${images}`),
        }));
    } catch {
      fill(into, h("p", { class: "hint" }, texts.noHtml));
    }
  }
}

/** A link that opens in a new tab; null unless the URL is HTTP or HTTPS. @param {string} url @param {string} label */
function externalLink(url, label) {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !["https:", "http:"].includes(parsed.protocol)) return null;
  return h("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer" }, label);
}

/** An extracted link: its kind, its text and its host. @param {import("./api.js").Link} link */
function linkItem(link) {
  const host = URL.canParse(link.url) ? new URL(link.url).host : "";
  const shown = externalLink(link.url, link.text || link.url);
  return shown && h("li", {}, link.kind && link.kind !== "other" ? h("span", { class: "tag" }, texts.linkKinds[link.kind]) : null, " ",
    shown, link.text ? h("small", { class: "hint" }, ` ${host}`) : null);
}

/** Turns the URLs of a text into links. @param {string} text */
function linkify(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) => (index % 2 ? externalLink(part, part) ?? part : part));
}

customElements.define("message-view", MessageView);
