//! What commands in the browser and tasks in Node say to each other. A task can return JSON only.

import type { WaitOptions } from "@mayfly/client";

/** A mailbox, as commands hand it to tests. */
export interface CypressMailbox {
  id: string;
  address: string;
  token: string;
}

/** Which message is waited for; a regular expression as a part of the subject is written `"/…/"`. */
export interface CypressWaitOptions extends Omit<WaitOptions, "subject"> {
  subject?: string;
}

/** Which code is waited for. */
export interface CypressCodeOptions extends CypressWaitOptions {
  /** How many characters the code has: `6`, or `"4-8"`. */
  length?: number | string;
}

/** The outcome of a task. An error is returned and not thrown: Cypress would show its stack and not its text. */
export type Outcome<T> = { value: T } | { error: string };

/** How long a command waits for its task beyond the time-out of the wait. */
export const GRACE_MS = 10_000;
/** The longest wait by default. */
export const WAIT_TIMEOUT_MS = 30_000;
