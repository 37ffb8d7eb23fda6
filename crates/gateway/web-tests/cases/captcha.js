// A server with `gateway.captcha = "altcha"`: the page solves the challenges.
import assert from "node:assert/strict";
import { call, PASSWORD } from "../support/api.js";
import { base, pageCases, unique } from "../support/cases.js";
import { checkAccessibility } from "../support/checks.js";
import { openInbox } from "../support/inbox.js";

pageCases({
  async captcha_is_solved_by_the_page({ page }) {
    /** @type {string[]} */
    const sent = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/api/accounts")) sent.push(request.headers()["x-captcha"] ?? "");
    });
    await openInbox(page);
    assert.equal(sent.length, 2, sent.join());
    const { challenge, solution } = JSON.parse(atob(sent[1] ?? ""));
    assert.equal(challenge.parameters.algorithm, "SHA-256");
    assert.ok(solution.derivedKey.startsWith(challenge.parameters.keyPrefix));
    await checkAccessibility(page, "captcha");
    // The solution is good for one mailbox.
    const response = await fetch(`${base}/api/accounts`, {
      method: "POST", headers: { "content-type": "application/json", "x-captcha": sent[1] ?? "" },
      body: JSON.stringify({ address: `${unique("again")}@mayfly.test`, password: PASSWORD }),
    });
    assert.equal((await response.json()).error, "invalid_captcha");
  },

  async captcha_that_expired_is_solved_again({ page }) {
    let tried = 0;
    await page.route("**/api/accounts", async (route) => {
      if (route.request().headers()["x-captcha"] && (tried += 1) === 1) {
        return route.fulfill({ status: 400, json: { error: "invalid_captcha", message: "the captcha has expired" } });
      }
      return route.continue();
    });
    await openInbox(page);
    assert.equal(tried, 2);
  },

  async captcha_is_not_asked_of_pro_users({ page }) {
    await page.goto(base);
    const { token } = await call("POST", "/pro/api/register", null, { email: `${unique("ann")}@example.com`, password: PASSWORD });
    const created = await call("POST", "/api/accounts", token, { address: `${unique("owned")}@mayfly.test`, password: PASSWORD });
    assert.ok(created.id, JSON.stringify(created));
  },
});
