import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { createTransport } from "nodemailer";

import { expect, type Mailbox, test } from "@mayfly/playwright";

/** Sends a mail to a mailbox. */
async function send(mailbox: Mailbox, subject: string): Promise<void> {
  const [host, port] = process.env.MAYFLY_SMTP!.split(":");
  const mail = { from: "shop@example.com", to: mailbox.address, subject, text: "x" };
  await createTransport({ host, port: Number(port), ignoreTLS: true }).sendMail(mail);
}

interface Spec {
  title: string;
  tests: { results: Result[] }[];
}

interface Result {
  status: string;
  errors: { message: string }[];
  attachments: { name: string; contentType: string; path: string }[];
  annotations: { type: string; description: string }[];
  stdout: { text: string }[];
}

/** The results of the tests in `inner`, by title. */
let results: Map<string, Result>;

test.beforeAll(async () => {
  const cli = createRequire(import.meta.url).resolve("@playwright/test/cli");
  const cwd = join(import.meta.dirname, "inner");
  // Some tests fail, so its exit code is 1.
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, [cli, "test", "--reporter=json"], { cwd }, (_, stdout) => resolve(stdout));
  });
  const specs = JSON.parse(stdout).suites.flatMap((suite: { specs: object[] }) => suite.specs);
  results = new Map(specs.map((spec: Spec) => [spec.title, spec.tests[0]!.results[0]!]));
});

function resultOf(title: string): Result {
  return results.get(title)!;
}

test("each test has a mailbox of its own", async ({ mailbox, createMailbox, mayfly }) => {
  const other = await createMailbox();
  expect(other.address).not.toBe(mailbox.address);
  await send(other, "222222 is your code");
  await send(mailbox, "111111 is your code");
  expect(await mailbox.code({ from: "shop" })).toBe("111111");
  expect(await other.code()).toBe("222222");
  expect(mayfly.server).toBe(process.env.MAYFLY_SERVER);
});

test("mailbox of a passed test is deleted without attachments", async ({ mayfly }) => {
  const result = resultOf("passed");
  expect(result.status).toBe("passed");
  expect(result.attachments).toEqual([]);
  const token = result.stdout[0]!.text.trim();
  await expect(mayfly.openMailbox(token)).rejects.toThrow("invalid_token");
});

test("failed test has its mail attached, and says what arrived", async () => {
  const result = resultOf("mail does not match");
  expect(result.status).toBe("failed");
  expect(result.errors[0]!.message).toContain('"Test message" from "Mayfly <no-reply@mayfly.test>"');
  const mails = result.attachments.filter((attachment) => attachment.contentType === "message/rfc822");
  expect(mails.map((mail) => mail.name)).toEqual(["Test-message.eml", "Test-message.eml"]);
  // Each in a file of its own, whose path the reporter of the terminal shows.
  expect(new Set(mails.map((mail) => mail.path)).size).toBe(2);
  for (const mail of mails) {
    expect(await readFile(mail.path, "utf8")).toContain("\r\nSubject: Test message\r\n");
  }
});

test("wait ends before the test does", async () => {
  const result = resultOf("no mail in the time of the test");
  expect(result.status).toBe("failed");
  expect(result.errors[0]!.message).toContain("no mail arrived");
});

test("server that is down fails a test and is named", async () => {
  const result = resultOf("server is down");
  expect(result.status).toBe("failed");
  expect(result.errors[0]!.message).toContain("http://127.0.0.1:1: ");
});

test("clean-up that fails does not change the result of a test", async () => {
  const passed = resultOf("passed without its mailbox");
  expect(passed.status).toBe("passed");
  expect(passed.annotations[0]!.description).toContain("401 invalid_token");
  const failed = resultOf("failed without its mailbox");
  expect(failed.errors.map((error) => error.message)).toEqual([expect.stringContaining("of the test")]);
});
