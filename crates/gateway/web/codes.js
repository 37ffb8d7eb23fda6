import { call, isNotFound } from "./api.js";
import { idBefore, messagePath, queryPath } from "./source.js";

/** @typedef {import("./api.js").Item} Item */
/** @typedef {import("./api.js").Code} Code */
/** @typedef {import("./source.js").Source} Source */

/** Messages whose codes one request reads. */
const MAX_COUNT = 30;
/** How often a request for one span of the list continues behind messages of other mailboxes. */
const MAX_STEPS = 5;
/** The delay before codes are read again after a failure. */
const RETRY_MS = 5000;

/**
 * Reads the codes of listed messages: the list has none. A wait that does not wait returns stored messages with their
 * codes, so one request reads those of a page.
 */
export class CodeReader {
  isReading = false;
  isStopped = false;
  /** @type {number | undefined} */
  timer = undefined;

  /**
   * @param {Source} source
   * @param {() => Item[]} wanted the listed messages whose codes are wanted, newest first
   * @param {(codes: Map<string, Code[]>) => void} found
   */
  constructor(source, wanted, found) {
    this.source = source;
    this.wanted = wanted;
    this.found = found;
  }

  stop() {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  async read() {
    if (this.isReading || this.isStopped) return;
    this.isReading = true;
    clearTimeout(this.timer);
    try {
      for (let ids = this.next(); ids.length && !this.isStopped; ids = this.next()) {
        const codes = await this.codesOf(ids);
        if (!this.isStopped) this.found(codes);
      }
    } catch {
      this.timer = window.setTimeout(() => this.read(), RETRY_MS);
    }
    this.isReading = false;
  }

  next() {
    return this.wanted().filter((item) => !item.codes).slice(0, MAX_COUNT).map((item) => item.id);
  }

  /** @param {string[]} ids newest first @returns {Promise<Map<string, Code[]>>} */
  async codesOf(ids) {
    /** @type {Map<string, Code[]>} */
    const codes = new Map();
    let since = idBefore(ids[ids.length - 1]);
    for (let step = 0; step < MAX_STEPS && codes.size < ids.length; step += 1) {
      const path = `${queryPath(this.source)}/wait`;
      const answer = await call("GET", `${path}?since=${since}&count=${ids.length - codes.size}&timeout=0`, this.source.token);
      // Fewer messages are left than there were.
      if (!answer) break;
      for (const message of answer.messages) if (ids.includes(message.id)) codes.set(message.id, message.codes);
      since = answer.since;
    }
    for (const id of ids) if (!codes.has(id)) codes.set(id, await this.codesOfOne(id));
    return codes;
  }

  /** @param {string} id @returns {Promise<Code[]>} */
  async codesOfOne(id) {
    try {
      return (await call("GET", messagePath(this.source, id), this.source.token)).codes;
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }
}
