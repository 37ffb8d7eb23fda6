import { call, download, explain, isNotFound, send, under } from "./api.js";
import { attachments } from "./attachments.js";
import { button, copy, fill, h, toast } from "./dom.js";
import { tokenize } from "./markup.js";
import { facts, sourceName } from "./message-header.js";
import { locate, messagePath } from "./source.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Message} Message */
/** @typedef {import("./api.js").Link} Link */
/** @typedef {keyof typeof texts.tabs} Tab */

/** Larger bodies and sources are only offered for download. */
const MAX_SHOWN_BYTES = 1024 * 1024;
const MAX_LINKS = 10;
/** What follows behind so many tokens of HTML has no colors. */
const MAX_TOKENS = 20_000;

/** Loads of a mail from elsewhere. The server blocks all of them; this only tells whether to offer them. */
const REMOTE_IMAGE = /\s(?:src|srcset|background|poster|data-src)\s*=\s*["']?\s*(?:https?:)?\/\/|url\(\s*["']?\s*(?:https?:)?\/\//i;

/** @typedef {import("./source.js").Source} Source */

/**
 * One message. It fires `back`, `remove` and `unread`, and `deleted` with the id of a message that no longer exists.
 */
export class MessageView extends HTMLElement {
  /** The message that is shown; null while it is loading. @type {Message | null} */
  message = null;
  /** The id of the open message, loaded or not. @type {string | null} */
  openId = null;
  /** The number of the latest request. A response to an earlier request is ignored. */
  requestNumber = 0;
  /** @type {Source} */
  source = { key: "", token: "", path: "" };
  /** Whether the open message could not be loaded, although it may exist. */
  hasFailed = false;

  clear() {
    this.requestNumber += 1;
    this.message = this.openId = null;
    this.hasFailed = false;
    fill(this, h("p", { class: "empty" }, texts.nothingOpen));
  }

  /** Loads and shows a message. Returns whether it is shown. @param {Source} source @param {string} id @returns {Promise<boolean>} */
  async open(source, id) {
    const requestNumber = this.requestNumber += 1;
    [this.source, this.openId, this.message, this.hasFailed] = [source, id, null, false];
    fill(this, h("p", { class: "empty", role: "status" }, texts.loading));
    try {
      await locate(source, id);
      const message = await call("GET", messagePath(source, id), source.token);
      if (requestNumber !== this.requestNumber) return false;
      this.message = message;
    } catch (error) {
      if (requestNumber !== this.requestNumber) return false;
      this.hasFailed = !isNotFound(error);
      this.showError(explain(error));
      if (!this.hasFailed) this.dispatchEvent(new CustomEvent("deleted", { detail: id }));
      return false;
    }
    this.render();
    this.parentElement?.scrollTo(0, 0);
    this.querySelector("h2")?.focus({ preventScroll: true });
    return true;
  }

  /** Loads the open message again if that failed. */
  async retry() {
    if (this.hasFailed && this.openId) await this.open(this.source, this.openId);
  }

  /** Shows an error instead of the message. @param {string} text */
  showError(text) {
    this.message = null;
    fill(this, this.toolbar(), h("p", { class: "problem", role: "alert" }, text),
      this.hasFailed ? button(texts.retry, () => this.retry()) : null);
  }

  toolbar() {
    const act = (/** @type {string} */ name) => () => this.dispatchEvent(new Event(name));
    return h("div", { class: "toolbar" },
      button(texts.back, act("back"), "quiet back"),
      ...this.message ? [button(texts.markUnread, act("unread"), "quiet"), button(texts.remove, act("remove"), "danger")] : []);
  }

  render() {
    const message = this.message;
    if (!message) return;
    let body = h("div", { class: "body" });
    /** @type {Tab[]} */
    const tabs = message.html_body === null ? ["text", "headers", "source"] : ["html", "text", "markup", "headers", "source"];
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
      h("h2", { tabindex: "-1", dir: "auto", title: message.subject }, message.subject || texts.noSubject),
      facts(message), this.extracted(message), attachments(this.source, message),
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

  /** @param {Tab} tab @param {HTMLElement} into */
  async show(tab, into) {
    const message = this.message;
    if (!message) return;
    if (tab === "html") return this.frame(into, false);
    if (tab === "text") {
      fill(into, message.text_body === null
        ? h("p", { class: "hint" }, texts.noText)
        : h("pre", { class: "text", tabindex: "0", dir: "auto" }, ...linkify(message.text_body.slice(0, MAX_SHOWN_BYTES))));
      return;
    }
    const path = `${messagePath(this.source, message.id)}/source`;
    const save = button(texts.downloadSource, () => download(path, this.source.token, sourceName(message))
      .catch((error) => toast(explain(error), "bad")));
    if (message.size > MAX_SHOWN_BYTES || (tab === "markup" && (message.html_body ?? "").length > MAX_SHOWN_BYTES)) {
      fill(into, h("p", { class: "hint" }, texts.tooLarge), save);
      return;
    }
    if (tab === "markup") {
      fill(into, h("pre", { class: "source", tabindex: "0" }, ...highlighted(message.html_body ?? "")));
      return;
    }
    fill(into, h("p", { class: "hint", role: "status" }, texts.loading));
    try {
      const source = await (await send("GET", path, this.source.token)).text();
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
      const { ticket } = await call("POST", "/api/tickets", this.source.token, { for: "message", id: message.id });
      const images = withImages ? "&images=remote" : "";
      const frame = h("iframe", {
        title: texts.frameTitle, referrerpolicy: "no-referrer", sandbox: "allow-popups allow-popups-to-escape-sandbox",
        src: under(`/api/messages/${message.id}/body?ticket=${encodeURIComponent(ticket)}${images}`),
      });
      const hasRemoteImages = !withImages && REMOTE_IMAGE.test(message.html_body ?? "");
      fill(into, h("div", { class: "row html-bar" }, widths(frame), hasRemoteImages
        ? h("p", { class: "hint" }, texts.imagesHint, " ", button(texts.showImages, () => this.frame(into, true), "small")) : null), frame);
    } catch {
      fill(into, h("p", { class: "hint" }, texts.noHtml), button(texts.retry, () => this.frame(into, withImages), "small"));
    }
  }
}

/** Buttons that show a frame as wide as a phone, or as the pane. @param {HTMLElement} frame */
function widths(frame) {
  const kinds = /** @type {(keyof typeof texts.widths)[]} */ (Object.keys(texts.widths));
  const buttons = kinds.map((kind) => h("button", {
    type: "button", class: "small", "data-width": kind, "aria-pressed": String(kind === "desktop"), onclick: () => choose(kind),
  }, texts.widths[kind]));
  const choose = (/** @type {string} */ kind) => {
    frame.classList.toggle("phone", kind === "phone");
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.width === kind));
  };
  return h("div", { class: "row widths", role: "group", "aria-label": texts.width }, ...buttons);
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
  return shown && h("li", {}, link.kind && link.kind !== "other" ? h("span", { class: "tag" }, /** @type {Record<string, string>} */ (texts.linkKinds)[link.kind]) : null, " ",
    shown, link.text ? h("small", { class: "hint" }, ` ${host}`) : null);
}

/** The source of HTML, with colors. It is only text. @param {string} html */
function highlighted(html) {
  return tokenize(html, MAX_TOKENS).map(({ kind, text }) => (kind === "text" ? text : h("span", { "data-token": kind }, text)));
}

/** Turns the URLs of a text into links. @param {string} text */
function linkify(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) => (index % 2 ? externalLink(part, part) ?? part : part));
}

customElements.define("message-view", MessageView);
