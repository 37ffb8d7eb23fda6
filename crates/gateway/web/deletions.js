import { call, explain, isNotFound, send } from "./api.js";
import { toast } from "./dom.js";
import { messagePath, queryPath } from "./source.js";
import { texts } from "./texts.js";

/** @typedef {import("./source.js").Source} Source */

/** How long a deletion can be undone. */
const UNDO_MS = 5000;
/** Calls at one time. */
const CONCURRENCY = 4;

/**
 * Calls a function for each message, a few at a time; returns the first error. Messages that no longer exist are no error.
 * @param {Iterable<string>} ids @param {(id: string) => Promise<unknown>} act
 */
export async function forEachMessage(ids, act) {
  const left = [...ids];
  /** @type {unknown} */
  let failure = null;
  /** @type {string[]} */
  const failed = [];
  const work = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      try {
        await act(id);
      } catch (error) {
        if (isNotFound(error)) continue;
        failure ??= error;
        failed.push(id);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return { failure, failed };
}

/** The query that finds everything. */
export const EVERYTHING = "*";

/**
 * Deletes the messages of a list that a query finds, also those that are not loaded; returns how many they were.
 * @param {Source} source @param {string} query
 */
export async function deleteFound(source, query) {
  const path = queryPath(source);
  const scoped = source.account ? await inMailbox(source, query) : query;
  let count = 0;
  let cursor = "";
  while (scoped) {
    /** @type {{deleted: number, more: boolean, next: string | null}} */
    const { deleted, more, next } = await call("DELETE", `${path}?q=${encodeURIComponent(scoped)}${cursor}`, source.token);
    count += deleted;
    if (!more) break;
    cursor = next ? `&cursor=${encodeURIComponent(next)}` : "";
  }
  return count;
}

/**
 * A query within one mailbox of a Pro user, whose queries find messages of all mailboxes; null if the mailbox has none. A
 * message names the address of its mailbox, also in a sandbox.
 * @param {Source} source @param {string} query
 */
async function inMailbox(source, query) {
  const [newest] = (await call("GET", source.path, source.token)).messages;
  if (!newest) return null;
  const { address } = await call("GET", `${source.path}/${newest.id}`, source.token);
  return query === EVERYTHING ? `in:"${address}"` : `in:"${address}" ${query}`;
}

/**
 * Deletions that can be undone: the request is sent after five seconds, or when the page is closed. Until then the
 * messages are only hidden.
 */
export class Deletions {
  /** What is deleted when the time is over. @type {Set<string>} */
  pending = new Set();
  /** What the list does not show. @type {Set<string>} */
  hidden = new Set();
  /** @type {number | undefined} */
  timer = undefined;

  /**
   * @param {Source} source
   * @param {{deleted: (ids: Set<string>) => void, restored: (ids: Set<string>) => void}} handlers
   */
  constructor(source, handlers) {
    this.source = source;
    this.handlers = handlers;
    this.onLeave = () => void this.flush();
  }

  /** Hides messages, and offers to undo it. Deletions in quick succession are undone together. @param {string[]} ids */
  add(ids) {
    for (const id of ids) {
      this.pending.add(id);
      this.hidden.add(id);
    }
    window.addEventListener("pagehide", this.onLeave);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.flush(), UNDO_MS);
    toast(texts.deleted(this.pending.size), "good", { label: texts.undo, act: () => this.undo() });
  }

  /** Shows what was deleted last again; returns whether there was something to undo. */
  undo() {
    const ids = this.take();
    if (!ids.size) return false;
    for (const id of ids) this.hidden.delete(id);
    toast(texts.restored(ids.size));
    this.handlers.restored(ids);
    return true;
  }

  /** Deletes what is pending now. */
  async flush() {
    const ids = this.take();
    if (!ids.size) return;
    const { failure, failed } = await forEachMessage(ids, (id) => send("DELETE", messagePath(this.source, id), this.source.token));
    for (const id of failed) {
      ids.delete(id);
      this.hidden.delete(id);
    }
    this.handlers.deleted(ids);
    if (!failed.length) return;
    this.handlers.restored(new Set(failed));
    toast(explain(failure), "bad");
  }

  take() {
    clearTimeout(this.timer);
    window.removeEventListener("pagehide", this.onLeave);
    const ids = this.pending;
    this.pending = new Set();
    return ids;
  }
}
