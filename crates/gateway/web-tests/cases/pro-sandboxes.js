// The Pro dashboard: sandboxes, their logins, and settings to copy.
import assert from "node:assert/strict";
import { pageCases } from "../support/cases.js";
import { checkView } from "../support/checks.js";
import { openDashboard } from "../support/pro.js";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
async function createSandbox(page) {
  await openDashboard(page, "sandboxes");
  await page.getByText("No sandboxes yet.").waitFor();
  await page.getByLabel("Name of the application").fill("api");
  await page.getByRole("button", { name: "Create sandbox" }).click();
  const url = page.locator(".shown-once code");
  const shown = await url.textContent() ?? "";
  const [, username, password] = /^smtp:\/\/(sb_[a-z2-7]{8}):(mfs_[0-9A-Za-z]{32})@/.exec(shown) ?? [];
  assert.ok(username, shown);
  return { url, shown, username, password };
}

pageCases({
  async pro_sandbox_shows_settings_with_its_login({ page }) {
    const { username, password } = await createSandbox(page);
    const settings = page.getByRole("article", { name: "Settings for" });
    for (const [stack, line] of [
      ["Django", `EMAIL_HOST_PASSWORD = "${password}"`],
      ["Laravel", `MAIL_USERNAME=${username}`],
      ["Supabase", `pass = "${password}"`],
    ]) {
      await settings.getByLabel("Settings for").selectOption({ label: stack });
      await settings.getByText(line).waitFor();
    }
    const stacks = await settings.getByRole("option").allTextContents();
    assert.ok(stacks.length >= 12, stacks.join());
    await checkView(page, "sandboxes");
  },

  async pro_sandbox_new_password_replaces_the_old({ page }) {
    const { url, shown, username } = await createSandbox(page);
    await page.getByRole("button", { name: "New password" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "New password" }).click();
    await page.waitForFunction((old) => document.querySelector(".shown-once code")?.textContent !== old, shown);
    const rotated = await url.textContent() ?? "";
    assert.ok(rotated.startsWith(`smtp://${username}:mfs_`), rotated);
    // Read again, the list has no password.
    await page.reload();
    await page.getByRole("cell", { name: "api" }).waitFor();
    assert.equal((await page.content()).includes("mfs_"), false);
  },

  async pro_sandbox_opens_and_is_deleted({ page }) {
    await createSandbox(page);
    await page.getByRole("link", { name: "Open" }).click();
    await page.getByRole("heading", { name: "api" }).waitFor();
    await page.getByText("No messages yet").waitFor();
    await page.goBack();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No sandboxes yet.").waitFor();
  },
});
