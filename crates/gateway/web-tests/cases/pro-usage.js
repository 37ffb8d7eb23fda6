// The Pro dashboard: usage as figures, as a chart and as a table.
import assert from "node:assert/strict";
import { createMailbox } from "../support/api.js";
import { pageCases } from "../support/cases.js";
import { checkView } from "../support/checks.js";
import { sendText } from "../support/mail.js";
import { openDashboard } from "../support/pro.js";

/** @typedef {import("playwright-core").Page} Page */

/** Opens the section with a new user whose mailbox received three messages; returns the chart. @param {Page} page */
async function openUsage(page) {
  const token = await openDashboard(page, "mailboxes");
  const { address } = await createMailbox("owned", token);
  for (const subject of ["one", "two", "three"]) await sendText(address, subject);
  await page.getByRole("link", { name: "Usage" }).click();
  const chart = page.getByRole("slider", { name: "Messages per day" });
  await chart.waitFor();
  return chart;
}

pageCases({
  async pro_usage_counts_received_messages({ page }) {
    const chart = await openUsage(page);
    const received = page.locator(".figures div").filter({ hasText: "Messages received" }).locator("dd").first();
    await received.waitFor();
    assert.equal(await received.textContent(), "3");
    assert.match(await chart.getAttribute("aria-valuetext") ?? "", /: 3 messages, \d/);
    const heights = await page.locator(".bar-of-day").evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().height));
    assert.ok(heights[13] > 100 && heights[0] === 0, String(heights));
  },

  async pro_usage_keyboard_and_pointer_select_a_day({ page }) {
    const chart = await openUsage(page);
    await chart.focus();
    await page.keyboard.press("ArrowLeft");
    assert.match(await chart.getAttribute("aria-valuetext") ?? "", /: 0 messages, 0 bytes$/);
    await page.keyboard.press("Home");
    assert.equal(await chart.getAttribute("aria-valuenow"), "0");
    await page.keyboard.press("End");
    assert.equal(await chart.getAttribute("aria-valuenow"), "13");
    await chart.click({ position: { x: 2, y: 40 } });
    assert.equal(await chart.getAttribute("aria-valuenow"), "0");
  },

  async pro_usage_busy_days_are_accessible({ page }) {
    const today = Date.parse(new Date().toISOString().slice(0, 10));
    const days = [3, 5, 0, 12, 9, 14, 2, 0, 7, 18, 23, 11, 16, 8].map((messages, index) => (
      { day: new Date(today - (13 - index) * 86_400_000).toISOString().slice(0, 10), messages, bytes: messages * 18_300 }));
    await page.route("**/pro/api/usage?days=14", (route) => route.fulfill({ json: { days, account_count: 2, used: 1_932_735 } }));
    await openDashboard(page, "usage");
    await page.locator(".bar-of-day").first().waitFor();
    await checkView(page, "pro-usage");
  },

  async pro_usage_table_lists_each_day_of_the_period({ page }) {
    await openUsage(page);
    await page.getByText("Show as table").click();
    const rows = page.getByRole("table", { name: "Messages per day" }).getByRole("row");
    assert.equal(await rows.count(), 15);
    assert.equal((await rows.nth(1).getByRole("cell").allTextContents())[1], "3");
    await page.getByLabel("Period").selectOption("Last 90 days");
    await page.waitForFunction(() => document.querySelectorAll(".bar-of-day").length === 90);
    await checkView(page, "pro-usage-table");
  },
});
