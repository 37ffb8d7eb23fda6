// Hostile mail in a real browser. Called with the URL and the SMTP port of a running Mayfly. Each layer that guards a
// framed mail is tried alone: what lacks one is served by this test, never by Mayfly. It ends with 0 when all of it held.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { hostOf, openLab, until } from "./lab.js";
import { mailOf, sendMailTo } from "./mail.js";

const [base, smtpPort] = process.argv.slice(2);
const lines = (name) => readFileSync(new URL(`../../mail-html/src/tests/hostile/${name}.txt`, import.meta.url), "utf8").trimEnd().split("\n");
const payloads = lines("payloads").map((line, n) => line.replaceAll("HIT", `top.postMessage(${n},\`*\`)`));
const loads = lines("loads");
const loadOf = (kind, n) => loads[n].replaceAll("HOST", hostOf(kind, n));

/**
 * `raw` is what was sent, and shows what this browser falls for. `policy` is the same under Mayfly's headers, `clean` what
 * Mayfly makes of it without its headers, `mail` what Mayfly serves; `shown` is that with its images asked for. `page` is
 * Mayfly's own page.
 */
const KINDS = ["raw", "policy", "clean", "mail", "shown", "page"];
/** So many of each list work on this browser, or their silence elsewhere proves nothing: in frames, and in all. */
const MIN_IN_FRAMES = 50;
const MIN_PAYLOADS = 62;
const MIN_LOADS = 55;
/** What a browser does for a whole tab alone, or for the first frame that wants it. */
const IS_FOR_TABS = /autofocus|http-equiv|rel=|manifest|<i?frame|<body|<base/;
/** A hint that no policy speaks of, or a frame: Chromium may look its host up before a policy forbids it. */
const IS_PAST_POLICIES = /rel=(preconnect|dns-prefetch)|<i?frame src/;
/** What asking for images allows. */
const IS_IMAGE = /^<(img|image) src=" ?https?:\/\//;

async function inLanes(count, items, work) {
  const left = items.entries();
  await Promise.all(Array.from({ length: count }, async (_, lane) => {
    for (const [n, item] of left) await work(item, n, lane);
  }));
}

/** A mailbox with a mail for each text; `ids` are those of the mails in the order of the texts. */
async function mailboxOf(name, mails) {
  const body = JSON.stringify({ address: `${name}@mayfly.test`, password: "correct horse" });
  const made = await fetch(`${base}/api/accounts`, { method: "POST", body, headers: { "content-type": "application/json" } });
  assert.equal(made.status, 201);
  const { id, address, token } = await made.json();
  const api = async (path, method = "GET", json = undefined) => {
    const headers = { authorization: `Bearer ${token}`, ...(json && { "content-type": "application/json" }) };
    const answer = await fetch(base + path, { method, headers, body: json && JSON.stringify(json) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer;
  };
  await inLanes(8, mails, (lines) => sendMailTo(smtpPort, address, lines));
  const ids = [];
  for (let page = 1, { length } = mails; length > 0; page += 1) {
    const { messages } = await (await api(`/api/messages?page=${page}`)).json();
    assert.ok(messages.length, `${length} mails of ${name} are missing`);
    // A subject begins with the number of its mail.
    for (const message of messages) ids[parseInt(message.subject, 10)] = message.id;
    length -= messages.length;
  }
  const framed = async (message, images = "") => {
    const { ticket } = await (await api("/api/tickets", "POST", { for: "message", id: message })).json();
    return `${base}/api/messages/${message}/body?ticket=${ticket}${images}`;
  };
  return { id, address, token, api, ids, framed };
}

/** URLs of a list's documents of each kind. Those of mails open once. */
async function documentsOf(lab, name, mailbox, rawOf) {
  const urls = { raw: [], policy: [], clean: [], mail: [] };
  await inLanes(4, mailbox.ids, async (id, n) => {
    const answer = await mailbox.api(`/api/messages/${id}/body`);
    const headers = Object.fromEntries(answer.headers);
    delete headers["content-length"];
    const cleaned = (await answer.text()).replaceAll(hostOf("mail", n), hostOf("clean", n));
    urls.raw[n] = lab.serve(`/${name}/raw/${n}`, rawOf("raw", n));
    urls.policy[n] = lab.serve(`/${name}/policy/${n}`, rawOf("policy", n), headers);
    urls.clean[n] = lab.serve(`/${name}/clean/${n}`, cleaned);
    urls.mail[n] = () => mailbox.framed(id);
  });
  return urls;
}

const urlOf = async (url) => (typeof url === "string" ? url : url());
const framesOf = (urls) =>
  `<!DOCTYPE html><title>Frames</title>${urls.map((url) => `<iframe width=90 height=40 src="${url}"></iframe>`).join("")}`;

/** A tab with many mails in frames, under the policy that Mayfly's page is under. */
async function framesOfMails(lab, kind, urls) {
  const policy = (await fetch(base)).headers.get("content-security-policy");
  const page = await lab.tab(kind);
  const path = `${base}/frames`;
  await page.route(path, (route) => route.fulfill({
    contentType: "text/html", headers: { "content-security-policy": policy }, body: framesOf(urls),
  }));
  await page.goto(path);
  assert.equal(page.mainFrame().childFrames().length, urls.length);
  return page;
}

/** Shows all documents of a list in frames: the guarded first, so that they have longer than the others need. */
async function tryInFrames(lab, name, guarded, urls, isEnough) {
  const pages = await Promise.all(guarded.map(async (kind) => {
    if (kind === "mail") return framesOfMails(lab, kind, await Promise.all(urls.mail.map(urlOf)));
    const page = await lab.tab(kind);
    await page.goto(lab.serve(`/${name}/${kind}`, framesOf(urls[kind])));
    return page;
  }));
  const raw = await lab.tab("raw");
  await raw.goto(lab.serve(`/${name}/raw`, framesOf(urls.raw)));
  await until(isEnough, `${name} that work in frames`);
  await Promise.all([...pages, raw].map((page) => page.close()));
}

/** Shows those that need it in tabs of their own. `works` tells whether a raw one has done what it is there for. */
async function tryInTabs(lab, guarded, texts, urls, works) {
  const wanting = [...texts.keys()].filter((n) => IS_FOR_TABS.test(texts[n]));
  const lanes = await Promise.all([0, 1, 2].map(() => Promise.all([...guarded, "raw"].map((kind) => lab.tab(kind)))));
  await inLanes(lanes.length, wanting, async (n, _, lane) => {
    await Promise.all(guarded.map(async (kind, at) => lanes[lane][at].goto(await urlOf(urls[kind][n]))));
    // One that leads elsewhere ends its own loading.
    await lanes[lane].at(-1).goto(urls.raw[n]).catch(() => {});
    await until(() => works(n), "", 0.2).catch(() => {});
  });
  await Promise.all(lanes.flat().map((tab) => tab.close()));
}

/** What a script would have to reach to do harm, tried in a frame by the debugger, which no policy stops. */
const reach = (frame) => frame.evaluate(() => {
  const tried = (what) => {
    try {
      return typeof what();
    } catch (error) {
      return error.name;
    }
  };
  return {
    origin: self.origin, cookie: tried(() => document.cookie), local: tried(() => localStorage.length),
    session: tried(() => sessionStorage.length), database: tried(() => indexedDB.open("x")),
    parent: window === window.top ? "none" : tried(() => window.top.document),
  };
});
const NOTHING = {
  origin: "null", cookie: "SecurityError", local: "SecurityError", session: "SecurityError", database: "SecurityError",
};

/** The page with a mailbox open. */
async function openPage(lab, { id, address, token }) {
  const page = await lab.tab("page");
  await page.goto(base);
  await page.evaluate((mailbox) => localStorage.setItem("mayfly.mailboxes", JSON.stringify([mailbox])), { id, address, token });
  await page.reload();
  await page.locator(".list .subject").first().waitFor();
  return page;
}

/** A mail has an origin of its own, in the page's frame and in a tab. */
async function anOriginOfItsOwn(lab, page, mailbox) {
  const own = { origin: base, cookie: "string", local: "number", session: "number", database: "object", parent: "none" };
  assert.deepEqual(await reach(page), own, "what is reached at all");
  await page.locator(".list button.open").first().click();
  const element = await page.waitForSelector("message-view iframe");
  assert.equal(await element.getAttribute("sandbox"), "allow-popups allow-popups-to-escape-sandbox");
  const frame = await element.contentFrame();
  await frame.waitForLoadState();
  assert.deepEqual(await reach(frame), { ...NOTHING, parent: "SecurityError" });
  const tab = await lab.tab("page");
  await tab.goto(await mailbox.framed(mailbox.ids[0]));
  assert.deepEqual(await reach(tab), { ...NOTHING, parent: "none" });
  // A frame that asks for no sandbox gets the mail's own.
  const plain = await framesOfMails(lab, "page", [await mailbox.framed(mailbox.ids[0])]);
  assert.deepEqual(await reach(plain.frames()[1]), { ...NOTHING, parent: "SecurityError" });
  await Promise.all([tab.close(), plain.close()]);
}

/** What is hostile in a mail's fields is text wherever the page shows it. */
async function textInEveryField(lab, page, mailbox) {
  for (const older = page.locator("button.older"); await older.isVisible();) {
    const before = await page.locator(".list .subject").count();
    await older.click();
    await page.waitForFunction((n) => document.querySelectorAll(".list .subject").length > n, before);
  }
  const rows = await page.evaluate(() => [...document.querySelectorAll(".list button.open")].map((row) => ({
    subject: row.querySelector(".subject").textContent, who: row.querySelector(".who").lastChild.textContent,
  })));
  assert.equal(rows.length, payloads.length);
  for (const { subject, who } of rows) {
    const sent = `${parseInt(subject, 10)} ${payloads[parseInt(subject, 10)]}`;
    assert.deepEqual([subject, who], [sent, sent], "in the list");
  }
  const views = await page.evaluate(async ([token, ids]) => {
    const view = document.querySelector("message-view");
    const shown = [];
    for (const id of ids) {
      await view.open(token, id);
      view.querySelector("[data-tab=text]").click();
      const text = (selector) => view.querySelector(selector).textContent;
      shown.push({
        subject: text("h2"), from: text("dd"), file: text(".attachments button"), text: text("pre.text"),
        links: [...view.querySelectorAll("pre.text a, .extracted a")].map((link) => link.href),
      });
    }
    return shown;
  }, [mailbox.token, mailbox.ids]);
  for (const [n, { links, ...shown }] of views.entries()) {
    const sent = `${n} ${payloads[n]}`;
    assert.deepEqual(shown, { subject: sent, from: `${sent} <hello@shop.example>`, file: `↓ ${sent}`, text: textOf(payloads[n]) });
    for (const link of links) assert.match(link, /^https?:\/\//, sent);
  }
  const sent = `${payloads.length} ${payloads[4]}`;
  await sendMailTo(smtpPort, mailbox.address, mailOf(sent, "Late.", "Late."));
  await page.locator("#announce", { hasText: sent }).waitFor({ state: "attached" });
  assert.match(await page.title(), /^\(\d+\) Mayfly$/);
  const lost = await page.goto(`${base}/${encodeURIComponent(payloads[4])}`);
  assert.deepEqual([lost.status(), lost.headers()["content-type"]], [404, "application/json"]);
}

const textOf = (payload) => `${payload}\nhttps://shop.example/${payload}`;
const payloadMails = payloads.map((html, n) => mailOf(`${n} ${html}`, textOf(html), html));
const loadMails = (kind) => loads.map((_, n) => mailOf(`${n} load`, "Nothing.", loadOf(kind, n)));
const [hostile, loading, asking] = await Promise.all([mailboxOf("hostile", payloadMails), mailboxOf("loading", loadMails("mail")),
  mailboxOf("asking", loadMails("shown"))]);
const lab = await openLab(KINDS, loads.length);
let lookedUp;
try {
  const hasRun = (n) => lab.hits.raw.has(n);
  const documents = await documentsOf(lab, "payloads", hostile, (_, n) => payloads[n]);
  await tryInFrames(lab, "payloads", ["policy", "clean"], documents, () => lab.hits.raw.size >= MIN_IN_FRAMES);
  await tryInTabs(lab, ["policy", "clean", "mail"], payloads, documents, hasRun);

  const hasLoaded = (n) => lab.said("raw").some((said) => said.includes(hostOf("raw", n)));
  const loaders = await documentsOf(lab, "loads", loading, loadOf);
  const isEnough = () => loads.filter((_, n) => hasLoaded(n)).length >= MIN_IN_FRAMES;
  await tryInFrames(lab, "loads", ["policy", "clean", "mail"], loaders, isEnough);
  await tryInTabs(lab, ["policy", "clean", "mail"], loads, loaders, hasLoaded);
  const shown = await Promise.all(asking.ids.map((id) => asking.framed(id, "&images=remote")));
  await (await framesOfMails(lab, "shown", shown)).close();

  const page = await openPage(lab, hostile);
  await anOriginOfItsOwn(lab, page, hostile);
  await textInEveryField(lab, page, hostile);
} finally {
  lookedUp = await lab.close();
}

const { raw, ...guarded } = Object.fromEntries(KINDS.map((kind) => [kind, [...lab.hits[kind]].sort((a, b) => a - b)]));
assert.deepEqual(guarded, { policy: [], clean: [], mail: [], shown: [], page: [] }, "these ran a script");
assert.ok(raw.length >= MIN_PAYLOADS, `only ${raw.length} payloads run at all`);
const lookUps = Object.fromEntries(Object.entries(lookedUp).map(([kind, found]) => [kind, [...found].map((n) => loads[n] ?? n)]));
assert.deepEqual([lookUps.clean, lookUps.mail, lookUps.page, lookUps.else], [[], [], [], []], "these looked a host up");
assert.deepEqual(lookUps.policy.filter((load) => !IS_PAST_POLICIES.test(load)), [], "these looked a host up under the policy");
assert.deepEqual(lookUps.shown.sort(), loads.filter((load) => IS_IMAGE.test(load)).sort(), "what is asked when images are");
assert.ok(lookUps.raw.length >= MIN_LOADS, `only ${lookUps.raw.length} loads ask anybody at all`);
for (const kind of ["policy", "clean", "mail", "page", "else"]) assert.deepEqual(lab.said(kind), [], `${kind} asked somebody`);
console.log(`${raw.length} of ${payloads.length} payloads run unguarded, ${lookUps.raw.length} of ${loads.length} loads ask somebody.`);
