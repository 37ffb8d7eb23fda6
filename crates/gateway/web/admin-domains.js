import { ADMIN, act } from "./admin-actions.js";
import { adminTexts } from "./admin-texts.js";
import { button, confirmed, fill, h, table } from "./dom.js";
import { number } from "./language.js";
import { texts } from "./texts.js";

/** @typedef {{domain: string, accepting: boolean, pro_only: boolean, accounts: number}} Domain */

/** @type {import("./admin.js").Show} */
export async function showDomains(into, ask) {
  const rows = h("div");
  const read = async () => {
    /** @type {{domains: Domain[]}} */
    const { domains } = await ask("GET", `${ADMIN}/domains`);
    fill(rows, domains.length ? domainTable(domains) : h("p", { class: "empty" }, texts.noDomains));
  };
  /** @param {Domain} domain @param {{accepting: boolean} | {pro_only: boolean}} change */
  const set = (domain, change) => act(() => ask("PUT", `${ADMIN}/domains/${encodeURIComponent(domain.domain)}`, change), read);
  const retire = async (/** @type {Domain} */ domain) => {
    if (await confirmed(adminTexts.retireAsk(domain.domain), adminTexts.retire)) await set(domain, { accepting: false });
  };
  const domainTable = (/** @type {Domain[]} */ list) => table(
    [texts.domain, texts.mailboxes, adminTexts.newMailboxes, adminTexts.forWhom, texts.actions], list.map((domain) => [
      h("code", {}, domain.domain), number(domain.accounts), domain.accepting ? adminTexts.accepted : adminTexts.refused,
      domain.pro_only ? adminTexts.proOnly : adminTexts.everybody,
      h("div", { class: "row" },
        domain.accepting ? button(adminTexts.retire, () => retire(domain), "small danger") : button(adminTexts.accept, () => set(domain, { accepting: true }), "small"),
        button(domain.pro_only ? adminTexts.open : adminTexts.restrict, () => set(domain, { pro_only: !domain.pro_only }), "small")),
    ]), texts.domains);
  await read();
  fill(into, h("h2", {}, texts.domains), rows);
}
