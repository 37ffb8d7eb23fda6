import { ApiError, call, explain, under } from "./api.js";
import { button, field, fill, form, h } from "./dom.js";
import { showAccount } from "./pro-account.js";
import { showDomains } from "./pro-domains.js";
import { showAllMail, showMail } from "./pro-mail.js";
import { showMailboxes } from "./pro-mailboxes.js";
import { showSandboxes } from "./pro-sandboxes.js";
import { showTokens } from "./pro-tokens.js";
import { showUsage } from "./pro-usage.js";
import { showWebhooks } from "./pro-webhooks.js";
import { segments } from "./route.js";
import * as session from "./session.js";
import { texts } from "./texts.js";
import { themeSwitch } from "./theme.js";

/** @typedef {(method: string, path: string, body?: unknown) => Promise<any>} Ask calls `/pro/api` with the token of the user */

/** The sections. One without `show` is a list of messages. @type {Record<string, {title: string, show?: (into: HTMLElement, ask: Ask, restart: () => void) => Promise<void>}>} */
const SECTIONS = {
  mail: { title: texts.allMail },
  tokens: { title: texts.tokens, show: showTokens },
  mailboxes: { title: texts.mailboxes, show: showMailboxes },
  sandboxes: { title: texts.sandboxes, show: showSandboxes },
  domains: { title: texts.domains, show: showDomains },
  webhooks: { title: texts.webhooks, show: showWebhooks },
  usage: { title: texts.usage, show: showUsage },
  account: { title: texts.account, show: showAccount },
};
/** The section of operators, which only they load. */
const ADMIN_SECTION = { title: texts.administration, show: async (/** @type {HTMLElement} */ into, /** @type {Ask} */ ask) => (await import("./admin.js")).showAdministration(into, ask) };
/** @type {typeof SECTIONS} */
const ALL_SECTIONS = { ...SECTIONS, admin: ADMIN_SECTION };

/** Sections whose entries have messages. */
const WITH_MAIL = ["mailboxes", "sandboxes"];

/** The key of the list of messages that the URL names, null if it names none, and the open message. */
function openList() {
  const [section, first = null, second = null] = segments();
  if (section === "mail") return { key: "mail", message: first };
  return { key: WITH_MAIL.includes(section) ? first : null, message: second };
}

/** The page at `/pro`. */
class Dashboard extends HTMLElement {
  /** The messages that are shown, if a list is open. @type {import("./mail-reader.js").MailReader | null} */
  reader = null;
  /** Whether the user is an operator, once it was asked. @type {Promise<boolean> | null} */
  isOperator = null;

  connectedCallback() {
    window.addEventListener("popstate", () => this.route());
    this.start();
  }

  /** Follows the history: to a message of the open mailbox, or to another view. */
  route() {
    const { key, message } = openList();
    if (this.reader && key === this.reader.source.key) this.reader.place(message);
    else this.start();
  }

  start() {
    this.reader = null;
    this.classList.remove("app");
    const user = session.pro();
    if (!user && session.isLocalUser()) {
      void this.signInLocalUser();
      return;
    }
    fill(this, h("header", { class: "bar" },
      h("a", { class: "brand", href: under("/pro") }, h("img", { src: under("/web/icon.svg"), alt: "", width: 28, height: 28 }), texts.pro),
      h("nav", { class: "row" }, user ? h("span", { class: "hint" }, user.email) : null,
        user ? button(texts.signOut, () => this.signOut(), "quiet") : null, themeSwitch(), h("a", { href: under("/") }, texts.toInbox))),
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
    this.isOperator = null;
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
    const [chosen = ""] = segments();
    const { key, message } = openList();
    const name = Object.hasOwn(ALL_SECTIONS, chosen) ? chosen : "tokens";
    const panel = h("section", { class: "panel", "aria-label": ALL_SECTIONS[name].title },
      h("h1", {}, ALL_SECTIONS[name].title), h("p", { class: "hint" }, texts.loading));
    /** @type {Ask} */
    const ask = async (method, path, body) => {
      try {
        return await call(method, path, token, body);
      } catch (error) {
        if (error instanceof ApiError && error.status === 401 && error.code !== "invalid_credentials") this.signOut();
        throw error;
      }
    };
    const { show } = ALL_SECTIONS[name];
    if (!show || key) {
      const signIn = () => h("p", {}, button(texts.signIn, () => this.signOut()));
      this.classList.add("app");
      this.reader = show && key ? showMail(panel, name, key, message, token, ask, signIn) : showAllMail(panel, message, token, ask, signIn);
      return this.sections(name, panel, ask);
    }
    show(panel, ask, () => this.start()).catch((error) => {
      const isAbsent = error instanceof ApiError && error.status === 404;
      fill(panel, h("h1", {}, ALL_SECTIONS[name].title), h("p", { role: "alert" }, isAbsent ? texts.notSupported : explain(error)),
        isAbsent ? null : button(texts.retry, () => this.start()));
    });
    return this.sections(name, panel, ask);
  }

  /** @param {string} name @param {HTMLElement} panel @param {Ask} ask */
  sections(name, panel, ask) {
    const link = (/** @type {string} */ key, /** @type {string} */ title) => h("a", { href: `#${key}`, "aria-current": key === name ? "page" : null }, title);
    const nav = h("nav", { class: "sections", "aria-label": texts.sections }, ...Object.entries(SECTIONS).map(([key, { title }]) => link(key, title)));
    this.isOperator ??= ask("GET", "/pro/api/me").then((user) => user.role === "admin", () => false);
    void this.isOperator.then((isOperator) => { if (isOperator) nav.append(link("admin", ADMIN_SECTION.title)); });
    return h("main", { class: "pro" }, nav, panel);
  }
}

customElements.define("mayfly-pro", Dashboard);
