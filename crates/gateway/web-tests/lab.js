// Where hostile documents are tried: a browser that sees nobody but sinks, and a server that shows it whatever is wanted.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** The name that a document of a kind asks, so that each look-up tells who made it. */
export const hostOf = (kind, n) => `n${n}.${kind}.sink.test`;

/** Waits until something holds. */
export async function until(holds, what, seconds = 20) {
  for (const end = Date.now() + seconds * 1000; !holds();) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((later) => setTimeout(later, 10));
  }
}

const listening = (server) => new Promise((then) => server.listen(0, "127.0.0.1", () => then(server.address().port)));

/** Takes connections and answers none; keeps what each said first. */
async function sink() {
  const said = [];
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (bytes) => { said.push(bytes.toString("latin1")); socket.destroy(); });
  });
  return { said, port: await listening(server), close: () => server.close() };
}

/** Opens a laboratory for documents of some kinds, each up to a number. */
export async function openLab(kinds, count) {
  const documents = new Map();
  const server = createServer((request, response) => {
    const { headers, body } = documents.get(request.url) ?? { headers: {}, body: null };
    response.writeHead(body === null ? 404 : 200, { "content-type": "text/html; charset=utf-8", ...headers });
    response.end(body);
  });
  const url = `http://127.0.0.1:${await listening(server)}`;
  const sinks = Object.fromEntries(await Promise.all([...kinds, "else"].map(async (kind) => [kind, await sink()])));
  const rules = kinds.flatMap((kind) => Array.from({ length: count },
    (_, n) => `MAP ${hostOf(kind, n)} n${n}-${kind}.localhost:${sinks[kind].port}`));
  // The first rule that fits holds. What the browser asks its maker for is no mail's doing.
  rules.push("MAP *.google.com ~NOTFOUND", "MAP *.googleapis.com ~NOTFOUND", `MAP * else.localhost:${sinks.else.port}`,
    "EXCLUDE 127.0.0.1", "EXCLUDE *.localhost");

  const directory = mkdtempSync(join(tmpdir(), "mayfly-lab-"));
  const log = join(directory, "net.json");
  // A profile on disk: a private one leaves out much that browsers do ahead of time.
  const context = await chromium.launchPersistentContext(join(directory, "profile"), {
    executablePath: "/usr/bin/chromium", viewport: { width: 1400, height: 1000 },
    args: ["--no-sandbox", "--renderer-process-limit=2", `--log-net-log=${log}`, `--host-resolver-rules=${rules.join(", ")}`],
  });
  // A payload tells the top of its tab its number; whose tab it is tells the rest.
  const tabs = new WeakMap();
  const hits = Object.fromEntries(kinds.map((kind) => [kind, new Set()]));
  await context.exposeBinding("hostileHit", ({ page }, n) => hits[tabs.get(page)].add(n));
  await context.addInitScript(() => {
    if (window === window.top) window.addEventListener("message", ({ data }) => globalThis.hostileHit(data));
  });

  return {
    url, context, hits,
    /** What has been said to the sink of a kind. */
    said: (kind) => sinks[kind].said,
    /** Serves a document at a path; returns its URL. */
    serve(path, body, headers = {}) {
      documents.set(path, { body, headers });
      return url + path;
    },
    /** An empty tab for documents of a kind. */
    async tab(kind) {
      const page = await context.newPage();
      tabs.set(page, kind);
      page.on("dialog", async (dialog) => { hits[kind].add(dialog.message()); await dialog.dismiss(); });
      return page;
    },
    /** Closes all; returns the names that were looked up: of each kind, by the number of the document. */
    async close() {
      await context.close();
      server.close();
      for (const each of Object.values(sinks)) each.close();
      const written = readFileSync(log, "utf8");
      rmSync(directory, { recursive: true });
      const { constants, events } = JSON.parse(written);
      const lookUp = constants.logEventTypes.HOST_RESOLVER_MANAGER_REQUEST;
      const hosts = events.flatMap(({ type, params }) => (type === lookUp && params?.host ? [String(params.host)] : []));
      const found = (kind) => hosts.flatMap((host) => new RegExp(`\\bn(\\d+)-${kind}\\.localhost`).exec(host)?.slice(1) ?? []);
      const lookedUp = Object.fromEntries(kinds.map((kind) => [kind, new Set(found(kind).map(Number))]));
      return { ...lookedUp, else: hosts.filter((host) => host.includes("else.localhost")) };
    },
  };
}
