import { explain } from "./api.js";
import { button, confirmed, dialog, field, fill, form, h, size, table, toast, when } from "./dom.js";
import { randomPassword } from "./names.js";
import { fragment } from "./route.js";
import { keptText, retentionSecs } from "./server-facts.js";
import { remember } from "./session.js";
import { domains } from "./start.js";
import { texts } from "./texts.js";

/** @typedef {{id: string, address: string, quota: number, used: number, created_at: string}} Account */
/** @typedef {import("./pro.js").Ask} Ask */

/** @param {HTMLElement} into @param {Ask} ask */
export async function showMailboxes(into, ask) {
  const rows = h("div");
  const read = async () => {
    /** @type {{accounts: Account[]}} */
    const { accounts } = await ask("GET", "/pro/api/accounts");
    fill(rows, accounts.length ? accountTable(accounts) : h("p", { class: "empty" }, texts.noMailboxes));
  };
  const remove = async (/** @type {Account} */ account) => {
    if (!await confirmed(texts.deleteMailboxAsk(account.address), texts.remove)) return;
    try {
      await ask("DELETE", `/pro/api/accounts/${account.id}`);
      await read();
    } catch (error) {
      toast(explain(error), "bad");
    }
  };
  const accountTable = (/** @type {Account[]} */ accounts) => table([texts.address, texts.created, texts.quotaTitle, texts.actions], accounts.map((account) => [
    h("code", {}, account.address), when(account.created_at), quotaOf(account),
    h("div", { class: "row" },
      h("a", { class: "open-link", href: fragment("mailboxes", account.id) }, texts.open),
      button(texts.resetPassword, () => resetPassword(account, ask), "small"),
      button(texts.remove, () => remove(account), "small danger")),
  ]));
  const [own, common] = await Promise.all([ownDomains(ask), domains(), read()]);
  const domainChoice = h("select", { name: "domain", required: true },
    ...own.map((name) => h("option", { value: name }, `${name} (${texts.ownDomain})`)), ...common.map((name) => h("option", { value: name }, name)));
  const kept = h("p", { class: "hint" });
  void retentionSecs().then((secs) => fill(kept, keptText(secs)));
  fill(into, h("h1", {}, texts.mailboxes), h("p", { class: "hint" }, texts.mailboxesIntro), kept,
    form([
      field(texts.localPart, h("input", { name: "name", required: true, maxlength: 64, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
      field(texts.domain, domainChoice),
    ], texts.createMailbox, async (data) => {
      const password = randomPassword();
      const name = String(data.get("name")).trim();
      // A whole address is taken as it is.
      const address = name.includes("@") ? name : `${name}@${data.get("domain")}`;
      remember({ ...await ask("POST", "/api/accounts", { address, password }), password });
      await read();
    }, explain), rows);
}

/** The verified domains of the user. @param {Ask} ask @returns {Promise<string[]>} */
async function ownDomains(ask) {
  /** @type {{domains: {domain: string, verify_status: string}[]}} */
  const answer = await ask("GET", "/pro/api/domains");
  return answer.domains.filter((one) => one.verify_status === "verified").map((one) => one.domain);
}

/** @param {Account} account */
function quotaOf(account) {
  const label = texts.quota(size(account.used), size(account.quota));
  return h("div", { class: "quota" }, h("progress", { max: account.quota, value: account.used, "aria-label": label }), h("small", {}, label));
}

/** @param {Account} account @param {Ask} ask */
function resetPassword(account, ask) {
  const box = dialog(texts.resetPassword, form([
    field(texts.newPassword, h("input", { name: "password", type: "password", required: true, minlength: 6, autocomplete: "new-password" })),
  ], texts.resetPassword, async (data) => {
    await ask("PUT", `/pro/api/accounts/${account.id}/reset-password`, { password: data.get("password") });
    box.close();
    toast(texts.passwordReset);
  }, explain));
}
