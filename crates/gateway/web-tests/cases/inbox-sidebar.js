// Several mailboxes in one browser: the sidebar on wide screens, a list on phones.
import assert from "node:assert/strict";
import { DESKTOP, PHONE, pageCases } from "../support/cases.js";
import { checkView } from "../support/checks.js";
import { getMailbox, listedSubject, openInbox, waitForAddress } from "../support/inbox.js";
import { HOSTILE, sendMail, shopMail } from "../support/mail.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("../../web/sidebar.js").Sidebar} Sidebar */

/** Opens the page with two mailboxes, the second open. The first has a message. @param {Page} page */
async function openTwoMailboxes(page) {
  const first = await openInbox(page);
  await sendMail(first, shopMail(HOSTILE));
  await listedSubject(page, HOSTILE).waitFor();
  await page.getByRole("button", { name: "+ New mailbox" }).click();
  const second = await getMailbox(page, page.getByRole("dialog"));
  const sidebar = page.getByRole("navigation", { name: "Mailboxes" });
  const rowOf = (/** @type {string} */ address) => sidebar.getByRole("button", { name: address.split("@")[0] });
  // The marker shows at the end that the page was not loaded again.
  await page.evaluate(() => { globalThis.loadMarker = true; });
  return { first, second, sidebar, firstRow: rowOf(first), secondRow: rowOf(second) };
}

/** @param {Page} page */
async function assertNotReloaded(page) {
  assert.equal(await page.evaluate(() => globalThis.loadMarker), true, "the page was loaded again");
}

/** Waits until the mailbox that is not open is live, or has no feed. @param {Page} page @param {boolean} isLive */
async function waitForBackgroundFeed(page, isLive) {
  await page.waitForFunction((isLive) => {
    const sidebar = /** @type {Sidebar} */ (document.querySelector("mailbox-sidebar"));
    const other = [...sidebar.background.values()][0];
    return isLive ? other.feed?.isLive : other.feed === null;
  }, isLive);
}

pageCases({
  async sidebar_mail_to_each_mailbox_updates_counts({ page }) {
    const { first, second, firstRow, secondRow } = await openTwoMailboxes(page);
    await firstRow.getByText(HOSTILE).waitFor();
    assert.equal(await firstRow.locator(".count").textContent(), "1 unread");
    assert.equal(await secondRow.getAttribute("aria-current"), "true");
    await waitForBackgroundFeed(page, true);
    await sendMail(first, shopMail("Beside"));
    await firstRow.getByText("Beside").waitFor();
    assert.equal(await firstRow.locator(".count").textContent(), "2 unread");
    assert.equal(await page.title(), "(2) Mayfly");
    await sendMail(second, shopMail("Here"));
    await secondRow.getByText("Here").waitFor();
    await listedSubject(page, "Here").waitFor();
    assert.equal(await page.title(), "(3) Mayfly");
    await checkView(page, "several");
    await assertNotReloaded(page);
  },

  async sidebar_on_phone_is_hidden_and_closes_feeds({ page }) {
    const { first, sidebar, secondRow } = await openTwoMailboxes(page);
    await waitForBackgroundFeed(page, true);
    await page.setViewportSize(PHONE);
    assert.equal(await sidebar.isVisible(), false);
    await waitForBackgroundFeed(page, false);
    await page.getByRole("combobox", { name: "Mailboxes" }).selectOption(first);
    await waitForAddress(page, first);
    await page.setViewportSize(DESKTOP);
    await secondRow.getByText("no messages").waitFor();
    await assertNotReloaded(page);
  },

  async sidebar_enter_or_click_opens_mailbox({ page }) {
    const { first, second, firstRow, secondRow } = await openTwoMailboxes(page);
    await firstRow.click();
    await waitForAddress(page, first);
    await secondRow.focus();
    await page.keyboard.press("Enter");
    await waitForAddress(page, second);
    await assertNotReloaded(page);
  },
});
