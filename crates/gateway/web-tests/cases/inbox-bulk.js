// Deleting with undo, and actions on many messages.
import assert from "node:assert/strict";
import { pageCases, until } from "../support/cases.js";
import { checkAccessibility } from "../support/checks.js";
import { listedSubject, listedSubjects, openFullInbox, openInbox, openMessage, receive, storedMailboxes, waitUntilLive } from "../support/inbox.js";
import { call, createMailbox } from "../support/api.js";
import { sendMail, sendText } from "../support/mail.js";
import { openDashboard } from "../support/pro.js";

/** @typedef {import("playwright-core").Page} Page */

/** What the server has. @param {Page} page @returns {Promise<{subject: string, is_read: boolean}[]>} */
async function onServer(page) {
  const [{ token }] = await storedMailboxes(page);
  return (await call("GET", "/api/messages", token)).messages;
}

/** @param {Page} page @param {string} name */
const confirm = (page, name) => page.getByRole("dialog").getByRole("button", { name }).click();

/** The requests that the page deletes with, from now on: path and query. @param {Page} page */
function deletionsOf(page) {
  /** @type {string[]} */
  const requests = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (request.method() === "DELETE") requests.push(decodeURIComponent(url.pathname + url.search));
  });
  return requests;
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
    await confirm(page, "Delete all");
    await page.getByText("No messages yet").waitFor();
    assert.equal((await onServer(page)).length, 0);
  },

  async bulk_delete_all_is_one_request_until_there_is_no_more({ page }) {
    await openFullInbox(page, 35);
    await openMessage(page, "m30.");
    const requests = deletionsOf(page);
    const cursor = "00000000-0000-7000-8000-000000000000";
    await page.route("**/api/messages?q=*", (route) => route.fulfill({ json: { deleted: 1000, more: true, next: cursor } }), { times: 1 });
    await act(page, "Select");
    await act(page, "Delete all");
    await confirm(page, "Delete all");
    await page.getByText("All messages deleted.").waitFor();
    await page.getByText("No messages yet").waitFor();
    await page.locator("message-view").getByText("This no longer exists.").waitFor();
    assert.deepEqual(requests, ["/api/messages?q=*&tz=UTC", `/api/messages?q=*&tz=UTC&cursor=${cursor}`]);
    assert.equal((await onServer(page)).length, 0);
  },

  async bulk_delete_all_that_fails_shows_what_is_left({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "two", "one");
    await page.route("**/api/messages?q=*", (route) => route.fulfill({ status: 500, json: { error: "internal_error", message: "x" } }), { times: 1 });
    await act(page, "Select");
    await act(page, "Delete all");
    await confirm(page, "Delete all");
    await page.getByText("Something went wrong on the server.").waitFor();
    await listedSubject(page, "two").waitFor();
  },

  async bulk_search_selects_and_deletes_all_that_match({ page }) {
    const address = await openFullInbox(page, 35);
    await receive(page, address, "kept two", "kept one");
    await page.getByRole("searchbox").fill("-subject:kept");
    await page.getByRole("searchbox").press("Enter");
    await listedSubject(page, "kept one").waitFor({ state: "detached" });
    await page.getByText("30+ found.").waitFor();
    // The filters are over the bar while the box has the focus.
    await page.getByRole("searchbox").blur();
    const requests = deletionsOf(page);
    await act(page, "Select");
    assert.equal(await page.getByRole("button", { name: "Delete all" }).count(), 0, "not of the whole mailbox");
    await act(page, "Select all that match");
    await page.getByText("All that match are selected").waitFor();
    assert.equal(await page.getByRole("checkbox", { checked: true }).count(), await page.getByRole("checkbox").count());
    await checkAccessibility(page, "the selection of all that match");
    // A message that is left out ends the selection of all.
    await page.getByRole("checkbox").first().uncheck();
    await page.getByText(/^\d+ selected$/).waitFor();
    await act(page, "Select all that match");
    await page.getByText("All that match are selected").waitFor();
    await page.evaluate(() => { if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); });
    await page.keyboard.press("d");
    await page.getByRole("dialog").getByText("“-subject:kept”").waitFor();
    await confirm(page, "Delete");
    await page.getByText("35 messages deleted.").waitFor();
    await page.getByText("No message matches.").waitFor();
    assert.deepEqual(requests, ["/api/messages?q=-subject:kept&tz=UTC"]);
    assert.deepEqual((await onServer(page)).map((one) => one.subject), ["kept one", "kept two"]);
    await page.getByRole("searchbox").press("Escape");
    await listedSubject(page, "kept two").waitFor();
  },

  async bulk_search_marks_all_that_match_with_undo({ page }) {
    const address = await openFullInbox(page, 35);
    await receive(page, address, "kept two", "kept one");
    await page.getByRole("searchbox").fill("-subject:kept");
    await page.getByRole("searchbox").press("Enter");
    await page.getByText("30+ found.").waitFor();
    await page.getByRole("searchbox").blur();
    /** @type {string[]} */
    const requests = [];
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.pathname === "/api/messages/read") requests.push(`${request.method()} ${url.searchParams.get("q")}`);
    });
    const [{ token }] = await storedMailboxes(page);
    /** @type {(number: number) => Promise<{is_read: boolean}[]>} */
    const pageOf = async (number) => (await call("GET", `/api/messages?page=${number}`, token)).messages;
    const readOnServer = async () => [...await pageOf(1), ...await pageOf(2)].filter((one) => one.is_read).length;
    const mark = async (/** @type {string} */ name) => {
      await act(page, "Select");
      await act(page, "Select all that match");
      await act(page, name);
    };
    await mark("Mark read");
    await page.getByText("All that match are marked as read.").waitFor();
    await page.waitForFunction(() => !document.querySelector(".list .unread"));
    await page.getByRole("button", { name: "Undo" }).click();
    await page.waitForFunction(() => document.querySelectorAll(".list .unread").length >= 30);
    assert.deepEqual([requests, await readOnServer()], [[], 0]);
    await mark("Mark read");
    await until(async () => await readOnServer() === 35, "the marks");
    assert.match(requests.join(), /^PUT before:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z -subject:kept$/);
    assert.deepEqual((await pageOf(1)).map((one) => one.is_read).slice(0, 3), [false, false, true]);
    // What the search had not loaded is shown as the server has it.
    await page.getByRole("searchbox").press("Escape");
    await page.waitForFunction(() => document.querySelectorAll(".list .unread").length === 2);
    await page.getByRole("searchbox").fill("-subject:kept");
    await page.getByRole("searchbox").press("Enter");
    await page.getByText("30+ found.").waitFor();
    await page.getByRole("searchbox").blur();
    await mark("Mark unread");
    await page.goto("about:blank");
    await until(async () => await readOnServer() === 0, "the marks on leave");
  },

  async bulk_search_marks_that_fail_are_taken_back({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "one");
    await page.getByRole("searchbox").fill("subject:one");
    await page.getByRole("searchbox").press("Enter");
    await page.getByText("1 found.").waitFor();
    await page.getByRole("searchbox").blur();
    await page.route("**/api/messages/read?*", (route) => route.fulfill({ status: 500, json: { error: "internal_error", message: "x" } }));
    await act(page, "Select");
    await act(page, "Select all that match");
    await act(page, "Mark read");
    await page.locator(".list .unread").waitFor({ state: "detached" });
    await page.getByText("Something went wrong on the server.").waitFor();
    await page.locator(".list .unread").waitFor();
  },

  async bulk_actions_in_dashboard_spare_other_mailboxes({ page }) {
    const user = await openDashboard(page, "mailboxes");
    const [emptied, other] = [await createMailbox("emptied", user), await createMailbox("other", user)];
    // A sandbox can have the address of a mailbox as its name.
    const namesake = await call("POST", "/pro/api/sandboxes", user, { name: emptied.address });
    for (const { address } of [emptied, other]) await sendText(address, "one");
    await sendMail("customer@foreign.example", ["From: app@example.com", "Subject: one", "", "x"], namesake);
    await page.reload();
    await page.getByRole("row", { name: emptied.address }).getByRole("link", { name: "Open" }).click();
    await waitUntilLive(page);
    const requests = deletionsOf(page);
    await page.getByRole("searchbox").fill("subject:one");
    await page.getByRole("searchbox").press("Enter");
    await page.getByText("1 found.").waitFor();
    await page.getByRole("searchbox").press("Escape");
    await act(page, "Select");
    await act(page, "Delete all");
    await confirm(page, "Delete all");
    await page.getByText("No messages yet").waitFor();
    for (const [id, count] of [[emptied.id, 0], [other.id, 1], [namesake.account_id, 1]]) {
      const left = await call("GET", `/pro/api/accounts/${id}/messages`, user);
      assert.equal(left.messages.length, count);
    }
    assert.deepEqual(requests, [`/pro/api/messages?q=in:${emptied.id}&tz=UTC`]);
  },
});
