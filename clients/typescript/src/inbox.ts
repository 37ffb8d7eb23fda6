//! Messages of a mailbox or a sandbox, and waiting for one.

import { randomUUID } from "node:crypto";

import { ConnectionError, MayflyError, WaitTimeoutError } from "./errors.js";
import { seconds, sleep, type Transport } from "./http.js";
import type { LinkKind, Message, MessageItem, MessageReceived, SearchPage, WaitQuery } from "./types.js";

/** The longest wait of one call: proxies often close connections that are silent for 30 s. */
const MAX_CALL_MS = 25_000;
/** The pause before a wait goes on after a broken connection. */
const RECONNECT_MS = 1000;
/** How many messages the text of a time-out lists. */
const MAX_LISTED = 10;
/** The kinds of links that a test follows. */
const CALLS_TO_ACTION: readonly LinkKind[] = ["verify", "reset"];

/** Which message is waited for. All conditions must hold. */
export interface WaitOptions {
  /** A part of the From header or of the envelope sender, in any case. */
  from?: string;
  /** A part of the recipient's address, in any case. */
  to?: string;
  /** A part of the subject, in any case; or a regular expression, which the server runs in linear time. */
  subject?: string | RegExp;
  /** A query, as of a search, such as `has:attachment`. */
  query?: string;
  /** Only messages after this one count, read or unread. By default every unread message counts, the oldest first. */
  since?: string;
  /** Milliseconds, 0 for a look without waiting. By default as the client was made. */
  timeoutMs?: number;
}

/** Which code is waited for. */
export interface CodeOptions extends WaitOptions {
  /** How many characters the code has: `6`, or `"4-8"`. */
  length?: number | string;
  /** What the whole code matches. */
  pattern?: RegExp;
}

/** Which page of a search. */
export interface SearchOptions {
  /** Messages of the page, at most 100; 30 by default. */
  limit?: number;
  /** The `next` of the page before. */
  cursor?: string;
  /** The IANA time zone of days in the query, such as `Europe/Berlin`; UTC by default. */
  tz?: string;
}

/** How the messages are reached. */
export interface InboxRoutes {
  transport: Transport;
  token: string;
  /** What messages are sent to, for error texts. */
  label: string;
  /** The route of waits and queries. */
  all: string;
  /** The route of the list and of one message. */
  messages: string;
  /** The only mailbox whose messages count, where the route of waits and queries has others too. */
  accountId?: string;
  /** The time-out of a wait that names none. */
  waitTimeoutMs: () => number;
}

/** The answer to a wait that found something. */
interface Found {
  messages: [MessageReceived, ...MessageReceived[]];
  since: string;
}

/** What a wait takes from a message; undefined if the message does not match. */
type Select<T> = (message: MessageReceived) => T | undefined;

/** The messages of a mailbox or a sandbox. */
export abstract class Inbox {
  readonly #routes: InboxRoutes;

  protected constructor(routes: InboxRoutes) {
    this.#routes = routes;
  }

  /**
   * Waits for a message, marks it as read and returns it. The oldest unread message that matches is taken, also if it
   * arrived before the call: nothing is missed, and no message is returned twice.
   *
   * @throws WaitTimeoutError with what arrived instead
   */
  async wait(options: WaitOptions = {}): Promise<Message> {
    const id = await this.#wait(options, {}, "message", (message) => message.id);
    return this.message(id);
  }

  /** Waits for a message with a one-time code, marks it as read and returns the most probable code. */
  async code(options: CodeOptions = {}): Promise<string> {
    const { length, pattern, ...wait } = options;
    const query: WaitQuery = { has_code: true };
    if (length !== undefined) {
      query.code_length = String(length);
    }
    if (pattern !== undefined) {
      query.code_pattern = expression(pattern);
    }
    return this.#wait(wait, query, "message with a code", (message) => message.codes[0]?.value);
  }

  /**
   * Waits for a message with a link of a kind, marks it as read and returns the URL of the most probable one. Without a kind,
   * a link to verify, to sign in or to reset.
   */
  async link(kind?: LinkKind, options: WaitOptions = {}): Promise<string> {
    const kinds = kind === undefined ? CALLS_TO_ACTION : [kind];
    return this.#wait(options, {}, `message with a link (${kinds.join(" or ")})`, (message) => {
      const links = message.links.filter((link) => kinds.includes(link.kind));
      // Sorting is stable: the first of those that are equally probable.
      return links.sort((a, b) => b.confidence - a.confidence)[0]?.url;
    });
  }

  /** A page of messages, newest first, 30 a page. */
  async messages(page = 1): Promise<MessageItem[]> {
    const { transport, token, messages } = this.#routes;
    return transport.list<MessageItem>({ method: "GET", path: messages, token, query: { page } }, "messages");
  }

  /** A whole message. Reading marks nothing. */
  async message(id: string): Promise<Message> {
    const { transport, token, messages } = this.#routes;
    const call = { method: "GET" as const, path: `${messages}/${segment(id)}`, token };
    return transport.json<Message>(call, ["id", "codes", "links"]);
  }

  /** The bytes of a message as they were received: an `.eml` file. */
  async source(id: string): Promise<Uint8Array> {
    return this.#bytes(`/${segment(id)}/source`);
  }

  /** The decoded bytes of an attachment. */
  async attachment(id: string, index: number): Promise<Uint8Array> {
    return this.#bytes(`/${segment(id)}/attachments/${segment(String(index))}`);
  }

  /**
   * A page of the messages that fulfil a query, newest first. The next page is that of `cursor: page.next`, which is null on
   * the last one.
   */
  async search(query: string, options: SearchOptions = {}): Promise<SearchPage> {
    const { transport, token, all } = this.#routes;
    const call = { method: "GET" as const, path: `${all}/search`, token, query: { ...options, q: this.#query(query) } };
    return transport.json<SearchPage>(call, ["messages", "next", "complete"]);
  }

  /** Deletes the messages that fulfil a query; returns how many. `*` deletes all. */
  async deleteMatching(query: string, options: Pick<SearchOptions, "tz"> = {}): Promise<number> {
    const { transport, token, all } = this.#routes;
    const filter = { ...options, q: this.#query(query) };
    let deleted = 0;
    // One call examines a bounded number of messages.
    for (let cursor: string | undefined; ; ) {
      const call = { method: "DELETE" as const, path: all, token, query: { ...filter, cursor } };
      const answer = await transport.json<{ deleted: number; next: string | null }>(call, ["deleted", "next"]);
      deleted += answer.deleted;
      if (answer.next === null) {
        return deleted;
      }
      cursor = answer.next;
    }
  }

  /** Marks a message as read. */
  async markRead(id: string): Promise<void> {
    await this.#claim(id);
  }

  /** Marks a message as unread. */
  async markUnread(id: string): Promise<void> {
    const { transport, token, messages } = this.#routes;
    await transport.send({ method: "DELETE", path: `${messages}/${segment(id)}/read`, token });
  }

  /** Deletes a message. */
  async deleteMessage(id: string): Promise<void> {
    const { transport, token, messages } = this.#routes;
    await transport.send({ method: "DELETE", path: `${messages}/${segment(id)}`, token });
  }

  async #wait<T>(options: WaitOptions, query: WaitQuery, what: string, select: Select<T>): Promise<T> {
    const { transport, token, accountId } = this.#routes;
    const timeoutMs = options.timeoutMs ?? this.#routes.waitTimeoutMs();
    const deadline = performance.now() + timeoutMs;
    const filter = this.#filter(options, query);
    // Every unread message counts, or what came after the cursor.
    let since = options.since ?? "0";
    for (;;) {
      const leftMs = Math.max(0, deadline - performance.now());
      const heldMs = Math.min(leftMs, MAX_CALL_MS);
      const call = {
        method: "GET" as const,
        path: `${this.#routes.all}/wait`,
        token,
        query: { ...filter, since, timeout: Math.ceil(heldMs / 1000) },
        heldMs,
        retryUntil: deadline,
      };
      let answer;
      try {
        answer = await transport.send(call);
      } catch (error) {
        // A server that is restarted still has the messages.
        if (error instanceof ConnectionError && transport.hasAnswered && leftMs > RECONNECT_MS) {
          await sleep(RECONNECT_MS);
          continue;
        }
        throw error;
      }
      if (answer.status === 204) {
        since = answer.headers.get("X-Mayfly-Since") ?? since;
        if (performance.now() >= deadline) {
          throw await this.#timeout(filter, what, timeoutMs);
        }
        continue;
      }
      const found = transport.parse<Found>(answer, ["messages", "since"], hasMessage);
      since = found.since;
      const [message] = found.messages;
      const isOwn = accountId === undefined || message.account_id === accountId;
      const value = isOwn ? select(message) : undefined;
      // Another wait on the same mailbox can be first. After a cursor, messages that are read count too.
      if (value !== undefined) {
        const isUnread = await this.#claim(message.id);
        if (isUnread || options.since !== undefined) {
          return value;
        }
      }
    }
  }

  /** A query for these messages alone. */
  #query(query: string): string {
    const { accountId } = this.#routes;
    if (query.trim() === "") {
      throw new MayflyError("the query is empty: * finds everything");
    }
    if (accountId === undefined) {
      return query;
    }
    // All terms of a query must hold, and * stands alone.
    return query.trim() === "*" ? `in:${accountId}` : `in:${accountId} ${query}`;
  }

  #filter(options: WaitOptions, query: WaitQuery): WaitQuery {
    const filter: WaitQuery = { ...query };
    if (options.since === undefined) {
      filter.unread = true;
    }
    if (options.from !== undefined) {
      filter.from = options.from;
    }
    if (options.to !== undefined) {
      filter.to = options.to;
    }
    if (options.subject !== undefined) {
      filter.subject = options.subject instanceof RegExp ? `/${expression(options.subject)}/` : options.subject;
    }
    if (options.query !== undefined) {
      filter.q = options.query;
    }
    return filter;
  }

  /** Marks a message as read; returns whether it was unread. The key makes a repeated call get the same answer. */
  async #claim(id: string): Promise<boolean> {
    const { transport, token, messages } = this.#routes;
    const headers = { "X-Mayfly-Claim": randomUUID() };
    const answer = await transport.send({ method: "PUT", path: `${messages}/${segment(id)}/read`, token, headers });
    return answer.headers.get("X-Mayfly-Changed") !== "false";
  }

  async #timeout(filter: WaitQuery, what: string, timeoutMs: number): Promise<WaitTimeoutError> {
    const { q, unread: _, has_code: __, ...conditions } = filter;
    const shown = Object.entries(q === undefined ? conditions : { ...conditions, query: q });
    const wanted = shown.map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).join("");
    const head = `no ${what}${wanted} for ${this.#routes.label} within ${seconds(timeoutMs)}`;
    try {
      const arrived = await this.messages();
      return new WaitTimeoutError(`${head}: ${report(arrived)}`, arrived);
    } catch (cause) {
      return new WaitTimeoutError(`${head}; the messages that arrived cannot be listed`, [], { cause });
    }
  }

  async #bytes(path: string): Promise<Uint8Array> {
    const { transport, token, messages } = this.#routes;
    return (await transport.send({ method: "GET", path: messages + path, token })).body;
  }
}

/** Whether the first message of an answer can be read: without one, a wait would ask again at once. */
function hasMessage(found: Found): boolean {
  const message: Partial<MessageReceived> | null | undefined = Array.isArray(found.messages) ? found.messages[0] : undefined;
  return Array.isArray(message?.codes) && Array.isArray(message?.links);
}

/** Lists what arrived, for a person. */
function report(arrived: readonly MessageItem[]): string {
  if (arrived.length === 0) {
    return "no mail arrived";
  }
  const lines = arrived.slice(0, MAX_LISTED).map((item) => {
    const from = item.from ?? item.sender;
    return `\n  ${quoted(item.subject ?? "")} from ${quoted(from)}${item.is_read ? ", read already" : ""}`;
  });
  const more = arrived.length > MAX_LISTED ? "\n  and older ones" : "";
  return `what arrived did not match:${lines.join("")}${more}`;
}

/** A text without the control characters of a mail, which would act on a terminal. */
function quoted(text: string): string {
  const escape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, escape);
}

/** An expression as the server takes it: flags become a group. */
function expression(pattern: RegExp): string {
  const flags = pattern.flags.replace(/[^ims]/g, "");
  return flags === "" ? pattern.source : `(?${flags})${pattern.source}`;
}

/** @internal A part of a path. An empty one would name another route. */
export function segment(id: string): string {
  if (id === "") {
    throw new MayflyError("the id is empty");
  }
  return encodeURIComponent(id);
}
