// The Pro dashboard: tokens with permissions, limits and an expiry, and their rotation.
import assert from "node:assert/strict";
import { call, createMailbox } from "../support/api.js";
import { base, pageCases } from "../support/cases.js";
import { checkAccessibility, checkView } from "../support/checks.js";
import { openDashboard } from "../support/pro.js";

const DAY_MS = 86_400_000;

/** The token of a value. @param {string} value */
const current = (value) => call("GET", "/pro/api/tokens/current", value);

/** The status of a request with a token. @param {string} value @param {string} path */
const status = async (value, path) => (await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${value}` } })).status;

pageCases({
  async pro_token_lives_for_ninety_days_unless_chosen({ page }) {
    await openDashboard(page, "tokens");
    await page.getByLabel("Token name").fill("ci");
    await page.getByRole("button", { name: "Create token" }).click();
    const value = await page.locator(".shown-once code").textContent() ?? "";
    const { expires_at: expires, scopes, limits } = await current(value);
    const days = (Date.parse(expires) - Date.now()) / DAY_MS;
    assert.ok(days > 89.9 && days <= 90, expires);
    assert.deepEqual([scopes, limits], [null, null]);
    await page.getByLabel("Token name").fill("for ever");
    await page.getByLabel("Expires").selectOption({ label: "never" });
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByRole("row", { name: "for ever" }).getByRole("cell", { name: "never" }).first().waitFor();
    await page.waitForFunction((old) => document.querySelector(".shown-once code")?.textContent !== old, value);
    assert.equal((await current(await page.locator(".shown-once code").textContent() ?? "")).expires_at, null);
  },

  async pro_token_has_the_chosen_permissions_and_limits({ page }) {
    const owner = await openDashboard(page, "mailboxes");
    const { address } = await createMailbox("ci", owner);
    await page.goto(`${base}/pro#tokens`);
    await page.reload();
    await page.getByLabel("Token name").fill("reader");
    await page.getByText("Permissions", { exact: true }).first().click();
    await page.getByLabel("messages:read").check();
    await page.getByLabel("accounts:read").check();
    await page.locator("summary").getByText("Limits", { exact: true }).click();
    await page.getByLabel("Addresses begin with").fill("ci");
    await page.getByLabel("Domains, separated by commas").fill("mayfly.test, example.com");
    await page.getByRole("listbox", { name: "Mailboxes" }).selectOption({ label: address });
    await checkView(page, "pro-token-form");
    await page.getByRole("button", { name: "Create token" }).click();
    const value = await page.locator(".shown-once code").textContent() ?? "";
    const { scopes, limits } = await current(value);
    assert.deepEqual(scopes, ["accounts:read", "messages:read"]);
    assert.deepEqual([limits.address_prefix, limits.domains, limits.accounts.length], ["ci", ["mayfly.test", "example.com"], 1]);
    assert.deepEqual(await Promise.all(["/pro/api/accounts", "/pro/api/me", "/pro/api/webhooks"].map((path) => status(value, path))), [200, 403, 403]);
    await page.getByRole("row", { name: "reader" }).getByText("accounts:read messages:read").waitFor();
  },

  async pro_token_near_its_end_warns_and_rotates({ page }) {
    const owner = await openDashboard(page, "tokens");
    const expires = new Date(Date.now() + 5 * DAY_MS).toISOString();
    const { token: old } = await call("POST", "/pro/api/tokens", owner, { name: "ending", scopes: ["accounts:read"], expires_at: expires });
    await page.reload();
    await page.getByText("A token expires within 14 days. Rotate it in time.").waitFor();
    await page.getByRole("row", { name: "ending" }).getByRole("button", { name: "Rotate" }).click();
    const box = page.getByRole("dialog");
    await checkAccessibility(page, "the rotation");
    assert.equal(await box.getByLabel("The old token stays valid for").inputValue(), "24h");
    await box.getByLabel("The old token stays valid for").selectOption({ value: "1h" });
    await box.getByRole("button", { name: "Rotate" }).click();
    const value = await page.locator(".shown-once code").textContent() ?? "";
    assert.notEqual(value, old);
    assert.deepEqual((await current(value)).scopes, ["accounts:read"]);
    const left = Date.parse((await current(old)).expires_at) - Date.now();
    assert.ok(left > 0 && left <= 3_600_000, `${left} ms`);
    await page.getByRole("row", { name: "ending" }).last().getByRole("button", { name: "Rotate" }).click();
    await box.getByLabel("The old token stays valid for").selectOption({ label: "no time: it is revoked" });
    await box.getByRole("button", { name: "Rotate" }).click();
    await page.waitForFunction((former) => document.querySelector(".shown-once code")?.textContent !== former, value);
    assert.equal(await status(value, "/pro/api/accounts"), 401);
    assert.equal(await status(old, "/pro/api/accounts"), 200);
  },
});
