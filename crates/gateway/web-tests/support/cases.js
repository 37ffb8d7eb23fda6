// Defines the cases of the web tests. Each has its own browser context, creates its own mailboxes and users, and fails alone. The environment names a running Mayfly.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

/** @typedef {import("playwright-core").Page} Page */
/**
 * @typedef {object} Visit
 * @property {Page} page an empty page
 * @property {string[]} externalRequests URLs of other origins that the context requested; all are blocked
 */

export const DESKTOP = { width: 1100, height: 720 };
export const PHONE = { width: 390, height: 780 };
const ELEMENT_TIMEOUT_MS = 15_000;
const CASE_TIMEOUT_MS = 200_000;

/** @param {string} name */
function environment(name) {
  const value = process.env[name];
  assert.ok(value, `the environment variable ${name} is missing`);
  return value;
}

/** The URL of Mayfly. */
export const base = environment("MAYFLY_URL");
export const smtpPort = Number(environment("MAYFLY_SMTP_PORT"));
/** The admin listener, and a token for it. */
export const adminUrl = environment("MAYFLY_ADMIN_URL");
export const adminToken = environment("MAYFLY_ADMIN_TOKEN");

/** A name that no other case uses. @param {string} prefix */
export const unique = (prefix) => `${prefix}-${randomBytes(4).toString("hex")}`;

export const launchOptions = { executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] };

/** Defines a case for each function, named after it. @param {Record<string, () => Promise<void>>} functions */
export function cases(functions) {
  for (const [name, run] of Object.entries(functions)) test(name, { timeout: CASE_TIMEOUT_MS }, run);
}

/** @typedef {import("playwright-core").BrowserContextOptions} ContextOptions */

/** Defines cases with a browser context each. @param {Record<string, (page: Page) => Promise<void>>} functions @param {ContextOptions} [options] */
export function browserCases(functions, options = {}) {
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => { browser = await chromium.launch(launchOptions); });
  after(() => browser.close());
  cases(mapValues(functions, (run) => async () => {
    const context = await browser.newContext({ viewport: DESKTOP, acceptDownloads: true, permissions: ["clipboard-read", "clipboard-write"], ...options });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(ELEMENT_TIMEOUT_MS);
      await run(page);
    } finally {
      await context.close();
    }
  }));
}

/**
 * Defines cases of Mayfly's page. A case also fails when the page throws, opens a dialog, violates its content security
 * policy or sends a request to another origin.
 * @param {Record<string, (visit: Visit) => Promise<void>>} functions
 * @param {ContextOptions} [options]
 */
export function pageCases(functions, options = {}) {
  browserCases(mapValues(functions, (run) => async (page) => {
    const problems = watch(page);
    /** @type {string[]} */
    const externalRequests = [];
    await page.context().route((url) => url.origin !== new URL(base).origin, (route) => { externalRequests.push(route.request().url()); return route.abort(); });
    await run({ page, externalRequests });
    assert.deepEqual(problems, [], "problems in the page");
  }), options);
}

/**
 * @template T, U
 * @param {Record<string, T>} record @param {(value: T) => U} map
 * @returns {Record<string, U>}
 */
function mapValues(record, map) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** Collects what must not happen in a page. @param {Page} page */
function watch(page) {
  /** @type {string[]} */
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("dialog", (dialog) => {
    problems.push(`a script opened a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (/content security policy|trusted/i.test(message.text())) problems.push(message.text());
  });
  page.on("request", (request) => {
    const isLocal = request.url().startsWith(base) || request.url().startsWith("blob:");
    if (!isLocal && request.frame() === page.mainFrame()) problems.push(`request to another origin: ${request.url()}`);
  });
  return problems;
}

/** Waits until a condition holds. @param {() => boolean | Promise<boolean>} holds @param {string} what @param {number} [seconds] */
export async function until(holds, what, seconds = 20) {
  for (const end = Date.now() + seconds * 1000; !await holds();) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}
