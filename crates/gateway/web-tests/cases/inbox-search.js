// The search box. In most cases answers in the shape of `GET /api/messages/search` stand for the server.
import assert from "node:assert/strict";
import { pageCases } from "../support/cases.js";
import { checkView } from "../support/checks.js";
import { listedSubject, listedSubjects, openInbox, openMessage, receive, storedMailboxes, waitForMessage } from "../support/inbox.js";
import { call } from "../support/api.js";

/** @typedef {import("playwright-core").Page} Page */

/** Answers searches with the messages whose subject has the query without its stars; returns the queries. @param {Page} page */
async function answerSearches(page) {
  /** @type {string[]} */
  const queries = [];
  await page.route("**/api/messages/search?*", async (route) => {
    const query = new URL(route.request().url()).searchParams.get("q") ?? "";
    queries.push(query);
    if (query.includes("(")) {
      return route.fulfill({ status: 400, json: { error: "invalid_query", message: "parentheses are not supported", position: query.indexOf("(") } });
    }
    const [{ token }] = await storedMailboxes(page);
    /** @type {{messages: {subject: string, is_read: boolean}[]}} */
    const { messages } = await call("GET", "/api/messages", token);
    const words = query.replaceAll("*", "").split(" ").filter((word) => !word.includes(":"));
    const found = messages.filter((one) => words.every((word) => one.subject.includes(word)) && !(query.includes("is:unread") && one.is_read));
    return route.fulfill({ json: { messages: found, next: null, complete: true } });
  });
  return queries;
}

pageCases({
  async search_box_finds_while_typing_and_opens({ page }) {
    const address = await openInbox(page);
    const queries = await answerSearches(page);
    await receive(page, address, "invoice 1", "shipping", "invoice 2");
    await page.keyboard.press("/");
    await page.keyboard.type("invoi");
    await page.waitForFunction(() => document.querySelectorAll(".list .subject").length === 2);
    assert.deepEqual(queries, ["invoi*"]);
    await checkView(page, "search");
    await openMessage(page, "invoice 2");
    await page.keyboard.press("j");
    await waitForMessage(page, "invoice 1");
    assert.equal(new URL(page.url()).hash.split("?")[1], "q=invoi*");
    // The search and the message survive a reload, and Back leads to what was found.
    await page.reload();
    await waitForMessage(page, "invoice 1");
    await page.goBack();
    await page.getByText("Select a message to read it.").waitFor();
    assert.deepEqual(await listedSubjects(page), ["invoice 2", "invoice 1"]);
    await page.getByRole("searchbox").press("Escape");
    await listedSubject(page, "shipping").waitFor();
  },

  async search_box_chips_are_filters({ page }) {
    const address = await openInbox(page);
    const queries = await answerSearches(page);
    await receive(page, address, "one", "two");
    await openMessage(page, "two");
    await page.getByRole("searchbox").focus();
    await page.getByRole("button", { name: "Unread", exact: true }).click();
    await listedSubject(page, "two").waitFor({ state: "detached" });
    assert.equal(queries.at(-1), "is:unread");
    assert.equal(await page.getByRole("button", { name: "Unread", exact: true }).getAttribute("aria-pressed"), "true");
    await page.getByRole("button", { name: "Unread", exact: true }).click();
    await listedSubject(page, "two").waitFor();
  },

  async search_box_shows_what_is_wrong_with_a_query({ page }) {
    const address = await openInbox(page);
    await answerSearches(page);
    await receive(page, address, "one");
    await page.getByRole("searchbox").fill("(a");
    await page.getByRole("searchbox").press("Enter");
    await page.getByText("parentheses are not supported").waitFor();
    await listedSubject(page, "one").waitFor();
    await page.getByRole("searchbox").fill("nothing");
    await page.getByText("No message matches.").waitFor();
  },

  /** In the zone of the browser, the day of the query begins before the mail arrives, or after; in UTC it does not. */
  async search_box_has_days_of_the_time_zone({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "zoned");
    const [{ token }] = await storedMailboxes(page);
    const arrived = new Date((await call("GET", "/api/messages", token)).messages[0].created_at);
    const dayOf = (/** @type {number} */ days) => new Date(arrived.getTime() + days * 86_400_000).toISOString().slice(0, 10);
    // 14 hours before UTC, or 12 hours behind it.
    const [zone, query] = arrived.getUTCHours() >= 10 ? ["Pacific/Kiritimati", `after:${dayOf(1)}`] : ["Etc/GMT+12", `before:${dayOf(0)}`];
    const search = async () => {
      await page.getByRole("searchbox").fill(query);
      await page.getByRole("searchbox").press("Enter");
    };
    await search();
    await page.getByText("0 found.").waitFor();
    const debug = await page.context().newCDPSession(page);
    await debug.send("Emulation.setTimezoneOverride", { timezoneId: zone });
    await search();
    await page.getByText("1 found.").waitFor();
    await listedSubject(page, "zoned").waitFor();
    await page.getByRole("searchbox").blur();
    await page.locator("selection-bar").getByRole("button", { name: "Select" }).click();
    await page.getByRole("button", { name: "Select all that match" }).click();
    await page.locator("selection-bar").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Message deleted.").waitFor();
    assert.equal((await call("GET", "/api/messages", token)).messages.length, 0);
  },
});
