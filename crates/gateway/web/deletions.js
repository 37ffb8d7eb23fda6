import { call, explain, isNotFound, send } from "./api.js";
import { toast } from "./dom.js";
import { messagePath, queryParameters, queryPath, restricted } from "./source.js";
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

/**
 * Changes what a query finds in a list, also what is not loaded, in as many requests as the server needs; returns their answers.
 * @param {Source} source @param {string} method @param {string} suffix of the path @param {string} query
 */
async function changeFound(source, method, suffix, query) {
  const path = `${queryPath(source)}${suffix}?${queryParameters(source, query)}`;
  /** @type {{deleted?: number, more: boolean, next: string | null}[]} */
  const answers = [];
  do {
    const next = answers.at(-1)?.next;
    answers.push(await call(method, path + (next ? `&cursor=${encodeURIComponent(next)}` : ""), source.token));
  } while (answers.at(-1)?.more);
  return answers;
}

/** Deletes the messages of a list that a query finds; returns how many they were. @param {Source} source @param {string} query */
export async function deleteFound(source, query) {
  const answers = await changeFound(source, "DELETE", "", query);
  return answers.reduce((sum, { deleted = 0 }) => sum + deleted, 0);
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

/**
 * Marks of everything that a query finds. They can be undone like a deletion: the request is sent after five seconds, or
 * when the page is closed. Until then the loaded messages only look so.
 */
export class FoundMarks {
  /** What is marked when the time is over. @type {{query: string, isRead: boolean, ids: Set<string>} | null} */
  pending = null;
  /** @type {number | undefined} */
  timer = undefined;

  /**
   * @param {Source} source
   * @param {{marked: () => unknown, restored: (ids: Set<string>, isRead: boolean) => void}} handlers `restored` gets the mark of before
   */
  constructor(source, handlers) {
    this.source = source;
    this.handlers = handlers;
    this.onLeave = () => void this.flush();
  }

  /**
   * Marks, and offers to undo it. Messages that arrive later are not marked.
   * @param {string} query @param {boolean} isRead @param {Set<string>} ids the loaded messages that change @param {string} newest when the newest one arrived
   */
  add(query, isRead, ids, newest) {
    // The time is in whole seconds, and `before:` includes its moment.
    const end = new Date(Date.parse(newest) + 1000).toISOString();
    this.pending = { query: restricted(`before:${end}`, query), isRead, ids };
    window.addEventListener("pagehide", this.onLeave);
    this.timer = window.setTimeout(() => this.flush(), UNDO_MS);
    toast(isRead ? texts.foundMarkedRead : texts.foundMarkedUnread, "good", { label: texts.undo, act: () => this.undo() });
  }

  /** Whether a message only looks marked. @param {string} id */
  covers(id) {
    return this.pending?.ids.has(id) === true;
  }

  /** Takes the marks back; returns whether there was something to undo. */
  undo() {
    const marks = this.take();
    if (!marks) return false;
    this.handlers.restored(marks.ids, !marks.isRead);
    toast(texts.marksRestored);
    return true;
  }

  /** Marks what is pending now. */
  async flush() {
    const marks = this.take();
    if (!marks) return;
    try {
      await changeFound(this.source, marks.isRead ? "PUT" : "DELETE", "/read", marks.query);
      this.handlers.marked();
    } catch (error) {
      this.handlers.restored(marks.ids, !marks.isRead);
      toast(explain(error), "bad");
    }
  }

  take() {
    clearTimeout(this.timer);
    window.removeEventListener("pagehide", this.onLeave);
    const marks = this.pending;
    this.pending = null;
    return marks;
  }
}
