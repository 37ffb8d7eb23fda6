import { call, explain, under } from "./api.js";
import { button, field, fill, h } from "./dom.js";
import { operationDetails } from "./docs-operation.js";
import { knownSamples, prose } from "./docs-schema.js";
import { docsTexts } from "./docs-texts.js";
import { operationsOf } from "./openapi.js";
import { go, segments } from "./route.js";
import { serverFact } from "./session.js";
import { texts } from "./texts.js";
import { themeSwitch } from "./theme.js";

/** @typedef {import("./openapi.js").Document} Document */
/** @typedef {import("./openapi.js").Located} Located */

/** The document of the API that is always served, and its name in URLs. */
const BEARER_API = "mailcx";

/** The paths of the documents that the server has, by their names in URLs. */
function documentPaths() {
  const dialects = (serverFact("dialects") ?? "").split(" ").filter(Boolean);
  return new Map([[BEARER_API, "/api/openapi.json"], ...dialects.map((name) => /** @type {[string, string]} */ ([name, `/api/docs/${name}`]))]);
}

/**
 * The page at `/api/docs`: the OpenAPI documents of the server. `#document/operation` names a place in it.
 */
class ApiDocs extends HTMLElement {
  paths = documentPaths();
  /** The name of the document that is shown. @type {string | null} */
  shown = null;
  main = h("main", { class: "docs" });
  token = h("input", { type: "password", autocomplete: "off", spellcheck: "false", placeholder: "eyJ… / tm_pro_…" });
  filter = h("input", { type: "search", autocomplete: "off", spellcheck: "false", oninput: () => this.applyFilter() });
  found = h("p", { class: "hint", role: "status" });
  /** The elements of operations with what the filter looks at. @type {{id: string, text: string, element: HTMLDetailsElement}[]} */
  entries = [];

  connectedCallback() {
    fill(this, h("header", { class: "bar" },
      h("a", { class: "brand", href: under("/") }, h("img", { src: under("/web/icon.svg"), alt: "", width: 28, height: 28 }), texts.name),
      h("nav", { class: "row" }, themeSwitch(), h("a", { href: under("/") }, texts.toInbox), h("a", { href: under("/pro") }, texts.dashboard))),
    this.main);
    window.addEventListener("popstate", () => this.route());
    void this.route();
  }

  async route() {
    const [named = BEARER_API, operation] = segments();
    const name = this.paths.has(named) ? named : BEARER_API;
    if (this.shown !== name) await this.show(name);
    if (operation) this.open(operation);
  }

  /** @param {string} name */
  async show(name) {
    this.shown = name;
    fill(this.main, h("p", { class: "hint" }, texts.loading));
    const path = this.paths.get(name) ?? "";
    try {
      const [document, domain] = await Promise.all([call("GET", path, null), defaultDomain()]);
      if (this.shown === name) this.render(name, path, document, domain);
    } catch (error) {
      if (this.shown === name) fill(this.main, h("p", { role: "alert" }, explain(error)), button(texts.retry, () => this.show(name)));
    }
  }

  /** @param {string} name @param {string} path @param {Document} described @param {string} domain */
  render(name, path, described, domain) {
    const page = { token: () => this.token.value.trim(), known: knownSamples(domain) };
    document.title = `${described.info.title} · API`;
    /** @type {Map<string, HTMLElement[]>} */
    const groups = new Map();
    this.entries = [];
    for (const located of operationsOf(described)) {
      const element = this.entry(name, described, located, page);
      const group = groups.get(located.tag) ?? [];
      groups.set(located.tag, [...group, element]);
      const { summary = "", description = "" } = located.operation;
      this.entries.push({ id: located.id, element, text: [located.method, located.path, located.id, located.tag, summary, description].join(" ").toLowerCase() });
    }
    fill(this.main,
      h("h1", {}, texts.apiDocs),
      this.paths.size < 2 ? null : h("nav", { class: "sections", "aria-label": docsTexts.apis }, ...[...this.paths.keys()].map((key) =>
        h("a", { href: `#${key}`, "aria-current": key === name ? "page" : null }, docsTexts.names[key] ?? key))),
      h("p", {}, `${described.info.title} ${described.info.version}. `, ...prose(described.info.description), " ",
        h("a", { href: under(path) }, docsTexts.openapi)),
      h("div", { class: "controls" }, field(docsTexts.filter, this.filter), field(docsTexts.bearer, this.token)),
      h("p", { class: "hint" }, docsTexts.bearerHint), this.found,
      ...[...groups].map(([tag, elements]) => h("section", { class: "group", "aria-label": tag }, h("h2", {}, tag), ...elements)));
    this.applyFilter();
  }

  /** @param {string} name @param {Document} described @param {Located} located @param {import("./docs-operation.js").Page} page */
  entry(name, described, located, page) {
    const { id, method, path, operation } = located;
    const content = h("div", { class: "operation" });
    const element = h("details", {
      id, class: "card", ontoggle: () => {
        // A document has a hundred operations, of which few are opened.
        if (!content.childElementCount) fill(content, ...operationDetails(described, located, page));
        if (element.open) go([name, id], true);
      },
    }, h("summary", {}, h("h3", {}, h("span", { class: "method" }, method), " ", h("code", {}, path)), h("span", { class: "hint" }, ...prose(operation.summary))), content);
    return element;
  }

  /** Opens an operation that the URL names. @param {string} id */
  open(id) {
    const entry = this.entries.find((one) => one.id === id);
    if (!entry || entry.element.open) return;
    entry.element.open = true;
    entry.element.scrollIntoView();
    entry.element.querySelector("summary")?.focus({ preventScroll: true });
  }

  /** Shows the operations that have every word of the filter. */
  applyFilter() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { element, text } of this.entries) element.hidden = !words.every((word) => text.includes(word));
    for (const group of this.main.querySelectorAll(".group")) {
      if (group instanceof HTMLElement) group.hidden = !group.querySelector("details.card:not([hidden])");
    }
    const count = this.entries.filter(({ element }) => !element.hidden).length;
    this.found.textContent = docsTexts.operations(count);
  }
}

/** A domain on which the examples create mailboxes. */
async function defaultDomain() {
  try {
    /** @type {{domains: {domain: string, default: boolean}[]}} */
    const { domains } = await call("GET", "/api/domains", null);
    return domains.find((one) => one.default)?.domain ?? domains[0].domain;
  } catch {
    return "example.com";
  }
}

customElements.define("mayfly-docs", ApiDocs);
