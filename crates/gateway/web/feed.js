import { PAGE_SIZE, call, under } from "./api.js";

/** @typedef {import("./api.js").Item} Item */
/** @typedef {"connecting" | "live" | "polling" | "offline"} State */

const POLL_MS = 4000;
/** How often the list is refreshed while the socket is open. The socket reports new messages, not deletions. */
const REFRESH_MS = 30_000;
const MAX_BACKOFF_MS = 60_000;

/**
 * Live messages of one mailbox: over a WebSocket, or by polling while no socket is open. The feed reads the list again
 * when the socket opens, so that no message is missed in between, and when the page becomes visible.
 */
export class Feed {
  /**
   * @param {string} token
   * @param {{items: () => Item[], newestPage: (page: Item[], before: Item[]) => void, received: (item: Item) => void, state: (state: State) => void, failed: (error: unknown) => void}} handlers
   */
  constructor(token, handlers) {
    this.token = token;
    this.handlers = handlers;
    this.isStopped = false;
    this.isLive = false;
    this.failures = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {number | undefined} */
    this.pollTimer = undefined;
    /** @type {number | undefined} */
    this.socketTimer = undefined;
    this.onOnline = () => { void this.poll(); this.connect(); };
    this.onOffline = () => this.disconnect();
    this.onVisible = () => { if (!document.hidden) void this.poll(); };
    window.addEventListener("online", this.onOnline);
    window.addEventListener("offline", this.onOffline);
    document.addEventListener("visibilitychange", this.onVisible);
    handlers.state("connecting");
    void this.poll();
    this.connect();
  }

  stop() {
    this.isStopped = true;
    window.removeEventListener("online", this.onOnline);
    window.removeEventListener("offline", this.onOffline);
    document.removeEventListener("visibilitychange", this.onVisible);
    clearTimeout(this.pollTimer);
    clearTimeout(this.socketTimer);
    this.socket?.close();
  }

  /** Reads the newest page and schedules the next read: soon while no socket is open or the read failed. */
  async poll() {
    clearTimeout(this.pollTimer);
    let isRead = false;
    try {
      const before = this.handlers.items();
      const page = await call("GET", "/api/messages", this.token);
      if (this.isStopped) return;
      isRead = true;
      this.handlers.newestPage(page.messages, before);
      this.handlers.state(this.isLive ? "live" : this.failures ? "polling" : "connecting");
    } catch (error) {
      if (this.isStopped) return;
      this.handlers.failed(error);
      this.handlers.state("offline");
    }
    clearTimeout(this.pollTimer);
    // Only the list has messages that arrived before the socket was open.
    if (!this.isLive || !isRead) this.pollTimer = window.setTimeout(() => this.poll(), POLL_MS);
    else if (!document.hidden) this.pollTimer = window.setTimeout(() => this.poll(), REFRESH_MS);
  }

  connect() {
    clearTimeout(this.socketTimer);
    if (this.isStopped || this.socket) return;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${under("/api/ws")}`);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: "auth", token: this.token }));
    socket.onmessage = (event) => this.receive(String(event.data));
    socket.onclose = () => this.closed();
  }

  /** @param {string} data */
  receive(data) {
    /** @type {{type?: string} & Item} */
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (message.type === "auth_ok") {
      this.isLive = true;
      this.failures = 0;
      void this.poll();
    } else if (message.type === "new_email") {
      this.handlers.received(message);
    }
  }

  /** Closes the socket at once: without a network, browsers keep it open for minutes. */
  disconnect() {
    if (!this.socket) return;
    this.socket.onclose = null;
    this.socket.onmessage = null;
    this.socket.close();
    this.closed();
  }

  closed() {
    const wasLive = this.isLive;
    this.socket = null;
    this.isLive = false;
    if (this.isStopped) return;
    this.failures += 1;
    if (wasLive) void this.poll();
    const backoffMs = Math.min(MAX_BACKOFF_MS, 1000 * 2 ** this.failures) * (0.75 + Math.random() / 2);
    this.socketTimer = window.setTimeout(() => this.connect(), backoffMs);
  }
}

/**
 * The ids of messages that were deleted: they were listed before the newest page was read, and are not on that page
 * although they are in its range. @param {Item[]} page @param {Item[]} before
 */
export function deletedSince(page, before) {
  const present = new Set(page.map((item) => item.id));
  const oldest = page.length < PAGE_SIZE ? "" : page[page.length - 1].id;
  return new Set(before.map((item) => item.id).filter((id) => id > oldest && !present.has(id)));
}
