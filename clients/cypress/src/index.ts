//! Commands, which run in the browser: import this in the support file.

/// <reference types="cypress" preserve="true" />

import type { LinkKind, Message } from "@mayfly/client";

import {
  type CypressCodeOptions,
  type CypressMailbox,
  type CypressWaitOptions,
  GRACE_MS,
  type Outcome,
  WAIT_TIMEOUT_MS,
} from "./protocol.js";

export type { CypressCodeOptions, CypressMailbox, CypressWaitOptions } from "./protocol.js";

declare global {
  // The types of Cypress are a namespace that plugins extend.
  namespace Cypress {
    interface Chainable {
      /** Creates a mailbox for this test. It is deleted after it. */
      mailbox(): Chainable<CypressMailbox>;
      /** Waits for a message in a mailbox, marks it as read and yields it. */
      mailboxWait(mailbox: CypressMailbox, options?: CypressWaitOptions): Chainable<Message>;
      /** Waits for a message with a one-time code and yields the most probable code. */
      mailboxCode(mailbox: CypressMailbox, options?: CypressCodeOptions): Chainable<string>;
      /** Waits for a message with a link of a kind and yields its URL; without a kind, a link to verify, to sign in or to reset. */
      mailboxLink(mailbox: CypressMailbox, kind?: LinkKind, options?: CypressWaitOptions): Chainable<string>;
    }
  }
}

/** The mailboxes of the running test. */
const mailboxes: CypressMailbox[] = [];

/** Runs a task; fails the test with the text of its error. */
function task<T>(name: string, argument: object, timeoutMs = 0): Cypress.Chainable<T> {
  const options = { timeout: timeoutMs + GRACE_MS, log: false };
  return cy.task<Outcome<T>>(`mayfly:${name}`, argument, options).then((outcome) => {
    if ("error" in outcome) {
      throw new Error(outcome.error);
    }
    return outcome.value;
  }) as Cypress.Chainable<T>;
}

function timeout(options: CypressWaitOptions): number {
  return options.timeoutMs ?? WAIT_TIMEOUT_MS;
}

Cypress.Commands.add("mailbox", () => task<CypressMailbox>("create", {}).then((mailbox) => {
  mailboxes.push(mailbox);
  return mailbox;
}));

Cypress.Commands.add("mailboxWait", ({ token }: CypressMailbox, options: CypressWaitOptions = {}) =>
  task<Message>("wait", { token, options }, timeout(options)));

Cypress.Commands.add("mailboxCode", ({ token }: CypressMailbox, options: CypressCodeOptions = {}) =>
  task<string>("code", { token, options }, timeout(options)));

Cypress.Commands.add("mailboxLink", ({ token }: CypressMailbox, kind?: LinkKind, options: CypressWaitOptions = {}) =>
  task<string>("link", { token, kind, options }, timeout(options)));

afterEach(function deleteMailboxes() {
  const test = this.currentTest;
  const failed = test?.state === "failed" ? test.fullTitle().replace(/[^\p{L}\p{N}]+/gu, "-") : undefined;
  for (const { token } of mailboxes.splice(0)) {
    // The test has its result: an error here is no failure.
    cy.task<Outcome<string[]>>("mayfly:delete", { token, failed }, { timeout: GRACE_MS, log: false }).then((outcome) => {
      for (const file of "value" in outcome ? outcome.value : []) {
        Cypress.log({ name: "mail", message: file });
      }
    });
  }
});
