// Sign-in that does not interrupt, what the state says, and several tabs.
import assert from "node:assert/strict";
import { base, pageCases } from "../support/cases.js";
import { PASSWORD, createMailbox } from "../support/api.js";
import { addressOf, getMailbox, listedSubject, openInbox, receive, storedMailboxes, waitForAddress, waitUntilLive } from "../support/inbox.js";

/** @typedef {import("playwright-core").Page} Page */

const LIMITED = { status: 429, headers: { "retry-after": "1" }, json: { error: "rate_limited", message: "slow down" } };

/** Makes the stored tokens those of another time. @param {Page} page */
const expireTokens = (page) => page.evaluate(() => {
  const list = JSON.parse(localStorage.getItem("mayfly.mailboxes") ?? "[]");
  localStorage.setItem("mayfly.mailboxes", JSON.stringify(list.map((/** @type {{token: string}} */ one) => ({ ...one, token: `${one.token}x` }))));
});

pageCases({
  async sign_in_with_kept_password_is_renewed_silently({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "before");
    await expireTokens(page);
    await page.reload();
    await listedSubject(page, "before").waitFor();
    await waitUntilLive(page);
    assert.equal(await page.getByLabel("Password").count(), 0);
    await receive(page, address, "after");
    const [{ token }] = await storedMailboxes(page);
    assert.ok(!token.endsWith("x"), "the new token is stored");
  },

  async sign_in_without_password_asks_for_it_only({ page }) {
    const mailbox = await createMailbox("signed-in");
    await page.goto(base);
    await page.evaluate((one) => localStorage.setItem("mayfly.mailboxes", JSON.stringify([{ ...one, token: `${one.token}x`, password: null }])), mailbox);
    await page.goto(`${base}/?again`);
    await page.getByText("You were signed out. Sign in again.").waitFor();
    assert.equal(await page.locator(".state").textContent(), "Signed out");
    assert.equal(await page.getByRole("textbox", { name: "Address" }).inputValue(), mailbox.address);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await waitUntilLive(page);
  },

  async state_limited_is_not_offline({ page }) {
    await receive(page, await openInbox(page), "one");
    let refusals = 0;
    /** @type {(string | null)[]} */
    const states = [];
    await page.route("**/api/messages", (route) => {
      refusals += 1;
      return refusals > 2 ? route.continue() : route.fulfill(LIMITED);
    });
    await page.reload();
    for (; refusals < 3; await page.waitForTimeout(100)) states.push(await page.locator(".state").textContent());
    await waitUntilLive(page);
    assert.ok(states.every((state) => !state?.startsWith("Offline")), states.join());
    assert.equal(refusals, 3, "it waits as long as Retry-After says");
  },

  async tabs_agree_on_mailboxes({ page }) {
    const first = await openInbox(page);
    const other = await page.context().newPage();
    await other.goto(base);
    await waitUntilLive(other);
    await other.getByRole("button", { name: "+ New mailbox" }).click();
    const second = await getMailbox(other, other.getByRole("dialog"));
    const names = page.getByRole("navigation", { name: "Mailboxes" });
    await names.getByRole("button", { name: second.split("@")[0] }).waitFor();
    // Each tab keeps its mailbox.
    await page.reload();
    await waitForAddress(page, first);
    assert.equal(await addressOf(other), second);
  },
});
