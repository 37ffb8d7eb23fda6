// Checks of a whole view: accessibility (axe), width on phones, and screenshots on request.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { DESKTOP, PHONE } from "./cases.js";

/** @typedef {import("playwright-core").Page} Page */

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** The directory for screenshots, if requested. */
const screenshots = process.env.MAYFLY_SCREENSHOTS;
const COLOR_SCHEMES = /** @type {const} */ (["light", "dark"]);
/** The rules of axe that depend on the color scheme. */
const COLOR_RULES = ["color-contrast", "link-in-text-block"];

/** Fails on axe violations in light and dark, and on content wider than a phone. @param {Page} page @param {string} name */
export async function checkAccessibility(page, name) {
  for (const colorScheme of COLOR_SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // The debugger evaluates it, so the content security policy of the page does not apply.
    await page.evaluate(axeSource);
    const rules = colorScheme === "dark" ? { runOnly: COLOR_RULES } : {};
    const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { iframes: false, ...rules }), rules);
    const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html + node.failureSummary).join(" | ")}`);
    assert.deepEqual(found, [], `axe violations in ${name}, ${colorScheme}`);
  }
  for (const width of [320, 390]) {
    await page.setViewportSize({ width, height: 780 });
    assert.deepEqual(await page.evaluate(overflowingElements), [], `too wide: ${name} at ${width} pixels`);
  }
  await page.setViewportSize(DESKTOP);
}

/** The same, with screenshots of the view if `MAYFLY_SCREENSHOTS` is set. @param {Page} page @param {string} name */
export async function checkView(page, name) {
  await checkAccessibility(page, name);
  if (!screenshots) return;
  for (const colorScheme of COLOR_SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.mouse.move(0, 0);
    await page.evaluate(() => {
      document.getElementById("toast")?.remove();
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      scrollTo(0, 0);
    });
    for (const [kind, size] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      await page.setViewportSize(size);
      // Chromium paints frames for the first screenshot and shows them on the next.
      await page.screenshot();
      await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}-${kind}.png`) });
    }
    await page.setViewportSize(DESKTOP);
  }
}

/** Elements that overflow the screen at a side, or would scroll sideways. Runs in the page. */
function overflowingElements() {
  const isTruncated = (/** @type {Element} */ element) => element.closest("input, .hidden, thead, .who, .line, .preview, .newest, search-box .row");
  const root = document.scrollingElement ?? document.documentElement;
  return [root, ...document.body.querySelectorAll("*")].filter((element) => !isTruncated(element)
    && (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible"
      || element.getBoundingClientRect().right > innerWidth + 1 || element.getBoundingClientRect().left < -1)).map((element) => element.outerHTML.slice(0, 200));
}
