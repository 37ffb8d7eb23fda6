import { currentToken, send, under } from "./api.js";
import { isOfUser } from "./source.js";

/** @typedef {import("./api.js").Item} Item */
/** @typedef {import("./source.js").Source} Source */
/** @typedef {{close: () => void}} Channel */
/** @typedef {{opened: () => void, received: (item: Item) => void, closed: () => void}} Handlers */

/**
 * Opens a connection on which the server reports new messages, and first those after `since`: a WebSocket for one
 * mailbox, an event stream for the mailboxes of a Pro user.
 * @param {Source} source @param {string | undefined} since @param {Handlers} handlers @returns {Channel}
 */
export function openChannel(source, since, handlers) {
  return isOfUser(source) ? openEvents(source, since, handlers) : openSocket(source, since, handlers);
}

/** @param {Source} source @param {string | undefined} since @param {Handlers} handlers @returns {Channel} */
function openSocket(source, since, handlers) {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${under("/api/ws")}`);
  socket.onopen = () => socket.send(JSON.stringify({ type: "auth", token: currentToken(source.token), since }));
  socket.onmessage = (event) => dispatch(String(event.data), handlers);
  socket.onclose = () => handlers.closed();
  return {
    close() {
      // Without a network, browsers keep a socket open for minutes.
      socket.onclose = socket.onmessage = null;
      socket.close();
    },
  };
}

/** @param {string} data @param {Handlers} handlers @param {string} [account] only messages of this mailbox */
function dispatch(data, handlers, account) {
  /** @type {{type?: string} & Item} */
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return;
  }
  if (message.type === "auth_ok") handlers.opened();
  else if (message.type === "new_email" && (!account || message.account_id === account)) handlers.received(message);
}

/** @param {Source} source @param {string | undefined} since @param {Handlers} handlers @returns {Channel} */
function openEvents(source, since, handlers) {
  const abort = new AbortController();
  const follow = async () => {
    const response = await send("GET", "/pro/api/events", source.token, undefined, {
      signal: abort.signal, headers: since ? { "Last-Event-ID": since } : {},
    });
    handlers.opened();
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
      text += read.value;
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) dispatch(dataOf(event), handlers, source.account);
    }
  };
  follow().catch(() => {}).finally(() => { if (!abort.signal.aborted) handlers.closed(); });
  return { close: () => abort.abort() };
}

/** The data of an event of a stream. @param {string} event */
function dataOf(event) {
  return event.split("\n").flatMap((line) => (line.startsWith("data:") ? [line.slice(5).trimStart()] : [])).join("\n");
}
