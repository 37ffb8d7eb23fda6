//! Errors. Each names the server or the mailbox, what happened, and what to do if that is known.

import type { MessageItem } from "./types.js";

/** Every error of this package. */
export class MayflyError extends Error {
  override name = "MayflyError";
}

/** No connection to the server: it is down, or its URL is wrong. */
export class ConnectionError extends MayflyError {
  override name = "ConnectionError";
}

/** The server accepted the connection and did not answer in time. */
export class RequestTimeoutError extends MayflyError {
  override name = "RequestTimeoutError";
}

/** The answer is none of Mayfly's: no JSON, other keys, a redirect. */
export class InvalidResponseError extends MayflyError {
  override name = "InvalidResponseError";
}

/** An error answer. */
export class ApiError extends MayflyError {
  override name = "ApiError";
  /** The HTTP status. */
  readonly status: number;
  /** The `error` of the answer, such as `address_taken`; null if something else answered, such as a proxy. */
  readonly code: string | null;

  constructor(message: string, status: number, code: string | null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** `429`: too many calls. Thrown when the pause that the server asks for does not fit into the time-out. */
export class RateLimitedError extends ApiError {
  override name = "RateLimitedError";
  /** The pause that the server asks for, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(message: string, code: string | null, retryAfterMs: number) {
    super(message, 429, code);
    this.retryAfterMs = retryAfterMs;
  }
}

/** `503`: something that the server needs is down. Calls without a second effect have been repeated. */
export class UnavailableError extends ApiError {
  override name = "UnavailableError";

  constructor(message: string, code: string | null) {
    super(message, 503, code);
  }
}

/** No message matched in time. The error's text lists what arrived instead. */
export class WaitTimeoutError extends MayflyError {
  override name = "WaitTimeoutError";
  /** The newest messages of the mailbox, 30 at most, read or unread. */
  readonly arrived: readonly MessageItem[];

  constructor(message: string, arrived: readonly MessageItem[], options?: ErrorOptions) {
    super(message, options);
    this.arrived = arrived;
  }
}
