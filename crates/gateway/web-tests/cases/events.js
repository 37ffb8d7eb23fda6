// The API in the browser without the page: the site of a developer who tests a sign-up.
import assert from "node:assert/strict";
import { base, pageCases, unique } from "../support/cases.js";
import { PASSWORD } from "../support/api.js";
import { CODE, CONFIRM_URL, sendMail, shopMail } from "../support/mail.js";

pageCases({
  async events_ticket_opens_event_source_that_reports_mail({ page }) {
    await page.goto(base);
    const account = await page.evaluate(async ([address, password]) => {
      const post = async (/** @type {string} */ path, /** @type {unknown} */ body, /** @type {string | undefined} */ token = undefined) => (await fetch(path, {
        method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
      })).json();
      const account = await post("/api/accounts", { address, password });
      const { ticket } = await post("/api/tickets", { for: "events" }, account.token);
      const events = new EventSource(`/api/events?ticket=${ticket}`);
      globalThis.nextEvent = new Promise((resolve, reject) => {
        events.addEventListener("new_email", (event) => { resolve({ id: event.lastEventId, ...JSON.parse(event.data) }); events.close(); });
        events.addEventListener("error", () => reject(new Error("the stream failed")));
      });
      await new Promise((resolve) => { events.addEventListener("open", resolve); });
      return account;
    }, [`${unique("sign-up")}@mayfly.test`, PASSWORD]);
    await sendMail(account.address, shopMail("Confirm your account"));
    const { id } = await page.evaluate(() => globalThis.nextEvent);
    const message = await page.evaluate(async ([id, token]) =>
      (await fetch(`/api/messages/${id}`, { headers: { authorization: `Bearer ${token}` } })).json(), [id, account.token]);
    assert.equal(message.subject, "Confirm your account");
    assert.deepEqual(message.codes.map((/** @type {{value: string}} */ code) => code.value), [CODE]);
    assert.deepEqual(message.links.map((/** @type {{url: string, kind: string}} */ link) => [link.url, link.kind]), [[CONFIRM_URL, "verify"]]);
  },
});
