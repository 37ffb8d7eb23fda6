import { ADMIN, act, searchForm, timeOf, withReason } from "./admin-actions.js";
import { adminTexts } from "./admin-texts.js";
import { explain } from "./api.js";
import { button, confirmed, copyable, field, fill, form, h, table, toast } from "./dom.js";
import { fragment } from "./route.js";
import { pro } from "./session.js";
import { texts } from "./texts.js";

/** @typedef {{id: string, email: string, created_at: number, suspended_at: number | null, role: "user" | "admin"}} User */

/** Users of a page. */
const PAGE = 100;

/** @type {import("./admin.js").Show} */
export async function showUsers(into, ask) {
  const rows = h("div");
  const password = h("div", { "aria-live": "polite" });
  let contains = "";
  /** @type {User[]} */
  let users = [];
  /** Reads the first page again, or one more. @param {string} [after] */
  const read = async (after) => {
    const query = new URLSearchParams({ contains, limit: String(PAGE), ...(after && { after }) });
    /** @type {{users: User[]}} */
    const page = await ask("GET", `${ADMIN}/users?${query}`);
    users = after ? [...users, ...page.users] : page.users;
    const more = () => read(users.at(-1)?.id).catch((error) => toast(explain(error), "bad"));
    fill(rows, users.length ? userTable(users) : h("p", { class: "empty" }, adminTexts.noUsers),
      page.users.length === PAGE ? button(adminTexts.more, more) : null);
  };
  const showPassword = (/** @type {string} */ email, /** @type {string} */ value) =>
    fill(password, h("div", { class: "shown-once" }, h("strong", {}, texts.shownOnce), h("p", {}, adminTexts.passwordOf(email)), copyable(value, texts.password)));
  const reset = async (/** @type {User} */ user) => {
    if (!await confirmed(adminTexts.resetAsk(user.email), adminTexts.reset)) return;
    await act(async () => showPassword(user.email, (await ask("POST", `${ADMIN}/users/${user.id}/password`)).password), read);
  };
  const suspend = (/** @type {User} */ user) => withReason(adminTexts.suspend, adminTexts.suspendUser(user.email), async (reason) => {
    await ask("POST", `${ADMIN}/users/${user.id}/suspend`, { reason });
    await read();
  });
  const resume = (/** @type {User} */ user) => act(() => ask("POST", `${ADMIN}/users/${user.id}/resume`), read);
  const remove = async (/** @type {User} */ user) => {
    if (await confirmed(adminTexts.deleteUserAsk(user.email), texts.remove)) await act(() => ask("DELETE", `${ADMIN}/users/${user.id}`), read);
  };
  const actions = (/** @type {User} */ user) => h("div", { class: "row" },
    h("a", { class: "open-link", href: fragment("admin", "mailboxes", `user:${user.id}`) }, texts.mailboxes),
    h("a", { class: "open-link", href: fragment("admin", "webhooks", user.id) }, texts.webhooks),
    // Operators do not lock themselves out by a slip; another one, or the command line, can.
    ...(user.email === pro()?.email ? [h("span", { class: "hint" }, adminTexts.you)] : [
      button(adminTexts.reset, () => reset(user), "small"),
      user.suspended_at === null ? button(adminTexts.suspend, () => suspend(user), "small danger") : button(adminTexts.resume, () => resume(user), "small"),
      button(texts.remove, () => remove(user), "small danger"),
    ]));
  const userTable = (/** @type {User[]} */ list) => table([texts.email, texts.created, adminTexts.role, adminTexts.state, texts.actions], list.map((user) => [
    h("code", {}, user.email), timeOf(user.created_at), adminTexts.roles[user.role],
    user.suspended_at === null ? adminTexts.states.active : h("span", {}, adminTexts.suspendedSince, timeOf(user.suspended_at)), actions(user),
  ]), adminTexts.users);
  await read();
  fill(into, h("h2", {}, adminTexts.users),
    searchForm(adminTexts.partOfEmail, adminTexts.search, "", async (text) => {
      contains = text;
      await read();
    }, false), rows,
    form([field(texts.email, h("input", { name: "email", type: "email", required: true, autocomplete: "off" }))], adminTexts.invite, async (data) => {
      const invited = await ask("POST", `${ADMIN}/users`, { email: data.get("email") });
      showPassword(invited.email, invited.password);
      await read();
    }, explain), password);
}
