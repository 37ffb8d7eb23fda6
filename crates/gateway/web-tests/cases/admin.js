// The administration in the Pro dashboard, which only operators see.
import assert from "node:assert/strict";
import { createMailbox, registerOperator, registerUser, call } from "../support/api.js";
import { adminToken, adminUrl, pageCases, unique } from "../support/cases.js";
import { checkView } from "../support/checks.js";
import { sendText } from "../support/mail.js";
import { openDashboard, openDashboardAs } from "../support/pro.js";

/** @typedef {import("playwright-core").Page} Page */

/** Opens an area of the administration as a new operator. @param {Page} page @param {string} area */
async function openArea(page, area) {
  const operator = await registerOperator();
  await openDashboardAs(page, operator, `admin/${area}`);
  await page.getByRole("heading", { name: "Administration" }).waitFor();
  return operator;
}

/** @param {Page} page @param {string} name */
const row = (page, name) => page.getByRole("row", { name });

/** Confirms in the dialog, by the keyboard. @param {Page} page @param {string} name of the button */
async function confirm(page, name) {
  await page.getByRole("dialog").getByRole("button", { name, exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

/** The last entries of the audit log, as another operator reads them. */
async function audit() {
  const response = await fetch(`${adminUrl}/admin/api/audit?limit=20`, { headers: { authorization: `Bearer ${adminToken}` } });
  /** @type {{entries: {operator: string, action: string, subject: string}[]}} */
  const { entries } = await response.json();
  return entries;
}

pageCases({
  async admin_section_is_hidden_from_users({ page }) {
    await openDashboard(page, "admin");
    await page.getByText("This server does not support this feature.").waitFor();
    await page.getByRole("link", { name: "Webhooks" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Administration" }).count(), 0);
  },

  /** By the keyboard alone. */
  async admin_user_is_invited_suspended_and_deleted({ page }) {
    const operator = await registerOperator();
    await openDashboardAs(page, operator, "tokens");
    await page.getByRole("link", { name: "Administration" }).focus();
    await page.keyboard.press("Enter");
    await row(page, operator.email).getByText("you").waitFor();
    assert.equal(await row(page, operator.email).getByRole("button").count(), 0);

    const email = `${unique("invited")}@example.com`;
    await page.getByLabel("E-mail address", { exact: true }).focus();
    await page.keyboard.type(email);
    await page.keyboard.press("Enter");
    const shown = page.locator(".shown-once code");
    await shown.waitFor();
    const signIn = async () => (await call("POST", "/pro/api/login", null, { email, password: await shown.textContent() })).token;
    const token = await signIn();
    assert.ok(token);
    await checkView(page, "admin-users");

    await page.getByLabel("Part of an e-mail address").focus();
    await page.keyboard.type(email);
    await page.keyboard.press("Enter");
    await row(page, operator.email).waitFor({ state: "detached" });
    assert.equal(await page.getByLabel("Part of an e-mail address").inputValue(), email);
    await row(page, email).getByRole("button", { name: "Suspend" }).press("Enter");
    await checkView(page, "admin-suspend");
    await page.getByLabel("Reason, for the audit log").focus();
    await page.keyboard.type("abuse");
    await page.keyboard.press("Enter");
    await row(page, email).getByText("suspended since").waitFor();
    assert.equal((await call("GET", "/pro/api/me", token)).error, "account_suspended");
    await row(page, email).getByRole("button", { name: "Resume" }).press("Enter");
    await row(page, email).getByText("active").waitFor();

    const first = await shown.textContent();
    await row(page, email).getByRole("button", { name: "Reset password" }).press("Enter");
    await confirm(page, "Reset password");
    await page.waitForFunction((old) => document.querySelector(".shown-once code")?.textContent !== old, first);
    assert.equal((await call("GET", "/pro/api/me", token)).error, "invalid_token");
    assert.ok(await signIn());
    await row(page, email).getByRole("button", { name: "Delete" }).press("Enter");
    await confirm(page, "Delete");
    await page.getByText("No users found.").waitFor();
    const actions = (await audit()).filter((entry) => entry.operator === `user:${operator.id}`).map((entry) => entry.action).sort();
    assert.deepEqual(actions,
      ["delete_user", "invite_user", "reset_user_password", "resume_mailboxes_of_user", "resume_user", "suspend_mailboxes_of_user", "suspend_user"]);
  },

  async admin_mailbox_is_found_exported_suspended_and_deleted({ page }) {
    const user = await registerUser();
    const mailbox = await createMailbox("kept", user.token);
    await sendText(mailbox.address, "Evidence");
    await openArea(page, "users");
    await row(page, user.email).getByRole("link", { name: "Mailboxes" }).click();
    await row(page, mailbox.address).waitFor();
    await checkView(page, "admin-mailboxes");
    const saved = page.waitForEvent("download");
    await row(page, mailbox.address).getByRole("button", { name: "Export" }).click();
    assert.equal((await saved).suggestedFilename(), `${mailbox.address}.zip`);

    await page.getByLabel("Address, @domain, id of a mailbox, or user:ID").fill(mailbox.address);
    await page.getByRole("button", { name: "Find" }).click();
    await row(page, mailbox.address).getByRole("button", { name: "Suspend" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Suspend" }).click();
    await row(page, mailbox.address).getByText("suspended").waitFor();
    assert.equal((await call("GET", "/api/me", mailbox.token)).error, "account_suspended");
    // The URL names what was found.
    await page.reload();
    await row(page, mailbox.address).getByRole("button", { name: "Resume" }).click();
    await row(page, mailbox.address).getByText("active").waitFor();
    await row(page, mailbox.address).getByRole("button", { name: "Delete" }).click();
    await confirm(page, "Delete");
    await row(page, mailbox.address).getByText("deleted").waitFor();
    assert.equal(await row(page, mailbox.address).getByRole("button").count(), 0);
  },

  async admin_domain_is_retired_and_accepted({ page }) {
    await openArea(page, "domains");
    await row(page, "mayfly.test").getByRole("button", { name: "Retire" }).click();
    await confirm(page, "Retire");
    await row(page, "mayfly.test").getByText("refused").waitFor();
    assert.deepEqual((await call("GET", "/api/domains")).domains, []);
    await checkView(page, "admin-domains");
    await row(page, "mayfly.test").getByRole("button", { name: "Accept" }).click();
    await row(page, "mayfly.test").getByText("accepted").waitFor();
    await row(page, "mayfly.test").getByRole("button", { name: "Pro users only" }).click();
    await row(page, "mayfly.test").getByRole("button", { name: "Open to everybody" }).click();
    await row(page, "mayfly.test").getByText("everybody", { exact: true }).waitFor();
    assert.equal((await call("GET", "/api/domains")).domains.length, 1);
  },

  async admin_block_is_put_and_deleted({ page }) {
    await openArea(page, "blocks");
    await page.getByText("Nothing is blocked.").waitFor();
    await page.getByLabel("Pattern").fill("nonsense");
    await page.getByRole("button", { name: "Block" }).click();
    await page.getByRole("alert").filter({ hasText: "a pattern is user@domain" }).waitFor();
    await page.getByRole("combobox", { name: "Block" }).selectOption("client");
    await page.getByLabel("Pattern").fill("203.0.113.7/24");
    await page.getByLabel("Reason").fill("bots");
    await page.getByLabel("Expires").fill("2099-01-01T10:00");
    await page.getByRole("button", { name: "Block" }).click();
    await row(page, "203.0.113.0/24").getByText("bots").waitFor();
    await checkView(page, "admin-blocks");
    await row(page, "203.0.113.0/24").getByRole("button", { name: "Delete" }).click();
    await confirm(page, "Delete");
    await page.getByText("Nothing is blocked.").waitFor();
  },

  async admin_webhook_is_paused_and_resumed({ page }) {
    const user = await registerUser();
    await call("POST", "/pro/api/webhooks", user.token, { url: "https://hooks.example.com/x" });
    await openArea(page, "users");
    await row(page, user.email).getByRole("link", { name: "Webhooks" }).click();
    const hook = row(page, "https://hooks.example.com/x");
    await hook.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await hook.getByText("paused").waitFor();
    await checkView(page, "admin-webhooks");
    await hook.getByRole("button", { name: "Resume" }).click();
    await hook.getByText("active").waitFor();
    await page.getByLabel("Id of a user").fill("nobody");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("alert").filter({ hasText: "not a UUID" }).waitFor();
  },

  async admin_reports_are_accessible({ page }) {
    const { id } = await openArea(page, "statistics");
    await page.getByText("Accepting system domains").waitFor();
    await checkView(page, "admin-statistics");
    await page.getByRole("link", { name: "Audit log" }).click();
    await page.getByRole("cell", { name: id }).first().waitFor();
    await checkView(page, "admin-audit");
  },

  /** The next action of an operator whose role was taken away fails, as where the section does not exist. */
  async admin_section_ends_with_the_role({ page }) {
    const operator = await openArea(page, "statistics");
    await fetch(`${adminUrl}/admin/api/users/${operator.id}/role`, {
      method: "PUT", headers: { authorization: `Bearer ${adminToken}` }, body: JSON.stringify({ role: "user" }),
    });
    // By the URL: whatever renders the page anew finds no links of the section any more.
    await page.evaluate(() => { location.hash = "admin/blocks"; });
    await page.getByText("This server does not support this feature.").waitFor();
  },
});
