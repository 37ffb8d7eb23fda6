import { ApiError, call, setRenewal } from "./api.js";

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

/** The mailbox of each token that this page has used: another tab may have replaced the token. @type {Map<string, string>} */
const idOfToken = new Map();

/** @returns {Mailbox[]} */
export function mailboxes() {
  const list = read(MAILBOXES);
  const valid = Array.isArray(list) ? list.filter((one) => typeof one?.token === "string" && typeof one?.address === "string") : [];
  for (const one of valid) idOfToken.set(one.token, one.id);
  return valid;
}

/** The mailbox that was open last, in any tab. @returns {Mailbox | null} */
export function latest() {
  const list = mailboxes();
  const id = read(CURRENT);
  return list.find((one) => one.id === id) ?? list[0] ?? null;
}

/** @param {string} address @returns {Mailbox | null} */
export function mailboxOf(address) {
  return mailboxes().find((one) => one.address === address) ?? null;
}

/** @param {string} id */
export function choose(id) {
  write(CURRENT, id);
}

/** The messages of a mailbox. @param {Mailbox} mailbox @returns {import("./source.js").Source} */
export function sourceOf(mailbox) {
  return { key: mailbox.address, token: mailbox.token, path: "/api/messages" };
}

/** Adds a mailbox or replaces its token, and makes it the current one. @param {Mailbox} mailbox */
export function remember(mailbox) {
  const known = mailboxes().find((one) => one.id === mailbox.id);
  const password = mailbox.password ?? known?.password ?? null;
  const others = mailboxes().filter((one) => one.id !== mailbox.id);
  write(MAILBOXES, [{ ...mailbox, password }, ...others]);
  choose(mailbox.id);
}

/** Signs in again with the stored password when the token of a mailbox has expired. @param {string} token */
async function renewMailbox(token) {
  const known = mailboxes().find((one) => one.id === idOfToken.get(token));
  if (!known) return null;
  if (known.token !== token) return known.token;
  const { address, password } = known;
  if (!password) return null;
  try {
    const renewed = await call("POST", "/api/token", null, { address, password });
    write(MAILBOXES, mailboxes().map((one) => (one.id === known.id ? { ...one, token: renewed.token } : one)));
    return /** @type {string} */ (renewed.token);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    // The server is not reachable or busy: that does not sign the user out.
    throw error;
  }
}

setRenewal(renewMailbox);

/** Calls back when another tab changes the mailboxes. @param {() => void} changed */
export function onOtherTab(changed) {
  window.addEventListener("storage", (event) => { if (event.key === MAILBOXES || event.key === null) changed(); });
}

/** @param {string} id */
export function forget(id) {
  write(MAILBOXES, mailboxes().filter((one) => one.id !== id));
}

/** Whether this server signs its built-in user in without a password. */
export function isLocalUser() {
  return document.querySelector("meta[name=mayfly-local-user]") !== null;
}

/** A value that the server writes into the page: how clients reach it. @param {"smtp" | "dialects"} name */
export function serverFact(name) {
  return document.querySelector(`meta[name=mayfly-${name}]`)?.getAttribute("content") ?? null;
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
