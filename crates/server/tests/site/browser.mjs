// Opens pages of the built site from disk, as a reader without a network does: usage: browser.mjs <directory of the site>
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/package.json`);
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const site = pathToFileURL(process.argv[2]).href;

// One page of each kind: prose, wide tables, drawings, long code.
const PAGES = [
  "docs/site/index", "docs/start/qa-engineer", "docs/start/operator", "docs/start/agent-builder", "docs/start/mailcx-mailtm-user",
  "docs/start/mailpit-user", "docs/howto/README", "docs/howto/webhooks", "docs/CONFIGURATION", "docs/LIMITS", "docs/CLI", "docs/METRICS",
  "docs/ARCHITECTURE", "docs/PROMISES", "docs/OPERATING", "README",
];
/** Colours are the same on every page. */
const DARK_PAGES = ["docs/site/index", "docs/howto/webhooks", "docs/METRICS"];
/** Thousands of cells, for which axe takes most of a minute: other tables stand for them. */
const WITHOUT_AXE = ["docs/CONFIGURATION", "docs/LIMITS"];
const WIDTHS = [375, 768, 1440];
/** The height of a window on a laptop: a page of "getting started" has one screen. */
const SCREEN_HEIGHT = 900;

/** Elements that make the page wider than the window. Runs in the page. */
function overflowing() {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const inside = "pre, .table-wrapper, aside";
  return [...document.querySelectorAll("body *")].filter((element) => !element.parentElement.closest(inside)
    && element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.outerHTML.slice(0, 200));
}

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  for (const [colorScheme, pages] of Object.entries({ light: PAGES, dark: DARK_PAGES })) {
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    const foreign = [];
    page.on("request", (request) => { if (!/^(file|data):/.test(request.url())) foreign.push(request.url()); });
    const errors = [];
    // The excerpts under search results come from a server only; the results do not need one.
    page.on("pageerror", (error) => { if (!String(error).includes("Failed to fetch")) errors.push(String(error)); });
    for (const name of pages) {
      await page.goto(`${site}/${name}.html`);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: SCREEN_HEIGHT });
        assert.deepEqual(await page.evaluate(overflowing), [], `${name} at ${width} pixels`);
      }
      if (name.startsWith("docs/start/")) {
        const bottom = await page.evaluate(() => document.querySelector("article").getBoundingClientRect().bottom);
        assert.ok(bottom <= SCREEN_HEIGHT, `${name} is longer than a screen: ${bottom} pixels`);
        const first = await page.evaluate(() => document.querySelector("article h1").nextElementSibling.className);
        assert.match(first, /highlight-sh/, `${name} begins with what to type`);
      }
      if (WITHOUT_AXE.includes(name)) continue;
      await page.evaluate(axeSource);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { preload: false }));
      const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`);
      assert.deepEqual(found, [], `axe violations of ${name}, ${colorScheme}`);
    }
    await page.goto(`${site}/search.html?q=sandbox`);
    await page.locator("#search-results a", { hasText: "Sandboxes" }).first().waitFor({ timeout: 15_000 });
    assert.deepEqual(foreign, [], "requests to other sites");
    assert.deepEqual(errors, [], "errors of scripts");
    await context.close();
  }
} finally {
  await browser.close();
}
