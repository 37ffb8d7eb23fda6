import { explain } from "./api.js";
import { button, confirmed, copyable, dialog, field, fill, form, h, table, toast, when } from "./dom.js";
import { duration } from "./language.js";
import { tokenFields, wantedToken } from "./pro-token-form.js";
import { texts } from "./texts.js";

/** @typedef {{accounts: string[] | null, domains: string[] | null, address_prefix: string | null, sandboxes: string[] | null}} Limits */
/**
 * @typedef {object} Token
 * @property {string} id
 * @property {string} name
 * @property {string[] | null} scopes
 * @property {Limits | null} limits
 * @property {string | null} expires_at
 * @property {string | null} last_used_at
 * @property {string | null} last_used_from
 * @property {string} created_at
 * @property {string | null} revoked_at
 */

/** How long before its end a token is due for another. */
const WARN_MS = 14 * 86_400_000;
/** For how long both tokens can be valid. */
const OVERLAPS = /** @type {[string, number][]} */ ([["1h", 3600], ["24h", 86_400], ["7d", 7 * 86_400]]);
const FIRST_OVERLAP = "24h";

/** @param {Token} token */
const isExpired = (token) => token.expires_at !== null && Date.parse(token.expires_at) <= Date.now();

/** @param {Token} token */
const isEnding = (token) => !token.revoked_at && !isExpired(token) && token.expires_at !== null && Date.parse(token.expires_at) - Date.now() < WARN_MS;

/** @param {HTMLElement} into @param {import("./pro.js").Ask} ask */
export async function showTokens(into, ask) {
  const rows = h("div");
  const newToken = h("div", { "aria-live": "polite" });
  const read = async () => {
    /** @type {{tokens: Token[]}} */
    const { tokens } = await ask("GET", "/pro/api/tokens");
    const ending = tokens.filter(isEnding).length;
    fill(rows, ending ? h("p", { class: "problem", role: "status" }, texts.tokensEnd(ending)) : null,
      tokens.length ? tokenTable(tokens) : h("p", { class: "empty" }, texts.noTokens));
  };
  const show = async (/** @type {{token: string, name: string}} */ made) => {
    fill(newToken, h("div", { class: "shown-once" }, h("strong", {}, texts.shownOnce), copyable(made.token, made.name)));
    await read();
  };
  const revoke = async (/** @type {Token} */ token) => {
    if (!await confirmed(texts.revokeAsk(token.name), texts.revoke)) return;
    try {
      await ask("DELETE", `/pro/api/tokens/${token.id}`);
      await read();
    } catch (error) {
      toast(explain(error), "bad");
    }
  };
  const rotate = (/** @type {Token} */ token) => {
    const box = dialog(texts.rotateToken, h("p", {}, texts.rotateTokenAsk(token.name)), form([
      field(texts.overlap, h("select", { name: "overlap" }, h("option", { value: "" }, texts.overlapNone),
        ...OVERLAPS.map(([value, secs]) => h("option", { value, selected: value === FIRST_OVERLAP }, duration(secs))))),
    ], texts.rotateToken, async (data) => {
      const made = await ask("POST", `/pro/api/tokens/${token.id}/rotate`, { overlap: data.get("overlap") || null });
      box.close();
      await show(made);
    }, explain));
  };
  const tokenTable = (/** @type {Token[]} */ tokens) => table(
    [texts.localPart, texts.permissions, texts.expires, texts.lastUsed, texts.actions], tokens.map((token) => [
      h("span", { class: token.revoked_at ? "revoked" : "" }, token.name), rightsOf(token), expiryOf(token),
      token.last_used_at ? h("span", {}, when(token.last_used_at), " ", h("bdi", { class: "hint" }, token.last_used_from ?? "")) : texts.never,
      token.revoked_at ? h("span", { class: "revoked" }, texts.revoked) : h("div", { class: "row" },
        button(texts.rotateToken, () => rotate(token), "small"), button(texts.revoke, () => revoke(token), "small danger")),
    ]), texts.tokens);
  const [{ accounts }, { sandboxes }] = await Promise.all([ask("GET", "/pro/api/accounts"), ask("GET", "/pro/api/sandboxes"), read()]);
  fill(into, h("h1", {}, texts.tokens), h("p", { class: "hint" }, texts.tokensIntro),
    form(tokenFields(
      accounts.map((/** @type {{id: string, address: string}} */ { id, address }) => ({ id, title: address })),
      sandboxes.map((/** @type {{id: string, name: string}} */ { id, name }) => ({ id, title: name })),
    ), texts.createToken, async (data) => show(await ask("POST", "/pro/api/tokens", wantedToken(data))), explain), newToken, rows);
}

/** What a token may do, and on what. @param {Token} token */
function rightsOf({ scopes, limits }) {
  if (!scopes && !limits) return texts.everything;
  const { address_prefix: prefix, domains, accounts, sandboxes } = limits ?? {};
  const parts = [scopes?.join(" ") ?? texts.everything, prefix && `${prefix}…`, domains?.join(" "),
    accounts && `${texts.mailboxes}: ${accounts.length}`, sandboxes && `${texts.sandboxes}: ${sandboxes.length}`];
  return h("bdi", {}, parts.filter(Boolean).join(" · "));
}

/** When a token ends. @param {Token} token */
function expiryOf(token) {
  if (!token.expires_at) return texts.never;
  if (isExpired(token)) return h("span", { class: "revoked" }, texts.expired);
  return h("span", { class: isEnding(token) ? "problem" : "" }, when(token.expires_at));
}
