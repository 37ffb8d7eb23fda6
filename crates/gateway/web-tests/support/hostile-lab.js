// A browser for hostile documents: every host name leads to a sink, and a server serves any document.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { launchOptions } from "./cases.js";

/**
 * How a document is shown. `raw`: as it was sent, which shows what this browser is vulnerable to. `policy`: the same with
 * Mayfly's response headers. `clean`: what Mayfly makes of it, without its headers. `mail`: as Mayfly serves it. `shown`:
 * that with remote images. `page`: Mayfly's own page.
 * @typedef {"raw" | "policy" | "clean" | "mail" | "shown" | "page"} Kind
 */
/** @typedef {Awaited<ReturnType<typeof openLab>>} Lab */
/** @typedef {import("playwright-core").Page} Page */

/** @type {Kind[]} */
export const KINDS = ["raw", "policy", "clean", "mail", "shown", "page"];

/** The host that a document of a kind requests, so that a DNS lookup names the document. @param {Kind} kind @param {number} n */
export const hostOf = (kind, n) => `n${n}.${kind}.sink.test`;

/** Listens on a free port; returns the port. @param {net.Server} server @returns {Promise<number>} */
const listen = (server) => new Promise((resolve) => {
  server.listen(0, "127.0.0.1", () => resolve(/** @type {net.AddressInfo} */ (server.address()).port));
});

/** Accepts connections without a response; keeps the first bytes of each. */
async function startSink() {
  /** @type {string[]} */
  const requests = [];
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (bytes) => { requests.push(bytes.toString("latin1")); socket.destroy(); });
  });
  return { requests, port: await listen(server), close: () => server.close() };
}

/** @template T @param {(kind: Kind) => T} value */
const forEachKind = (value) => /** @type {Record<Kind, T>} */ (Object.fromEntries(KINDS.map((kind) => [kind, value(kind)])));

/** Opens a lab for a number of documents of each kind. @param {number} count */
export async function openLab(count) {
  /** @type {Map<string, {body: string, headers: Record<string, string>}>} */
  const documents = new Map();
  const server = createServer((request, response) => {
    const document = documents.get(request.url ?? "");
    response.writeHead(document ? 200 : 404, { "content-type": "text/html; charset=utf-8", ...document?.headers });
    response.end(document?.body);
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  const sinks = /** @type {Record<Kind | "other", Awaited<ReturnType<typeof startSink>>>} */ (
    Object.fromEntries(await Promise.all([...KINDS, "other"].map(async (kind) => [kind, await startSink()]))));
  const rules = KINDS.flatMap((kind) => Array.from({ length: count },
    (_, n) => `MAP ${hostOf(kind, n)} n${n}-${kind}.localhost:${sinks[kind].port}`));
  // The first rule that matches applies. Requests of Chromium to its vendor do not come from mail.
  rules.push("MAP *.google.com ~NOTFOUND", "MAP *.googleapis.com ~NOTFOUND", `MAP * other.localhost:${sinks.other.port}`,
    "EXCLUDE 127.0.0.1", "EXCLUDE *.localhost");

  const directory = mkdtempSync(join(tmpdir(), "mayfly-lab-"));
  const log = join(directory, "net.json");
  // A profile on disk: an incognito profile disables prefetching and other early requests.
  const context = await chromium.launchPersistentContext(join(directory, "profile"), {
    ...launchOptions, viewport: { width: 1400, height: 1000 },
    args: [...launchOptions.args, "--renderer-process-limit=2", `--log-net-log=${log}`, `--host-resolver-rules=${rules.join(", ")}`],
  });
  // A payload that runs posts its number to the top window; the tab tells the kind.
  /** @type {WeakMap<Page, Kind>} */
  const kindOfTab = new WeakMap();
  const hits = forEachKind(() => /** @type {Set<number | string>} */ (new Set()));
  const recordHit = (/** @type {Page} */ page, /** @type {number | string} */ payload) => {
    const kind = kindOfTab.get(page);
    if (kind === undefined) throw new Error(`payload ${payload} ran in a tab that is not of the lab`);
    hits[kind].add(payload);
  };
  await context.exposeBinding("hostileHit", ({ page }, n) => recordHit(page, n));
  await context.addInitScript(() => {
    if (window === window.top) window.addEventListener("message", ({ data }) => globalThis.hostileHit(data));
  });

  return {
    url, context, hits,
    /** The requests to the sink of a kind. @param {Kind | "other"} kind */
    requests: (kind) => sinks[kind].requests,
    /** Serves a document at a path; returns its URL. @param {string} path @param {string} body @param {Record<string, string>} [headers] */
    serve(path, body, headers = {}) {
      documents.set(path, { body, headers });
      return url + path;
    },
    /** Opens an empty tab for documents of a kind. @param {Kind} kind */
    async tab(kind) {
      const page = await context.newPage();
      kindOfTab.set(page, kind);
      // Pages have up to a hundred frames, and four tabs load at once: on a busy machine one takes 40 s.
      page.setDefaultNavigationTimeout(120_000);
      page.on("dialog", async (dialog) => { recordHit(page, dialog.message()); await dialog.dismiss(); });
      return page;
    },
    /** Closes the browser; returns the DNS lookups: for each kind the numbers of the documents, and all other hosts. */
    async close() {
      await context.close();
      server.close();
      for (const sink of Object.values(sinks)) sink.close();
      const written = readFileSync(log, "utf8");
      rmSync(directory, { recursive: true });
      /** @type {{constants: {logEventTypes: Record<string, number>}, events: {type: number, params?: {host?: string}}[]}} */
      const { constants, events } = JSON.parse(written);
      const lookup = constants.logEventTypes.HOST_RESOLVER_MANAGER_REQUEST;
      const hosts = events.flatMap(({ type, params }) => (type === lookup && params?.host ? [String(params.host)] : []));
      const found = (/** @type {Kind} */ kind) => hosts.flatMap((host) => new RegExp(`\\bn(\\d+)-${kind}\\.localhost`).exec(host)?.slice(1) ?? []);
      return { ...forEachKind((kind) => [...new Set(found(kind).map(Number))]), other: hosts.filter((host) => host.includes("other.localhost")) };
    },
  };
}
