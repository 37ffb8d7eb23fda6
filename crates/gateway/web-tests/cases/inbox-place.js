// The reader keeps the place: scroll position, URLs, history, reload, links, long lists.
import assert from "node:assert/strict";
import { base, pageCases } from "../support/cases.js";
import { addressOf, listedSubject, nextFrame, openFullInbox, openInbox, openMessage, receive, waitForAddress, waitForMessage } from "../support/inbox.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("../../web/message-list.js").MessageList} MessageList */

/** The scroll position of the list. @param {Page} page */
const scrollOf = (page) => page.locator("message-list").evaluate((list) => list.scrollTop);

/** Waits until the row of a message is visible. The list renders its rows anew, so they are looked for in the page. @param {Page} page @param {string} subject */
const waitForVisible = (page, subject) => page.waitForFunction((wanted) => {
  const list = document.querySelector("message-list");
  const row = [...list?.querySelectorAll("li") ?? []].find((one) => one.textContent?.includes(wanted));
  if (!list || !row) return false;
  const [own, frame] = [row, list].map((one) => one.getBoundingClientRect());
  return own.top >= frame.top - 1 && own.bottom <= frame.bottom + 1;
}, subject);

/** Scrolls down until a message is rendered. @param {Page} page @param {string} subject */
async function scrollTo(page, subject) {
  for (let tries = 0; await listedSubject(page, subject).count() === 0 && tries < 60; tries += 1) {
    await page.locator("message-list").evaluate((list) => list.scrollBy(0, list.clientHeight));
    await page.waitForTimeout(50);
  }
}

pageCases({
  async place_shows_fifteen_rows_at_1440_by_900({ page }) {
    await openFullInbox(page, 31);
    // A tab that has not shown the list yet reads one page of it.
    const tab = await page.context().newPage();
    await tab.setViewportSize({ width: 1440, height: 900 });
    await tab.goto(base);
    await waitForVisible(tab, "m30.");
    await waitForVisible(tab, "m16.");
    // By keyboard, older messages are read with a button.
    const older = tab.getByRole("button", { name: "Older messages" });
    await older.press("Enter");
    await older.waitFor({ state: "hidden" });
    await listedSubject(tab, "m0.").waitFor({ state: "attached" });
  },

  async place_in_200_messages_survives_keys_back_and_reload({ page }) {
    await openFullInbox(page, 200);
    await scrollTo(page, "m50.");
    const row = listedSubject(page, "m50.");
    await row.evaluate((one) => one.closest("li")?.scrollIntoView({ block: "center" }));
    await nextFrame(page);
    const scroll = await scrollOf(page);
    assert.ok(scroll > 5000, String(scroll));
    await openMessage(page, "m50.");
    assert.equal(await scrollOf(page), scroll, "opening scrolls nothing");
    assert.equal(await page.evaluate(() => scrollY), 0);
    for (let n = 49; n >= 40; n -= 1) {
      await page.keyboard.press("j");
      await waitForMessage(page, `m${n}.`);
    }
    await waitForVisible(page, "m40.");
    const url = page.url();
    // Reload.
    await page.reload();
    await waitForMessage(page, "m40.");
    await listedSubject(page, "m40.").waitFor();
    await page.waitForFunction(() => (document.querySelector("message-list")?.scrollTop ?? 0) > 5000);
    await waitForVisible(page, "m40.");
    // Back: the list, as it was.
    await page.goBack();
    await page.getByText("Select a message to read it.").waitFor();
    await waitForVisible(page, "m40.");
    assert.ok(await scrollOf(page) > 5000);
    await page.goForward();
    await waitForMessage(page, "m40.");
    // The link in a new tab.
    const other = await page.context().newPage();
    await other.goto(url);
    await waitForMessage(other, "m40.");
    await listedSubject(other, "m40.").waitFor();
    await other.waitForFunction(() => (document.querySelector("message-list")?.scrollTop ?? 0) > 5000);
    await waitForVisible(other, "m40.");
  },

  async place_stays_when_mail_arrives({ page }) {
    const address = await openFullInbox(page, 40);
    await page.locator("message-list").evaluate((list) => list.scrollTo(0, 500));
    const topOf = () => listedSubject(page, "m25.").evaluate((row) => row.getBoundingClientRect().top);
    await nextFrame(page);
    const before = await topOf();
    await receive(page, address, "new one");
    assert.ok(Math.abs(await topOf() - before) < 1, "the visible rows do not move");
  },

  async place_back_button_leaves_message_and_mailbox({ page }) {
    const first = await openInbox(page);
    await receive(page, first, "one", "two");
    await openMessage(page, "one");
    await openMessage(page, "two");
    await page.keyboard.press("Backspace");
    await page.getByText("Select a message to read it.").waitFor();
    assert.equal(new URL(page.url()).hash, `#${first}`);
    await page.goForward();
    await waitForMessage(page, "one");
    await page.getByRole("button", { name: "+ New mailbox" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Get a mailbox" }).click();
    await page.waitForFunction((first) => document.querySelector(".address")?.textContent !== first, first);
    assert.notEqual(await addressOf(page), first);
    await page.goBack();
    await waitForAddress(page, first);
    await waitForMessage(page, "one");
  },

  async place_link_to_unknown_mailbox_asks_for_its_password({ page }) {
    await page.goto(`${base}/#stranger@mayfly.test`);
    await page.getByText("This browser has no password for stranger@mayfly.test").waitFor();
    assert.equal(await page.getByRole("textbox", { name: "Address" }).inputValue(), "stranger@mayfly.test");
  },

  async place_list_of_10000_messages_is_fast({ page }) {
    await openInbox(page);
    const tookMs = await page.evaluate(() => {
      const list = /** @type {MessageList} */ (document.querySelector("message-list"));
      const items = Array.from({ length: 10_000 }, (_, n) => ({
        id: `01a20846-fe00-7000-8000-${String(10_000 - n).padStart(12, "0")}`, sender: "a@b.example", from: "Ann <a@b.example>",
        subject: `message ${n}`, preview_text: "Hello", size: 100, is_read: n % 2 === 0, created_at: "2026-11-23T12:00:00Z",
      }));
      const took = (/** @type {() => void} */ act) => {
        const start = performance.now();
        act();
        list.getBoundingClientRect();
        return performance.now() - start;
      };
      return { show: took(() => list.show(items)), scroll: took(() => { list.scrollTo(0, 300_000); list.render(); }), rows: list.querySelectorAll("li").length };
    });
    console.log(`10,000 messages: ${Math.round(tookMs.show)} ms to show, ${Math.round(tookMs.scroll)} ms to scroll, ${tookMs.rows} rows`);
    assert.ok(tookMs.show < 1000 && tookMs.scroll < 1000, JSON.stringify(tookMs));
    assert.ok(tookMs.rows < 200);
    await listedSubject(page, "message 6250").waitFor();
  },
});
