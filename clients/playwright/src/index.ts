//! Playwright fixtures: a mailbox for each test. A failed test has its mail attached.

import { rm, writeFile } from "node:fs/promises";

import { test as base, type TestInfo } from "@playwright/test";
import { type Mailbox, Mayfly, type NewMailbox } from "@mayfly/client";

export { expect } from "@playwright/test";
export * from "@mayfly/client";

/** Wait so much less than the test can last, so that the test fails with what arrived and not with its own time-out. */
const RESERVE_MS = 2000;
/** The longest wait by default. */
const WAIT_TIMEOUT_MS = 30_000;
/** How many messages of a mailbox are attached, the newest first. */
const MAX_ATTACHED = 20;

/** Fixtures and options of a worker. */
export interface MayflyWorkerFixtures {
  /** The server; by default as for `Mayfly`: `MAYFLY_SERVER`, else `http://127.0.0.1:8080`. */
  mayflyServer: string | undefined;
  /** The API token of a Pro user, who then owns the mailboxes; by default `MAYFLY_TOKEN`, else none. */
  mayflyToken: string | undefined;
}

/** Fixtures of a test. */
export interface MayflyFixtures {
  /** The server. */
  mayfly: Mayfly;
  /** Creates further mailboxes for this test. They are deleted after it. */
  createMailbox: (options?: NewMailbox) => Promise<Mailbox>;
  /** A mailbox for this test alone. It is deleted after the test. */
  mailbox: Mailbox;
}

/** `test` of Playwright with the fixtures. */
export const test = base.extend<MayflyFixtures, MayflyWorkerFixtures>({
  mayflyServer: [undefined, { option: true, scope: "worker" }],
  mayflyToken: [undefined, { option: true, scope: "worker" }],

  mayfly: async ({ mayflyServer, mayflyToken }, use, testInfo) => {
    const startedAt = performance.now();
    const waitTimeoutMs = () => {
      const leftMs = testInfo.timeout - (performance.now() - startedAt) - RESERVE_MS;
      // No time-out is 0.
      return testInfo.timeout === 0 ? WAIT_TIMEOUT_MS : Math.max(0, Math.min(WAIT_TIMEOUT_MS, leftMs));
    };
    await use(new Mayfly({ server: mayflyServer, token: mayflyToken, waitTimeoutMs }));
  },

  createMailbox: async ({ mayfly }, use, testInfo) => {
    const mailboxes: Mailbox[] = [];
    await use(async (options) => {
      const mailbox = await mayfly.createMailbox(options);
      mailboxes.push(mailbox);
      return mailbox;
    });
    for (const mailbox of mailboxes) {
      try {
        if (testInfo.status !== testInfo.expectedStatus) {
          await attachMessages(testInfo, mailbox);
        }
        await mailbox.delete();
      } catch (error) {
        // The test has its result, and mailboxes expire: a server that is gone now must not hide it.
        testInfo.annotations.push({ type: "mayfly", description: `${mailbox.address}: ${String(error)}` });
      }
    }
  },

  mailbox: async ({ createMailbox }, use) => {
    await use(await createMailbox());
  },
});

async function attachMessages(testInfo: TestInfo, mailbox: Mailbox): Promise<void> {
  const messages = (await mailbox.messages()).slice(0, MAX_ATTACHED);
  for (const message of messages) {
    // A file, since Playwright shows the path of an attachment that has one, and keeps it in `test-results`.
    const path = testInfo.outputPath(`${message.id}.eml`);
    await writeFile(path, await mailbox.source(message.id));
    await testInfo.attach(fileName(message.subject), { path, contentType: "message/rfc822" });
    await rm(path);
  }
}

function fileName(subject: string | null): string {
  const words = (subject ?? "").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60);
  return `${words || "message"}.eml`;
}
