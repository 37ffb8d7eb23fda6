// An inbox whose responses are late, fail, or arrive in another order.
import assert from "node:assert/strict";
import { pageCases, until } from "../support/cases.js";
import {
  becomeVisible, deleteElsewhere, delayRequest, getMailbox, idOf, listedSubject, listedSubjects, nextFrame, openInbox, openMessage,
  receive, waitForMessage, waitUntilLive,
} from "../support/inbox.js";
import { sendText } from "../support/mail.js";

const UNAVAILABLE = { status: 503, json: { error: "unavailable", message: "try again shortly" } };
const DELETED = "This no longer exists. It may have been deleted.";

pageCases({
  async inbox_delete_key_removes_only_the_shown_message({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "three", "two", "one");
    await openMessage(page, "one");
    await page.keyboard.press("j");
    await waitForMessage(page, "two");
    await page.keyboard.press("d");
    await listedSubject(page, "two").waitFor({ state: "detached" });
    assert.deepEqual(await listedSubjects(page), ["one", "three"]);
    // Without an open message only the selection moves.
    await page.keyboard.press("k");
    assert.equal(await page.locator(".list li.selected .subject").textContent(), "one");
    assert.equal(await page.locator("message-view h2").count(), 0);
    // A message that is still loading is not deleted.
    const loading = await delayRequest(page, "GET", /\/api\/messages\/[^/?]+$/);
    await page.keyboard.press("Enter");
    await loading.requested;
    await page.keyboard.press("d");
    await loading.release();
    await waitForMessage(page, "one");
    assert.equal(await page.locator(".list .subject").count(), 2);
    await page.locator("message-view").getByRole("button", { name: "Delete" }).click();
    await listedSubject(page, "one").waitFor({ state: "detached" });
    await page.keyboard.press("d");
    await page.getByText("No messages yet").waitFor();
  },

  async inbox_late_message_does_not_replace_later_one({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "late", "prompt");
    const loading = await delayRequest(page, "GET", `**/api/messages/${await idOf(page, "late")}`);
    await listedSubject(page, "late").click();
    await loading.requested;
    await openMessage(page, "prompt");
    await loading.release();
    await waitForMessage(page, "prompt");
    // "prompt" is marked as read once its request is answered.
    const unread = page.locator(".list li.unread .subject");
    await unread.nth(1).waitFor({ state: "detached" });
    assert.equal(await unread.textContent(), "late", "it was never shown");
  },

  async inbox_late_responses_stay_in_their_mailbox({ page }) {
    const first = await openInbox(page);
    await receive(page, first, "of the first");
    const read = await delayRequest(page, "PUT", "**/api/messages/*/read");
    await listedSubject(page, "of the first").click();
    await read.requested;
    await page.getByRole("button", { name: "+ New mailbox" }).click();
    assert.notEqual(await getMailbox(page, page.getByRole("dialog")), first);
    await page.getByText("No messages yet").waitFor();
    await read.release();
    await page.getByText("No messages yet").waitFor();
  },

  /** Only the list has messages that arrived before the socket was open. */
  async inbox_failed_list_is_read_again({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "before");
    await page.context().setOffline(true);
    await page.locator(".state[data-state=offline]").waitFor();
    await sendText(address, "meanwhile");
    let requests = 0;
    await page.route("**/api/messages", (route) => {
      requests += 1;
      return requests > 3 ? route.continue() : route.fulfill(UNAVAILABLE);
    });
    await page.context().setOffline(false);
    // The channel continues where the list ended.
    await listedSubject(page, "meanwhile").waitFor();
    await until(() => requests > 3, "the list that is read at last");
    await waitUntilLive(page);
  },

  async inbox_message_deleted_elsewhere_is_removed({ page }) {
    await page.clock.install();
    const address = await openInbox(page);
    await receive(page, address, "four", "three", "two", "one");
    await openMessage(page, "two");
    await page.locator("button.open", { hasText: "three" }).focus();
    await deleteElsewhere(page, "three");
    await page.clock.fastForward(30_000);
    await listedSubject(page, "three").waitFor({ state: "detached" });
    assert.equal(await page.locator("button.open:focus .subject").allTextContents().then(String), "four", "the row in its place has the focus");
    await waitForMessage(page, "two");
    // The open message.
    await deleteElsewhere(page, "two");
    await page.clock.fastForward(30_000);
    await page.locator("message-view").getByText(DELETED).waitFor();
    assert.equal(await page.locator("message-view h2").count(), 0);
    assert.deepEqual(await listedSubjects(page), ["one", "four"]);
    // A message that is opened after its deletion.
    await deleteElsewhere(page, "four");
    await listedSubject(page, "four").click();
    await page.locator("message-view").getByText(DELETED).waitFor();
    await listedSubject(page, "four").waitFor({ state: "detached" });
    assert.equal(await page.title(), "(1) Mayfly");
    // The page reads the list when it becomes visible.
    await deleteElsewhere(page, "one");
    await becomeVisible(page);
    await page.getByText("No messages yet").waitFor();
    await receive(page, address, "five");
  },

  async inbox_late_list_does_not_restore_deleted_message({ page }) {
    const address = await openInbox(page);
    await receive(page, address, "kept", "deleted");
    /** @type {PromiseWithResolvers<void>} */
    const gate = Promise.withResolvers();
    /** @type {PromiseWithResolvers<void>} */
    const fetched = Promise.withResolvers();
    await page.route("**/api/messages", async (route) => {
      const response = await route.fetch();
      fetched.resolve();
      await gate.promise;
      await route.fulfill({ response });
    }, { times: 1 });
    await becomeVisible(page);
    await fetched.promise;
    await openMessage(page, "deleted");
    await page.keyboard.press("d");
    await listedSubject(page, "deleted").waitFor({ state: "detached" });
    await receive(page, address, "meanwhile");
    const late = page.waitForResponse("**/api/messages");
    gate.resolve();
    await (await late).finished();
    await nextFrame(page);
    assert.deepEqual(await listedSubjects(page), ["meanwhile", "kept"]);
  },

  /** A message that moves up to the newest page after a deletion is not new. */
  async inbox_older_message_is_not_announced({ page }) {
    const address = await openInbox(page);
    await sendText(address, "first", "Hello", "first@shop.example");
    await receive(page, address, ...Array.from({ length: 30 }, (_, n) => `n${n}.`));
    // Without its place the tab begins with the newest page.
    await page.addInitScript(() => sessionStorage.clear());
    await page.reload();
    await listedSubject(page, "n29.").waitFor();
    assert.equal(await listedSubject(page, "first").count(), 0);
    await deleteElsewhere(page, "n7.");
    await becomeVisible(page);
    await listedSubject(page, "first").waitFor();
    assert.equal(await page.locator("#announce").count(), 0);
    await receive(page, address, "next");
    await page.locator("#announce", { hasText: "New mail from shop@shop.example" }).waitFor({ state: "attached" });
  },

  async inbox_failed_code_lookup_is_retried({ page }) {
    await page.clock.install();
    const address = await openInbox(page);
    let [isUp, requests] = [false, 0];
    await page.route("**/api/messages/wait?*", (route) => {
      requests += 1;
      return isUp ? route.fallback() : route.fulfill(UNAVAILABLE);
    });
    await sendText(address, "Your code", "Your code is 482913.");
    await listedSubject(page, "Your code").waitFor();
    // The socket reports a message with its codes; the list has none.
    await page.reload();
    await until(() => requests > 0, "the code lookup that fails");
    isUp = true;
    await page.clock.fastForward(5_000);
    await page.locator(".list .code", { hasText: "482913" }).waitFor();
  },
});
