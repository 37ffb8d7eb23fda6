// The Pro dashboard: registration, tokens, mailboxes.
import assert from "node:assert/strict";
import { PASSWORD } from "../support/api.js";
import { base, pageCases, unique } from "../support/cases.js";
import { checkAccessibility, checkView } from "../support/checks.js";
import { CODE, sendMail, shopMail } from "../support/mail.js";
import { openDashboard } from "../support/pro.js";

pageCases({
  async pro_register_view_is_accessible({ page }) {
    await page.goto(`${base}/pro`);
    await page.getByRole("button", { name: "Create an account" }).click();
    await checkView(page, "pro-register");
  },

  async pro_registered_user_can_sign_out_and_in({ page }) {
    const email = `${unique("ann")}@example.com`;
    await page.goto(`${base}/pro`);
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Register" }).click();
    await page.getByRole("heading", { name: "Tokens" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Tokens" }).waitFor();
  },

  async pro_token_works_until_it_is_revoked({ page }) {
    await openDashboard(page, "tokens");
    await page.getByLabel("Token name").fill("ci");
    await page.getByRole("button", { name: "Create token" }).click();
    const token = await page.locator(".shown-once code").textContent();
    const status = async () => (await fetch(`${base}/pro/api/me`, { headers: { authorization: `Bearer ${token}` } })).status;
    assert.equal(await status(), 200);
    await checkView(page, "pro-tokens");
    await page.getByRole("row", { name: "ci" }).getByRole("button", { name: "Revoke" }).click();
    await checkAccessibility(page, "the confirmation");
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("row", { name: "ci" }).getByText("revoked").waitFor();
    assert.equal(await status(), 401);
  },

  async pro_password_change_keeps_the_session({ page }) {
    await openDashboard(page, "account");
    await page.getByLabel("Current password").fill("a wrong guess");
    await page.getByLabel("New password").fill("another password");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByRole("alert").filter({ hasText: "password" }).waitFor();
    await page.getByLabel("Current password").fill(PASSWORD);
    await page.getByLabel("New password").fill("another password");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Password changed.").waitFor();
    await page.getByLabel("Current password").waitFor();
    await checkView(page, "pro-account");
    await page.getByRole("link", { name: "Tokens" }).click();
    await page.getByRole("heading", { name: "Tokens" }).waitFor();
  },

  async pro_deleted_account_is_signed_out({ page }) {
    await openDashboard(page, "account");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Delete account" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete account" }).click();
    await page.getByText("Account deleted.").waitFor();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  },

  async pro_mailbox_shows_its_messages({ page }) {
    const address = `${unique("owned")}@mayfly.test`;
    await openDashboard(page, "mailboxes");
    await page.getByLabel("Address").fill(address);
    await page.getByRole("button", { name: "Create mailbox" }).click();
    const row = page.getByRole("row", { name: address });
    await row.waitFor();
    await sendMail(address, shopMail("For Ann"));
    await row.getByRole("button", { name: "Open" }).click();
    await page.getByText("For Ann").click();
    await page.locator("dialog pre.text", { hasText: CODE }).waitFor();
    await checkAccessibility(page, "an owned mailbox");
    await page.keyboard.press("Escape");
    await checkView(page, "pro-mailboxes");
  },
});
