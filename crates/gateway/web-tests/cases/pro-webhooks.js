// The Pro dashboard: webhooks, their secrets and their deliveries.
import assert from "node:assert/strict";
import { createMailbox } from "../support/api.js";
import { pageCases, until } from "../support/cases.js";
import { checkView } from "../support/checks.js";
import { sendMail, shopMail } from "../support/mail.js";
import { openDashboard } from "../support/pro.js";
import { assertSigned, startReceiver } from "../support/webhook-receiver.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {Awaited<ReturnType<typeof startReceiver>>} Receiver */

/** Opens the section with a new user and one webhook, and runs steps. @param {Page} page @param {(webhook: Awaited<ReturnType<typeof createWebhook>>) => Promise<void>} steps */
async function withWebhook(page, steps) {
  const receiver = await startReceiver();
  try {
    await steps(await createWebhook(page, receiver));
  } finally {
    receiver.close();
  }
}

/** @param {Page} page @param {Receiver} receiver */
async function createWebhook(page, receiver) {
  const owner = await openDashboard(page, "webhooks");
  await page.getByLabel("URL").fill(receiver.url);
  await page.getByRole("button", { name: "Create webhook" }).click();
  const shownSecret = page.locator(".shown-once code");
  const secret = await shownSecret.textContent() ?? "";
  const card = page.getByRole("article", { name: receiver.url });
  return { owner, receiver, card, secret, shownSecret, delivered: card.getByRole("cell", { name: "200", exact: true }) };
}

pageCases({
  async pro_webhook_forbidden_url_shows_the_reason({ page }) {
    await openDashboard(page, "webhooks");
    for (const [url, problem] of [
      ["http://127.0.0.1:25/", "The URL is not accepted: the URL names a port that is not for webhooks."],
      ["http://10.0.0.1:8080/", "The URL is not accepted: the URL needs a name in place of an address."],
    ]) {
      await page.getByLabel("URL").fill(url);
      await page.getByRole("button", { name: "Create webhook" }).click();
      await page.getByRole("alert").getByText(problem, { exact: true }).waitFor();
    }
  },

  async pro_webhook_test_event_is_signed_and_logged({ page }) {
    await withWebhook(page, async ({ receiver, card, secret, delivered }) => {
      assert.match(secret, /^whsec_/);
      await card.getByRole("button", { name: "Send test" }).click();
      assertSigned(await receiver.next(), secret);
      await delivered.waitFor();
    });
  },

  async pro_webhook_rotated_secret_signs_the_next_event({ page }) {
    await withWebhook(page, async ({ owner, receiver, card, secret, shownSecret }) => {
      const { address } = await createMailbox("owned", owner);
      await card.getByRole("button", { name: "Rotate secret" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Rotate secret" }).click();
      await page.waitForFunction((old) => document.querySelector(".shown-once code")?.textContent !== old, secret);
      const rotated = await shownSecret.textContent() ?? "";
      await sendMail(address, shopMail("For the webhook"));
      const delivery = await receiver.next();
      assertSigned(delivery, rotated);
      assert.deepEqual([delivery.event.type, delivery.event.data.subject], ["email.received", "For the webhook"]);
    });
  },

  async pro_webhook_replay_delivers_the_same_event({ page }) {
    await withWebhook(page, async ({ owner, receiver, card, secret, delivered }) => {
      const { address } = await createMailbox("owned", owner);
      await card.getByRole("button", { name: "Send test" }).click();
      await receiver.next();
      await delivered.waitFor();
      await sendMail(address, shopMail("For the webhook"));
      const first = await receiver.next();
      assertSigned(first, secret);
      await until(async () => {
        await Promise.all([page.waitForResponse("**/deliveries"), card.getByRole("button", { name: "Deliveries" }).click()]);
        return await delivered.count() === 2;
      }, "the delivery is logged");
      await card.getByRole("row").nth(1).getByRole("button", { name: "Replay" }).click();
      const replayed = await receiver.next();
      assertSigned(replayed, secret);
      assert.deepEqual(replayed.event, first.event);
      await delivered.nth(2).waitFor();
      await checkView(page, "pro-webhooks");
    });
  },

  async pro_webhook_secret_is_shown_once({ page }) {
    await withWebhook(page, async ({ card, shownSecret }) => {
      await page.reload();
      await card.waitFor();
      assert.equal(await shownSecret.count(), 0);
    });
  },

  async pro_webhook_delete_removes_it({ page }) {
    await withWebhook(page, async ({ card }) => {
      await card.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await page.getByText("No webhooks yet.").waitFor();
    });
  },
});
