import { ApiError } from "./api.js";
import { openChannel } from "./channel.js";
import { readPage } from "./source.js";

/** @typedef {import("./api.js").Item} Item */
/** @typedef {import("./source.js").Source} Source */
/** @typedef {import("./source.js").Page} Page */
/** @typedef {"connecting" | "live" | "polling" | "busy" | "offline" | "signedOutState"} State */

const POLL_MS = 4000;
/** How often the list is refreshed while the channel is open. The channel reports new messages, not deletions. */
const REFRESH_MS = 30_000;
const MAX_BACKOFF_MS = 60_000;

/**
 * Live messages of a list: over a channel, or by polling while no channel is open. The channel begins with the
 * messages after the newest one that is known, so that none is missed in between.
 */
export class Feed {
  /**
   * @param {Source} source
   * @param {{items: () => Item[], newestPage: (page: Page, before: Item[]) => void, received: (item: Item) => void, state: (state: State) => void, failed: (error: unknown) => void}} handlers
   */
  constructor(source, handlers) {
    this.source = source;
    this.handlers = handlers;
    this.isStopped = false;
    this.isLive = false;
    /** Whether the list was read since the channel was open last. */
    this.isRead = false;
    this.failures = 0;
    /** @type {import("./channel.js").Channel | null} */
    this.channel = null;
    /** @type {number | undefined} */
    this.pollTimer = undefined;
    /** @type {number | undefined} */
    this.channelTimer = undefined;
    this.onOnline = () => { void this.poll(); this.connect(); };
    this.onOffline = () => this.disconnect();
    this.onVisible = () => { if (!document.hidden) void this.poll(); };
    window.addEventListener("online", this.onOnline);
    window.addEventListener("offline", this.onOffline);
    document.addEventListener("visibilitychange", this.onVisible);
    handlers.state("connecting");
    // The list first: the channel continues where it ends.
    void this.poll().then(() => this.connect());
  }

  stop() {
    this.isStopped = true;
    window.removeEventListener("online", this.onOnline);
    window.removeEventListener("offline", this.onOffline);
    document.removeEventListener("visibilitychange", this.onVisible);
    clearTimeout(this.pollTimer);
    clearTimeout(this.channelTimer);
    this.channel?.close();
  }

  /** Reads the newest page and schedules the next read: soon while no channel is open or the read failed. */
  async poll() {
    clearTimeout(this.pollTimer);
    let isRead = false;
    let waitMs = POLL_MS;
    try {
      const before = this.handlers.items();
      const page = await readPage(this.source, []);
      if (this.isStopped) return;
      isRead = this.isRead = true;
      this.handlers.newestPage(page, before);
      this.handlers.state(this.isLive ? "live" : this.failures ? "polling" : "connecting");
    } catch (error) {
      if (this.isStopped) return;
      this.handlers.failed(error);
      this.handlers.state(stateOf(error));
      if (error instanceof ApiError) waitMs = Math.max(POLL_MS, error.retryAfterSecs * 1000);
    }
    this.schedule(isRead, waitMs);
  }

  /** @param {boolean} isRead @param {number} waitMs */
  schedule(isRead, waitMs) {
    clearTimeout(this.pollTimer);
    if (this.isStopped) return;
    if (!this.isLive || !isRead) this.pollTimer = window.setTimeout(() => this.poll(), waitMs);
    else if (!document.hidden) this.pollTimer = window.setTimeout(() => this.poll(), REFRESH_MS);
  }

  connect() {
    clearTimeout(this.channelTimer);
    if (this.isStopped || this.channel) return;
    this.channel = openChannel(this.source, this.handlers.items().at(0)?.id, {
      opened: () => this.opened(),
      received: (item) => this.handlers.received(item),
      closed: () => this.closed(),
    });
  }

  opened() {
    this.isLive = true;
    const isFirst = this.failures === 0;
    this.failures = 0;
    // Nothing was known to continue from, or messages may have been deleted while the channel was closed.
    if (!isFirst || !this.isRead || !this.handlers.items().length) return void this.poll();
    this.handlers.state("live");
    this.schedule(true, REFRESH_MS);
  }

  /** Closes the channel at once. */
  disconnect() {
    if (!this.channel) return;
    this.channel.close();
    this.closed();
  }

  closed() {
    const wasLive = this.isLive;
    this.channel = null;
    this.isLive = this.isRead = false;
    if (this.isStopped) return;
    this.failures += 1;
    if (wasLive) void this.poll();
    const backoffMs = Math.min(MAX_BACKOFF_MS, 1000 * 2 ** this.failures) * (0.75 + Math.random() / 2);
    this.channelTimer = window.setTimeout(() => this.connect(), backoffMs);
  }
}

/** What a failed read means. @param {unknown} error @returns {State} */
function stateOf(error) {
  if (!(error instanceof ApiError) || error.status === 0) return "offline";
  return error.status === 401 ? "signedOutState" : "busy";
}

/**
 * The ids of messages that were deleted: they were listed before the newest page was read, and are not on that page
 * although they are in its range. @param {Page} page @param {Item[]} before
 */
export function deletedSince({ messages, isLast, isWhole }, before) {
  if (!isWhole) return new Set();
  const present = new Set(messages.map((item) => item.id));
  const oldest = isLast ? "" : messages[messages.length - 1].id;
  return new Set(before.map((item) => item.id).filter((id) => id > oldest && !present.has(id)));
}
