import { ADMIN, act, reasonField, timeOf } from "./admin-actions.js";
import { adminTexts } from "./admin-texts.js";
import { explain } from "./api.js";
import { button, confirmed, field, fill, form, h, table } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {"sender" | "client" | "address"} Kind */
/** @typedef {{id: string, sender?: string, client?: string, address?: string, reason: string, expires_at: number | null}} Block */

/** @type {Kind[]} */
const KINDS = ["sender", "client", "address"];

/** @type {import("./admin.js").Show} */
export async function showBlocks(into, ask) {
  const rows = h("div");
  const read = async () => {
    /** @type {{blocks: Block[]}} */
    const { blocks } = await ask("GET", `${ADMIN}/blocks`);
    fill(rows, blocks.length ? blockTable(blocks) : h("p", { class: "empty" }, adminTexts.noBlocks));
  };
  const remove = async (/** @type {Block} */ block, /** @type {string} */ pattern) => {
    if (await confirmed(texts.deleteAsk(pattern), texts.remove)) await act(() => ask("DELETE", `${ADMIN}/blocks/${block.id}`), read);
  };
  const blockTable = (/** @type {Block[]} */ list) => table([adminTexts.pattern, adminTexts.kind, adminTexts.blockReason, adminTexts.expires, texts.actions], list.map((block) => {
    const kind = KINDS.find((one) => block[one] !== undefined) ?? "sender";
    const pattern = block[kind] ?? "";
    return [h("code", {}, pattern), adminTexts.kinds[kind], block.reason, block.expires_at === null ? texts.never : timeOf(block.expires_at),
      button(texts.remove, () => remove(block, pattern), "small danger")];
  }), adminTexts.blocks);
  await read();
  fill(into, h("h2", {}, adminTexts.blocks), h("p", { class: "hint" }, adminTexts.patternHint),
    form([
      field(adminTexts.kind, h("select", { name: "kind" }, ...KINDS.map((kind) => h("option", { value: kind }, adminTexts.kinds[kind])))),
      field(adminTexts.pattern, h("input", { name: "pattern", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
      reasonField(adminTexts.blockReason),
      field(adminTexts.expires, h("input", { name: "expires", type: "datetime-local" })),
    ], adminTexts.block, async (data) => {
      const expires = String(data.get("expires"));
      await ask("PUT", `${ADMIN}/blocks`, {
        [String(data.get("kind"))]: data.get("pattern"), reason: data.get("reason"),
        expires_at: expires ? Math.floor(new Date(expires).getTime() / 1000) : null,
      });
      await read();
    }, explain), rows);
}
