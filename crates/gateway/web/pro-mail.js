import { button, copy, fill, h } from "./dom.js";
import { MailReader } from "./mail-reader.js";
import { fragment, leaveOrOpen } from "./route.js";
import { retentionSecs } from "./server-facts.js";
import { allMail, ownedMailbox } from "./source.js";
import { teach } from "./teach.js";
import { texts } from "./texts.js";

/** @typedef {import("./pro.js").Ask} Ask */
/**
 * A mailbox or a sandbox as the dashboard names it. A sandbox has no address for mail from outside, and a retention of its own.
 * @typedef {{title: string, address: string | null, retention: Promise<number | null>}} Opened
 */

const UNIT_SECS = /** @type {Record<string, number>} */ ({ s: 1, m: 60, h: 3600, d: 86_400 });

/** The seconds of a time span as the API names it, such as `7d`. @param {string} span */
function secsOf(span) {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(span) ?? [];
  return unit ? Number(count) * UNIT_SECS[unit] : null;
}

/** Finds the mailbox of an id among those of a section. @param {string} section @param {string} account @param {Ask} ask @returns {Promise<Opened>} */
async function find(section, account, ask) {
  if (section === "sandboxes") {
    /** @type {{sandboxes: import("./pro-sandboxes.js").Sandbox[]}} */
    const { sandboxes } = await ask("GET", "/pro/api/sandboxes");
    const sandbox = sandboxes.find((one) => one.account_id === account);
    // The server deletes all mail that is older than its own retention.
    const own = sandbox ? secsOf(sandbox.retention) : null;
    const retention = retentionSecs().then((server) => (own && server ? Math.min(own, server) : own ?? server));
    return { title: sandbox?.name ?? account, address: null, retention };
  }
  /** @type {{accounts: import("./pro-mailboxes.js").Account[]}} */
  const { accounts } = await ask("GET", "/pro/api/accounts");
  const address = accounts.find((one) => one.id === account)?.address ?? null;
  return { title: address ?? account, address, retention: retentionSecs() };
}

/** A reader that follows the history. @param {string[]} list the place of the list @param {() => HTMLElement} signIn */
function readerAt(list, signIn) {
  const reader = new MailReader();
  reader.signIn = signIn;
  reader.addEventListener("place", (event) => {
    const { id, isReplacing } = /** @type {CustomEvent<{id: string | null, isReplacing: boolean}>} */ (event).detail;
    leaveOrOpen(list, id, isReplacing);
    if (id === null) reader.place(null);
  });
  return reader;
}

/**
 * Shows the messages of all mailboxes and sandboxes of the user in one list, each row with its mailbox.
 * @param {HTMLElement} into @param {string | null} message @param {string} token @param {Ask} ask @param {() => HTMLElement} signIn
 */
export function showAllMail(into, message, token, ask, signIn) {
  const reader = readerAt(["mail"], signIn);
  /** The names of sandboxes, whose addresses the user does not know. @type {Map<string, string>} */
  const names = new Map();
  const showNames = async () => {
    /** @type {{sandboxes: import("./pro-sandboxes.js").Sandbox[]}} */
    const { sandboxes } = await ask("GET", "/pro/api/sandboxes");
    for (const one of sandboxes) names.set(one.account_id, one.name);
    if (!reader.isFirst) reader.show();
  };
  // A server without sandboxes does not have the route; rows show addresses then.
  showNames().catch(() => {});
  reader.list.mailboxOf = (item) => names.get(item.account_id ?? "") ?? item.address ?? "";
  into.classList.add("mail");
  fill(into, h("div", { class: "mailbox-bar" }, h("h1", {}, texts.allMail), h("p", { class: "hint" }, texts.allMailIntro)), reader);
  reader.start(allMail(token), message);
  return reader;
}

/**
 * Shows the messages of a mailbox or sandbox as the inbox does. Returns the reader, which follows the history.
 * @param {HTMLElement} into @param {string} section @param {string} account @param {string | null} message
 * @param {string} token @param {Ask} ask @param {() => HTMLElement} signIn
 */
export function showMail(into, section, account, message, token, ask, signIn) {
  const reader = readerAt([section, account], signIn);
  const heading = h("h1", { class: "address" });
  const actions = h("div", { class: "row" });
  const source = ownedMailbox(account, token);
  find(section, account, ask).then(({ title, address, retention }) => {
    fill(heading, title);
    if (address) fill(actions, button(texts.copy, () => copy(address, texts.addressCopied), "primary small"));
    reader.list.whenEmpty = () => teach(source, address, retention);
    if (!reader.isFirst && !reader.items.length) reader.show();
  }, () => fill(heading, account));
  into.classList.add("mail");
  fill(into, h("div", { class: "mailbox-bar" }, h("a", { href: fragment(section) }, texts.allOf), heading, actions), reader);
  reader.start(source, message);
  return reader;
}
