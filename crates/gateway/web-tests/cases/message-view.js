// One message: its formats, what was extracted from it, its attachments.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cases, pageCases } from "../support/cases.js";
import { checkAccessibility, checkView } from "../support/checks.js";
import { tokenize } from "../../web/markup.js";
import { listedSubject, openInbox, openMessage, receive, waitForMessage } from "../support/inbox.js";
import { CODE, CONFIRM_URL, HOSTILE, TRACKER_URL, sendMail, shopMail } from "../support/mail.js";

/** Opens the page with a new mailbox and one message. @param {import("playwright-core").Page} page */
async function openShopMail(page, subject = "First", from = "Corner Shop") {
  await sendMail(await openInbox(page), shopMail(subject, from));
  await openMessage(page, subject);
}

pageCases({
  async message_view_copies_code_and_links_confirmation({ page }) {
    await openShopMail(page);
    const view = page.locator("message-view");
    await view.getByRole("button", { name: `Copy code ${CODE}` }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), CODE);
    assert.equal(await view.getByRole("list", { name: "Links" }).getByRole("link").getAttribute("href"), CONFIRM_URL);
  },

  async message_view_html_is_sandboxed_without_images({ page, externalRequests }) {
    await openShopMail(page);
    const heading = page.frameLocator("message-view iframe").getByRole("heading", { name: "Welcome" });
    await heading.waitFor();
    assert.equal(await page.locator("message-view iframe").getAttribute("sandbox"), "allow-popups allow-popups-to-escape-sandbox");
    await checkView(page, "message-html");
    assert.deepEqual(externalRequests, []);
    const requested = page.waitForRequest(TRACKER_URL);
    await page.getByRole("button", { name: "Show remote images" }).click();
    await requested;
    await heading.waitFor();
  },

  async message_view_text_has_links_and_no_markup({ page }) {
    await openShopMail(page);
    await page.getByRole("button", { name: "Text", exact: true }).click();
    await page.locator("pre.text", { hasText: HOSTILE }).waitFor();
    assert.equal(await page.locator("pre.text a").getAttribute("href"), CONFIRM_URL);
    await checkView(page, "message");
  },

  async message_view_headers_exclude_body({ page }) {
    await openShopMail(page);
    await page.getByRole("button", { name: "Headers", exact: true }).click();
    await page.locator("pre.source", { hasText: "Subject: First" }).waitFor();
    assert.equal(await page.locator("pre.source", { hasText: "--outer" }).count(), 0);
  },

  async message_view_source_is_complete_and_accessible({ page }) {
    await openShopMail(page);
    await page.getByRole("button", { name: "Source", exact: true }).click();
    await page.locator("pre.source", { hasText: "--outer--" }).waitFor();
    await checkAccessibility(page, "the source");
  },

  async message_view_html_source_has_colors_and_is_text({ page }) {
    const html = `<!doctype html><!-- preheader --><p class="lead" hidden>1 < 2 &amp; so on</p><style>p > b { color: red }</style><script>alert(1)</script><img src=x onerror='alert(2)'>`;
    await sendMail(await openInbox(page), ["From: a@shop.example", "Subject: Markup", "MIME-Version: 1.0", "Content-Type: text/html", "", html]);
    await openMessage(page, "Markup");
    await page.getByRole("button", { name: "HTML source" }).click();
    const source = page.locator("message-view pre.source");
    await source.waitFor();
    assert.equal((await source.textContent())?.trimEnd(), html);
    const colored = (/** @type {string} */ kind) => source.locator(`[data-token=${kind}]`).allTextContents();
    assert.deepEqual(await colored("comment"), ["<!doctype html>", "<!-- preheader -->"]);
    assert.deepEqual(await colored("attribute"), ["class", "hidden", "src", "onerror"]);
    assert.deepEqual(await colored("value"), ['"lead"', "x", "'alert(2)'"]);
    assert.deepEqual((await colored("tag")).join(""), "<p></p><style></style><script></script><img>");
    await checkAccessibility(page, "the HTML source");
    // By keyboard alone.
    await page.getByRole("button", { name: "Headers" }).focus();
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await source.locator("[data-token]").first().waitFor();
  },

  async message_view_attachment_is_downloaded({ page }) {
    await openShopMail(page);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download: bill.pdf" }).click()]);
    assert.equal(download.suggestedFilename(), "bill.pdf");
    assert.equal(readFileSync(await download.path(), "utf8"), "the bill");
  },

  async message_view_shows_header_and_names_the_file({ page }) {
    const address = await openInbox(page);
    await sendMail(address, [
      `From: "Corner Shop" <hello@shop.example>`, `To: "Ann Example" <${address}>`, "Cc: bob@example.com", "Reply-To: help@shop.example",
      "Date: Sat, 28 Nov 2026 09:30:00 +0100", "Subject: Bill 7/2026: due", "MIME-Version: 1.0", "Content-Type: text/html", "", "<p>No image.</p>",
    ]);
    await openMessage(page, "Bill 7/2026: due");
    const facts = await page.locator("message-view .facts").textContent() ?? "";
    for (const part of [`ToAnn Example <${address}>`, "Ccbob@example.com", "Reply-Tohelp@shop.example", "2026", "UTC"]) assert.ok(facts.includes(part), `${part}: ${facts}`);
    await page.frameLocator("message-view iframe").getByText("No image.").waitFor();
    assert.equal(await page.getByText("Remote images are blocked").count(), 0);
    await page.getByRole("button", { name: "Phone" }).click();
    assert.equal(await page.locator("message-view iframe").evaluate((frame) => frame.getBoundingClientRect().width), 375);
    await page.getByRole("button", { name: "Source", exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download source" }).click()]);
    assert.equal(download.suggestedFilename(), "Bill 7 2026 due.eml");
  },

  async message_view_previews_attachments({ page }) {
    const address = await openInbox(page);
    const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const part = (/** @type {string} */ type, /** @type {string} */ name, /** @type {string} */ body) =>
      ["--m", `Content-Type: ${type}`, `Content-Disposition: attachment; filename=${name}`, "Content-Transfer-Encoding: base64", "", body];
    await sendMail(address, ["From: a@shop.example", "Subject: Files", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=m", "",
      ...part("image/png", "dot.png", pixel), ...part("text/csv", "bill.csv", btoa("total,12")), ...part("text/html", "page.html", btoa("<script>alert(1)</script>")),
      ...part("image/svg+xml", "x.svg", btoa("<svg onload='alert(1)'/>")), "--m--"]);
    await openMessage(page, "Files");
    const preview = (/** @type {string} */ name) => page.locator(".attachments li", { hasText: name }).getByRole("button", { name: "Preview" });
    await preview("dot.png").click();
    await page.waitForFunction(() => (/** @type {HTMLImageElement | null} */ (document.querySelector("dialog img"))?.naturalWidth ?? 0) === 1);
    await checkAccessibility(page, "the preview of an attachment");
    await page.keyboard.press("Escape");
    await preview("bill.csv").click();
    await page.locator("dialog pre", { hasText: "total,12" }).waitFor();
    await page.keyboard.press("Escape");
    await preview("page.html").click();
    await page.locator("dialog pre", { hasText: "<script>alert(1)</script>" }).waitFor();
    assert.equal(await preview("x.svg").count(), 0, "an image that can run scripts");
  },

  async message_view_is_retried_when_the_server_is_back({ page }) {
    await page.clock.install();
    const address = await openInbox(page);
    await receive(page, address, "later");
    await page.route(/\/api\/messages\/[^/?]+$/, (route) => route.abort());
    await listedSubject(page, "later").click();
    await page.getByText("The server is not reachable.").waitFor();
    await page.unroute(/\/api\/messages\/[^/?]+$/);
    await page.clock.fastForward(30_000);
    await waitForMessage(page, "later");
  },

  async message_view_hostile_sender_and_subject_are_text({ page }) {
    await openShopMail(page, HOSTILE, HOSTILE);
    await page.locator("message-view h2", { hasText: HOSTILE }).waitFor();
    await page.locator("message-view dd", { hasText: HOSTILE }).waitFor();
  },
});

cases({
  async markup_tokens_are_the_input_in_linear_time() {
    const kinds = (/** @type {string} */ html) => tokenize(html, 100).map(({ kind, text }) => `${kind}:${text}`);
    assert.deepEqual(kinds("a<b c = 'd>' e=f/>g</b >"), ["text:a", "tag:<b", "text: ", "attribute:c", "text: = ", "value:'d>'", "text: ", "attribute:e", "text:=", "value:f/",
      "tag:>", "text:g", "tag:</b", "text: ", "tag:>"]);
    assert.deepEqual(kinds("<STYLE>a<b</styled></Style><!-->x<!--y--!>z"), ["tag:<STYLE", "tag:>", "text:a<b</styled>", "tag:</Style", "tag:>", "comment:<!-->", "text:x",
      "comment:<!--y--!>", "text:z"]);
    // Processor time, and the least of some runs: other tests run beside this one.
    const cpuMs = (/** @type {string} */ unit, /** @type {number} */ size, /** @type {number} */ enough) => {
      const html = unit.repeat(size / unit.length);
      let least = Infinity;
      for (let run = 0; run < 5 && least > enough; run++) {
        const start = process.cpuUsage();
        for (const max of [100, Infinity]) assert.equal(tokenize(html, max).map((token) => token.text).join(""), html, unit);
        least = Math.min(least, process.cpuUsage(start).user / 1000);
      }
      return least;
    };
    for (const unit of ["<", "<a", "<a ", "<!--", "<!", "<a b='", "<a b=", "<a =", "<a b \t", "</", "<style>", "<title>x</title", "--", "<a/b=\"c\">", " ", "\u{1f600}<p>"]) {
      // Thirty-two times the input: a quadratic reader takes 1,024 times as long. Below some milliseconds the clock decides.
      const max = 160 * Math.max(cpuMs(unit, 20_000, 0), 5);
      const large = cpuMs(unit, 640_000, max);
      assert.ok(large < max, `${JSON.stringify(unit)}: ${large} ms, at most ${max}`);
    }
    assert.equal(tokenize("<a>".repeat(100), 50).length, 51);
  },
});
