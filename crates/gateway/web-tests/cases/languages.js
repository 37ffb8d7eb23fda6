// The page in other languages than English, also from right to left.
import assert from "node:assert/strict";
import { registerOperator, registerUser } from "../support/api.js";
import { base, pageCases } from "../support/cases.js";
import { checkAccessibility } from "../support/checks.js";
import { addressOf, listedSubject, openMessage, waitUntilLive } from "../support/inbox.js";
import { CODE, sendMail, shopMail } from "../support/mail.js";
import { openDashboardAs } from "../support/pro.js";

/** @typedef {import("playwright-core").Page} Page */

/** Opens the page with a new mailbox and a message in it. @param {Page} page */
async function openMail(page) {
  await page.goto(base);
  await page.locator("button.big").click();
  await waitUntilLive(page);
  await sendMail(await addressOf(page), shopMail("First"));
  await listedSubject(page, "First").waitFor();
}

/** What the document says about its language. @param {Page} page */
const languageOf = (page) => page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);

/** The modules of texts that the page loaded. @param {Page} page */
const textsOf = (page) => page.evaluate(() => performance.getEntriesByType("resource").map((entry) => entry.name.split("/web/")[1])
  .filter((name) => name?.startsWith("texts/")).sort());

/** Checks every section of the dashboard. @param {Page} page @param {string} language */
async function checkDashboard(page, language) {
  const user = await registerUser();
  await page.goto(`${base}/pro`);
  await page.evaluate((user) => localStorage.setItem("mayfly.pro", JSON.stringify(user)), user);
  for (const section of ["tokens", "mailboxes", "sandboxes", "domains", "webhooks", "usage", "account"]) {
    await page.goto(`${base}/pro#${section}`);
    await page.reload();
    await page.locator(".panel h1").waitFor();
    await page.locator(".panel :is(form, usage-chart)").first().waitFor();
    await checkAccessibility(page, `${language}-${section}`);
  }
  await openDashboardAs(page, await registerOperator(), "admin");
  for (const area of ["users", "mailboxes", "domains", "blocks", "webhooks", "statistics", "audit"]) {
    await page.goto(`${base}/pro#admin/${area}`);
    await page.locator(`.panel nav a[href="#admin/${area}"][aria-current]`).waitFor();
    await checkAccessibility(page, `${language}-admin-${area}`);
  }
}

/** The horizontal center of an element. @param {Page} page @param {string} selector */
const centerOf = (page, selector) => page.locator(selector).first().evaluate((element) => {
  const { left, width } = element.getBoundingClientRect();
  return left + width / 2;
});

pageCases({
  async languages_german_shows_its_texts_dates_and_numbers({ page }) {
    await page.goto(base);
    await page.getByRole("button", { name: "Postfach anlegen" }).waitFor();
    assert.deepEqual(await languageOf(page), ["de", "ltr"]);
    assert.deepEqual(await textsOf(page), ["texts/de.js", "texts/en.js"]);
    const bytes = await page.evaluate(() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
      .reduce((sum, entry) => sum + /** @type {PerformanceResourceTiming} */ (entry).transferSize, 0));
    assert.ok(bytes < 100_000, `${bytes} bytes`);
    await checkAccessibility(page, "german-welcome");
    await openMail(page);
    await openMessage(page, "First");
    const month = new Date().toLocaleDateString("de-AT", { month: "short" });
    const facts = await page.locator("message-view .facts").textContent() ?? "";
    assert.ok(facts.includes("Von") && facts.includes(month) && facts.includes("Byte"), facts);
    await page.frameLocator("message-view iframe").getByRole("heading").waitFor();
    await checkAccessibility(page, "german-message");
  },

  async languages_german_dashboard_is_accessible({ page }) {
    await checkDashboard(page, "german");
  },
}, { locale: "de-AT" });

pageCases({
  async languages_arabic_is_laid_out_from_right_to_left({ page }) {
    await page.goto(base);
    await page.locator("button.big").waitFor();
    assert.deepEqual(await languageOf(page), ["ar", "rtl"]);
    await checkAccessibility(page, "arabic-welcome");
    await openMail(page);
    const code = ".list li > .code";
    await page.locator(code).waitFor();
    assert.equal(await page.locator(code).textContent(), CODE);
    await checkAccessibility(page, "arabic-list");
    await openMessage(page, "First");
    assert.ok(await centerOf(page, ".list") > await centerOf(page, ".view"), "the list is right of the message");
    assert.ok(await centerOf(page, ".brand") > await centerOf(page, ".bar nav"));
    // The line of an English subject makes room for the code, which is on its left.
    const [line, pill] = await Promise.all([".list .subject", code].map((selector) => page.locator(selector).first().evaluate((element) => {
      const range = document.createRange();
      range.selectNodeContents(element);
      return range.getBoundingClientRect();
    })));
    assert.ok(line.left > pill.right, `${line.left} ${pill.right}`);
    await page.frameLocator("message-view iframe").getByRole("heading").waitFor();
    await checkAccessibility(page, "arabic-message");
    // The shortcuts are where they are on a Latin keyboard.
    await page.evaluate(() => document.dispatchEvent(new KeyboardEvent("keydown", { key: "د", code: "KeyU", bubbles: true })));
    await page.locator(".list .unread").waitFor();
  },

  async languages_arabic_dashboard_is_accessible({ page }) {
    await checkDashboard(page, "arabic");
  },

  async languages_page_for_unknown_paths_is_translated({ page }) {
    await page.goto(`${base}/nowhere`);
    await page.getByRole("link", { name: "افتح البريد الوارد" }).waitFor();
    assert.deepEqual(await languageOf(page), ["ar", "rtl"]);
    await checkAccessibility(page, "arabic-not-found");
  },
}, { locale: "ar-EG" });

pageCases({
  async languages_unknown_language_is_english({ page }) {
    await page.goto(base);
    await page.getByRole("button", { name: "Get a mailbox" }).waitFor();
    assert.deepEqual(await languageOf(page), ["en", "ltr"]);
    assert.deepEqual(await textsOf(page), ["texts/en.js"]);
  },

  async languages_translation_that_is_not_loaded_is_english({ page }) {
    await page.addInitScript(() => Object.defineProperty(navigator, "languages", { value: ["fr", "de@posix", "ar"] }));
    await page.route("**/web/texts/de.js", (route) => route.abort());
    await page.goto(base);
    await page.getByRole("button", { name: "Get a mailbox" }).waitFor();
    assert.deepEqual(await languageOf(page), ["en", "ltr"]);
    await page.unroute("**/web/texts/de.js");
    await page.reload();
    await page.getByRole("button", { name: "Postfach anlegen" }).waitFor();
    assert.deepEqual(await languageOf(page), ["de", "ltr"]);
  },

  /** The compiler checks the same; this fails where a key is written twice or computed. */
  async languages_have_the_same_keys({ page }) {
    await page.goto(base);
    const shapes = await page.evaluate(async (base) => {
      /** @param {unknown} value @returns {unknown} */
      const shapeOf = (value) => (value && typeof value === "object"
        ? Object.entries(value).map(([key, one]) => [key, shapeOf(one)]).sort(([one], [other]) => (String(one) < String(other) ? -1 : 1)) : typeof value);
      const modules = await Promise.all(["en", "de", "ar"].flatMap((name) => ["", "docs-", "admin-"].map((kind) => import(`${base}/web/texts/${kind}${name}.js`))));
      return modules.map((module) => JSON.stringify(shapeOf(module.texts ?? module.docsTexts ?? module.adminTexts)));
    }, base);
    const [main, docs, admin] = shapes;
    assert.ok(main.length > 5000 && docs.length > 500 && admin.length > 500, `${main.length} ${docs.length} ${admin.length}`);
    assert.deepEqual(shapes, [main, docs, admin, main, docs, admin, main, docs, admin]);
  },
}, { locale: "fr-FR" });
