// The page without a mailbox, and the ways to get one.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { base, pageCases, unique } from "../support/cases.js";
import { checkAccessibility, checkView } from "../support/checks.js";
import { addressOf, getMailbox, openDetails, openInbox, receive, waitUntilLive } from "../support/inbox.js";

const UNAVAILABLE = { status: 503, json: { error: "unavailable", message: "try again shortly" } };

pageCases({
  async welcome_first_load_is_under_100_kb({ page }) {
    const started = performance.now();
    await page.goto(base);
    await page.getByRole("button", { name: "Get a mailbox" }).click();
    await waitUntilLive(page);
    const tookMs = Math.round(performance.now() - started);
    const bytes = await page.evaluate(() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
      .reduce((sum, entry) => sum + /** @type {PerformanceResourceTiming} */ (entry).transferSize, 0));
    console.log(`first load: ${bytes} bytes; from the URL to a live inbox: ${tookMs} ms`);
    assert.ok(bytes < 100_000, `${bytes} bytes`);
  },

  async welcome_view_is_accessible({ page }) {
    await page.goto(base);
    await page.getByRole("button", { name: "Get a mailbox" }).waitFor();
    await checkView(page, "welcome");
  },

  async welcome_get_mailbox_creates_random_address({ page }) {
    const address = await openInbox(page);
    assert.match(address, /^[a-z]+-[a-z]+-\d{4}@mayfly\.test$/);
    await page.getByRole("button", { name: "Copy", exact: true }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address);
  },

  async welcome_chosen_name_creates_that_address({ page }) {
    const name = unique("chosen");
    await openInbox(page);
    await page.getByRole("button", { name: "+ New mailbox" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Choose a name" }).click();
    await page.getByLabel("Name").fill(name);
    await page.waitForFunction(() => /** @type {HTMLSelectElement | null} */ (document.querySelector("select[name=domain]"))?.value);
    await checkAccessibility(page, "the dialog for another mailbox");
    await page.getByRole("button", { name: "Create" }).click();
    await page.locator(".address", { hasText: `${name}@mayfly.test` }).waitFor();
  },

  async welcome_domains_unavailable_can_be_retried({ page }) {
    const name = unique("chosen");
    await page.goto(base);
    await page.route("**/api/domains", (route) => route.fulfill(UNAVAILABLE));
    await page.getByRole("button", { name: "Choose a name" }).click();
    await page.getByRole("alert").getByText("The server is busy").waitFor();
    await page.unroute("**/api/domains");
    // The form is sent before the list arrives.
    await page.route("**/api/domains", async (route) => { await setTimeout(500); await route.continue(); });
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByLabel("Name").fill(name);
    await page.getByRole("button", { name: "Create" }).click();
    await page.locator(".address", { hasText: `${name}@mayfly.test` }).waitFor();
  },

  async welcome_proof_of_work_is_solved({ page }) {
    let tried = 0;
    await page.route("**/api/accounts", async (route) => {
      const { address, pow } = route.request().postDataJSON();
      tried += 1;
      if (!pow) return route.fulfill({ status: 400, json: { error: "pow_required", message: "14 bits" } });
      const digest = createHash("sha256").update(`${address}${pow.t}${pow.n}`).digest();
      assert.ok(Math.clz32(digest.readUInt32BE(0)) >= pow.d, JSON.stringify(pow));
      if (pow.d < 14) return route.fulfill({ json: { status: "retry", required_difficulty: 14, token: "x" } });
      return route.continue();
    });
    await openInbox(page);
    assert.equal(tried, 3);
  },

  async welcome_storage_full_warns_to_save_password({ page }) {
    await page.goto(base);
    await page.evaluate(() => { Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); }; });
    await getMailbox(page);
    await page.getByText("save its password before you close the page").waitFor();
    await openDetails(page);
    await page.getByRole("button", { name: "Copy: Password" }).waitFor();
    await page.keyboard.press("Escape");
    await receive(page, await addressOf(page), "one");
  },
});
