// The Pro dashboard shows the mail of a mailbox as the inbox does.
import assert from "node:assert/strict";
import { call, createMailbox } from "../support/api.js";
import { base, pageCases, until } from "../support/cases.js";
import { checkView } from "../support/checks.js";
import { listedSubject, openMessage, waitForMessage, waitUntilLive } from "../support/inbox.js";
import { CODE, CONFIRM_URL, sendMail, sendText, shopMail } from "../support/mail.js";
import { openDashboard } from "../support/pro.js";

/** Opens a mailbox of a new user in the dashboard. @param {import("playwright-core").Page} page */
async function openOwned(page) {
  const user = await openDashboard(page, "mailboxes");
  const mailbox = await createMailbox("owned", user);
  await page.reload();
  await page.getByRole("row", { name: mailbox.address }).getByRole("link", { name: "Open" }).click();
  await waitUntilLive(page);
  return { user, mailbox };
}

pageCases({
  async pro_mail_has_html_codes_links_source_and_attachments({ page }) {
    const { mailbox } = await openOwned(page);
    await sendMail(mailbox.address, shopMail("For Ann"));
    await listedSubject(page, "For Ann").waitFor();
    await page.locator(".list").getByRole("button", { name: `Copy code ${CODE}` }).waitFor();
    await openMessage(page, "For Ann");
    await page.frameLocator("message-view iframe").getByRole("heading", { name: "Welcome" }).waitFor();
    const view = page.locator("message-view");
    await view.getByRole("button", { name: `Copy code ${CODE}` }).waitFor();
    assert.equal(await view.getByRole("list", { name: "Links" }).getByRole("link").getAttribute("href"), CONFIRM_URL);
    await checkView(page, "pro-mail");
    await page.getByRole("button", { name: "Source", exact: true }).click();
    await page.locator("pre.source", { hasText: "--outer--" }).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download: bill.pdf" }).click()]);
    assert.equal(download.suggestedFilename(), "bill.pdf");
  },

  async pro_mail_keeps_place_and_marks_read({ page }) {
    const { user, mailbox } = await openOwned(page);
    for (let n = 0; n < 40; n += 1) await sendText(mailbox.address, `m${n}.`);
    await listedSubject(page, "m39.").waitFor();
    await openMessage(page, "m30.");
    const listOf = async () => /** @type {{subject: string, is_read: boolean}[]} */ (
      (await call("GET", `/pro/api/accounts/${mailbox.id}/messages`, user)).messages);
    await until(async () => (await listOf()).some((one) => one.subject === "m30." && one.is_read), "the read message");
    await page.reload();
    await waitForMessage(page, "m30.");
    await listedSubject(page, "m30.").waitFor();
    // The second page, at the end of the list.
    await page.locator("message-list").evaluate((list) => list.scrollTo(0, list.scrollHeight));
    await listedSubject(page, "m0.").waitFor();
    await page.goBack();
    await page.getByText("Select a message to read it.").waitFor();
    await page.keyboard.press("d");
    await until(async () => !(await listOf()).some((one) => one.subject === "m30."), "the deletion");
  },

  async pro_mail_reloads_codes_of_all_rows({ page }) {
    const { mailbox, user } = await openOwned(page);
    const other = await createMailbox("other", user);
    for (let n = 0; n < 12; n += 1) {
      await sendText(mailbox.address, `code ${n}`, `Your code is ${482900 + n}.`);
      await sendText(other.address, `other ${n}`, `Your code is ${100200 + n}.`);
    }
    await listedSubject(page, "code 11").waitFor();
    await page.reload();
    await page.locator(".list .code", { hasText: "482900" }).waitFor();
    assert.equal(await page.locator(".list .code").count(), 12);
    assert.equal(new URL(page.url()).origin, new URL(base).origin);
  },

  async pro_mail_empty_mailbox_gets_a_test_message({ page }) {
    const { mailbox } = await openOwned(page);
    await page.getByText("Messages are deleted 7 days after they arrive.").waitFor();
    await checkView(page, "pro-mail-empty");
    await page.getByRole("button", { name: "Send me a test mail" }).press("Enter");
    await page.locator(".list .code", { hasText: CODE }).waitFor();
    await openMessage(page, "Test message");
    await page.locator("message-view").getByText(`for ${mailbox.address} without sending it`).waitFor();
  },

  async pro_mail_empty_sandbox_gets_a_test_message({ page }) {
    const user = await openDashboard(page, "sandboxes");
    await call("POST", "/pro/api/sandboxes", user, { name: "api", retention: "12h" });
    await page.reload();
    await page.getByRole("link", { name: "Open" }).click();
    await page.getByText("Messages are deleted 12 hours after they arrive.").waitFor();
    await page.getByRole("button", { name: "Send me a test mail" }).click();
    await openMessage(page, "Test message");
  },
});
