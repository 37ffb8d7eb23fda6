import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { Mayfly } from "@mayfly/client";
import { Webhook } from "standardwebhooks";

import { app, processed } from "./app.mjs";

const mayflyServer = process.env.MAYFLY_SERVER ?? "http://127.0.0.1:8080";
let receiver;
let url;

before(async () => {
  receiver = app.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  url = `http://127.0.0.1:${receiver.address().port}/mail`;
});
after(() => receiver.close());

async function post(path, body, token) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(mayflyServer + path, { method: "POST", headers, body: JSON.stringify(body) });
  return response.json();
}

test("mail is reported", async () => {
  const { token } = await post("/pro/api/register", { email: `${crypto.randomUUID()}@example.com`, password: "correct horse" });
  process.env.WEBHOOK_SECRET = (await post("/pro/api/webhooks", { url }, token)).secret;
  const mailbox = await new Mayfly({ server: mayflyServer, token }).createMailbox();
  const id = await mailbox.sendTestMessage();
  const deadline = performance.now() + 30_000;
  while (processed.size === 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const [event] = processed.values();
  assert.deepEqual([event.type, event.data.email_id, event.data.address], ["email.received", id, mailbox.address]);
});

test("forged and recorded deliveries are refused", async () => {
  const secret = process.env.WEBHOOK_SECRET;
  const body = JSON.stringify({ id: "evt_1", data: { address: "", subject: "", codes: [] } });
  const status = async (signer, time) => {
    const headers = {
      "Content-Type": "application/json",
      "webhook-id": "evt_1",
      "webhook-timestamp": String(Math.floor(time.getTime() / 1000)),
      "webhook-signature": new Webhook(signer).sign("evt_1", time, body),
    };
    return (await fetch(url, { method: "POST", headers, body })).status;
  };
  const now = new Date();
  assert.equal(await status("whsec_d3Jvbmc=", now), 401);
  assert.equal(await status(secret, new Date(now.getTime() - 10 * 60_000)), 401);
  assert.equal((await fetch(url, { method: "POST", body })).status, 401);
  assert.equal(await status(secret, now), 204);
});
