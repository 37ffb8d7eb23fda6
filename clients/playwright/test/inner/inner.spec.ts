//! Tests that `fixtures.spec.ts` runs in a Playwright of their own: several fail on purpose.

import { test } from "@mayfly/playwright";

test("passed", async ({ mailbox }) => {
  console.log(mailbox.token);
  await mailbox.sendTestMessage();
  await mailbox.code();
});

test("mail does not match", async ({ mailbox }) => {
  await mailbox.sendTestMessage();
  await mailbox.sendTestMessage();
  await mailbox.code({ from: "bank.example", timeoutMs: 0 });
});

test("no mail in the time of the test", async ({ mailbox }) => {
  test.setTimeout(6000);
  await mailbox.wait();
});

// After the deletion, the token is void: neither the list nor another deletion succeeds.
test("passed without its mailbox", async ({ mailbox }) => {
  await mailbox.delete();
});

test("failed without its mailbox", async ({ mailbox }) => {
  await mailbox.delete();
  throw new Error("of the test");
});
