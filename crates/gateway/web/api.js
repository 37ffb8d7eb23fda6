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
 * @property {string} created_at
 * @property {Code[]} [codes]
 * @property {Link[]} [links]
 */
/** @typedef {{index: number, filename: string | null, content_type: string, size: number}} Attachment */
/** @typedef {Item & {address: string, text_body: string | null, html_body: string | null, attachments: Attachment[]}} Message */
/** @typedef {{type: string, host: string, value: string, priority?: number, ok?: boolean}} DnsRecord */

/** The path that the server is under: this file is in its `web/`. */
const BASE = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** The path of a route or a view, from the root of the host. @param {string} path */
export function under(path) {
  return BASE + path;
}

/** Messages of a full page of the list. A shorter page is the last one. */
export const PAGE_SIZE = 30;

/** An unsuccessful response, or no response at all (status 0). */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
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
  return texts.errors[error.code] ?? error.message;
}

/**
 * Calls the API with a bearer token.
 * @param {string} method
 * @param {string} path
 * @param {string | null} token
 * @param {unknown} [body]
 * @returns {Promise<Response>}
 */
export async function send(method, path, token, body) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(under(path), {
      method, headers, credentials: "omit", cache: "no-store",
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
  } catch {
    throw new ApiError(0, "offline", texts.errors.offline);
  }
  if (response.ok) return response;
  /** @type {{error?: string, message?: string}} */
  const answer = await response.json().catch(() => ({}));
  throw new ApiError(response.status, answer.error ?? "internal_error", answer.message ?? response.statusText);
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
