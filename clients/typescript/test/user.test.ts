//! What belongs to a Pro user, against a real server.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { ApiError, Mayfly, MayflyError, WaitTimeoutError } from "@mayfly/client";

import { send, sendFromSandbox, setting } from "./support.ts";

const server = setting("MAYFLY_SERVER");

/** Registers a Pro user. */
async function newUser(): Promise<Mayfly> {
  const anybody = new Mayfly({ server });
  return new Mayfly({ server, token: await anybody.register(`${crypto.randomUUID()}@example.com`, "correct horse") });
}

function isRefused(status: number, code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ApiError, String(error));
    assert.deepEqual([error.status, error.code], [status, code]);
    return true;
  };
}

test("user registers and signs in", async () => {
  const anybody = new Mayfly({ server });
  const email = `${crypto.randomUUID()}@example.com`;
  await anybody.register(email, "correct horse");
  const user = new Mayfly({ server, token: await anybody.login(email, "correct horse") });
  assert.deepEqual(await user.mailboxes(), []);
  await assert.rejects(anybody.login(email, "wrong horse"), isRefused(401, "invalid_credentials"));
  await assert.rejects(anybody.register(email, "correct horse"), isRefused(409, "email_taken"));
});

test("token does what its scopes and limits allow", async () => {
  const user = await newUser();
  const domain = (await user.domains()).find((one) => one.default)!.domain;
  const expires_at = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);
  const created = await user.tokens.create("ci", {
    scopes: ["accounts:write", "messages:read"],
    limits: { domains: [domain], address_prefix: "ci-" },
    expires_at,
  });
  const ci = new Mayfly({ server, token: created.token });

  const { id, name, scopes, limits, ...current } = await ci.tokens.current();
  assert.deepEqual([id, name, scopes], [created.id, "ci", ["accounts:write", "messages:read"]]);
  assert.deepEqual([limits?.domains, limits?.address_prefix, limits?.accounts], [[domain], "ci-", null]);
  assert.equal(Date.parse(current.expires_at!), expires_at.getTime());

  // A random address fits the limits.
  const mailbox = await ci.createMailbox();
  assert.match(mailbox.address, new RegExp(`^ci-[a-z2-9]{12}@${domain}$`));
  await assert.rejects(ci.createMailbox({ address: `a${mailbox.address}` }), isRefused(404, "not_found"));
  await assert.rejects(ci.mailboxes(), isRefused(403, "insufficient_scope"));
  await assert.rejects(ci.tokens.list(), isRefused(403, "insufficient_scope"));
  assert.deepEqual((await user.mailboxes()).map((one) => one.address), [mailbox.address]);
  await ci.deleteMailbox(mailbox.id);
  assert.deepEqual(await user.mailboxes(), []);
});

test("tokens are listed, rotated and revoked", async () => {
  const user = await newUser();
  const as = (token: string) => new Mayfly({ server, token });
  const first = await user.tokens.create("all");
  assert.deepEqual([first.scopes, first.limits, first.expires_at], [null, null, null]);
  const second = await user.tokens.rotate(first.id, { overlap: "1h", expires_at: new Date(Date.now() + 3_600_000) });
  // Both are valid for an hour.
  assert.equal((await as(first.token).tokens.current()).id, first.id);
  assert.equal((await as(second.token).tokens.current()).id, second.id);
  const third = await user.tokens.rotate(second.id);
  await assert.rejects(as(second.token).tokens.current(), isRefused(401, "invalid_token"));
  await user.tokens.revoke(third.id);
  await assert.rejects(as(third.token).tokens.current(), isRefused(401, "invalid_token"));
  const listed = new Map((await user.tokens.list()).map((token) => [token.id, token]));
  assert.deepEqual(new Set(listed.keys()), new Set([first.id, second.id, third.id]));
  assert.notEqual(listed.get(third.id)?.revoked_at, null);
  await assert.rejects(user.tokens.revoke(""), /the id is empty/);
  await assert.rejects(new Mayfly({ server, token: undefined }).tokens.list(), MayflyError);
});

test("messages are searched, marked and deleted by a query", async () => {
  const mailbox = await new Mayfly({ server }).createMailbox();
  for (const subject of ["Invoice 1", "Invoice 2", "Lunch"]) {
    await send(mailbox.address, subject, "x");
  }
  const first = await mailbox.search("subject:invoice", { limit: 1 });
  assert.deepEqual(first.messages.map((message) => message.subject), ["Invoice 2"]);
  const second = await mailbox.search("subject:invoice", { limit: 1, cursor: first.next! });
  assert.deepEqual(second.messages.map((message) => message.subject), ["Invoice 1"]);
  await mailbox.markRead(second.messages[0]!.id);
  assert.equal((await mailbox.search("subject:invoice is:read")).messages.length, 1);
  await mailbox.markUnread(second.messages[0]!.id);
  assert.equal((await mailbox.search("subject:invoice is:read")).messages.length, 0);
  assert.equal((await mailbox.search("after:2026-01-01", { tz: "Europe/Berlin" })).messages.length, 3);
  await assert.rejects(mailbox.search("unknown:field"), isRefused(400, "invalid_query"));
  await assert.rejects(mailbox.deleteMatching(" "), /the query is empty/);
  assert.equal(await mailbox.deleteMatching("subject:invoice"), 2);
  assert.deepEqual((await mailbox.messages()).map((message) => message.subject), ["Lunch"]);
  assert.equal(await mailbox.deleteMatching("*"), 1);
});

test("sandbox is found by its name, changed, and searched alone", async () => {
  const user = await newUser();
  const [api, other] = [await user.createSandbox("api"), await user.createSandbox("other")];
  await sendFromSandbox(other, "ann@customer.example", "Your bill");
  await sendFromSandbox(api, "ann@customer.example", "Your bill");
  const found = await user.sandbox("api");
  assert.equal((await found.wait()).subject, "Your bill");
  await assert.rejects(found.wait({ timeoutMs: 0 }), WaitTimeoutError);
  assert.equal((await found.search("subject:bill")).messages.length, 1);
  assert.equal(await found.deleteMatching("*"), 1);
  assert.equal((await other.search("*")).messages.length, 1);

  assert.equal((await found.update({ name: "renamed", max_messages: 10 })).max_messages, 10);
  await assert.rejects(user.sandbox("api"), /no sandbox has the name "api"/);
  const rotated = await (await user.sandbox("renamed")).rotatePassword();
  await assert.rejects(sendFromSandbox(api, "ann@customer.example", "x"), /535/);
  await sendFromSandbox(rotated, "ann@customer.example", "Again");
  assert.equal((await rotated.wait()).subject, "Again");
  await other.delete();
  const names = (await user.sandboxes()).map((sandbox) => sandbox.name);
  assert.deepEqual(names, ["renamed"]);
});

/** Starts a receiver of webhooks; returns its URL and the ids of the events that it got. */
async function receiver(context: TestContext): Promise<{ url: string; events: string[] }> {
  const events: string[] = [];
  const http = createServer((request, response) => {
    events.push(String(request.headers["webhook-id"]));
    response.end();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`, events };
}

test("webhook is created, tested, replayed, rotated and deleted", async (context) => {
  const user = await newUser();
  const { url, events } = await receiver(context);
  const webhook = await user.webhooks.create(url, { filter: "has:code" });
  assert.match(webhook.secret, /^whsec_/);
  assert.deepEqual((await user.webhooks.list()).map((one) => [one.id, one.filter]), [[webhook.id, "has:code"]]);
  assert.equal((await user.webhooks.setFilter(webhook.id, null)).filter, undefined);

  const event = await user.webhooks.test(webhook.id);
  let delivery;
  while (delivery === undefined) {
    await sleep(20);
    [delivery] = await user.webhooks.deliveries(webhook.id);
  }
  assert.deepEqual([delivery.event_id, delivery.status_code], [event, 200]);
  assert.equal(await user.webhooks.replay(webhook.id, delivery.id), event);
  while (events.length < 2) {
    await sleep(20);
  }
  assert.deepEqual(events, [event, event]);

  const secret = await user.webhooks.rotateSecret(webhook.id);
  assert.ok(secret.startsWith("whsec_") && secret !== webhook.secret);
  await user.webhooks.delete(webhook.id);
  assert.deepEqual(await user.webhooks.list(), []);
});
