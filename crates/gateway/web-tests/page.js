// What a person does with the page, in a real browser. Called with the URL and the SMTP port of a running Mayfly; a third
// argument is a directory for screenshots. It ends with 0 when all of it held.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { sendMailTo } from "./mail.js";

const [base, smtpPort, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const sendMail = (to, lines) => sendMailTo(smtpPort, to, lines);

const HOSTILE = "<img src=x onerror=alert(1)>";
const mail = (subject, from = "Corner Shop") => [
  `From: "${from}" <hello@shop.example>`, `Subject: ${subject}`, "MIME-Version: 1.0",
  "Content-Type: multipart/mixed; boundary=outer", "", "--outer", "Content-Type: multipart/alternative; boundary=inner", "",
  "--inner", "Content-Type: text/plain; charset=utf-8", "", "Your verification code is 481516.",
  "Confirm here: https://shop.example/confirm?t=abc", HOSTILE,
  "--inner", "Content-Type: text/html; charset=utf-8", "", "<h1>Welcome</h1><p>Your verification code is <b>481516</b>.</p>", "--inner--",
  "--outer", "Content-Type: application/pdf", "Content-Disposition: attachment; filename=bill.pdf", "", "the bill", "--outer--",
];

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const context = await browser.newContext({ acceptDownloads: true, permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("dialog", (dialog) => problems.push(`a script ran: ${dialog.message()}`));
  page.on("console", (message) => {
    if (/content security policy|trusted/i.test(message.text())) problems.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith("blob:")) problems.push(`left the origin: ${request.url()}`);
  });

  const look = await looker(page);
  const api = (path, token) => fetch(base + path, { headers: { Authorization: `Bearer ${token}` } });
  const address = await inbox(page, look, api);
  await dashboard(page, look, address);
  assert.deepEqual(problems, []);
} finally {
  await browser.close();
}

/** Judges a view by axe in light and dark, and takes its pictures when they are wanted. */
async function looker(page) {
  return async (name) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // Evaluated by the debugger, so the page's own policy does not have to allow it.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { iframes: false }));
      const told = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html + node.failureSummary).join(" | ")}`);
      assert.deepEqual(told, [], `${name}, ${colorScheme}`);
      if (!pictures) continue;
      for (const [kind, width, height] of [["desktop", 1100, 720], ["phone", 390, 780]]) {
        await page.setViewportSize({ width, height });
        await page.screenshot({ path: join(pictures, `${name}-${colorScheme}-${kind}.png`) });
      }
      await page.setViewportSize({ width: 1100, height: 720 });
    }
  };
}

async function inbox(page, look, api) {
  await page.goto(base);
  await page.getByRole("button", { name: "Get a mailbox" }).waitFor();
  await look("welcome");
  await page.getByRole("button", { name: "Get a mailbox" }).click();
  const address = await page.locator(".address").textContent();
  assert.match(address, /^[a-z]+-[a-z]+-\d{4}@mayfly\.test$/);
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address);
  await page.getByText("Nothing here yet").waitFor();
  await page.getByRole("button", { name: "QR code" }).click();
  await page.waitForFunction(() => document.querySelector(".qr")?.naturalWidth > 0);
  await page.keyboard.press("Escape");
  await look("empty");

  // Two mails arrive without a reload.
  await sendMail(address, mail("First"));
  await page.locator(".list .subject", { hasText: "First" }).waitFor();
  await sendMail(address, mail("Second"));
  await page.locator(".list .subject", { hasText: "Second" }).waitFor();

  // By keyboard: the newest is chosen, the older is opened.
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator("message-view h2", { hasText: "First" }).waitFor();
  const { token } = await page.evaluate(() => JSON.parse(localStorage.getItem("mayfly.mailboxes"))[0]);
  const list = await (await api("/api/messages", token)).json();
  const message = await (await api(`/api/messages/${list.messages[1].id}`, token)).json();
  if ("codes" in message) {
    await page.locator("message-view").getByRole("button", { name: "Copy code 481516" }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "481516");
  }
  await page.getByRole("button", { name: "HTML", exact: true }).click();
  await page.locator("message-view iframe, message-view .body .hint").first().waitFor();
  if (await page.locator("message-view iframe").count()) {
    await page.frameLocator("message-view iframe").getByRole("heading", { name: "Welcome" }).waitFor();
  }
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await page.locator("pre.text", { hasText: HOSTILE }).waitFor();
  assert.equal(await page.locator("pre.text a").getAttribute("href"), "https://shop.example/confirm?t=abc");
  await look("message");
  await page.getByRole("button", { name: "Headers", exact: true }).click();
  await page.locator("pre.source", { hasText: "Subject: First" }).waitFor();
  await page.getByRole("button", { name: "Source", exact: true }).click();
  await page.locator("pre.source", { hasText: "--outer--" }).waitFor();
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
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await page.keyboard.press("Escape");

  // The session survives a reload; a second mailbox stands beside it; forgetting is possible.
  await page.reload();
  await page.locator(".address", { hasText: address }).waitFor();
  await page.getByRole("button", { name: "+ New mailbox" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Choose a name" }).click();
  await page.getByLabel("Name").fill("chosen");
  await page.waitForFunction(() => document.querySelector("select[name=domain]")?.value);
  await page.getByRole("button", { name: "Create" }).click();
  await page.locator(".address", { hasText: "chosen@mayfly.test" }).waitFor();
  await page.getByRole("combobox", { name: "Mailboxes" }).selectOption(address);
  await page.locator(".address", { hasText: address }).waitFor();
  await page.getByRole("button", { name: "Forget here" }).click();
  await page.locator(".address", { hasText: "chosen@mayfly.test" }).waitFor();
  await page.context().setOffline(true);
  await page.locator(".state[data-state=offline]").waitFor();
  await page.context().setOffline(false);
  await page.locator(".state:not([data-state=offline])").waitFor();
  return address;
}

async function dashboard(page, look) {
  await page.goto(`${base}/pro`);
  await page.getByRole("button", { name: "Make an account" }).click();
  await look("pro-register");
  await page.getByLabel("E-mail address").fill("ann@example.com");
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Register" }).click();

  await page.getByLabel("What is it for?").fill("ci");
  await page.getByRole("button", { name: "Create token" }).click();
  const value = await page.locator(".once code").textContent();
  const curl = () => execFileSync("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", `${base}/pro/api/me`, "-H", `Authorization: Bearer ${value}`], { encoding: "utf8" });
  assert.equal(curl(), "200");
  await look("pro-tokens");
  await page.getByRole("row", { name: "ci" }).getByRole("button", { name: "Revoke" }).click();
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
  await page.keyboard.press("Escape");
  await look("pro-mailboxes");

  await page.getByRole("link", { name: "Domains" }).click();
  await page.getByRole("heading", { name: "Domains" }).waitFor();
  if (await page.getByRole("button", { name: "Add domain" }).count()) {
    await page.getByLabel("Domain", { exact: true }).fill("mine.example");
    await page.getByRole("button", { name: "Add domain" }).click();
    await page.getByRole("article", { name: "mine.example" }).getByText("TXT", { exact: true }).waitFor();
  }
  await look("pro-domains");
  await page.getByRole("link", { name: "Webhooks" }).click();
  await page.getByRole("heading", { name: "Webhooks" }).waitFor();
  await look("pro-webhooks");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
}
