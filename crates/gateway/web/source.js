import { PAGE_SIZE, call } from "./api.js";
import { timeZone } from "./language.js";

/** @typedef {import("./api.js").Item} Item */
/**
 * Where a list of messages is: a key that names it, the token that its routes take, and their path. A Pro user has lists
 * of two kinds: of one mailbox, which `account` names, and of all mailboxes and sandboxes. The latter has `accounts`, the
 * mailbox of each message that was read: the routes of a message name it.
 * @typedef {{key: string, token: string, path: string, account?: string, accounts?: Map<string, string>}} Source
 */
/** A page of a list, newest first. `isWhole` is false while the server has messages that it does not list yet. @typedef {{messages: Item[], isLast: boolean, isWhole: boolean}} Page */

const PRO_PATH = "/pro/api/messages";

/** The mail of one mailbox of a Pro user. @param {string} account @param {string} token @returns {Source} */
export function ownedMailbox(account, token) {
  return { key: account, token, path: `/pro/api/accounts/${encodeURIComponent(account)}/messages`, account };
}

/** The mail of all mailboxes and sandboxes of a Pro user. @param {string} token @returns {Source} */
export function allMail(token) {
  return { key: "mail", token, path: PRO_PATH, accounts: new Map() };
}

/** The query that finds everything. */
export const EVERYTHING = "*";

/** A query with one more condition. @param {string} condition @param {string} query */
export function restricted(condition, query) {
  return query === EVERYTHING ? condition : `${condition} ${query}`;
}

/**
 * The parameters of a request with a query of a list. The queries of a Pro user find messages of all mailboxes, so one names
 * its mailbox by id: an address can be the name of a sandbox too. Days begin when they do for the user.
 * @param {Source} source @param {string} query
 */
export function queryParameters(source, query) {
  const scoped = source.account ? restricted(`in:${source.account}`, query) : query;
  const zone = timeZone();
  return `q=${encodeURIComponent(scoped)}${zone ? `&tz=${encodeURIComponent(zone)}` : ""}`;
}

/** Whether the list is one of a Pro user. @param {Source} source */
export const isOfUser = (source) => Boolean(source.account || source.accounts);

/** The path under which a list is searched and waited on: a Pro user has one for all mailboxes. @param {Source} source */
export const queryPath = (source) => (isOfUser(source) ? PRO_PATH : source.path);

/** The route that delivers a test message to a mailbox. @param {Source} source */
export const testMessagePath = (source) => (source.account ? `/pro/api/accounts/${encodeURIComponent(source.account)}/test-message` : "/api/test-message");

/** The route of a message that was read. @param {Source} source @param {string} id */
export function messagePath(source, id) {
  const account = source.accounts?.get(id);
  return `${account ? ownedMailbox(account, source.token).path : source.path}/${encodeURIComponent(id)}`;
}

/** Notes the mailboxes of messages. @param {Source} source @param {Item[]} items */
export function noteAccounts(source, items) {
  for (const { id, account_id } of items) if (account_id) source.accounts?.set(id, account_id);
}

/** Finds the mailbox of a message that a URL names. @param {Source} source @param {string} id */
export async function locate(source, id) {
  if (!source.accounts || source.accounts.has(id)) return;
  const answer = await call("GET", `${PRO_PATH}/wait?since=${idBefore(id)}&count=1&timeout=0`, source.token);
  noteAccounts(source, answer?.messages ?? []);
}

/** Reads the page behind the messages that are listed; the newest page if none are. @param {Source} source @param {Item[]} listed @returns {Promise<Page>} */
export async function readPage(source, listed) {
  if (source.accounts) {
    const oldest = listed.at(-1);
    const cursor = oldest ? `&cursor=${oldest.id}` : "";
    /** @type {{messages: Item[], next: string | null, complete: boolean}} */
    const { messages, next, complete } = await call("GET", `${PRO_PATH}/search?q=*&limit=${PAGE_SIZE}${cursor}`, source.token);
    noteAccounts(source, messages);
    return { messages, isLast: next === null || !messages.length, isWhole: complete };
  }
  // Counts the complete pages: after a deletion the next page starts earlier.
  const number = Math.floor(listed.length / PAGE_SIZE) + 1;
  /** @type {{messages: Item[]}} */
  const { messages } = await call("GET", number > 1 ? `${source.path}?page=${number}` : source.path, source.token);
  return { messages, isLast: messages.length < PAGE_SIZE, isWhole: true };
}

/** The id before another one: messages behind it include that one. @param {string} id */
export function idBefore(id) {
  const previous = (BigInt(`0x${id.replaceAll("-", "")}`) - 1n).toString(16).padStart(32, "0");
  return previous.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
