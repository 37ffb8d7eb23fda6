import { explain } from "./api.js";
import { button, confirmed, dialog, field, fill, form, h, size, table, toast, when } from "./dom.js";
import { randomPassword } from "./names.js";
import { remember } from "./session.js";
import { texts } from "./texts.js";

/** @typedef {{id: string, address: string, quota: number, used: number, created_at: string}} Account */
/** @typedef {import("./api.js").Item} Item */
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
      button(texts.open, () => openMailbox(account, ask), "small"),
      button(texts.resetPassword, () => resetPassword(account, ask), "small"),
      button(texts.remove, () => remove(account), "small danger")),
  ]));
  await read();
  fill(into, h("h1", {}, texts.mailboxes), h("p", { class: "hint" }, texts.mailboxesIntro),
    form([field(texts.address, h("input", { name: "address", required: true, autocomplete: "off", autocapitalize: "none" }))], texts.createMailbox, async (data) => {
      const password = randomPassword();
      remember({ ...await ask("POST", "/api/accounts", { address: data.get("address"), password }), password });
      await read();
    }, explain), rows);
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

/** Shows the newest messages. A text is loaded when its entry is expanded. @param {{id: string, address: string}} account @param {Ask} ask */
export async function openMailbox(account, ask) {
  const list = h("div", {}, texts.loading);
  dialog(account.address, list);
  try {
    /** @type {{messages: Item[]}} */
    const { messages } = await ask("GET", `/pro/api/accounts/${account.id}/messages?page=1`);
    fill(list, ...messages.map((item) => {
      const text = h("pre", { class: "text" });
      return h("details", { ontoggle: async () => {
        if (text.textContent) return;
        try {
          const message = await ask("GET", `/pro/api/accounts/${account.id}/messages/${item.id}`);
          const recipients = message.recipients ? `${texts.recipients} ${message.recipients.join(", ")}\n\n` : "";
          text.textContent = recipients + (message.text_body ?? texts.noText);
        } catch (error) {
          text.textContent = explain(error);
        }
      } }, h("summary", {}, item.subject || texts.noSubject, " · ", when(item.created_at)), text);
    }));
    if (!messages.length) fill(list, texts.noMail);
  } catch (error) {
    fill(list, explain(error));
  }
}
