// What the inbox does when answers are slow, fail, or come in another order. Called with the URL and the SMTP port of a
// running Mayfly.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { until } from "./lab.js";
import { sendMailTo } from "./mail.js";

const [base, smtpPort] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  for (const test of [deletesWhatIsShown, showsTheLastOpened, keepsAnswersInTheirMailbox, readsAgain, asksBeforeItForgets,
    losesWhatIsDeletedElsewhere, staysDeleted, tellsNoOlderMail, looksForCodesAgain, forgetsNoMailbox, saysWhatIsNotKept, readsDomainsAgain]) {
    const context = await browser.newContext({ viewport: { width: 1100, height: 720 } });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.clock.install();
    await page.goto(base);
    await test(page);
    assert.deepEqual(problems, [], test.name);
    await context.close();
  }
} finally {
  await browser.close();
}

/** Opens a new mailbox, live; returns its address. */
async function getMailbox(page, scope = page) {
  const before = await page.locator(".address").allTextContents();
  await scope.getByRole("button", { name: "Get a mailbox" }).click();
  await page.waitForFunction(([old]) => ![undefined, old].includes(document.querySelector(".address")?.textContent), before);
  await page.locator(".state[data-state=live]").waitFor();
  return page.locator(".address").textContent();
}

function subject(page, text) {
  return page.locator(".list .subject", { hasText: text });
}

function shown(page, text) {
  return page.locator("message-view h2", { hasText: text }).waitFor();
}

/** Sends mails, the last of which stands first in the list. */
async function receive(page, address, ...subjects) {
  for (const one of subjects) {
    await sendMailTo(smtpPort, address, ["From: shop@shop.example", `Subject: ${one}`, "", "Hello"]);
    await subject(page, one).waitFor();
  }
}

/** Holds back the answer to the first request that fits until it is let go; returns when it was asked for, and how to let go. */
async function hold(page, method, pattern) {
  let release, heard;
  const gate = new Promise((resolve) => { release = resolve; });
  const asked = new Promise((resolve) => { heard = resolve; });
  const waiting = [];
  await page.route(pattern, async (route) => {
    if (route.request().method() !== method || waiting.length > 0) return route.fallback();
    heard();
    const answered = gate.then(() => route.continue());
    waiting.push(route.request().response().then((response) => response?.finished()));
    return answered;
  });
  return { asked, letGo: async () => { release(); await Promise.all(waiting); await page.evaluate(() => new Promise(requestAnimationFrame)); } };
}

async function deletesWhatIsShown(page) {
  const address = await getMailbox(page);
  await receive(page, address, "three", "two", "one");
  await subject(page, "one").click();
  await shown(page, "one");
  // The next is read, as in any mail program, and it is what is deleted.
  await page.keyboard.press("j");
  await shown(page, "two");
  await page.keyboard.press("d");
  await subject(page, "two").waitFor({ state: "detached" });
  assert.deepEqual(await page.locator(".list .subject").allTextContents(), ["one", "three"]);
  // With none open the selection moves alone.
  await page.keyboard.press("k");
  assert.equal(await page.locator(".list li.selected .subject").textContent(), "one");
  assert.equal(await page.locator("message-view h2").count(), 0);
  // What is being read cannot be meant.
  const slow = await hold(page, "GET", /\/api\/messages\/[^/?]+$/);
  await page.keyboard.press("Enter");
  await slow.asked;
  await page.keyboard.press("d");
  await slow.letGo();
  await shown(page, "one");
  assert.equal(await page.locator(".list .subject").count(), 2);
  await page.locator("message-view").getByRole("button", { name: "Delete" }).click();
  await subject(page, "one").waitFor({ state: "detached" });
  await page.keyboard.press("d");
  await page.getByText("No messages yet").waitFor();
}

async function showsTheLastOpened(page) {
  const address = await getMailbox(page);
  await receive(page, address, "late", "prompt");
  const id = await page.locator("button.open", { hasText: "late" }).getAttribute("data-id");
  const slow = await hold(page, "GET", `**/api/messages/${id}`);
  await subject(page, "late").click();
  await slow.asked;
  await subject(page, "prompt").click();
  await shown(page, "prompt");
  await slow.letGo();
  await shown(page, "prompt");
  assert.equal(await page.locator(".list li.unread .subject").textContent(), "late", "it was never shown");
}

async function keepsAnswersInTheirMailbox(page) {
  const old = await getMailbox(page);
  await receive(page, old, "of the old one");
  const read = await hold(page, "PUT", "**/api/messages/*/read");
  await subject(page, "of the old one").click();
  await read.asked;
  const quota = await hold(page, "GET", "**/api/me");
  await receive(page, old, "more of the old one");
  await quota.asked;
  await page.getByRole("button", { name: "+ New mailbox" }).click();
  const next = await getMailbox(page, page.getByRole("dialog"));
  assert.notEqual(next, old);
  await page.getByText("No messages yet").waitFor();
  await page.locator(".card .hint", { hasText: /^0 byte/ }).waitFor();
  await Promise.all([read.letGo(), quota.letGo()]);
  await page.getByText("No messages yet").waitFor();
  assert.match(await page.locator(".card .hint").textContent(), /^0 byte/, "what is used is that of the new one");
}

/** What came before the socket was open is told by the list alone, so that a list that fails is read again. */
async function readsAgain(page) {
  const address = await getMailbox(page);
  await receive(page, address, "before");
  await page.context().setOffline(true);
  await page.locator(".state[data-state=offline]").waitFor();
  await sendMailTo(smtpPort, address, ["From: shop@shop.example", "Subject: meanwhile", "", "Hello"]);
  let failed = 0;
  await page.route("**/api/messages", (route) => {
    failed += 1;
    return failed > 3 ? route.continue() : route.fulfill({ status: 503, json: { error: "unavailable", message: "try again shortly" } });
  });
  await page.context().setOffline(false);
  await subject(page, "meanwhile").waitFor();
  assert.ok(failed > 3);
  await page.locator(".state[data-state=live]").waitFor();
}

/** Nobody else knows a password that was made here. */
async function asksBeforeItForgets(page) {
  const address = await getMailbox(page);
  await page.getByRole("button", { name: "Remove from this browser" }).click();
  const asked = page.getByRole("dialog");
  const { password } = await page.evaluate(() => Object.values(localStorage).flatMap((kept) => JSON.parse(kept)).find((kept) => kept.password));
  assert.ok(password && (await asked.textContent()).includes(password));
  await asked.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await page.locator(".address").textContent(), address);
}

/** The mailbox that is open. */
function mailboxOf(page) {
  return page.evaluate(() => JSON.parse(localStorage.getItem("mayfly.mailboxes"))[0]);
}

/** Deletes a message of the list behind the page's back. */
async function deleteElsewhere(page, text) {
  const { token } = await mailboxOf(page);
  const id = await page.locator("button.open", { hasText: text }).getAttribute("data-id");
  const answer = await fetch(`${base}/api/messages/${id}`, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 204);
}

async function losesWhatIsDeletedElsewhere(page) {
  const address = await getMailbox(page);
  await receive(page, address, "four", "three", "two", "one");
  await subject(page, "two").click();
  await shown(page, "two");
  await page.locator("button.open", { hasText: "three" }).focus();
  await deleteElsewhere(page, "three");
  await page.clock.fastForward(30_000);
  await subject(page, "three").waitFor({ state: "detached" });
  assert.equal(await page.locator("button.open:focus .subject").allTextContents().then(String), "four", "the focus goes to the row in its place");
  await shown(page, "two");
  // What is read is said to be gone.
  await deleteElsewhere(page, "two");
  await page.clock.fastForward(30_000);
  await page.locator("message-view").getByText("This no longer exists.").waitFor();
  assert.equal(await page.locator("message-view h2").count(), 0);
  assert.deepEqual(await page.locator(".list .subject").allTextContents(), ["one", "four"]);
  // So is what is opened.
  await deleteElsewhere(page, "four");
  await subject(page, "four").click();
  await page.locator("message-view").getByText("This no longer exists.").waitFor();
  await subject(page, "four").waitFor({ state: "detached" });
  assert.equal(await page.title(), "(1) Mayfly");
  // And whoever comes back to the page sees it at once.
  await deleteElsewhere(page, "one");
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.getByText("No messages yet").waitFor();
  await receive(page, address, "five");
}

/** An answer that was given before a message was deleted here does not bring it back, nor take away what came since. */
async function staysDeleted(page) {
  const address = await getMailbox(page);
  await receive(page, address, "kept", "gone");
  let release, heard;
  const gate = new Promise((resolve) => { release = resolve; });
  const answered = new Promise((resolve) => { heard = resolve; });
  await page.route("**/api/messages", async (route) => {
    const response = await route.fetch();
    heard();
    await gate;
    await route.fulfill({ response });
  }, { times: 1 });
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await answered;
  await subject(page, "gone").click();
  await shown(page, "gone");
  await page.keyboard.press("d");
  await subject(page, "gone").waitFor({ state: "detached" });
  await receive(page, address, "meanwhile");
  const late = page.waitForResponse("**/api/messages");
  release();
  await (await late).finished();
  await page.evaluate(() => new Promise(requestAnimationFrame));
  assert.deepEqual(await page.locator(".list .subject").allTextContents(), ["meanwhile", "kept"]);
}

/** What moves up to the newest page has not arrived just now. */
async function tellsNoOlderMail(page) {
  const address = await getMailbox(page);
  await sendMailTo(smtpPort, address, ["From: first@shop.example", "Subject: first", "", "Hello"]);
  await receive(page, address, ...Array.from({ length: 30 }, (_, n) => `n${n}.`));
  await page.reload();
  await subject(page, "n29.").waitFor();
  assert.equal(await subject(page, "first").count(), 0);
  await deleteElsewhere(page, "n7.");
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await subject(page, "first").waitFor();
  assert.equal(await page.locator("#announce").count(), 0);
  await receive(page, address, "next");
  await page.locator("#announce", { hasText: "New mail from shop@shop.example" }).waitFor({ state: "attached" });
}

async function looksForCodesAgain(page) {
  const address = await getMailbox(page);
  let [isUp, failed] = [false, 0];
  await page.route(/\/api\/messages\/[^/?]+$/, (route) => {
    failed += 1;
    return isUp ? route.fallback() : route.fulfill({ status: 503, json: { error: "unavailable", message: "try again shortly" } });
  });
  await sendMailTo(smtpPort, address, ["From: shop@shop.example", "Subject: Your code", "", "Your code is 482913."]);
  await subject(page, "Your code").waitFor();
  // The socket told it with its code; the list does not.
  await page.reload();
  await until(() => failed > 0, "the look for codes that fails");
  isUp = true;
  await page.clock.fastForward(5_000);
  await page.locator(".list .code", { hasText: "482913" }).waitFor();
}

/** However many there are: nobody else knows their passwords. */
async function forgetsNoMailbox(page) {
  const old = Array.from({ length: 60 }, (_, n) => ({ id: `old-${n}`, address: `old-${n}@mayfly.test`, token: "x", password: `secret-${n}` }));
  await getMailbox(page);
  await page.evaluate((more) => {
    const list = JSON.parse(localStorage.getItem("mayfly.mailboxes"));
    localStorage.setItem("mayfly.mailboxes", JSON.stringify([...list, ...more]));
  }, old);
  await page.getByRole("button", { name: "+ New mailbox" }).click();
  await getMailbox(page, page.getByRole("dialog"));
  const kept = await page.evaluate(() => JSON.parse(localStorage.getItem("mayfly.mailboxes")));
  assert.equal(kept.length, 62);
  assert.deepEqual(kept.slice(2), old);
}

async function saysWhatIsNotKept(page) {
  await page.evaluate(() => { Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); }; });
  const address = await getMailbox(page);
  await page.getByText("save its password before you close the page").waitFor();
  await page.getByRole("button", { name: "Password" }).waitFor();
  await receive(page, address, "one");
}

async function readsDomainsAgain(page) {
  await page.route("**/api/domains", (route) => route.fulfill({ status: 503, json: { error: "unavailable", message: "try again shortly" } }));
  await page.getByRole("button", { name: "Choose a name" }).click();
  await page.getByRole("alert").getByText("The server is busy").waitFor();
  await page.unroute("**/api/domains");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByLabel("Name").fill(`chosen-${Date.now()}`);
  await page.getByRole("button", { name: "Create" }).click();
  await page.locator(".address", { hasText: /^chosen-.*@mayfly[.]test$/ }).waitFor();
}
