import { PAGE_SIZE, call } from "./api.js";

/** @typedef {import("./api.js").Item} Item */
/** @typedef {"connecting" | "live" | "polling" | "offline"} State */

const POLL_MS = 4000;
/** How often is looked for what was deleted elsewhere: a socket tells of new mail alone. */
const LOOK_MS = 30_000;
const MAX_PAUSE_MS = 60_000;

/**
 * Mail of one mailbox as it arrives: by WebSocket, and by asking every few seconds where there is none. Each time the
 * socket opens the list is read again, so that nothing is missed in between; and each time the page is looked at.
 */
export class Feed {
  /**
   * @param {string} token
   * @param {{known: () => Item[], list: (items: Item[], known: Item[]) => void, item: (item: Item) => void, state: (state: State) => void, failed: (error: unknown) => void}} to
   */
  constructor(token, to) {
    this.token = token;
    this.to = to;
    this.isStopped = false;
    this.isLive = false;
    this.failures = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {number | undefined} */
    this.pollTimer = undefined;
    /** @type {number | undefined} */
    this.socketTimer = undefined;
    this.wake = () => { void this.poll(); this.connect(); };
    this.sleep = () => this.drop();
    this.look = () => { if (!document.hidden) void this.poll(); };
    window.addEventListener("online", this.wake);
    window.addEventListener("offline", this.sleep);
    document.addEventListener("visibilitychange", this.look);
    to.state("connecting");
    void this.poll();
    this.connect();
  }

  stop() {
    this.isStopped = true;
    window.removeEventListener("online", this.wake);
    window.removeEventListener("offline", this.sleep);
    document.removeEventListener("visibilitychange", this.look);
    clearTimeout(this.pollTimer);
    clearTimeout(this.socketTimer);
    this.socket?.close();
  }

  /** Reads the newest page, and goes on reading it: often while no socket is open, and until it was read once. */
  async poll() {
    clearTimeout(this.pollTimer);
    let isRead = false;
    try {
      const known = this.to.known();
      const page = await call("GET", "/api/messages", this.token);
      if (this.isStopped) return;
      isRead = true;
      this.to.list(page.messages, known);
      this.to.state(this.isLive ? "live" : this.failures ? "polling" : "connecting");
    } catch (error) {
      if (this.isStopped) return;
      this.to.failed(error);
      this.to.state("offline");
    }
    clearTimeout(this.pollTimer);
    // What came before the socket was open is told by the list alone.
    if (!this.isLive || !isRead) this.pollTimer = window.setTimeout(() => this.poll(), POLL_MS);
    else if (!document.hidden) this.pollTimer = window.setTimeout(() => this.poll(), LOOK_MS);
  }

  connect() {
    clearTimeout(this.socketTimer);
    if (this.isStopped || this.socket) return;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/ws`);
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
      this.to.item(message);
    }
  }

  /** Without a network a socket seems open for minutes, so it is given up at once. */
  drop() {
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
    const pause = Math.min(MAX_PAUSE_MS, 1000 * 2 ** this.failures) * (0.75 + Math.random() / 2);
    this.socketTimer = window.setTimeout(() => this.connect(), pause);
  }
}

/** The ids of what was known before the newest page was read, and should be on it and is not. @param {Item[]} page @param {Item[]} known */
export function goneOf(page, known) {
  const there = new Set(page.map((item) => item.id));
  const oldest = page.length < PAGE_SIZE ? "" : page[page.length - 1].id;
  return new Set(known.map((item) => item.id).filter((id) => id > oldest && !there.has(id)));
}
