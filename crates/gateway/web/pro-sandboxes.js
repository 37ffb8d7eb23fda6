import { explain } from "./api.js";
import { button, confirmed, copy, copyable, field, fill, form, h, size, table, toast, when } from "./dom.js";
import { fragment } from "./route.js";
import { STACKS } from "./stacks.js";
import { texts } from "./texts.js";

/** @typedef {{host: string, port: number, submissions_port: number | null, tls: string}} Smtp */
/** @typedef {{id: string, name: string, account_id: string, username: string, smtp: Smtp, retention: string, used: number, created_at: string}} Sandbox */
/** @typedef {Sandbox & {password: string, url: string}} NewSandbox */

/** What stands for a password that is not shown any more. */
const PASSWORD = "PASSWORD";

/** @param {HTMLElement} into @param {import("./pro.js").Ask} ask */
export async function showSandboxes(into, ask) {
  const rows = h("div");
  const newLogin = h("div", { "aria-live": "polite" });
  const settings = h("div");
  const read = async () => {
    /** @type {{sandboxes: Sandbox[]}} */
    const { sandboxes } = await ask("GET", "/pro/api/sandboxes");
    fill(rows, sandboxes.length ? sandboxTable(sandboxes) : h("p", { class: "empty" }, texts.noSandboxes));
    return sandboxes;
  };
  const act = async (/** @type {() => Promise<unknown>} */ change) => {
    try {
      await change();
    } catch (error) {
      toast(explain(error), "bad");
    }
  };
  const showLogin = (/** @type {NewSandbox} */ made) => {
    fill(newLogin, h("div", { class: "shown-once" }, h("strong", {}, texts.shownOnce), copyable(made.url, texts.smtpUrl)));
    fill(settings, settingsOf(made, made.password));
  };
  const rotate = async (/** @type {Sandbox} */ sandbox) => {
    if (!await confirmed(texts.rotateLoginAsk, texts.rotateLogin)) return;
    await act(async () => showLogin(await ask("POST", `/pro/api/sandboxes/${sandbox.id}/rotate`)));
  };
  const remove = async (/** @type {Sandbox} */ sandbox) => {
    if (!await confirmed(texts.deleteMailboxAsk(sandbox.name), texts.remove)) return;
    await act(async () => {
      await ask("DELETE", `/pro/api/sandboxes/${sandbox.id}`);
      fill(newLogin);
      await read();
    });
  };
  const sandboxTable = (/** @type {Sandbox[]} */ sandboxes) => table(
    [texts.localPart, texts.username, texts.created, texts.quotaTitle, texts.actions],
    sandboxes.map((sandbox) => [
      sandbox.name, h("code", {}, sandbox.username), when(sandbox.created_at), size(sandbox.used),
      h("div", { class: "row" },
        h("a", { class: "open-link", href: fragment("sandboxes", sandbox.account_id) }, texts.open),
        button(texts.rotateLogin, () => rotate(sandbox), "small"),
        button(texts.remove, () => remove(sandbox), "small danger")),
    ]), texts.sandboxes);
  const [first] = await read();
  if (first) fill(settings, settingsOf(first, PASSWORD));
  fill(into, h("h1", {}, texts.sandboxes), h("p", { class: "hint" }, texts.sandboxesIntro),
    form([field(texts.sandboxName, h("input", { name: "name", required: true, maxlength: 100 }))], texts.createSandbox, async (data) => {
      showLogin(await ask("POST", "/pro/api/sandboxes", { name: data.get("name") }));
      await read();
    }, explain), newLogin, rows, settings);
}

/** Settings to copy, for one stack at a time. @param {Sandbox} sandbox @param {string} password */
function settingsOf(sandbox, password) {
  const text = h("pre", { class: "source" });
  const choice = h("select", { onchange: () => show() }, ...STACKS.map((stack, index) => h("option", { value: index }, stack.name)));
  const show = () => {
    const { host, port, tls } = sandbox.smtp;
    text.textContent = STACKS[Number(choice.value)].settings({ host, port, isTls: tls === "starttls", username: sandbox.username, password });
  };
  show();
  return h("article", { class: "card", "aria-label": texts.settingsFor }, field(texts.settingsFor, choice), text,
    h("p", { class: "row" }, button(texts.copy, () => copy(text.textContent ?? ""), "small")), h("p", { class: "hint" }, texts.settingsHint));
}
