/**
 * What this browser remembers: the mailboxes that are open here, and who is signed in to the dashboard. A password is
 * kept only for a mailbox whose password was made here, since nobody else knows it.
 * @typedef {{id: string, address: string, token: string, password: string | null}} Mailbox
 * @typedef {{email: string, token: string}} Pro
 */

const MAILBOXES = "mayfly.mailboxes";
const CURRENT = "mayfly.current";
const PRO = "mayfly.pro";
/** What storage did not take: the page works with it until it is closed. @type {Map<string, unknown>} */
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
    // Storage is off or full.
    unsaved.set(key, value);
  }
}

/** Whether the mailboxes are there when the page is opened again. */
export function isKept() {
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

/** Adds a mailbox, or signs it in again; it becomes the current one. @param {Mailbox} mailbox */
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

/** @returns {Pro | null} */
export function pro() {
  const session = read(PRO);
  return typeof session?.token === "string" ? session : null;
}

/** @param {Pro | null} session */
export function rememberPro(session) {
  write(PRO, session);
}
