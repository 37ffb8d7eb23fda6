import { ADMIN, act, readInto, searchForm, withReason } from "./admin-actions.js";
import { adminTexts } from "./admin-texts.js";
import { button, fill, h, table } from "./dom.js";
import { number } from "./language.js";
import { go } from "./route.js";
import { texts } from "./texts.js";

/** @typedef {{id: string, url: string, status: "active" | "paused" | "failed", pending_events: number, failure_count: number}} Webhook */

/** @type {import("./admin.js").Show} */
export async function showWebhooks(into, ask, named) {
  const rows = h("div");
  let user = named;
  const read = async () => {
    /** @type {{webhooks: Webhook[]}} */
    const { webhooks } = await ask("GET", `${ADMIN}/users/${encodeURIComponent(user)}/webhooks`);
    fill(rows, webhooks.length ? webhookTable(webhooks) : h("p", { class: "empty" }, adminTexts.noWebhooks));
  };
  const pause = (/** @type {Webhook} */ webhook) => withReason(adminTexts.pause, adminTexts.pauseWebhook(webhook.url), async (reason) => {
    await ask("POST", `${ADMIN}/webhooks/${webhook.id}/pause`, { reason });
    await read();
  });
  const resume = (/** @type {Webhook} */ webhook) => act(() => ask("POST", `${ADMIN}/webhooks/${webhook.id}/resume`), read);
  const webhookTable = (/** @type {Webhook[]} */ list) => table([texts.url, adminTexts.state, adminTexts.pending, texts.failures, texts.actions], list.map((webhook) => [
    h("code", {}, webhook.url), adminTexts.states[webhook.status], number(webhook.pending_events), number(webhook.failure_count),
    webhook.status === "paused" ? button(adminTexts.resume, () => resume(webhook), "small") : button(adminTexts.pause, () => pause(webhook), "small danger"),
  ]), texts.webhooks);
  if (user) await readInto(rows, read);
  fill(into, h("h2", {}, texts.webhooks),
    searchForm(adminTexts.userId, adminTexts.find, user, async (id) => {
      user = id;
      go(["admin", "webhooks", user], true);
      await read();
    }), rows);
}
