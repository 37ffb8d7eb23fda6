//! Commands and tasks against a real server. The program Cypress cannot be installed from npm alone, so that what it does between them
//! is done here: arguments and results of a task are JSON, commands are chained.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { mayflyPlugin } from "cypress-mayfly/plugin";
import { createTransport } from "nodemailer";

import { Mayfly } from "@mayfly/client";

/** A command that `then` chains, as those of Cypress. */
class Chain<T> {
  readonly promise: Promise<T>;

  constructor(promise: Promise<T>) {
    this.promise = promise;
  }

  then<U>(next: (value: T) => U | Chain<U>): Chain<U> {
    const chained = this.promise.then(async (value) => {
      const result = next(value);
      return result instanceof Chain ? result.promise : result;
    });
    // As Cypress does: a failed command fails its test, which awaits it.
    chained.catch(() => {});
    return new Chain(chained as Promise<U>);
  }
}

const artifacts = await mkdtemp(join(tmpdir(), "cypress-mayfly-"));
after(() => rm(artifacts, { recursive: true }));

let tasks: Record<string, (argument: never) => unknown> = {};
mayflyPlugin((_, registered) => (tasks = registered), { artifacts });

const commands: Record<string, (...args: unknown[]) => Chain<never>> = {};
const logged: string[] = [];
const pending: Promise<unknown>[] = [];
let runAfterEach: () => void = () => {};
Object.assign(globalThis, {
  Cypress: {
    Commands: { add: (name: string, command: never) => (commands[name] = command) },
    log: ({ message }: { message: string }) => logged.push(message),
  },
  cy: {
    task: (name: string, argument: unknown) => {
      const done = Promise.resolve(tasks[name]!(JSON.parse(JSON.stringify(argument)) as never));
      const chain = new Chain(done.then((outcome) => JSON.parse(JSON.stringify(outcome))));
      pending.push(chain.promise);
      return chain;
    },
  },
  afterEach: (hook: () => void) => (runAfterEach = hook),
});
await import("cypress-mayfly");

interface Mailbox {
  address: string;
  token: string;
}

function run<T>(name: string, ...args: unknown[]): Promise<T> {
  return commands[name]!(...args).promise;
}

/** Ends a test as Cypress does. */
async function end(state: "passed" | "failed", title: string): Promise<void> {
  runAfterEach.call({ currentTest: { state, fullTitle: () => title } } as never);
  await Promise.all(pending.splice(0));
  await new Promise((resolve) => setImmediate(resolve));
}

async function send(to: string, subject: string, text: string): Promise<void> {
  const [host, port] = process.env.MAYFLY_SMTP!.split(":");
  await createTransport({ host, port: Number(port), ignoreTLS: true }).sendMail({ from: "shop@example.com", to, subject, text });
}

test("commands yield a code, a link and a message", async () => {
  const mailbox = await run<Mailbox>("mailbox");
  await send(mailbox.address, "482913 is your code", "x");
  assert.equal(await run("mailboxCode", mailbox, { from: "shop@", length: 6 }), "482913");
  await send(mailbox.address, "Sign in", "Confirm: https://shop.example/verify/1");
  assert.equal(await run("mailboxLink", mailbox, "verify"), "https://shop.example/verify/1");
  await send(mailbox.address, "Lunch", "At noon?");
  assert.equal((await run<{ subject: string }>("mailboxWait", mailbox, { subject: "/^lunch$|^Lunch$/" })).subject, "Lunch");
  await end("passed", "sign-up");
  assert.deepEqual(logged, []);
  await assert.rejects(new Mayfly().openMailbox(mailbox.token), /invalid_token/);
});

test("failed test fails with what arrived, and its mail is saved", async () => {
  const mailbox = await run<Mailbox>("mailbox");
  await send(mailbox.address, "Lunch", "At noon?");
  await assert.rejects(run("mailboxCode", mailbox, { timeoutMs: 0 }), /within 0 s: what arrived did not match:\n {2}"Lunch"/);
  await end("failed", "Shop: sign-up / fails");
  assert.deepEqual(logged, [join(artifacts, "Shop-sign-up-fails", `${mailbox.address}-1.eml`)]);
  assert.match(await readFile(logged[0]!, "utf8"), /^Subject: Lunch\r$/m);
  await assert.rejects(new Mayfly().openMailbox(mailbox.token), /invalid_token/);
});

test("server that is down fails a test and is named", async () => {
  mayflyPlugin((_, registered) => (tasks = registered), { server: "http://127.0.0.1:1" });
  await assert.rejects(run("mailbox"), /^Error: http:\/\/127.0.0.1:1: .*Is Mayfly running there/);
});
