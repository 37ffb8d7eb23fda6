// The inbox without messages: how it gets its first one.
import assert from "node:assert/strict";
import { pageCases } from "../support/cases.js";
import { listedSubject, openDetails, openInbox, openMessage } from "../support/inbox.js";

pageCases({
  async inbox_empty_test_message_shows_code_and_link({ page }) {
    const address = await openInbox(page);
    await page.getByRole("button", { name: "Send me a test mail" }).press("Enter");
    await page.locator(".list .code", { hasText: "481516" }).waitFor();
    await openMessage(page, "Test message");
    const view = page.locator("message-view");
    await view.getByText(`for ${address} without sending it`).waitFor();
    const link = view.getByRole("list", { name: "Links" }).getByRole("link");
    assert.equal(await link.getAttribute("href"), "https://example.com/confirm?token=test-message");
  },

  async inbox_empty_test_message_failure_can_be_retried({ page }) {
    await openInbox(page);
    await page.route("**/api/test-message", (route) => route.fulfill({ status: 403, json: { error: "mailbox_full", message: "" } }));
    const send = page.getByRole("button", { name: "Send me a test mail" });
    await send.click();
    await page.getByText("The mailbox is full.").waitFor();
    await page.unroute("**/api/test-message");
    await send.click();
    await listedSubject(page, "Test message").waitFor();
  },

  async inbox_empty_shows_retention_of_the_server({ page }) {
    await openInbox(page);
    await page.getByText("Messages are deleted 7 days after they arrive.").waitFor();
    await page.route("**/web/server.json", (route) => route.fulfill({ json: { retention_secs: 129_600 } }));
    await page.reload();
    await page.getByText("Messages are deleted 36 hours after they arrive.").waitFor();
    await openDetails(page);
    await page.getByRole("dialog").getByText("Messages are deleted 36 hours after they arrive.").waitFor();
    // A server that does not report it.
    await page.unroute("**/web/server.json");
    await page.route("**/web/server.json", (route) => route.fulfill({ json: { retention_secs: null } }));
    await page.reload();
    await page.getByRole("button", { name: "Send me a test mail" }).waitFor();
    assert.equal(await page.getByText("Messages are deleted").count(), 0);
  },
});
