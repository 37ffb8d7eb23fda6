import { ADMIN, act, readInto, searchForm, timeOf, withReason } from "./admin-actions.js";
import { adminTexts } from "./admin-texts.js";
import { download, explain } from "./api.js";
import { button, confirmed, fill, h, size, table, toast } from "./dom.js";
import { go } from "./route.js";
import { pro } from "./session.js";
import { texts } from "./texts.js";

/** @typedef {{id: string, address: string, user_id: string | null, state: string, used_bytes: number, last_active_at: number}} Mailbox */

/** The query for what an operator names. @param {string} what @returns {Record<string, string>} */
function queryOf(what) {
  if (what.startsWith("user:")) return { user: what.slice(5) };
  if (what.startsWith("@")) return { domain: what.slice(1) };
  return what.includes("@") ? { address: what } : { id: what };
}

/** @type {import("./admin.js").Show} */
export async function showMailboxes(into, ask, named) {
  const rows = h("div");
  let what = named;
  const read = async () => {
    /** @type {{accounts: Mailbox[]}} */
    const { accounts } = await ask("GET", `${ADMIN}/accounts?${new URLSearchParams({ ...queryOf(what), limit: "1000" })}`);
    fill(rows, accounts.length ? mailboxTable(accounts) : h("p", { class: "empty" }, adminTexts.noMailboxes));
  };
  const suspend = (/** @type {Mailbox} */ mailbox) => withReason(adminTexts.suspend, adminTexts.suspendMailbox(mailbox.address), async (reason) => {
    await ask("POST", `${ADMIN}/accounts/${mailbox.id}/suspend`, { reason });
    await read();
  });
  const resume = (/** @type {Mailbox} */ mailbox) => act(() => ask("POST", `${ADMIN}/accounts/${mailbox.id}/resume`), read);
  const remove = async (/** @type {Mailbox} */ mailbox) => {
    if (await confirmed(texts.deleteMailboxAsk(mailbox.address), texts.remove)) await act(() => ask("DELETE", `${ADMIN}/accounts/${mailbox.id}`), read);
  };
  const save = (/** @type {Mailbox} */ mailbox) => download(`${ADMIN}/accounts/${mailbox.id}/export`, pro()?.token ?? "", `${mailbox.address}.zip`)
    .catch((error) => toast(explain(error), "bad"));
  const mailboxTable = (/** @type {Mailbox[]} */ list) => table([texts.address, adminTexts.state, texts.sizeTitle, adminTexts.lastActive, texts.actions], list.map((mailbox) => [
    h("code", {}, mailbox.address), /** @type {Record<string, string>} */ (adminTexts.states)[mailbox.state] ?? mailbox.state, size(mailbox.used_bytes),
    timeOf(mailbox.last_active_at),
    mailbox.state !== "active" && mailbox.state !== "suspended" ? null : h("div", { class: "row" },
      mailbox.state === "suspended" ? button(adminTexts.resume, () => resume(mailbox), "small") : button(adminTexts.suspend, () => suspend(mailbox), "small danger"),
      button(adminTexts.export, () => save(mailbox), "small"), button(texts.remove, () => remove(mailbox), "small danger")),
  ]), texts.mailboxes);
  if (what) await readInto(rows, read);
  fill(into, h("h2", {}, texts.mailboxes),
    searchForm(adminTexts.findWhat, adminTexts.find, what, async (text) => {
      what = text;
      go(["admin", "mailboxes", what], true);
      await read();
    }), rows);
}
