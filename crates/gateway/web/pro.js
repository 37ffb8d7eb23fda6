import { ApiError, call, explain, under } from "./api.js";
import { button, field, fill, form, h } from "./dom.js";
import { showAccount } from "./pro-account.js";
import { showDomains } from "./pro-domains.js";
import { showMailboxes } from "./pro-mailboxes.js";
import { showSandboxes } from "./pro-sandboxes.js";
import { showTokens } from "./pro-tokens.js";
import { showUsage } from "./pro-usage.js";
import { showWebhooks } from "./pro-webhooks.js";
import * as session from "./session.js";
import { texts } from "./texts.js";

/** @typedef {(method: string, path: string, body?: unknown) => Promise<any>} Ask calls `/pro/api` with the token of the user */

/** @type {Record<string, {title: string, show: (into: HTMLElement, ask: Ask, restart: () => void) => Promise<void>}>} */
const SECTIONS = {
  tokens: { title: texts.tokens, show: showTokens },
  mailboxes: { title: texts.mailboxes, show: showMailboxes },
  sandboxes: { title: texts.sandboxes, show: showSandboxes },
  domains: { title: texts.domains, show: showDomains },
  webhooks: { title: texts.webhooks, show: showWebhooks },
  usage: { title: texts.usage, show: showUsage },
  account: { title: texts.account, show: showAccount },
};

/** The page at `/pro`. */
class Dashboard extends HTMLElement {
  connectedCallback() {
    window.addEventListener("hashchange", () => this.start());
    this.start();
  }

  start() {
    const user = session.pro();
    if (!user && session.isLocalUser()) {
      void this.signInLocalUser();
      return;
    }
    fill(this, h("header", { class: "bar" },
      h("a", { class: "brand", href: under("/pro") }, h("img", { src: under("/web/icon.svg"), alt: "", width: 28, height: 28 }), texts.pro),
      h("nav", { class: "row" }, user ? h("span", { class: "hint" }, user.email) : null,
        user ? button(texts.signOut, () => this.signOut(), "quiet") : null, h("a", { href: under("/") }, texts.toInbox))),
    user ? this.dashboard(user.token) : this.signInView());
  }

  /** Signs the built-in user of an open server in, and shows its mail. */
  async signInLocalUser() {
    try {
      const answer = await call("POST", "/pro/api/login/local", null);
      session.rememberPro({ email: answer.email, token: answer.token });
      if (!location.hash) location.hash = "sandboxes";
      this.start();
    } catch (error) {
      fill(this, h("main", { class: "welcome" }, h("p", { role: "alert" }, explain(error)), button(texts.retry, () => this.start())));
    }
  }

  signOut() {
    session.rememberPro(null);
    this.start();
  }

  /** The form to sign in or to register. @param {boolean} [isNew] @returns {HTMLElement} */
  signInView(isNew = false) {
    const title = isNew ? texts.register : texts.signIn;
    /** @type {HTMLElement} */
    const main = h("main", { class: "welcome" }, h("h1", {}, texts.pro), h("p", { class: "lead" }, texts.proIntro),
      h("section", { class: "card", "aria-label": title }, h("h2", {}, title), form([
        field(texts.email, h("input", { name: "email", type: "email", required: true, autocomplete: "username" })),
        field(texts.password, h("input", {
          name: "password", type: "password", required: true, minlength: isNew ? 8 : null, autocomplete: isNew ? "new-password" : "current-password",
        })),
      ], title, async (data) => {
        const answer = await call("POST", isNew ? "/pro/api/register" : "/pro/api/login", null, { email: data.get("email"), password: data.get("password") });
        session.rememberPro({ email: answer.email, token: answer.token });
        this.start();
      }, explain),
      button(isNew ? texts.haveAccount : texts.needAccount, () => main.replaceWith(this.signInView(!isNew)), "quiet")));
    return main;
  }

  /** @param {string} token */
  dashboard(token) {
    const chosen = location.hash.slice(1);
    const name = Object.hasOwn(SECTIONS, chosen) ? chosen : "tokens";
    const panel = h("section", { class: "panel", "aria-label": SECTIONS[name].title },
      h("h1", {}, SECTIONS[name].title), h("p", { class: "hint" }, texts.loading));
    /** @type {Ask} */
    const ask = async (method, path, body) => {
      try {
        return await call(method, path, token, body);
      } catch (error) {
        if (error instanceof ApiError && error.status === 401 && error.code !== "invalid_credentials") this.signOut();
        throw error;
      }
    };
    SECTIONS[name].show(panel, ask, () => this.start()).catch((error) => {
      const isAbsent = error instanceof ApiError && error.status === 404;
      fill(panel, h("h1", {}, SECTIONS[name].title), h("p", { role: "alert" }, isAbsent ? texts.notSupported : explain(error)),
        isAbsent ? null : button(texts.retry, () => this.start()));
    });
    return h("main", { class: "pro" },
      h("nav", { class: "sections", "aria-label": texts.sections }, ...Object.entries(SECTIONS).map(([key, section]) =>
        h("a", { href: `#${key}`, "aria-current": key === name ? "page" : null }, section.title))),
      panel);
  }
}

customElements.define("mayfly-pro", Dashboard);
