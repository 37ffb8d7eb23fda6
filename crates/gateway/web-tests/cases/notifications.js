// Notifications of the desktop. The browser's are replaced: a test has no desktop.
import assert from "node:assert/strict";
import { pageCases } from "../support/cases.js";
import { checkAccessibility } from "../support/checks.js";
import { getMailbox, idOf, listedSubject, openDetails, openInbox, receive, waitForAddress, waitForMessage } from "../support/inbox.js";
import { sendMail, shopMail } from "../support/mail.js";

/** @typedef {import("playwright-core").Page} Page */

/** Replaces the notifications of the browser. The user gives the answer, which the browser remembers. @param {Page} page @param {NotificationPermission} answer */
async function replaceNotifications(page, answer) {
  await page.addInitScript((answer) => {
    const key = "test.permission";
    globalThis.notifications = [];
    globalThis.isInBackground = false;
    class Replacement {
      /** @type {(() => void) | null} */
      onclick = null;
      static get permission() { return localStorage.getItem(key) ?? "default"; }
      static async requestPermission() {
        localStorage.setItem(key, answer);
        return answer;
      }
      /** @param {string} title @param {{body: string, tag: string}} options */
      constructor(title, options) { globalThis.notifications.push({ title, ...options, click: () => this.onclick?.() }); }
      close() {}
    }
    Object.assign(globalThis, { Notification: Replacement });
    Object.defineProperty(document, "hidden", { get: () => globalThis.isInBackground });
  }, answer);
}

/** @param {Page} page @param {boolean} isInBackground */
const setBackground = (page, isInBackground) => page.evaluate((value) => { globalThis.isInBackground = value; }, isInBackground);

/** What the page notified of. @param {Page} page */
const notified = (page) => page.evaluate(() => globalThis.notifications.map(({ title, body, tag }) => ({ title, body, tag })));

/** The switch in the details of the mailbox. @param {Page} page */
async function openSwitch(page) {
  await openDetails(page);
  return page.getByRole("switch", { name: "Notify me of new mail" });
}

/** Turns notifications on. @param {Page} page */
async function turnOn(page) {
  await (await openSwitch(page)).check();
  await page.waitForFunction(() => globalThis.notifications.length === 1);
  await page.keyboard.press("Escape");
}

pageCases({
  async notifications_show_new_mail_of_a_hidden_page({ page }) {
    await replaceNotifications(page, "granted");
    const address = await openInbox(page);
    // By keyboard.
    const toggle = await openSwitch(page);
    assert.equal(await toggle.isChecked(), false);
    await toggle.focus();
    await page.keyboard.press("Space");
    await page.waitForFunction(() => globalThis.notifications.length === 1);
    assert.deepEqual(await notified(page), [{ title: "Mayfly", body: "New mail is shown like this.", tag: "mayfly.notifications" }]);
    await checkAccessibility(page, "the switch of notifications");
    await page.keyboard.press("Escape");
    await receive(page, address, "visible");
    await setBackground(page, true);
    await sendMail(address, shopMail("hidden"));
    await listedSubject(page, "hidden").waitFor();
    assert.deepEqual((await notified(page)).slice(1), [{ title: "Corner Shop", body: "hidden", tag: await idOf(page, "hidden") }]);
    await setBackground(page, false);
    await page.evaluate(() => globalThis.notifications[1].click());
    await waitForMessage(page, "hidden");
    // The choice is remembered, and can be taken back.
    await page.reload();
    await waitForMessage(page, "hidden");
    const again = await openSwitch(page);
    assert.equal(await again.isChecked(), true);
    await again.uncheck();
    await page.keyboard.press("Escape");
    await setBackground(page, true);
    await receive(page, address, "unwanted");
    assert.deepEqual(await notified(page), []);
  },

  async notifications_of_another_mailbox_open_it({ page }) {
    await replaceNotifications(page, "granted");
    const first = await openInbox(page);
    await turnOn(page);
    await page.getByRole("button", { name: "+ New mailbox" }).click();
    await getMailbox(page, page.getByRole("dialog"));
    await page.waitForFunction(() => {
      const sidebar = /** @type {import("../../web/sidebar.js").Sidebar} */ (document.querySelector("mailbox-sidebar"));
      return [...sidebar.background.values()][0]?.feed?.isLive;
    });
    await setBackground(page, true);
    await sendMail(first, shopMail("beside"));
    await page.waitForFunction(() => globalThis.notifications.length === 2);
    await setBackground(page, false);
    await page.evaluate(() => globalThis.notifications[1].click());
    await waitForAddress(page, first);
    await waitForMessage(page, "beside");
  },

  async notifications_that_are_denied_stay_off_and_say_why({ page }) {
    await replaceNotifications(page, "denied");
    const address = await openInbox(page);
    const toggle = await openSwitch(page);
    await toggle.click();
    await page.getByRole("alert").getByText("The browser does not allow notifications of this page.").waitFor();
    assert.equal(await toggle.isChecked(), false);
    await checkAccessibility(page, "denied notifications");
    await page.keyboard.press("Escape");
    await setBackground(page, true);
    await receive(page, address, "one");
    assert.deepEqual(await notified(page), []);
  },

  async notifications_that_the_browser_lacks_are_said_so({ page }) {
    await page.addInitScript(() => { Reflect.deleteProperty(globalThis, "Notification"); });
    await openInbox(page);
    const toggle = await openSwitch(page);
    await toggle.click();
    await page.getByRole("alert").getByText("They need HTTPS.").waitFor();
    assert.equal(await toggle.isChecked(), false);
  },
});
