import { texts } from "./texts.js";

/** @typedef {{id: string, address: string, token: string}} SignedIn */
/** @typedef {{value: string, confidence?: number}} Code */
/** @typedef {{url: string, text?: string | null, kind?: string | null, confidence?: number}} Link */
/**
 * @typedef {object} Item
 * @property {string} id
 * @property {string} sender
 * @property {string | null} from
 * @property {string | null} subject
 * @property {string} preview_text
 * @property {number} size
 * @property {boolean} is_read
 * @property {boolean | null} [has_attachments]
 * @property {string} created_at
 * @property {string} [account_id]
 * @property {string} [address]
 * @property {Code[]} [codes]
 * @property {Link[]} [links]
 */
/** @typedef {{index: number, filename: string | null, content_type: string, size: number}} Attachment */
/** @typedef {{name: string | null, address: string}} NamedAddress */
/**
 * @typedef {object} MessageBody
 * @property {string} address
 * @property {NamedAddress[]} to
 * @property {NamedAddress[]} cc
 * @property {NamedAddress[]} reply_to
 * @property {string[] | null} recipients
 * @property {string[]} bcc
 * @property {string | null} date
 * @property {string | null} text_body
 * @property {string | null} html_body
 * @property {Attachment[]} attachments
 */
/** @typedef {Item & MessageBody} Message */
/** @typedef {{type: string, host: string, value: string, priority?: number, ok?: boolean}} DnsRecord */

/** The path that the server is under: this file is in its `web/`. */
const BASE = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** The path of a route or a view, from the root of the host. @param {string} path */
export function under(path) {
  return BASE + path;
}

/** Messages of a full page of the list. A shorter page is the last one. */
export const PAGE_SIZE = 30;

/** The longest `Retry-After` that a call waits for. A longer one is shown to the user. */
const MAX_RETRY_AFTER_SECS = 10;
const MAX_RETRIES = 3;

/** An unsuccessful response, or no response at all (status 0). */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} message @param {number} [retryAfterSecs] */
  constructor(status, code, message, retryAfterSecs = 0) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSecs = retryAfterSecs;
  }
}

/** Whether the object does not exist, or no longer. @param {unknown} error */
export function isNotFound(error) {
  return error instanceof ApiError && [404, 410].includes(error.status);
}

/** The message for the user. @param {unknown} error */
export function explain(error) {
  if (!(error instanceof ApiError)) return texts.errors.internal_error;
  // A server without this feature answers 405 where the path exists with other methods.
  if (error.status === 405) return texts.notSupported;
  // A URL is invalid for many reasons. The server names the one that applies.
  if (error.code === "invalid_url") return texts.invalidUrl(error.message);
  return /** @type {Record<string, string>} */ (texts.errors)[error.code] ?? error.message;
}

/** Tokens that expired, with the token that replaced each. @type {Map<string, string>} */
const replaced = new Map();
/** Renewals that are under way, so that concurrent calls share one. @type {Map<string, Promise<string | null>>} */
const renewals = new Map();
/** @type {(token: string) => Promise<string | null>} */
let renewal = async () => null;

/** Sets how an expired token is replaced without the user; null if it cannot be. @param {(token: string) => Promise<string | null>} renew */
export function setRenewal(renew) {
  renewal = renew;
}

/** The token that is valid now in place of one that may have expired. @param {string} token */
export function currentToken(token) {
  let current = token;
  for (let next = replaced.get(current); next !== undefined; next = replaced.get(current)) current = next;
  return current;
}

/** Replaces an expired token; returns whether that succeeded. @param {string} token */
async function renew(token) {
  const pending = renewals.get(token) ?? renewal(token).finally(() => renewals.delete(token));
  renewals.set(token, pending);
  const next = await pending;
  if (next && next !== token) replaced.set(token, next);
  return next !== null;
}

/** No call is sent before this time: the server asked for a pause. */
let pausedUntil = 0;

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * Calls the API with a bearer token. It waits as long as `Retry-After` says, and replaces an expired token.
 * @param {string} method
 * @param {string} path
 * @param {string | null} token
 * @param {unknown} [body]
 * @param {RequestInit} [options] of `fetch`, in place of those of the page
 * @returns {Promise<Response>}
 */
export async function send(method, path, token, body, options) {
  for (let retries = 0, isRenewed = false; ; ) {
    if (pausedUntil > Date.now()) await sleep(pausedUntil - Date.now());
    const sent = token && currentToken(token);
    const response = await attempt(method, path, sent, body, options);
    if (response.ok) return response;
    const error = await errorOf(response);
    if (sent && error.code === "invalid_token" && !isRenewed && (currentToken(sent) !== sent || await renew(sent))) {
      isRenewed = true;
    } else if (isRetryable(error, method) && retries < MAX_RETRIES) {
      retries += 1;
      // Pages that were refused together do not come back together.
      pausedUntil = Date.now() + error.retryAfterSecs * 1000 * (1 + Math.random() / 2);
    } else {
      throw error;
    }
  }
}

/** Whether the call can be repeated after the pause that the server names. @param {ApiError} error @param {string} method */
function isRetryable(error, method) {
  const isRefused = error.status === 429 || (error.status === 503 && method !== "POST");
  return isRefused && error.retryAfterSecs > 0 && error.retryAfterSecs <= MAX_RETRY_AFTER_SECS;
}

/** @param {string} method @param {string} path @param {string | null} token @param {unknown} body @param {RequestInit} [options] @returns {Promise<Response>} */
async function attempt(method, path, token, body, options) {
  const headers = /** @type {Record<string, string>} */ ({ ...options?.headers });
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(under(path), {
      ...options, method, headers, credentials: "omit", cache: "no-store",
      // A change that the user made is sent even if the page is closed at that moment.
      keepalive: method !== "GET",
      body: body === undefined ? null : JSON.stringify(body),
      signal: options?.signal ?? AbortSignal.timeout(30_000),
    });
  } catch {
    throw new ApiError(0, "offline", texts.errors.offline);
  }
}

/** @param {Response} response */
async function errorOf(response) {
  /** @type {{error?: string, message?: string}} */
  const answer = await response.json().catch(() => ({}));
  const retryAfterSecs = Number(response.headers.get("retry-after")) || 0;
  return new ApiError(response.status, answer.error ?? "internal_error", answer.message ?? response.statusText, retryAfterSecs);
}

/**
 * Calls the API and parses the JSON response (null when it has no body).
 * @param {string} method
 * @param {string} path
 * @param {string | null} token
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, token, body) {
  const response = await send(method, path, token, body);
  return response.status === 204 ? null : response.json();
}

/** Downloads a response as a file. @param {string} path @param {string} token @param {string} name */
export async function download(path, token, name) {
  const response = await send("GET", path, token);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
