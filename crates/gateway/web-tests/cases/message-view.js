// One message: its formats, what was extracted from it, its attachments.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pageCases } from "../support/cases.js";
import { checkAccessibility, checkView } from "../support/checks.js";
import { openInbox, openMessage } from "../support/inbox.js";
import { CODE, CONFIRM_URL, HOSTILE, TRACKER_URL, sendMail, shopMail } from "../support/mail.js";

/** Opens the page with a new mailbox and one message. @param {import("playwright-core").Page} page */
async function openShopMail(page, subject = "First", from = "Corner Shop") {
  await sendMail(await openInbox(page), shopMail(subject, from));
  await openMessage(page, subject);
}

pageCases({
  async message_view_copies_code_and_links_confirmation({ page }) {
    await openShopMail(page);
    const view = page.locator("message-view");
    await view.getByRole("button", { name: `Copy code ${CODE}` }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), CODE);
    assert.equal(await view.getByRole("list", { name: "Links" }).getByRole("link").getAttribute("href"), CONFIRM_URL);
  },

  async message_view_html_is_sandboxed_without_images({ page, externalRequests }) {
    await openShopMail(page);
    const heading = page.frameLocator("message-view iframe").getByRole("heading", { name: "Welcome" });
    await heading.waitFor();
    assert.equal(await page.locator("message-view iframe").getAttribute("sandbox"), "allow-popups allow-popups-to-escape-sandbox");
    await checkView(page, "message-html");
    assert.deepEqual(externalRequests, []);
    const requested = page.waitForRequest(TRACKER_URL);
    await page.getByRole("button", { name: "Show remote images" }).click();
    await requested;
    await heading.waitFor();
  },

  async message_view_text_has_links_and_no_markup({ page }) {
    await openShopMail(page);
    await page.getByRole("button", { name: "Text", exact: true }).click();
    await page.locator("pre.text", { hasText: HOSTILE }).waitFor();
    assert.equal(await page.locator("pre.text a").getAttribute("href"), CONFIRM_URL);
    await checkView(page, "message");
  },

  async message_view_headers_exclude_body({ page }) {
    await openShopMail(page);
    await page.getByRole("button", { name: "Headers", exact: true }).click();
    await page.locator("pre.source", { hasText: "Subject: First" }).waitFor();
    assert.equal(await page.locator("pre.source", { hasText: "--outer" }).count(), 0);
  },

  async message_view_source_is_complete_and_accessible({ page }) {
    await openShopMail(page);
    await page.getByRole("button", { name: "Source", exact: true }).click();
    await page.locator("pre.source", { hasText: "--outer--" }).waitFor();
    await checkAccessibility(page, "the source");
  },

  async message_view_attachment_is_downloaded({ page }) {
    await openShopMail(page);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "bill.pdf" }).click()]);
    assert.equal(download.suggestedFilename(), "bill.pdf");
    assert.equal(readFileSync(await download.path(), "utf8"), "the bill");
  },

  async message_view_hostile_sender_and_subject_are_text({ page }) {
    await openShopMail(page, HOSTILE, HOSTILE);
    await page.locator("message-view h2", { hasText: HOSTILE }).waitFor();
    await page.locator("message-view dd", { hasText: HOSTILE }).waitFor();
  },
});
