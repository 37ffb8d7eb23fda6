// Hostile documents: scripts (payloads) and requests (loads), as mail in mailboxes and as pages of the lab.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { call, createMailbox } from "./api.js";
import { base, until } from "./cases.js";
import { hostOf } from "./hostile-lab.js";
import { sendMail } from "./mail.js";

/** @typedef {import("./hostile-lab.js").Kind} Kind */
/** @typedef {import("./hostile-lab.js").Lab} Lab */
/** @typedef {Awaited<ReturnType<typeof createHostileMailbox>>} HostileMailbox */
/** The URLs of documents by kind. A document of kind `mail` has a single-use URL. */
/** @typedef {{raw: string[], policy: string[], clean: string[], mail: (() => Promise<string>)[]}} Documents */
/** @typedef {"policy" | "clean" | "mail"} GuardedKind */

const linesOf = (/** @type {string} */ name) =>
  readFileSync(new URL(`../../../mail-html/src/tests/hostile/${name}.txt`, import.meta.url), "utf8").trimEnd().split("\n");

/** Documents that run a script, which posts their number. */
export const payloads = linesOf("payloads").map((line, n) => line.replaceAll("HIT", `top.postMessage(${n},\`*\`)`));
/** Documents that send a request. */
export const loads = linesOf("loads");
/** @param {Kind} kind @param {number} n */
export const loadOf = (kind, n) => loads[n].replaceAll("HOST", hostOf(kind, n));

/** Documents that only work in a tab, or only once in a tab. */
const NEEDS_TAB = /autofocus|http-equiv|rel=|manifest|<i?frame|<body|<base/;
const TABS = 3;

/** Works on items concurrently. @template T @param {number} workers @param {T[]} items @param {(item: T, n: number, worker: number) => Promise<unknown>} work */
async function inParallel(workers, items, work) {
  const left = items.entries();
  await Promise.all(Array.from({ length: workers }, async (_, worker) => {
    for (const [n, item] of left) await work(item, n, worker);
  }));
}

/** Creates a mailbox with these mails. Each subject begins with the number of the mail. @param {string} name @param {string[][]} mails */
export async function createHostileMailbox(name, mails) {
  const { id, address, token } = await createMailbox(name);
  await inParallel(8, mails, (lines) => sendMail(address, lines));
  /** The ids of the mails, in their order. @type {string[]} */
  const ids = [];
  for (let page = 1, { length } = mails; length > 0; page += 1) {
    const { messages } = await call("GET", `/api/messages?page=${page}`, token);
    assert.ok(messages.length, `${length} mails of ${name} are missing`);
    for (const message of messages) ids[parseInt(message.subject, 10)] = message.id;
    length -= messages.length;
  }
  /** A single-use URL of the HTML of a mail. @param {string} message @param {string} [images] */
  const bodyUrl = async (message, images = "") => {
    const { ticket } = await call("POST", "/api/tickets", token, { for: "message", id: message });
    assert.ok(ticket, `no ticket for ${message}`);
    return `${base}/api/messages/${message}/body?ticket=${ticket}${images}`;
  };
  return { id, address, token, ids, bodyUrl };
}

/**
 * Serves the mails of a mailbox in all kinds.
 * @param {Lab} lab @param {string} name @param {HostileMailbox} mailbox @param {(kind: Kind, n: number) => string} sourceOf
 */
export async function serveDocuments(lab, name, mailbox, sourceOf) {
  /** @type {Documents} */
  const documents = { raw: [], policy: [], clean: [], mail: [] };
  await inParallel(4, mailbox.ids, async (id, n) => {
    const response = await fetch(`${base}/api/messages/${id}/body`, { headers: { authorization: `Bearer ${mailbox.token}` } });
    assert.ok(response.ok, `the body of ${n}: ${response.status}`);
    const headers = Object.fromEntries(response.headers);
    delete headers["content-length"];
    const cleaned = (await response.text()).replaceAll(hostOf("mail", n), hostOf("clean", n));
    documents.raw[n] = lab.serve(`/${name}/raw/${n}`, sourceOf("raw", n));
    documents.policy[n] = lab.serve(`/${name}/policy/${n}`, sourceOf("policy", n), headers);
    documents.clean[n] = lab.serve(`/${name}/clean/${n}`, cleaned);
    documents.mail[n] = () => mailbox.bodyUrl(id);
  });
  return documents;
}

/** @param {string | (() => Promise<string>)} url */
const resolveUrl = async (url) => (typeof url === "string" ? url : url());
const framesOf = (/** @type {string[]} */ urls) =>
  `<!DOCTYPE html><title>Frames</title>${urls.map((url) => `<iframe width=90 height=40 src="${url}"></iframe>`).join("")}`;

/** Opens a tab with mails in frames, under the content security policy of Mayfly's page. @param {Lab} lab @param {Kind} kind @param {string[]} urls */
export async function openFramesOfMails(lab, kind, urls) {
  const policy = (await fetch(base)).headers.get("content-security-policy") ?? "";
  const page = await lab.tab(kind);
  const path = `${base}/frames`;
  await page.route(path, (route) => route.fulfill({
    contentType: "text/html", headers: { "content-security-policy": policy }, body: framesOf(urls),
  }));
  await page.goto(path);
  assert.equal(page.mainFrame().childFrames().length, urls.length);
  return page;
}

/**
 * Shows all documents in frames until enough raw ones work. The guarded kinds start first, so that they have more time.
 * @param {Lab} lab @param {string} name @param {GuardedKind[]} guarded @param {Documents} documents @param {() => boolean} isEnough
 */
export async function showInFrames(lab, name, guarded, documents, isEnough) {
  const pages = await Promise.all(guarded.map(async (kind) => {
    if (kind === "mail") return openFramesOfMails(lab, kind, await Promise.all(documents.mail.map(resolveUrl)));
    const page = await lab.tab(kind);
    await page.goto(lab.serve(`/${name}/${kind}`, framesOf(documents[kind])));
    return page;
  }));
  const raw = await lab.tab("raw");
  await raw.goto(lab.serve(`/${name}/raw`, framesOf(documents.raw)));
  await until(isEnough, `${name} that work in frames`);
  await Promise.all([...pages, raw].map((page) => page.close()));
}

/**
 * Shows the documents that need it in tabs.
 * @param {Lab} lab @param {string[]} sources @param {Documents} documents
 * @param {(n: number) => boolean} works whether the raw document has worked
 */
export async function showInTabs(lab, sources, documents, works) {
  /** @type {GuardedKind[]} */
  const guarded = ["policy", "clean", "mail"];
  const numbers = [...sources.keys()].filter((n) => NEEDS_TAB.test(sources[n]));
  const tabs = await Promise.all(Array.from({ length: TABS }, async () => ({
    guarded: await Promise.all(guarded.map((kind) => lab.tab(kind))), raw: await lab.tab("raw"),
  })));
  await inParallel(TABS, numbers, async (n, _, worker) => {
    await Promise.all(guarded.map(async (kind, at) => tabs[worker].guarded[at].goto(await resolveUrl(documents[kind][n]))));
    // A document that navigates away aborts its own loading.
    await tabs[worker].raw.goto(documents.raw[n]).catch(() => {});
    // Some raw documents do not work in this browser; the case checks how many do.
    await until(() => works(n), "", 0.2).catch(() => {});
  });
  await Promise.all(tabs.flatMap((tab) => [...tab.guarded, tab.raw]).map((page) => page.close()));
}
