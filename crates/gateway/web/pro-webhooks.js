import { explain } from "./api.js";
import { button, confirmed, copyable, field, fill, form, h, table, toast, when } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {{id: string, url: string, events: string[], status: string, failure_count: number, last_triggered_at: string | null, gives_up_at: string | null}} Webhook */
/** @typedef {{id: string, event_type: string, status_code: number | null, error: string | null, attempt: number, created_at: string}} Delivery */

/** How often, and at which interval, the delivery log is read until a new delivery appears. */
const LOG_READS = 20;
const LOG_INTERVAL_MS = 500;

/** @param {HTMLElement} into @param {import("./pro.js").Ask} ask */
export async function showWebhooks(into, ask) {
  const list = h("div", { class: "panel" });
  const newSecret = h("div", { "aria-live": "polite" });
  const read = async () => {
    /** @type {{webhooks: Webhook[]}} */
    const { webhooks } = await ask("GET", "/pro/api/webhooks");
    fill(list, ...(webhooks.length ? webhooks.map(card) : [h("p", { class: "empty" }, texts.noWebhooks)]));
  };
  const act = async (/** @type {() => Promise<unknown>} */ change) => {
    try {
      await change();
    } catch (error) {
      toast(explain(error), "bad");
    }
  };
  const showSecret = (/** @type {string} */ secret) =>
    fill(newSecret, h("div", { class: "shown-once" }, h("strong", {}, texts.shownOnce), copyable(secret, texts.secret)));
  const rotate = async (/** @type {Webhook} */ webhook) => {
    if (!await confirmed(texts.rotateAsk, texts.rotate)) return;
    await act(async () => {
      showSecret((await ask("POST", `/pro/api/webhooks/${webhook.id}/rotate`)).secret);
      await read();
    });
  };
  const remove = async (/** @type {Webhook} */ webhook) => {
    if (!await confirmed(texts.deleteAsk(webhook.url), texts.remove)) return;
    await act(async () => {
      await ask("DELETE", `/pro/api/webhooks/${webhook.id}`);
      await read();
    });
  };
  const card = (/** @type {Webhook} */ webhook) => {
    const log = h("div");
    const path = `/pro/api/webhooks/${webhook.id}`;
    /** @type {string | undefined} */
    let newest;
    const readLog = async () => {
      /** @type {{deliveries: Delivery[]}} */
      const { deliveries } = await ask("GET", `${path}/deliveries`);
      newest = deliveries[0]?.id;
      fill(log, deliveries.length ? deliveryTable(deliveries, replay) : h("p", { class: "hint" }, texts.noDeliveries));
    };
    /** Triggers a delivery, and updates the log until the delivery appears. @param {string} route @param {string} note */
    const deliver = (route, note) => act(async () => {
      await readLog();
      const before = newest;
      await ask("POST", path + route);
      toast(note);
      for (let left = LOG_READS; left > 0 && newest === before && log.isConnected; left -= 1) {
        await new Promise((resolve) => { setTimeout(resolve, LOG_INTERVAL_MS); });
        await readLog();
      }
    });
    const replay = (/** @type {string} */ id) => deliver(`/deliveries/${id}/replay`, texts.replayed);
    return h("article", { class: "card", "aria-label": webhook.url },
      h("div", { class: "row" }, h("h2", {}, webhook.url), h("span", { class: "tag" }, webhook.status)),
      h("p", { class: "hint" }, `${webhook.failure_count} ${texts.failures}`),
      webhook.gives_up_at ? h("p", { class: "hint" }, texts.disabledAfter, when(webhook.gives_up_at)) : "",
      h("div", { class: "row" },
        button(texts.sendTest, () => deliver("/test", texts.testSent), "primary"),
        button(texts.deliveries, () => act(readLog)), button(texts.rotate, () => rotate(webhook)), button(texts.remove, () => remove(webhook), "danger")),
      log);
  };
  await read();
  fill(into, h("h1", {}, texts.webhooks), h("p", { class: "hint" }, texts.webhooksIntro),
    form([field(texts.url, h("input", { name: "url", type: "url", required: true }))], texts.createWebhook, async (data) => {
      showSecret((await ask("POST", "/pro/api/webhooks", { url: data.get("url") })).secret);
      await read();
    }, explain), newSecret, list);
}

/** @param {Delivery[]} deliveries @param {(id: string) => void} replay */
function deliveryTable(deliveries, replay) {
  return table([texts.receivedTitle, texts.attempt, texts.result, texts.actions], deliveries.map((one) => [
    when(one.created_at), one.attempt, one.status_code ?? one.error ?? texts.pendingDelivery, button(texts.replay, () => replay(one.id), "small"),
  ]), texts.deliveries);
}
