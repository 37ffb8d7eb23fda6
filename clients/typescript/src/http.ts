//! Calls of the HTTP API: time-outs, retries and errors. It knows no route.

import { randomUUID } from "node:crypto";

import {
  ApiError,
  ConnectionError,
  InvalidResponseError,
  MayflyError,
  RateLimitedError,
  RequestTimeoutError,
  UnavailableError,
} from "./errors.js";

/** How often a call without a second effect is repeated after `503`. */
const MAX_RETRIES = 3;
/** The pause after the first `503`; it doubles. Also the spread of pauses, so that parallel workers do not come back at once. */
const BACKOFF_MS = 250;
/** The longest pause after a `503` that names none. */
const MAX_BACKOFF_MS = 2000;
/** The pause after a `429` that names none. */
const DEFAULT_PAUSE_MS = 1000;
/** The longest that `setTimeout` waits: it takes more for nothing. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** How much of an answer that is not understood is shown. */
const EXCERPT_CHARS = 100;

/** One call. */
export interface Call {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  token?: string | undefined;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  /** For a call that the server holds open, beside the time-out of every call. */
  heldMs?: number;
  /** When repetitions end: a time of `performance.now()`. */
  retryUntil?: number;
  /** Whether a POST can be repeated without a second effect. Calls with other methods can. */
  isRepeatable?: boolean;
}

/** Makes a POST of a Pro user repeatable: repeated calls with one key have one effect. */
export function idempotent(): Pick<Call, "headers" | "isRepeatable"> {
  return { headers: { "Idempotency-Key": randomUUID() }, isRepeatable: true };
}

/** An answer with a status of 2xx. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Uint8Array;
}

/** Sends calls to one server. */
export class Transport {
  readonly #base: string;
  readonly #timeoutMs: number;
  /** A server that has answered before is restarting when it refuses a connection. */
  hasAnswered = false;

  constructor(server: string, timeoutMs: number) {
    this.#base = baseUrl(server);
    this.#timeoutMs = timeoutMs;
  }

  /** The URL of the server, without a slash at the end. */
  get server(): string {
    return this.#base;
  }

  /** Calls, and parses the JSON object of the answer, which has the given keys. */
  async json<T extends object>(call: Call, keys: readonly (keyof T & string)[]): Promise<T> {
    return this.parse<T>(await this.send(call), keys);
  }

  /** Calls, and returns the list of objects that the answer has under a key. */
  async list<T extends object>(call: Call, key: string): Promise<T[]> {
    const answer = await this.send(call);
    const isList = (found: Record<string, T[]>) => Array.isArray(found[key]) && found[key].every(isObject);
    return this.parse<Record<string, T[]>>(answer, [key], isList)[key]!;
  }

  /** Parses the JSON object of an answer, which has the given keys and what else the caller reads. */
  parse<T extends object>(answer: Answer, keys: readonly (keyof T & string)[], isReadable = (_: T) => true): T {
    const text = new TextDecoder().decode(answer.body);
    const value = parsed(text);
    if (value === undefined) {
      throw new InvalidResponseError(`${this.#base}: the answer is not JSON: ${excerpt(text)}`);
    }
    const missing = keys.find((key) => !isObject(value) || !(key in value));
    if (missing !== undefined) {
      throw new InvalidResponseError(`${this.#base}: the answer has no "${missing}": ${excerpt(text)}`);
    }
    if (!isReadable(value as T)) {
      throw new InvalidResponseError(`${this.#base}: the answer is none of Mayfly's: ${excerpt(text)}`);
    }
    return value as T;
  }

  /** Calls, and repeats the call while the server asks for it. Returns answers of 2xx only. */
  async send(call: Call): Promise<Answer> {
    const retryUntil = call.retryUntil ?? performance.now() + this.#timeoutMs;
    const isRepeatable = call.isRepeatable ?? call.method !== "POST";
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#attempt(call);
      if (answer.status >= 200 && answer.status < 300) {
        return answer;
      }
      const pauseMs = this.#pauseMs(answer, attempt);
      const isRetried =
        answer.status === 429 ||
        (answer.status === 503 && isRepeatable && (call.retryUntil !== undefined || attempt < MAX_RETRIES));
      if (!isRetried || performance.now() + pauseMs > retryUntil) {
        throw this.#error(call, answer);
      }
      await sleep(pauseMs + Math.random() * BACKOFF_MS);
    }
  }

  async #attempt(call: Call): Promise<Answer> {
    const url = new URL(this.#base + call.path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) {
        url.searchParams.set(name, String(value));
      }
    }
    const headers = new Headers(call.headers);
    if (call.token !== undefined) {
      headers.set("Authorization", `Bearer ${call.token}`);
    }
    const init: RequestInit = { method: call.method, headers, redirect: "manual" };
    if (call.body !== undefined) {
      headers.set("Content-Type", "application/json");
      init.body = JSON.stringify(call.body);
    }
    const timeoutMs = this.#timeoutMs + (call.heldMs ?? 0);
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), Math.min(timeoutMs, MAX_TIMER_MS));
    init.signal = controller.signal;
    try {
      const response = await fetch(url, init);
      const body = new Uint8Array(await response.arrayBuffer());
      this.hasAnswered = true;
      return { status: response.status, headers: response.headers, body };
    } catch (error) {
      if (controller.signal.aborted) {
        throw new RequestTimeoutError(
          `${this.#base}: no answer to ${call.method} ${call.path} within ${seconds(timeoutMs)}`,
          { cause: error },
        );
      }
      throw new ConnectionError(
        `${this.#base}: ${reason(error)}. Is Mayfly running there? Start it with \`mayfly\`, or set MAYFLY_SERVER.`,
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  #pauseMs(answer: Answer, attempt: number): number {
    const header = answer.headers.get("Retry-After") ?? "";
    const askedMs = /^\d+$/.test(header) ? Number(header) * 1000 : undefined;
    if (answer.status === 429) {
      return askedMs ?? DEFAULT_PAUSE_MS;
    }
    return Math.max(Math.min(BACKOFF_MS * 2 ** attempt, MAX_BACKOFF_MS), askedMs ?? 0);
  }

  #error(call: Call, answer: Answer): MayflyError {
    const location = answer.headers.get("Location");
    if (answer.status >= 300 && answer.status < 400) {
      return new InvalidResponseError(`${this.#base}: redirects to ${location}: set that URL as the server`);
    }
    const text = new TextDecoder().decode(answer.body);
    const body = parsed(text) as { error?: unknown; message?: unknown } | null | undefined;
    const code = typeof body?.error === "string" ? body.error : null;
    const detail = code === null ? excerpt(text) : `${code}: ${String(body?.message)}`;
    const message = `${this.#base}: ${call.method} ${call.path}: ${answer.status} ${detail}`;
    switch (answer.status) {
      case 429: {
        const pauseMs = this.#pauseMs(answer, 0);
        return new RateLimitedError(`${message} (retry after ${seconds(pauseMs)})`, code, pauseMs);
      }
      case 503:
        return new UnavailableError(message, code);
      default:
        return new ApiError(message, answer.status, code);
    }
  }
}

/** Waits for some milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Shows milliseconds in seconds. */
export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** Completes `127.0.0.1:8080`, as the program `mayfly` does. */
function baseUrl(server: string): string {
  try {
    const url = new URL(server.includes("://") ? server : `http://${server}`);
    if (/^https?:$/.test(url.protocol)) {
      return url.href.replace(/\/+$/, "");
    }
  } catch {
    // The error below is the same.
  }
  throw new MayflyError(`server: ${JSON.stringify(server)} is no URL of http or https`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function excerpt(text: string): string {
  return text === "" ? "an empty body" : JSON.stringify(text.slice(0, EXCERPT_CHARS));
}

/** The reason behind `fetch failed`: Node keeps it in the causes. */
function reason(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause;
  if (cause instanceof Error) {
    const code = (cause as { code?: unknown }).code;
    return typeof code === "string" ? `${code} ${cause.message}`.trim() : cause.message;
  }
  return error instanceof Error ? error.message : String(error);
}
