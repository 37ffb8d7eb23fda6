// Hostile mail in the browser: no script of a mail runs, and no mail sends a request. Each layer of protection is tested
// alone (see `Kind`).
import assert from "node:assert/strict";
import { base, cases } from "../support/cases.js";
import {
  createHostileMailbox, loadOf, loads, openFramesOfMails, payloads, serveDocuments, showInFrames, showInTabs,
} from "../support/hostile-documents.js";
import { KINDS, hostOf, openLab } from "../support/hostile-lab.js";
import { mailOf, sendMail } from "../support/mail.js";

/** @typedef {import("playwright-core").Frame} Frame */
/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("../support/hostile-lab.js").Lab} Lab */
/** @typedef {import("../support/hostile-documents.js").HostileMailbox} HostileMailbox */

/** How many raw documents must work in this browser, in frames and in all: otherwise the silence of the others proves nothing. */
const MIN_IN_FRAMES = 50;
const MIN_PAYLOADS = 62;
const MIN_LOADS = 55;
/** Hints that no policy covers, and frames: Chromium may resolve the host before the policy blocks the request. */
const NOT_COVERED_BY_POLICY = /rel=(preconnect|dns-prefetch)|<i?frame src/;
/** What `images=remote` allows. */
const IS_IMAGE = /^<(img|image) src=" ?https?:\/\//;

/**
 * Runs steps in a new lab. Afterwards no guarded document has run a script, resolved a host or sent a request.
 * @param {(lab: Lab) => Promise<void>} steps
 */
async function inLab(steps) {
  const lab = await openLab(loads.length);
  let lookups;
  try {
    await steps(lab);
  } finally {
    lookups = await lab.close();
  }
  const scripts = Object.fromEntries(KINDS.filter((kind) => kind !== "raw").map((kind) => [kind, [...lab.hits[kind]]]));
  assert.deepEqual(scripts, { policy: [], clean: [], mail: [], shown: [], page: [] }, "these ran a script");
  const loadsOf = (/** @type {number[]} */ numbers) => numbers.map((n) => loads[n] ?? String(n));
  assert.deepEqual([loadsOf(lookups.clean), loadsOf(lookups.mail), loadsOf(lookups.page), lookups.other], [[], [], [], []], "these resolved a host");
  assert.deepEqual(loadsOf(lookups.policy).filter((load) => !NOT_COVERED_BY_POLICY.test(load)), [], "these resolved a host under the policy");
  for (const kind of /** @type {const} */ (["policy", "clean", "mail", "page", "other"])) {
    assert.deepEqual(lab.requests(kind), [], `${kind} sent a request`);
  }
  return { scriptsOfRaw: lab.hits.raw.size, loadsOfRaw: lookups.raw.length, loadsOfShown: loadsOf(lookups.shown) };
}

const textOf = (/** @type {string} */ payload) => `${payload}\nhttps://shop.example/${payload}`;
/** A mailbox with a mail for each payload, in its HTML and in every field. */
const createPayloadMailbox = () =>
  createHostileMailbox("payloads", payloads.map((html, n) => mailOf(`${n} ${html}`, textOf(html), html)));
/** A mailbox with a mail for each load. @param {"mail" | "shown"} kind */
const createLoadMailbox = (kind) =>
  createHostileMailbox(`loads-${kind}`, loads.map((_, n) => mailOf(`${n} load`, "Nothing.", loadOf(kind, n))));

/** Opens the page with the mailbox. @param {Lab} lab @param {HostileMailbox} mailbox */
async function openPage(lab, { id, address, token }) {
  const page = await lab.tab("page");
  await page.goto(base);
  await page.evaluate((mailbox) => localStorage.setItem("mayfly.mailboxes", JSON.stringify([mailbox])), { id, address, token });
  await page.reload();
  await page.locator(".list .subject").first().waitFor();
  return page;
}

/** What a script in a frame could access. The debugger evaluates it, which no policy blocks. @param {Frame | Page} frame */
const accessOf = (frame) => frame.evaluate(() => {
  const attempt = (/** @type {() => unknown} */ access) => {
    try {
      return typeof access();
    } catch (error) {
      return /** @type {Error} */ (error).name;
    }
  };
  return {
    origin: self.origin, cookie: attempt(() => document.cookie), local: attempt(() => localStorage.length),
    session: attempt(() => sessionStorage.length), database: attempt(() => indexedDB.open("x")),
    parent: window === window.top ? "none" : attempt(() => window.top?.document),
  };
});
const NO_ACCESS = {
  origin: "null", cookie: "SecurityError", local: "SecurityError", session: "SecurityError", database: "SecurityError",
};

/** Compares the rows of the list with the mails. @param {Page} page */
async function assertRowsAreText(page) {
  await page.waitForFunction((n) => {
    const reader = /** @type {import("../../web/mail-reader.js").MailReader} */ (document.querySelector("mail-reader"));
    void reader.readOlder();
    return reader.items.length === n;
  }, payloads.length, { polling: 50 });
  // Only the rows around the visible ones are in the document.
  const rows = await page.evaluate(() => {
    const list = /** @type {import("../../web/message-list.js").MessageList} */ (document.querySelector("message-list"));
    /** @type {Map<string | undefined, {subject: string, sender: string | null | undefined}>} */
    const found = new Map();
    for (let top = 0; top < list.scrollHeight; top += list.clientHeight) {
      list.scrollTo(0, top);
      list.render();
      for (const row of list.querySelectorAll("button.open")) {
        found.set(/** @type {HTMLElement} */ (row).dataset.id, {
          subject: row.querySelector(".subject")?.textContent ?? "", sender: row.querySelector(".who")?.lastChild?.textContent,
        });
      }
    }
    return [...found.values()];
  });
  assert.equal(rows.length, payloads.length);
  for (const { subject, sender } of rows) {
    const sent = `${parseInt(subject, 10)} ${payloads[parseInt(subject, 10)]}`;
    assert.deepEqual([subject, sender], [sent, sent], "in the list");
  }
}

/** Compares every field of the message view with the mails. @param {Page} page @param {HostileMailbox} mailbox */
async function assertMessagesAreText(page, { token, ids }) {
  const messages = await page.evaluate(async ({ token, ids }) => {
    const view = /** @type {import("../../web/message-view.js").MessageView} */ (document.querySelector("message-view"));
    const messages = [];
    for (const id of ids) {
      await view.open({ key: "", token, path: "/api/messages" }, id);
      /** @type {HTMLElement} */ (view.querySelector("[data-tab=text]")).click();
      const text = (/** @type {string} */ selector) => view.querySelector(selector)?.textContent;
      messages.push({
        subject: text("h2"), from: text("dd"), file: text(".attachments .name"), text: text("pre.text"),
        links: [...view.querySelectorAll("pre.text a, .extracted a")].map((link) => /** @type {HTMLAnchorElement} */ (link).href),
      });
    }
    return messages;
  }, { token, ids });
  assert.equal(messages.length, payloads.length);
  for (const [n, { links, ...fields }] of messages.entries()) {
    const sent = `${n} ${payloads[n]}`;
    assert.deepEqual(fields, { subject: sent, from: `${sent} <hello@shop.example>`, file: sent, text: textOf(payloads[n]) });
    for (const link of links) assert.match(link, /^https?:\/\//, sent);
  }
}

cases({
  async hostile_payloads_run_no_script() {
    const mailbox = await createPayloadMailbox();
    const { scriptsOfRaw } = await inLab(async (lab) => {
      const documents = await serveDocuments(lab, "payloads", mailbox, (_, n) => payloads[n]);
      await showInFrames(lab, "payloads", ["policy", "clean"], documents, () => lab.hits.raw.size >= MIN_IN_FRAMES);
      await showInTabs(lab, payloads, documents, (n) => lab.hits.raw.has(n));
    });
    console.log(`${scriptsOfRaw} of ${payloads.length} payloads run without protection`);
    assert.ok(scriptsOfRaw >= MIN_PAYLOADS, `only ${scriptsOfRaw} payloads run without protection`);
  },

  async hostile_loads_send_no_request() {
    const mailbox = await createLoadMailbox("mail");
    const { loadsOfRaw } = await inLab(async (lab) => {
      const hasLoaded = (/** @type {number} */ n) => lab.requests("raw").some((request) => request.includes(hostOf("raw", n)));
      const documents = await serveDocuments(lab, "loads", mailbox, loadOf);
      const isEnough = () => loads.filter((_, n) => hasLoaded(n)).length >= MIN_IN_FRAMES;
      await showInFrames(lab, "loads", ["policy", "clean", "mail"], documents, isEnough);
      await showInTabs(lab, loads, documents, hasLoaded);
    });
    console.log(`${loadsOfRaw} of ${loads.length} loads resolve a host without protection`);
    assert.ok(loadsOfRaw >= MIN_LOADS, `only ${loadsOfRaw} loads resolve a host without protection`);
  },

  async hostile_loads_with_images_request_images_only() {
    const mailbox = await createLoadMailbox("shown");
    const { loadsOfShown } = await inLab(async (lab) => {
      const urls = await Promise.all(mailbox.ids.map((id) => mailbox.bodyUrl(id, "&images=remote")));
      await (await openFramesOfMails(lab, "shown", urls)).close();
    });
    assert.deepEqual(loadsOfShown.sort(), loads.filter((load) => IS_IMAGE.test(load)).sort());
  },

  async hostile_mail_has_an_opaque_origin() {
    const mailbox = await createHostileMailbox("origin", [mailOf("0 origin", "Text.", "<p>HTML</p>")]);
    await inLab(async (lab) => {
      const page = await openPage(lab, mailbox);
      const ownAccess = { origin: base, cookie: "string", local: "number", session: "number", database: "object", parent: "none" };
      assert.deepEqual(await accessOf(page), ownAccess, "the page itself");
      await page.locator(".list button.open").first().click();
      const element = await page.waitForSelector("message-view iframe");
      assert.equal(await element.getAttribute("sandbox"), "allow-popups allow-popups-to-escape-sandbox");
      const frame = await element.contentFrame();
      assert.ok(frame);
      await frame.waitForLoadState();
      assert.deepEqual(await accessOf(frame), { ...NO_ACCESS, parent: "SecurityError" }, "the frame of the page");
      const tab = await lab.tab("page");
      await tab.goto(await mailbox.bodyUrl(mailbox.ids[0]));
      assert.deepEqual(await accessOf(tab), { ...NO_ACCESS, parent: "none" }, "a tab");
      const frames = await openFramesOfMails(lab, "page", [await mailbox.bodyUrl(mailbox.ids[0])]);
      assert.deepEqual(await accessOf(frames.frames()[1]), { ...NO_ACCESS, parent: "SecurityError" }, "a frame without a sandbox attribute");
    });
  },

  async hostile_fields_are_text_in_list_and_message() {
    const mailbox = await createPayloadMailbox();
    await inLab(async (lab) => {
      const page = await openPage(lab, mailbox);
      await assertRowsAreText(page);
      await assertMessagesAreText(page, mailbox);
    });
  },

  async hostile_sender_is_text_in_announcement_and_title() {
    const mailbox = await createHostileMailbox("announcement", [mailOf("0 first", "Text.", "HTML")]);
    await inLab(async (lab) => {
      const page = await openPage(lab, mailbox);
      await page.locator(".state[data-state=live]").waitFor();
      const sent = `1 ${payloads[4]}`;
      await sendMail(mailbox.address, mailOf(sent, "Late.", "Late."));
      await page.locator("#announce", { hasText: sent }).waitFor({ state: "attached" });
      assert.match(await page.title(), /^\(\d+\) Mayfly$/);
    });
  },

  /** The page for unknown paths is the same for all of them. */
  async hostile_path_is_not_in_the_page_for_unknown_paths() {
    await inLab(async (lab) => {
      const page = await lab.tab("page");
      const response = await page.goto(`${base}/${encodeURIComponent(payloads[4])}`);
      assert.deepEqual([response?.status(), response?.headers()["content-type"]], [404, "text/html; charset=utf-8"]);
      assert.match(response?.headers()["content-security-policy"] ?? "", /default-src 'none'/);
      const other = await fetch(`${base}/other`, { headers: { accept: "text/html" } });
      assert.equal(await response?.text(), await other.text());
    });
  },
});
