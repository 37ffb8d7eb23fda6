/**
 * The state that the browser stores: its mailboxes, and the session of the Pro dashboard. A password is stored only if
 * this page generated it, because the user has not seen it otherwise.
 * @typedef {{id: string, address: string, token: string, password: string | null}} Mailbox
 * @typedef {{email: string, token: string}} Pro
 */

const MAILBOXES = "mayfly.mailboxes";
const CURRENT = "mayfly.current";
const PRO = "mayfly.pro";
/** Values that the storage did not accept. They last until the page is closed. @type {Map<string, unknown>} */
const unsaved = new Map();

/** @param {string} key @returns {any} */
function read(key) {
  if (unsaved.has(key)) return unsaved.get(key);
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} key @param {unknown} value */
function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    unsaved.delete(key);
  } catch {
    // Storage is disabled or full.
    unsaved.set(key, value);
  }
}

/** Whether the mailboxes are stored beyond this page. */
export function isPersistent() {
  return !unsaved.has(MAILBOXES);
}

/** @returns {Mailbox[]} */
export function mailboxes() {
  const list = read(MAILBOXES);
  return Array.isArray(list) ? list.filter((one) => typeof one?.token === "string" && typeof one?.address === "string") : [];
}

/** @returns {Mailbox | null} */
export function current() {
  const list = mailboxes();
  const id = read(CURRENT);
  return list.find((one) => one.id === id) ?? list[0] ?? null;
}

/** @param {string} id */
export function choose(id) {
  write(CURRENT, id);
}

/** Adds a mailbox or replaces its token, and makes it the current one. @param {Mailbox} mailbox */
export function remember(mailbox) {
  const known = mailboxes().find((one) => one.id === mailbox.id);
  const password = mailbox.password ?? known?.password ?? null;
  const others = mailboxes().filter((one) => one.id !== mailbox.id);
  write(MAILBOXES, [{ ...mailbox, password }, ...others]);
  choose(mailbox.id);
}

/** @param {string} id */
export function forget(id) {
  write(MAILBOXES, mailboxes().filter((one) => one.id !== id));
}

/** Whether this server signs its built-in user in without a password. */
export function isLocalUser() {
  return document.querySelector("meta[name=mayfly-local-user]") !== null;
}

/** @returns {Pro | null} */
export function pro() {
  const session = read(PRO);
  return typeof session?.token === "string" ? session : null;
}

/** @param {Pro | null} session */
export function rememberPro(session) {
  write(PRO, session);
}
