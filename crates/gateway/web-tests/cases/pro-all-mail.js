// The Pro dashboard lists the mail of all mailboxes and sandboxes.
import assert from "node:assert/strict";
import { call, createMailbox } from "../support/api.js";
import { base, pageCases, until } from "../support/cases.js";
import { checkView } from "../support/checks.js";
import { listedSubject, listedSubjects, openMessage, receive, waitForMessage, waitUntilLive } from "../support/inbox.js";
import { CODE, sendMail, sendText, shopMail } from "../support/mail.js";
import { openDashboard } from "../support/pro.js";

/** @typedef {import("playwright-core").Page} Page */

/** Opens the list of all mail of a new user with two mailboxes. @param {Page} page */
async function openAllMail(page) {
  const user = await openDashboard(page, "mail");
  const [ann, bob] = [await createMailbox("ann", user), await createMailbox("bob", user)];
  await waitUntilLive(page);
  return { user, ann, bob };
}

/** The row of a message. @param {Page} page @param {string} subject */
const rowOf = (page, subject) => page.locator(".list li", { hasText: subject });

pageCases({
  async pro_all_mail_lists_every_mailbox_live({ page }) {
    const { user, ann, bob } = await openAllMail(page);
    await page.getByText("No messages yet").waitFor();
    const stranger = await createMailbox("stranger");
    const sandbox = await call("POST", "/pro/api/sandboxes", user, { name: "shop-api" });
    await sendText(stranger.address, "not mine");
    await receive(page, ann.address, "to ann");
    await sendMail(bob.address, shopMail("to bob"));
    await listedSubject(page, "to bob").waitFor();
    await sendMail("customer@foreign.example", ["From: app@example.com", "Subject: captured", "", "x"], sandbox);
    await listedSubject(page, "captured").waitFor();
    assert.deepEqual(await listedSubjects(page), ["captured", "to bob", "to ann"]);
    await rowOf(page, "to ann").getByText(ann.address).waitFor();
    await rowOf(page, "to bob").getByText(bob.address).waitFor();
    await rowOf(page, "to bob").getByRole("button", { name: `Copy code ${CODE}` }).waitFor();
    // The name of a sandbox is known after a reload.
    await page.reload();
    await rowOf(page, "captured").getByText("shop-api").waitFor();
    await openMessage(page, "to bob");
    await page.frameLocator("message-view iframe").getByRole("heading", { name: "Welcome" }).waitFor();
    await checkView(page, "pro-all-mail");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download: bill.pdf" }).click()]);
    assert.equal(download.suggestedFilename(), "bill.pdf");
  },

  async pro_all_mail_reads_pages_and_keeps_its_place({ page }) {
    const { user, ann, bob } = await openAllMail(page);
    for (let n = 0; n < 70; n += 1) await sendText(n % 2 ? ann.address : bob.address, `m${n}.`);
    await page.reload();
    await listedSubject(page, "m69.").waitFor();
    const list = page.locator("message-list");
    for (const end of ["m39.", "m9.", "m0."]) {
      await list.evaluate((one) => one.scrollTo(0, one.scrollHeight));
      await listedSubject(page, end).waitFor({ state: "attached" });
    }
    await openMessage(page, "m0.");
    const isRead = async () => (await call("GET", `/pro/api/accounts/${bob.id}/messages?page=2`, user)).messages
      .some((/** @type {{subject: string, is_read: boolean}} */ one) => one.subject === "m0." && one.is_read);
    await until(isRead, "the read message");
    assert.match(new URL(page.url()).hash, /^#mail\/[0-9a-f-]{36}$/);
    await page.reload();
    await waitForMessage(page, "m0.");
    await listedSubject(page, "m0.").waitFor();
    await page.keyboard.press("d");
    await page.getByText("Message deleted.").waitFor();
    await until(async () => (await call("GET", `/pro/api/accounts/${bob.id}/messages?page=2`, user)).messages.length === 4, "the deletion");
  },

  async pro_all_mail_searches_all_mailboxes({ page }) {
    const { ann, bob } = await openAllMail(page);
    await receive(page, ann.address, "invoice 1", "shipping");
    await receive(page, bob.address, "invoice 2");
    await page.keyboard.press("/");
    await page.keyboard.type("invoice");
    await page.getByText("2 found.").waitFor();
    assert.deepEqual(await listedSubjects(page), ["invoice 2", "invoice 1"]);
    await openMessage(page, "invoice 1");
    assert.equal(new URL(page.url()).origin, new URL(base).origin);
    await page.keyboard.press("k");
    await waitForMessage(page, "invoice 2");
    await page.goBack();
    await page.getByText("Select a message to read it.").waitFor();
    await page.getByRole("searchbox").press("Escape");
    await listedSubject(page, "shipping").waitFor();
  },
});
