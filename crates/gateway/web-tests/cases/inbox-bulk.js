// Deleting with undo, and actions on many messages.
import assert from "node:assert/strict";
import { pageCases, until } from "../support/cases.js";
import { checkAccessibility } from "../support/checks.js";
import { listedSubject, listedSubjects, openInbox, openMessage, receive, storedMailboxes } from "../support/inbox.js";
import { call } from "../support/api.js";

/** @typedef {import("playwright-core").Page} Page */

/** What the server has. @param {Page} page @returns {Promise<{subject: string, is_read: boolean}[]>} */
async function onServer(page) {
  const [{ token }] = await storedMailboxes(page);
  return (await call("GET", "/api/messages", token)).messages;
}

/** @param {Page} page @param {string} name */
const act = (page, name) => page.locator("selection-bar").getByRole("button", { name, exact: true }).click();

pageCases({
  async bulk_deletion_can_be_undone({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "three", "two", "one");
    await openMessage(page, "two");
    await page.keyboard.press("d");
    await listedSubject(page, "two").waitFor({ state: "detached" });
    await checkAccessibility(page, "the undo");
    assert.equal((await onServer(page)).length, 3, "nothing is deleted yet");
    await page.getByRole("button", { name: "Undo" }).click();
    await listedSubject(page, "two").waitFor();
    // Keys alone: two deletions are undone together.
    await page.keyboard.press("d");
    await page.keyboard.press("d");
    await page.waitForFunction(() => document.querySelectorAll(".list .subject").length === 1);
    await page.keyboard.press("z");
    await listedSubject(page, "one").waitFor();
    assert.equal((await listedSubjects(page)).length, 3);
  },

  async bulk_deletion_happens_after_five_seconds_or_on_leave({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "two", "one");
    await openMessage(page, "one");
    await page.keyboard.press("d");
    await until(async () => (await onServer(page)).length === 1, "the deletion");
    await page.keyboard.press("j");
    await page.keyboard.press("d");
    await page.getByText("No messages yet").waitFor();
    const [{ token }] = await storedMailboxes(page);
    await page.goto("about:blank");
    await until(async () => (await call("GET", "/api/messages", token)).messages.length === 0, "the deletion on leave", 3);
  },

  async bulk_selection_marks_and_deletes({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "four", "three", "two", "one");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.getByText("2 selected").waitFor();
    await checkAccessibility(page, "the selection");
    await act(page, "Mark read");
    await until(async () => (await onServer(page)).filter((one) => one.is_read).length === 2, "two read messages");
    await act(page, "Select");
    await act(page, "All");
    await act(page, "Mark unread");
    await until(async () => (await onServer(page)).every((one) => !one.is_read), "no read message");
    await act(page, "Select");
    await page.getByRole("checkbox", { name: "three" }).check();
    await page.getByRole("checkbox", { name: "four" }).check();
    await act(page, "Delete");
    assert.deepEqual(await listedSubjects(page), ["one", "two"]);
    await until(async () => (await onServer(page)).length === 2, "the deletion");
  },

  async bulk_delete_all_asks_first({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "two", "one");
    await act(page, "Select");
    await act(page, "Delete all");
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    assert.equal((await onServer(page)).length, 2);
    await act(page, "Delete all");
    await page.getByRole("dialog").getByRole("button", { name: "Delete all" }).click();
    await page.getByText("No messages yet").waitFor();
    assert.equal((await onServer(page)).length, 0);
  },
});
