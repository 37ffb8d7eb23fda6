// The Pro dashboard: domains of a user. The DNS server of the test answers with the records that a case publishes.
import assert from "node:assert/strict";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { pageCases, until } from "../support/cases.js";
import { checkView } from "../support/checks.js";
import { listedSubject } from "../support/inbox.js";
import { sendMail, shopMail } from "../support/mail.js";
import { openDashboard } from "../support/pro.js";

/** @typedef {import("playwright-core").Page} Page */

/** Publishes the records of a domain; returns once the DNS server has them. @param {string[]} records the domain, its text, its mail server */
async function publish(...records) {
  const file = process.env.MAYFLY_DNS_RECORDS;
  assert.ok(file, "the environment variable MAYFLY_DNS_RECORDS is missing");
  writeFileSync(`${file}.new`, records.join("\n"));
  renameSync(`${file}.new`, file);
  await until(() => !existsSync(file), "the records are published");
}

/** Opens the section with a new user who adds a domain. @param {Page} page @param {string} domain */
async function addDomain(page, domain) {
  await openDashboard(page, "domains");
  await page.getByLabel("Domain", { exact: true }).fill(domain);
  await page.getByRole("button", { name: "Add domain" }).click();
  const card = page.getByRole("article", { name: domain });
  /** The values of the records that the page asks for. */
  const records = () => Promise.all(["TXT", "MX"].map(async (type) =>
    await card.getByRole("row", { name: type }).getByRole("cell").nth(2).locator("code").textContent() ?? ""));
  return { card, records };
}

/** Adds a domain, publishes its records and verifies it. @param {Page} page @param {string} domain */
async function verifyDomain(page, domain) {
  const { card, records } = await addDomain(page, domain);
  await publish(domain, ...await records());
  await card.getByRole("button", { name: "Verify" }).click();
  await card.getByText("verified", { exact: true }).waitFor();
  return card;
}

pageCases({
  async pro_domain_without_records_stays_pending({ page }) {
    const { card, records } = await addDomain(page, "mine.example");
    const [text, server] = await records();
    assert.match(text, /^mayfly-verify-/);
    await page.reload();
    await page.getByRole("link", { name: "Domains" }).click();
    assert.deepEqual(await records(), [text, server]);
    await card.getByRole("button", { name: "Verify" }).click();
    await card.getByRole("status").waitFor();
    assert.equal(await card.getByText("missing", { exact: true }).count(), 2);
    await card.getByText("pending", { exact: true }).waitFor();
    await checkView(page, "pro-domains");
  },

  async pro_domain_with_records_is_verified_and_deleted({ page }) {
    const card = await verifyDomain(page, "verified.example");
    assert.equal(await card.getByText("found", { exact: true }).count(), 2);
    await card.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No domains yet.").waitFor();
  },

  async pro_domain_catch_all_receives_unknown_addresses({ page }) {
    const card = await verifyDomain(page, "catch-all.example");
    await card.getByText("Create a mailbox on catch-all.example").waitFor();
    await page.getByRole("link", { name: "Mailboxes" }).click();
    // A mailbox of another domain, and one of this domain.
    for (const address of ["owned@mayfly.test", "all@catch-all.example"]) {
      await page.getByLabel("Name").fill(address);
      await page.getByRole("button", { name: "Create mailbox" }).click();
      await page.getByRole("row", { name: address }).waitFor();
    }
    await page.getByRole("link", { name: "Domains" }).click();
    const choice = card.getByLabel("Catch-all mailbox");
    await choice.waitFor();
    assert.deepEqual(await choice.getByRole("option").allTextContents(), ["none: mail to unknown addresses is rejected", "all@catch-all.example"],
      "mailboxes of other domains are not offered");
    await choice.selectOption("all@catch-all.example");
    await page.getByText("Catch-all mailbox set.").waitFor();
    await sendMail("anybody@catch-all.example", shopMail("For anybody"));
    await checkView(page, "pro-domains-verified");
    // The server stores the choice.
    await page.reload();
    assert.equal(await choice.evaluate((select) => /** @type {HTMLSelectElement} */ (select).selectedOptions[0].textContent), "all@catch-all.example");
    await choice.selectOption("");
    await page.getByText("Catch-all mailbox removed.").waitFor();
    await assert.rejects(sendMail("anybody@catch-all.example", shopMail("Rejected")), { actual: /^550/ });
    await page.getByRole("link", { name: "Mailboxes" }).click();
    await page.getByRole("row", { name: "all@catch-all.example" }).getByRole("link", { name: "Open" }).click();
    await listedSubject(page, "For anybody").waitFor();
    assert.equal(await listedSubject(page, "Rejected").count(), 0);
  },
});
