// Steps and locators of the inbox.
import assert from "node:assert/strict";
import { call } from "./api.js";
import { base } from "./cases.js";
import { sendText } from "./mail.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */
/** @typedef {import("../../web/session.js").Mailbox} Mailbox */

/** Opens the page with a new mailbox, and waits until it is live; returns its address. @param {Page} page */
export async function openInbox(page) {
  await page.goto(base);
  return getMailbox(page);
}

/** Creates another mailbox with a random name, and waits until it is live; returns its address. @param {Page} page @param {Page | Locator} [scope] */
export async function getMailbox(page, scope = page) {
  const before = await page.locator(".address").allTextContents();
  await scope.getByRole("button", { name: "Get a mailbox" }).click();
  await page.waitForFunction(([old]) => {
    const address = document.querySelector(".address")?.textContent;
    return address !== undefined && address !== old;
  }, before);
  await waitUntilLive(page);
  return addressOf(page);
}

/** The address of the open mailbox. @param {Page} page */
export async function addressOf(page) {
  return await page.locator(".address").textContent() ?? "";
}

/** @param {Page} page */
export function waitUntilLive(page) {
  return page.locator(".state[data-state=live]").waitFor();
}

/** @param {Page} page @param {string} address */
export function waitForAddress(page, address) {
  return page.locator(".address", { hasText: address }).waitFor();
}

/** The subject in a row of the list. @param {Page} page @param {string} text */
export function listedSubject(page, text) {
  return page.locator(".list .subject", { hasText: text });
}

/** @param {Page} page */
export function listedSubjects(page) {
  return page.locator(".list .subject").allTextContents();
}

/** Waits until a message is shown. @param {Page} page @param {string} subject */
export function waitForMessage(page, subject) {
  return page.locator("message-view h2", { hasText: subject }).waitFor();
}

/** Opens a message by click, and waits until it is shown. @param {Page} page @param {string} subject */
export async function openMessage(page, subject) {
  await listedSubject(page, subject).click();
  await waitForMessage(page, subject);
}

/** Sends mails one by one, each listed before the next. @param {Page} page @param {string} address @param {string[]} subjects */
export async function receive(page, address, ...subjects) {
  for (const subject of subjects) {
    await sendText(address, subject);
    await listedSubject(page, subject).waitFor();
  }
}

/** The id of a listed message. @param {Page} page @param {string} subject */
export function idOf(page, subject) {
  return page.locator("button.open", { hasText: subject }).getAttribute("data-id");
}

/** Opens the page with a new mailbox that has a number of messages, the newest first: `m199.`, `m198.` and so on. @param {Page} page @param {number} count */
export async function openFullInbox(page, count) {
  const address = await openInbox(page);
  for (let n = 0; n < count; n += 1) await sendText(address, `m${n}.`);
  await page.reload();
  await listedSubject(page, `m${count - 1}.`).waitFor();
  return address;
}

/** The mailboxes that the browser stores; the open one is the first. @param {Page} page @returns {Promise<Mailbox[]>} */
export function storedMailboxes(page) {
  return page.evaluate(() => JSON.parse(localStorage.getItem("mayfly.mailboxes") ?? "[]"));
}

/** Deletes a listed message through the API, without the page. @param {Page} page @param {string} subject */
export async function deleteElsewhere(page, subject) {
  const [{ token }] = await storedMailboxes(page);
  assert.equal(await call("DELETE", `/api/messages/${await idOf(page, subject)}`, token), null);
}

/** Makes the page read the list again, as when its tab becomes visible. @param {Page} page */
export function becomeVisible(page) {
  return page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
}

/** Waits until the page has rendered. @param {Page} page */
export function nextFrame(page) {
  return page.evaluate(() => new Promise(requestAnimationFrame));
}

/** Opens the details of the open mailbox. @param {Page} page */
export async function openDetails(page) {
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByRole("dialog", { name: "Details" }).waitFor();
}

/** Removes the open mailbox from the browser. @param {Page} page */
export async function removeFromBrowser(page) {
  await openDetails(page);
  await page.getByRole("button", { name: "Remove from this browser" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove from this browser" }).click();
}

/**
 * Delays the first request that matches. `requested` resolves when it is made; `release` lets it continue, and returns
 * when the page has its response.
 * @param {Page} page @param {string} method @param {string | RegExp} pattern
 */
export async function delayRequest(page, method, pattern) {
  /** @type {PromiseWithResolvers<void>} */
  const gate = Promise.withResolvers();
  /** @type {PromiseWithResolvers<void>} */
  const requested = Promise.withResolvers();
  /** @type {Promise<unknown>[]} */
  const responses = [];
  await page.route(pattern, async (route) => {
    if (route.request().method() !== method || responses.length > 0) return route.fallback();
    requested.resolve();
    const continued = gate.promise.then(() => route.continue());
    responses.push(route.request().response().then((response) => response?.finished()));
    return continued;
  });
  const release = async () => {
    gate.resolve();
    await Promise.all(responses);
    await nextFrame(page);
  };
  return { requested: requested.promise, release };
}
