//! A real server.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, type Mailbox, Mayfly, WaitTimeoutError } from "@mayfly/client";

import { send, sendFromSandbox, setting } from "./support.ts";

const server = setting("MAYFLY_SERVER");
const mayfly = new Mayfly({ server });

test("code and link are taken from matching mail, each once", async () => {
  const mailbox = await mayfly.createMailbox();
  await send(mailbox.address, "Lunch", "At noon? https://shop.example/menu");
  await send(mailbox.address, "482913 is your code", "Confirm: https://shop.example/verify/1");
  assert.equal(await mailbox.code({ from: "SHOP@", subject: /^\d+ IS/i, length: "4-8", pattern: /\d{6}/ }), "482913");
  // That message is read, and the link of the other one is to nothing that is verified.
  await assert.rejects(mailbox.link("verify", { timeoutMs: 0 }), WaitTimeoutError);
  const waiting = mailbox.link();
  await send(mailbox.address, "Reset your password", "Here: https://shop.example/password/reset?t=1");
  assert.equal(await waiting, "https://shop.example/password/reset?t=1");
  // The mail that did not match is still unread.
  const message = await mailbox.wait();
  assert.equal(message.subject, "Lunch");
  assert.equal(message.text_body?.trim(), "At noon? https://shop.example/menu");
  // After a cursor, messages that are read count too.
  assert.equal((await mailbox.wait({ since: message.id })).subject, "482913 is your code");
});

test("time-out lists what arrived", async () => {
  const mailbox = await mayfly.createMailbox();
  await assert.rejects(mailbox.wait({ timeoutMs: 0 }), (error) => {
    assert.ok(error instanceof WaitTimeoutError);
    assert.equal(error.message, `no message for ${mailbox.address} within 0 s: no mail arrived`);
    return true;
  });
  await send(mailbox.address, "Lunch", "At noon?");
  await assert.rejects(mailbox.code({ from: "bank.example", timeoutMs: 300 }), (error) => {
    assert.ok(error instanceof WaitTimeoutError);
    assert.deepEqual(error.arrived.map((item) => item.from), ["A Shop <shop@example.com>"]);
    const [head, line] = error.message.split("\n");
    assert.equal(
      head,
      `no message with a code from="bank.example" for ${mailbox.address} within 0.3 s: what arrived did not match:`,
    );
    assert.match(line!, /^ {2}"Lunch" from "A Shop <shop@example.com>"$/);
    return true;
  });
});

test("messages are listed, read, downloaded and deleted", async () => {
  const mailbox = await mayfly.createMailbox();
  assert.equal((await mailbox.info()).used, 0);
  const id = await mailbox.sendTestMessage();
  const [item] = await mailbox.messages();
  assert.deepEqual([item?.id, item?.is_read], [id, false]);
  await mailbox.markRead(id);
  assert.equal((await mailbox.message(id)).is_read, true);
  assert.match(new TextDecoder().decode(await mailbox.source(id)), /^Subject: Test message\r$/m);
  await assert.rejects(mailbox.attachment(id, 0), (error) => error instanceof ApiError && error.code === "invalid_index");
  await mailbox.deleteMessage(id);
  assert.deepEqual(await mailbox.messages(), []);
  await assert.rejects(mailbox.message(""), /the id is empty/);
  await assert.rejects(mailbox.message("../me"), (error) => error instanceof ApiError && error.status === 404);
});

test("mailbox is signed in to, opened and deleted", async () => {
  const mailbox = await mayfly.createMailbox();
  const again = await mayfly.createMailbox({ address: mailbox.address, password: mailbox.password! });
  assert.equal(again.id, mailbox.id);
  assert.equal((await mayfly.openMailbox(mailbox.token)).address, mailbox.address);
  await assert.rejects(
    mayfly.createMailbox({ address: mailbox.address }),
    (error) => error instanceof ApiError && error.code === "address_taken",
  );
  await mailbox.delete();
  await assert.rejects(mailbox.info(), (error) => error instanceof ApiError && error.code === "invalid_token");
});

test("sandbox captures mail to any address, apart from other sandboxes", async () => {
  const user = new Mayfly({ server, token: await mayfly.register(`${crypto.randomUUID()}@example.com`, "correct horse") });
  const [sandbox, other] = [await user.createSandbox("api"), await user.createSandbox("other")];
  const owned = await user.createMailbox();
  assert.equal((await owned.info()).role, "pro");
  await sendFromSandbox(other, "ann@customer.example", "111111 is your code");
  await sendFromSandbox(sandbox, "ann@customer.example", "222222 is your code");
  assert.equal(await sandbox.code({ to: "ann@customer.example" }), "222222");
  await assert.rejects(sandbox.wait({ timeoutMs: 0 }), /for the sandbox "api" within 0 s: .*\n.*222222.* read already/);
  assert.equal((await other.wait()).recipients?.[0], "ann@customer.example");
  await sandbox.delete();
  await other.delete();
});

test("parallel mailboxes get their own mail only", async () => {
  const mailboxes = await Promise.all(Array.from({ length: 20 }, () => mayfly.createMailbox()));
  const use = async (mailbox: Mailbox, index: number) => {
    const code = String(100_000 + index * 7);
    const waiting = mailbox.code();
    await send(mailbox.address, `${code} is your code`, "x");
    assert.equal(await waiting, code);
    assert.equal((await mailbox.messages()).length, 1);
  };
  await Promise.all(mailboxes.map(use));
});
