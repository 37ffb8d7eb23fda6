// What a person does with the page, in a real browser. Called with the URL and the SMTP port of a running Mayfly, and with
// a file whose lines its DNS server publishes, and which it then removes; a fourth argument is a directory for screenshots. It ends with 0 when all of it held.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { until } from "./lab.js";
import { sendMailTo } from "./mail.js";

const [base, smtpPort, zone, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const DESKTOP = { width: 1100, height: 720 };
const sendMail = (to, lines) => sendMailTo(smtpPort, to, lines);

const HOSTILE = "<img src=x onerror=alert(1)>";
const mail = (subject, from = "Corner Shop") => [
  `From: "${from}" <hello@shop.example>`, `Subject: ${subject}`, "MIME-Version: 1.0",
  "Content-Type: multipart/mixed; boundary=outer", "", "--outer", "Content-Type: multipart/alternative; boundary=inner", "",
  "--inner", "Content-Type: text/plain; charset=utf-8", "", "Your verification code is 481516.",
  "Confirm here: https://shop.example/confirm?t=abc", HOSTILE,
  "--inner", "Content-Type: text/html; charset=utf-8", "", "<h1>Welcome</h1><p>Your verification code is <b>481516</b>.</p><img src='https://tracker.example/pixel.png'>", "--inner--",
  "--outer", "Content-Type: application/pdf", "Content-Disposition: attachment; filename=bill.pdf", "", "the bill", "--outer--",
];

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const context = await browser.newContext({ viewport: DESKTOP, acceptDownloads: true, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("dialog", (dialog) => problems.push(`a script ran: ${dialog.message()}`));
  page.on("console", (message) => {
    if (/content security policy|trusted/i.test(message.text())) problems.push(message.text());
  });
  // Nothing is loaded from elsewhere until somebody asks for it; what leaves then ends here.
  const left = [];
  await context.route((url) => url.origin !== base, (route) => { left.push(route.request().url()); return route.abort(); });
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && request.frame() === page.mainFrame() && !request.url().startsWith("blob:")) problems.push(`left the origin: ${request.url()}`);
  });

  const look = looker(page);
  await firstLoad(page);
  await inbox(page, look, left);
  await signUp(page);
  await dashboard(page, look);
  assert.deepEqual(problems, []);
} finally {
  await browser.close();
}

/** Judges a view by axe in light and dark, and by how wide it is on phones. */
async function judge(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Evaluated by the debugger, so the page's own policy does not have to allow it.
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { iframes: false }));
    const told = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html + node.failureSummary).join(" | ")}`);
    assert.deepEqual(told, [], `${name}, ${colorScheme}`);
  }
  for (const width of [320, 390]) {
    await page.setViewportSize({ width, height: 780 });
    assert.deepEqual(await page.evaluate(tooWide), [], `${name} at ${width} pixels`);
  }
  await page.setViewportSize(DESKTOP);
}

/** Judges views, and takes their pictures when they are wanted. */
function looker(page) {
  return async (name) => {
    await judge(page, name);
    for (const colorScheme of pictures ? ["light", "dark"] : []) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.mouse.move(0, 0);
      await page.evaluate(() => {
        document.getElementById("toast")?.remove();
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
        scrollTo(0, 0);
      });
      for (const [kind, size] of [["desktop", DESKTOP], ["phone", { width: 390, height: 780 }]]) {
        await page.setViewportSize(size);
        // Frames are painted for the first picture, and seen on the next.
        await page.screenshot();
        await page.screenshot({ path: join(pictures, `${name}-${colorScheme}-${kind}.png`) });
      }
      await page.setViewportSize(DESKTOP);
    }
  };
}

/** What reaches over the right edge of the screen, or of a box that would have to be scrolled sideways for it. */
function tooWide() {
  const isLeftAlone = (element) => element.closest(".hidden, thead, .who, .subject, .preview, .newest, .mail");
  return [document.scrollingElement, ...document.body.querySelectorAll("*")].filter((element) => !isLeftAlone(element)
    && (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible"
      || element.getBoundingClientRect().right > innerWidth + 1)).map((element) => element.outerHTML.slice(0, 200));
}

/** What a first visit loads, and how long it is until mail can come. */
async function firstLoad(page) {
  const started = performance.now();
  await page.goto(base);
  await page.getByRole("button", { name: "Get a mailbox" }).click();
  await page.locator(".state[data-state=live]").waitFor();
  const tookMs = Math.round(performance.now() - started);
  const bytes = await page.evaluate(() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .reduce((sum, entry) => sum + /** @type {PerformanceResourceTiming} */ (entry).transferSize, 0));
  assert.ok(bytes < 100_000, `${bytes} bytes`);
  console.log(`first load ${bytes} bytes, from the address to a live inbox ${tookMs} ms`);
  await page.getByRole("button", { name: "Remove from this browser" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove from this browser" }).click();
}

/** A sign-up as a test of somebody's site would run it: the browser's own EventSource, opened by a ticket. */
async function signUp(page) {
  const made = await page.evaluate(async () => {
    const post = async (path, body, token) => (await fetch(path, {
      method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
    })).json();
    const account = await post("/api/accounts", { address: "sign-up@mayfly.test", password: "correct horse" });
    const { ticket } = await post("/api/tickets", { for: "events" }, account.token);
    const events = new EventSource(`/api/events?ticket=${ticket}`);
    globalThis.told = new Promise((resolve, reject) => {
      events.addEventListener("new_email", (event) => { resolve({ id: event.lastEventId, ...JSON.parse(event.data) }); events.close(); });
      events.addEventListener("error", () => reject(new Error("the stream failed")));
    });
    await new Promise((resolve) => { events.addEventListener("open", resolve); });
    return account;
  });
  await sendMail(made.address, mail("Confirm your account"));
  const message = await page.evaluate(async (token) => {
    const { id } = await globalThis.told;
    return (await fetch(`/api/messages/${id}`, { headers: { authorization: `Bearer ${token}` } })).json();
  }, made.token);
  assert.equal(message.subject, "Confirm your account");
  assert.deepEqual(message.codes.map((code) => code.value), ["481516"]);
  assert.deepEqual(message.links.map((link) => [link.url, link.kind]), [["https://shop.example/confirm?t=abc", "verify"]]);
}

async function inbox(page, look, left) {
  await page.getByRole("button", { name: "Get a mailbox" }).waitFor();
  await look("welcome");
  await page.getByRole("button", { name: "Get a mailbox" }).click();
  const address = await page.locator(".address").textContent();
  assert.match(address, /^[a-z]+-[a-z]+-\d{4}@mayfly\.test$/);
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address);
  await page.getByText("No messages yet").waitFor();
  await page.getByRole("button", { name: "QR code" }).click();
  await page.waitForFunction(() => document.querySelector(".qr")?.naturalWidth > 0);
  await judge(page, "the QR code");
  await page.keyboard.press("Escape");
  await look("empty");

  // Two mails arrive without a reload, by the socket alone: no list is answered. Each shows its code.
  await page.locator(".state[data-state=live]").waitFor();
  const lists = [];
  await page.route(`${base}/api/messages`, (route) => { lists.push(route); });
  await sendMail(address, mail("First"));
  const accepted = performance.now();
  await page.locator(".list .subject", { hasText: "First" }).waitFor();
  const lateMs = Math.round(performance.now() - accepted);
  assert.ok(lateMs < 1000, `${lateMs} ms`);
  console.log(`from the 250 to the list ${lateMs} ms`);
  await page.locator(".list").getByRole("button", { name: "Copy code 481516" }).waitFor();
  await sendMail(address, mail("Second"));
  await page.locator(".list .subject", { hasText: "Second" }).waitFor();
  await page.unroute(`${base}/api/messages`);
  await Promise.all(lists.map((route) => route.continue()));

  // By keyboard: the newest is chosen, the older is opened.
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  // Wherever the focus went meanwhile.
  await page.evaluate(() => { if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); });
  await page.keyboard.press("Enter");
  await page.locator("message-view h2", { hasText: "First" }).waitFor();
  const reading = page.locator("message-view");
  await reading.getByRole("button", { name: "Copy code 481516" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "481516");
  assert.equal(await reading.getByRole("list", { name: "Links" }).getByRole("link").getAttribute("href"), "https://shop.example/confirm?t=abc");

  // The HTML stands in a frame without an origin; it shows no remote image until somebody asks.
  const frame = page.locator("message-view iframe");
  const inside = page.frameLocator("message-view iframe");
  await inside.getByRole("heading", { name: "Welcome" }).waitFor();
  assert.equal(await frame.getAttribute("sandbox"), "allow-popups allow-popups-to-escape-sandbox");
  await look("message-html");
  assert.deepEqual(left, []);
  const asked = page.waitForRequest("https://tracker.example/pixel.png");
  await page.getByRole("button", { name: "Show remote images" }).click();
  await asked;
  await inside.getByRole("heading", { name: "Welcome" }).waitFor();
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await page.locator("pre.text", { hasText: HOSTILE }).waitFor();
  assert.equal(await page.locator("pre.text a").getAttribute("href"), "https://shop.example/confirm?t=abc");
  await look("message");
  await page.getByRole("button", { name: "Headers", exact: true }).click();
  await page.locator("pre.source", { hasText: "Subject: First" }).waitFor();
  assert.equal(await page.locator("pre.source", { hasText: "--outer" }).count(), 0, "headers are not the body");
  await page.getByRole("button", { name: "Source", exact: true }).click();
  await page.locator("pre.source", { hasText: "--outer--" }).waitFor();
  await judge(page, "the source");
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "bill.pdf" }).click()]);
  assert.equal(saved.suggestedFilename(), "bill.pdf");
  assert.equal(readFileSync(await saved.path(), "utf8"), "the bill");
  await page.keyboard.press("d");
  await page.locator(".list .subject", { hasText: "First" }).waitFor({ state: "detached" });

  // What is hostile in a mail is text, in every field.
  await sendMail(address, mail(HOSTILE, HOSTILE));
  await page.locator(".list .subject", { hasText: HOSTILE }).click();
  assert.equal(await page.locator(".list .who").first().evaluate((who) => who.lastChild.textContent), HOSTILE);
  await page.locator("message-view h2", { hasText: HOSTILE }).waitFor();
  await page.locator("message-view dd", { hasText: HOSTILE }).waitFor();
  await page.keyboard.press("Backspace");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await judge(page, "the keys");
  await page.keyboard.press("Escape");

  // The session survives a reload; a second mailbox stands beside it; forgetting is possible.
  await page.reload();
  await page.locator(".address", { hasText: address }).waitFor();
  await page.locator(".list").getByRole("button", { name: "Copy code 481516" }).first().waitFor();
  await page.getByRole("button", { name: "+ New mailbox" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Choose a name" }).click();
  await page.getByLabel("Name").fill("chosen");
  await page.waitForFunction(() => document.querySelector("select[name=domain]")?.value);
  await judge(page, "another mailbox");
  await page.getByRole("button", { name: "Create" }).click();
  await page.locator(".address", { hasText: "chosen@mayfly.test" }).waitFor();
  await sideBySide(page, look, address);
  await page.getByRole("button", { name: "Remove from this browser" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove from this browser" }).click();
  await page.locator(".address", { hasText: "chosen@mayfly.test" }).waitFor();
  await page.context().setOffline(true);
  await page.locator(".state[data-state=offline]").waitFor();
  await judge(page, "offline");
  await page.context().setOffline(false);
  await page.locator(".state[data-state=live]").waitFor();
  await sendMail("chosen@mayfly.test", mail("After the gap"));
  await page.locator(".list .subject", { hasText: "After the gap" }).waitFor();
}

async function dashboard(page, look) {
  await page.goto(`${base}/pro`);
  await page.getByRole("button", { name: "Create an account" }).click();
  await look("pro-register");
  await page.getByLabel("E-mail address").fill("ann@example.com");
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Register" }).click();

  await page.getByLabel("Token name").fill("ci");
  await page.getByRole("button", { name: "Create token" }).click();
  const value = await page.locator(".shown-once code").textContent();
  const curl = () => execFileSync("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", `${base}/pro/api/me`, "-H", `Authorization: Bearer ${value}`], { encoding: "utf8" });
  assert.equal(curl(), "200");
  await look("pro-tokens");
  await page.getByRole("row", { name: "ci" }).getByRole("button", { name: "Revoke" }).click();
  await judge(page, "a question");
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("row", { name: "ci" }).getByText("revoked").waitFor();
  assert.equal(curl(), "401");

  await page.getByRole("link", { name: "Mailboxes" }).click();
  await page.getByLabel("Address").fill("owned@mayfly.test");
  await page.getByRole("button", { name: "Create mailbox" }).click();
  const row = page.getByRole("row", { name: "owned@mayfly.test" });
  await row.waitFor();
  await sendMail("owned@mayfly.test", mail("For Ann"));
  await row.getByRole("button", { name: "Open" }).click();
  await page.getByText("For Ann").click();
  await page.locator("dialog pre.text", { hasText: "481516" }).waitFor();
  await judge(page, "an owned mailbox");
  await page.keyboard.press("Escape");
  await look("pro-mailboxes");

  await domain(page, look);
  await webhook(page, look);
  await usage(page, look);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
}

async function domain(page, look) {
  await page.getByRole("link", { name: "Domains" }).click();
  await page.getByLabel("Domain", { exact: true }).fill("mine.example");
  await page.getByRole("button", { name: "Add domain" }).click();
  const card = page.getByRole("article", { name: "mine.example" });
  const records = () => Promise.all(["TXT", "MX"].map((type) =>
    card.getByRole("row", { name: type }).getByRole("cell").nth(2).locator("code").textContent()));
  const [text, server] = await records();
  assert.match(text, /^mayfly-verify-/);
  await page.reload();
  await page.getByRole("link", { name: "Domains" }).click();
  assert.deepEqual(await records(), [text, server]);
  await card.getByRole("button", { name: "Verify" }).click();
  await card.getByRole("status").waitFor();
  assert.equal(await card.getByText("missing", { exact: true }).count(), 2);
  await card.getByText("pending", { exact: true }).waitFor();
  await look("pro-domains");
  await publish(`${text}\n${server}`);
  await card.getByRole("button", { name: "Verify" }).click();
  await card.getByText("verified", { exact: true }).waitFor();
  assert.equal(await card.getByText("found", { exact: true }).count(), 2);
  await catchAll(page, look, card);
  await card.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("No domains yet.").waitFor();
}

/** Two mailboxes are seen at once, and both receive; a phone shows one, and a way to the other. */
async function sideBySide(page, look, address) {
  const sidebar = page.getByRole("navigation", { name: "Mailboxes" });
  const [first, chosen] = [sidebar.getByRole("button", { name: address.split("@")[0] }), sidebar.getByRole("button", { name: "chosen" })];
  await first.getByText(HOSTILE).waitFor();
  assert.equal(await first.locator(".count").textContent(), "1 unread");
  assert.equal(await chosen.getAttribute("aria-current"), "true");
  // Mail to the one that is not open, and to the one that is, without a reload.
  await page.waitForFunction(() => document.querySelector("mailbox-sidebar").background.values().next().value.feed?.isLive);
  await page.evaluate(() => { globalThis.isSame = true; });
  await sendMail(address, mail("Beside"));
  await first.getByText("Beside").waitFor();
  assert.equal(await first.locator(".count").textContent(), "2 unread");
  assert.equal(await page.title(), "(2) Mayfly");
  await sendMail("chosen@mayfly.test", mail("Here"));
  await chosen.getByText("Here").waitFor();
  await page.locator(".list .subject", { hasText: "Here" }).waitFor();
  assert.equal(await page.title(), "(3) Mayfly");
  await look("several");
  await page.setViewportSize({ width: 390, height: 780 });
  assert.equal(await sidebar.isVisible(), false);
  await page.waitForFunction(() => document.querySelector("mailbox-sidebar").background.values().next().value.feed === null);
  await page.getByRole("combobox", { name: "Mailboxes" }).selectOption(address);
  await page.locator(".address", { hasText: address }).waitFor();
  await page.setViewportSize(DESKTOP);
  await chosen.getByText("Here").waitFor();
  await chosen.focus();
  await page.keyboard.press("Enter");
  await page.locator(".address", { hasText: "chosen@mayfly.test" }).waitFor();
  await first.click();
  await page.locator(".address", { hasText: address }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.isSame), true, "the page was loaded again");
}

/** Has the DNS say something else; returns once it does. */
async function publish(records) {
  writeFileSync(`${zone}.new`, records);
  renameSync(`${zone}.new`, zone);
  await until(() => !existsSync(zone), "the records are published");
}

/** A mailbox of a domain takes mail for names that are nobody's, for as long as it is chosen. */
async function catchAll(page, look, card) {
  await card.getByText("Create a mailbox on mine.example").waitFor();
  await page.getByRole("link", { name: "Mailboxes" }).click();
  await page.getByLabel("Address").fill("all@mine.example");
  await page.getByRole("button", { name: "Create mailbox" }).click();
  await page.getByRole("row", { name: "all@mine.example" }).waitFor();
  await page.getByRole("link", { name: "Domains" }).click();
  const choice = card.getByLabel("Catch-all mailbox");
  await choice.waitFor();
  const offered = await choice.getByRole("option").allTextContents();
  assert.deepEqual(offered, ["none: mail to unknown addresses is rejected", "all@mine.example"], "mailboxes of other domains cannot be chosen");
  await choice.selectOption("all@mine.example");
  await page.getByText("Catch-all mailbox set.").waitFor();
  await sendMail("anybody@mine.example", mail("For anybody"));
  await look("pro-domains-verified");
  // It is the server that remembers.
  await page.reload();
  assert.equal(await choice.evaluate((select) => select.selectedOptions[0].textContent), "all@mine.example");
  await choice.selectOption("");
  await page.getByText("Catch-all mailbox removed.").waitFor();
  await assert.rejects(sendMail("anybody@mine.example", mail("For nobody")), { actual: /^550/ });
  await page.getByRole("link", { name: "Mailboxes" }).click();
  const row = page.getByRole("row", { name: "all@mine.example" });
  await row.getByRole("button", { name: "Open" }).click();
  await page.getByRole("dialog").getByText("For anybody").waitFor();
  assert.equal(await page.getByRole("dialog").getByText("For nobody").count(), 0);
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Domains" }).click();
}

/** What came lately, in figures, as bars that the keyboard reaches, and as a table. */
async function usage(page, look) {
  await page.getByRole("link", { name: "Usage" }).click();
  const chart = page.getByRole("slider", { name: "Messages per day" });
  // Ann's three mails: one for herself, one by the catch-all, one for the webhook.
  const received = page.locator(".figures div").filter({ hasText: "Messages received" }).locator("dd").first();
  await received.waitFor();
  assert.equal(await received.textContent(), "3");
  assert.match(await chart.getAttribute("aria-valuetext"), /: 3 messages, \d/);
  await chart.focus();
  await page.keyboard.press("ArrowLeft");
  assert.match(await chart.getAttribute("aria-valuetext"), /: 0 messages, 0 bytes$/);
  await page.keyboard.press("Home");
  assert.equal(await chart.getAttribute("aria-valuenow"), "0");
  await page.keyboard.press("End");
  assert.equal(await chart.getAttribute("aria-valuenow"), "13");
  await chart.click({ position: { x: 2, y: 40 } });
  assert.equal(await chart.getAttribute("aria-valuenow"), "0");
  await page.keyboard.press("End");
  const heights = await page.locator(".bar-of-day").evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().height));
  assert.ok(heights[13] > 100 && heights[0] === 0, String(heights));
  await busyDays(page, look);
  await page.getByText("Show as table").click();
  const rows = page.getByRole("table", { name: "Messages per day" }).getByRole("row");
  assert.equal(await rows.count(), 15);
  assert.deepEqual((await rows.nth(1).getByRole("cell").allTextContents())[1], "3");
  await page.getByLabel("Period").selectOption("Last 90 days");
  await page.waitForFunction(() => document.querySelectorAll(".bar-of-day").length === 90);
  await look("pro-usage-table");
}

/** How days look on which more came than a test sends. */
async function busyDays(page, look) {
  const today = Date.parse(new Date().toISOString().slice(0, 10));
  const days = [3, 5, 0, 12, 9, 14, 2, 0, 7, 18, 23, 11, 16, 8].map((messages, index) => (
    { day: new Date(today - (13 - index) * 86_400_000).toISOString().slice(0, 10), messages, bytes: messages * 18_300 }));
  await page.route("**/pro/api/usage?days=14", (route) => route.fulfill({ json: { days, account_count: 2, used: 1_932_735 } }));
  await page.reload();
  await page.locator(".bar-of-day").first().waitFor();
  await look("pro-usage");
  await page.unroute("**/pro/api/usage?days=14");
  await page.reload();
  await page.getByText("Show as table").waitFor();
}

/** A receiver of webhooks on a port of its own. */
async function receiver() {
  const waiting = [];
  const calls = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    response.end();
    const call = { headers: request.headers, body, event: JSON.parse(body) };
    const taker = waiting.shift();
    if (taker) taker(call); else calls.push(call);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    next: () => (calls.length ? Promise.resolve(calls.shift()) : new Promise((resolve) => { waiting.push(resolve); })),
    close: () => server.close(),
  };
}

function assertSigned({ headers, body }, secret) {
  const expected = createHmac("sha256", secret).update(`${headers["x-webhook-timestamp"]}.${body}`).digest("hex");
  assert.equal(headers["x-webhook-signature"], `sha256=${expected}`);
}

async function webhook(page, look) {
  const hook = await receiver();
  await page.getByRole("link", { name: "Webhooks" }).click();
  for (const [url, problem] of [
    ["http://127.0.0.1:25/", "The URL is not accepted: the URL names a port that is not for webhooks."],
    ["http://10.0.0.1:8080/", "The URL is not accepted: the URL needs a name in place of an address."],
  ]) {
    await page.getByLabel("URL").fill(url);
    await page.getByRole("button", { name: "Create webhook" }).click();
    await page.getByRole("alert").getByText(problem, { exact: true }).waitFor();
  }
  await page.getByLabel("URL").fill(hook.url);
  await page.getByRole("button", { name: "Create webhook" }).click();
  const secret = page.locator(".shown-once code");
  const first = await secret.textContent();
  assert.match(first, /^whsec_/);
  const card = page.getByRole("article", { name: hook.url });
  await card.getByRole("button", { name: "Send test" }).click();
  assertSigned(await hook.next(), first);
  const delivered = card.getByRole("cell", { name: "200", exact: true });
  await delivered.waitFor();

  await card.getByRole("button", { name: "Rotate secret" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Rotate secret" }).click();
  await page.waitForFunction((old) => document.querySelector(".shown-once code")?.textContent !== old, first);
  const second = await secret.textContent();
  await sendMail("owned@mayfly.test", mail("For the webhook"));
  const told = await hook.next();
  assertSigned(told, second);
  assert.deepEqual([told.event.type, told.event.data.subject], ["email.received", "For the webhook"]);
  await card.getByRole("button", { name: "Deliveries" }).click();
  await delivered.first().waitFor();
  await card.getByRole("row").nth(1).getByRole("button", { name: "Replay" }).click();
  const again = await hook.next();
  assertSigned(again, second);
  assert.deepEqual(again.event, told.event, "another event than the one replayed");
  await delivered.nth(2).waitFor();
  await look("pro-webhooks");
  await page.reload();
  await card.waitFor();
  assert.equal(await secret.count(), 0, "a secret is shown once");
  await card.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("No webhooks yet.").waitFor();
  hook.close();
}
