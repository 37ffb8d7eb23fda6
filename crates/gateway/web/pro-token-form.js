import { field, h } from "./dom.js";
import { duration } from "./language.js";
import { texts } from "./texts.js";

/** What a token may be allowed to do, by the names of the API. */
const SCOPES = [
  "accounts:read", "accounts:write", "messages:read", "messages:write", "sandbox:read", "sandbox:write", "sandbox:send",
  "domains:read", "domains:write", "webhooks:read", "webhooks:write", "faults:write", "usage:read", "audit:read",
];
const DAY_SECS = 86_400;
const LIVES_DAYS = [7, 30, 90, 366];
const FIRST_LIFE_DAYS = 90;

/** A choice of what has an id. @param {string} label @param {string} name @param {{id: string, title: string}[]} options */
function choice(label, name, options) {
  if (!options.length) return null;
  return field(label, h("select", { name, multiple: true, size: Math.min(4, options.length) },
    ...options.map(({ id, title }) => h("option", { value: id }, title))));
}

/**
 * The fields of a new token.
 * @param {{id: string, title: string}[]} mailboxes @param {{id: string, title: string}[]} sandboxes
 */
export function tokenFields(mailboxes, sandboxes) {
  const scope = (/** @type {string} */ name) => h("label", { class: "row" }, h("input", { type: "checkbox", name: "scopes", value: name }), h("code", {}, name));
  const life = (/** @type {number} */ days) => h("option", { value: days, selected: days === FIRST_LIFE_DAYS }, duration(days * DAY_SECS));
  return [
    field(texts.tokenName, h("input", { name: "name", required: true, maxlength: 100 })),
    field(texts.expires, h("select", { name: "life" }, ...LIVES_DAYS.map(life), h("option", { value: "" }, texts.never))),
    h("details", {}, h("summary", {}, texts.permissions), h("p", { class: "hint" }, texts.permissionsHint),
      h("fieldset", { class: "scopes", "aria-label": texts.permissions }, ...SCOPES.map(scope))),
    h("details", {}, h("summary", {}, texts.limits), h("p", { class: "hint" }, texts.limitsHint),
      field(texts.addressPrefix, h("input", { name: "prefix", maxlength: 64, autocapitalize: "off", dir: "ltr" })),
      field(texts.limitDomains, h("input", { name: "domains", autocapitalize: "off", dir: "ltr" })),
      choice(texts.mailboxes, "accounts", mailboxes), choice(texts.sandboxes, "sandboxes", sandboxes)),
  ];
}

/** The request for a token. What was left empty is no restriction. @param {FormData} data */
export function wantedToken(data) {
  const all = (/** @type {string} */ name) => data.getAll(name).map(String);
  const text = (/** @type {string} */ name) => String(data.get(name) ?? "").trim();
  const limits = Object.fromEntries(Object.entries({
    accounts: all("accounts"),
    sandboxes: all("sandboxes"),
    domains: text("domains").split(/[\s,]+/).filter(Boolean),
    address_prefix: text("prefix"),
  }).filter(([, limit]) => limit.length));
  const days = Number(text("life"));
  return {
    name: data.get("name"),
    scopes: data.has("scopes") ? all("scopes") : null,
    limits: Object.keys(limits).length ? limits : null,
    // A minute less, so that the clock of this device may be ahead.
    expires_at: days ? new Date(Date.now() + days * DAY_SECS * 1000 - 60_000).toISOString() : null,
  };
}
