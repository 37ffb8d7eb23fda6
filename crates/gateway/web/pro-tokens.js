import { explain } from "./api.js";
import { button, confirmed, copyable, field, fill, form, h, table, toast, when } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {{id: string, name: string, last_used_at: string | null, created_at: string, revoked_at: string | null}} Token */

/** @param {HTMLElement} into @param {import("./pro.js").Ask} ask */
export async function showTokens(into, ask) {
  const rows = h("div");
  const newToken = h("div", { "aria-live": "polite" });
  const read = async () => {
    /** @type {{tokens: Token[]}} */
    const { tokens } = await ask("GET", "/pro/api/tokens");
    fill(rows, tokens.length ? tokenTable(tokens) : h("p", { class: "empty" }, texts.noTokens));
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
  const tokenTable = (/** @type {Token[]} */ tokens) => table([texts.localPart, texts.created, texts.lastUsed, texts.actions], tokens.map((token) => [
    h("span", { class: token.revoked_at ? "revoked" : "" }, token.name), when(token.created_at),
    token.last_used_at ? when(token.last_used_at) : texts.never,
    token.revoked_at ? h("span", { class: "revoked" }, texts.revoked) : button(texts.revoke, () => revoke(token), "small danger"),
  ]));
  await read();
  fill(into, h("h1", {}, texts.tokens), h("p", { class: "hint" }, texts.tokensIntro),
    form([field(texts.tokenName, h("input", { name: "name", required: true, maxlength: 100 }))], texts.createToken, async (data) => {
      const made = await ask("POST", "/pro/api/tokens", { name: data.get("name") });
      fill(newToken, h("div", { class: "shown-once" }, h("strong", {}, texts.shownOnce), copyable(made.token, made.name)));
      await read();
    }, explain), newToken, rows);
}
