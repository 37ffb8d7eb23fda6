//! Tasks, which Cypress runs in Node. A browser could not reach a server on another origin.

/// <reference types="cypress" preserve="true" />

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type LinkKind, type Mailbox, Mayfly, type Message } from "@mayfly/client";

import { type CypressCodeOptions, type CypressMailbox, type CypressWaitOptions, type Outcome, WAIT_TIMEOUT_MS } from "./protocol.js";

/** How many messages of a mailbox are saved for a failed test, the newest first. */
const MAX_SAVED = 20;

/** How tasks reach the server. */
export interface PluginOptions {
  /** The URL; by default `MAYFLY_SERVER`, else `http://127.0.0.1:8080`. */
  server?: string;
  /** The API token of a Pro user, who then owns the mailboxes. */
  token?: string;
  /** Where mail of failed tests is saved; by default `cypress/mail`. */
  artifacts?: string;
}

/** Adds the tasks: call it in `setupNodeEvents`. */
export function mayflyPlugin(on: Cypress.PluginEvents, options: PluginOptions = {}): void {
  const { server, token, artifacts = join("cypress", "mail") } = options;
  const mayfly = new Mayfly({ server, token, waitTimeoutMs: WAIT_TIMEOUT_MS });
  /** Mailboxes by token: opening one again costs a call. */
  const mailboxes = new Map<string, Mailbox>();

  async function open(token: string): Promise<Mailbox> {
    const mailbox = mailboxes.get(token) ?? (await mayfly.openMailbox(token));
    mailboxes.set(token, mailbox);
    return mailbox;
  }

  on("task", {
    "mayfly:create": () =>
      outcome<CypressMailbox>(async () => {
        const mailbox = await mayfly.createMailbox();
        mailboxes.set(mailbox.token, mailbox);
        const { id, address, token } = mailbox;
        return { id, address, token };
      }),
    "mayfly:wait": ({ token, options }: { token: string; options: CypressWaitOptions }) =>
      outcome<Message>(async () => (await open(token)).wait(options)),
    "mayfly:code": ({ token, options }: { token: string; options: CypressCodeOptions }) =>
      outcome<string>(async () => (await open(token)).code(options)),
    "mayfly:link": ({ token, kind, options }: { token: string; kind?: LinkKind; options: CypressWaitOptions }) =>
      outcome<string>(async () => (await open(token)).link(kind, options)),
    "mayfly:delete": ({ token, failed }: { token: string; failed?: string }) =>
      outcome<string[]>(async () => {
        const mailbox = await open(token);
        const saved = failed === undefined ? [] : await save(mailbox, join(artifacts, failed));
        mailboxes.delete(token);
        await mailbox.delete();
        return saved;
      }),
  });
}

async function save(mailbox: Mailbox, directory: string): Promise<string[]> {
  const files: string[] = [];
  for (const message of (await mailbox.messages()).slice(0, MAX_SAVED)) {
    const file = join(directory, `${mailbox.address}-${files.length + 1}.eml`);
    await mkdir(directory, { recursive: true });
    await writeFile(file, await mailbox.source(message.id));
    files.push(file);
  }
  return files;
}

async function outcome<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
