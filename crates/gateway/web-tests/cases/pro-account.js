// The Pro dashboard: registration, tokens, mailboxes.
import assert from "node:assert/strict";
import { PASSWORD } from "../support/api.js";
import { base, pageCases, unique } from "../support/cases.js";
import { checkAccessibility, checkView } from "../support/checks.js";
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

  async pro_mailbox_is_created_from_name_and_domain({ page }) {
    const name = unique("owned");
    await openDashboard(page, "mailboxes");
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Domain").selectOption("mayfly.test");
    await page.getByRole("button", { name: "Create mailbox" }).click();
    await page.getByRole("row", { name: `${name}@mayfly.test` }).waitFor();
    await checkView(page, "pro-mailboxes");
  },
});
