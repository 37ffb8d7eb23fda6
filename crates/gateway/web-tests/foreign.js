// What a page of somebody else can do to Mayfly from the browser of a person who uses it: nothing that takes effect, and
// nothing that it can read. Called with the URL and the SMTP port of a running Mayfly.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { sendMailTo } from "./mail.js";

const [base, smtpPort] = process.argv.slice(2);
/** Calls the API as a program does, which no browser guards. */
async function call(method, path, token, body) {
  const answer = await fetch(base + path, {
    method, body: body && JSON.stringify(body), headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body && { "content-type": "application/json" }) },
  });
  return answer.status === 204 ? null : answer.json();
}

/** Somebody with a mailbox, mail, and all that a Pro user can have. */
async function victim() {
  const mailbox = await call("POST", "/api/accounts", null, { address: "ann@mayfly.test", password: "correct horse" });
  await sendMailTo(smtpPort, mailbox.address, ["Subject: secret", "", "for Ann alone"]);
  const [message] = (await call("GET", "/api/messages", mailbox.token)).messages;
  const pro = await call("POST", "/pro/api/register", null, { email: "ann@example.com", password: "correct horse" });
  const owned = await call("POST", "/api/accounts", pro.token, { address: "owned@mayfly.test", password: "correct horse" });
  const token = await call("POST", "/pro/api/tokens", pro.token, { name: "ci" });
  const domain = await call("POST", "/pro/api/domains", pro.token, { domain: "ann.example.com" });
  const webhook = await call("POST", "/pro/api/webhooks", pro.token, { url: "https://127.0.0.1:1024/" });
  const idOf = (path) => {
    if (path.startsWith("/api/messages/")) return message.id;
    const [, , , kind] = path.split("/");
    return { tokens: token.id, domains: domain.id, webhooks: webhook.id }[kind] ?? owned.id;
  };
  return { mailbox, pro, pathOf: (path) => path.replace("{id}", idOf(path)).replace(/\{\w+\}/g, "0") };
}

/** All that there is of somebody, as they see it. */
async function stateOf({ mailbox, pro }) {
  const all = [...["/api/me", "/api/messages"].map((path) => call("GET", path, mailbox.token)),
    ...["me", "accounts", "tokens", "domains", "webhooks"].map((path) => call("GET", `/pro/api/${path}`, pro.token))];
  return Promise.all(all);
}

/** Asks every route that is only asked, with every credential; returns the statuses. */
async function readAll(paths, tokens) {
  const all = paths.flatMap((path) => tokens.map((token) => [path.endsWith("/wait") ? `${path}?timeout=0` : path, token]));
  return Promise.all(all.map(async ([path, token]) => {
    const answer = await fetch(base + path, { headers: { authorization: `Bearer ${token}` } });
    await answer.body?.cancel();
    return answer.status;
  }));
}

/** What a page sends, and what it was let read. Runs in that page. */
async function attack({ base, writes, reads, address }) {
  const told = [];
  const body = JSON.stringify({ address, email: address.replace("mayfly.test", "example.com"), password: "battery staple", name: "eve", domain: "eve.example.com",
    url: "https://eve.example.com/", catch_all: null, for: "events" });
  const tried = async (what, path, init) => {
    try {
      const answer = await fetch(base + path, init);
      // Where it cannot be read its type is `opaque`, and its status 0.
      if (answer.type !== "opaque") told.push(`${what} ${path}: ${answer.status}`);
    } catch {
      // The browser did not let it through.
    }
  };
  for (const [method, path] of writes) {
    const json = { "content-type": "application/json" };
    // What a browser sends without asking the server first.
    if (method === "POST") {
      for (const [what, init] of Object.entries({
        text: { body }, form: { body: new URLSearchParams(JSON.parse(body)) }, beacon: { body: new Blob([body]) },
      })) {
        await tried(`${what} with credentials`, path, { method, mode: "no-cors", credentials: "include", ...init });
        await tried(`${what} with credentials to read`, path, { method, credentials: "include", ...init });
      }
    }
    await tried("JSON with credentials", path, { method, credentials: "include", body, headers: json });
    if (path.startsWith("/pro/")) await tried("JSON", path, { method, body, headers: json });
  }
  for (const path of reads) {
    await tried("GET with credentials", path, { credentials: "include" });
    await tried("GET with a header and credentials", path, { credentials: "include", headers: { authorization: "Bearer x" } });
    if (path.startsWith("/pro/") || !path.startsWith("/api/")) await tried("GET", path, {});
  }
  // The lock is on the private, not on everything: this anybody may read.
  const open = await fetch(`${base}/api/domains`).then((answer) => answer.json(), () => null);
  return { told, open: open?.domains?.[0].domain };
}

/** Sends forms to routes, in each way that a form can be written. Runs in that page; each answer replaces a frame. */
async function forms({ base, paths, fields }) {
  const frame = document.body.appendChild(Object.assign(document.createElement("iframe"), { name: "answers" }));
  for (const path of paths) {
    for (const enctype of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]) {
      const form = Object.assign(document.createElement("form"), { action: base + path, method: "post", enctype, target: "answers" });
      // As plain text, one field is a whole document in JSON.
      const entries = enctype === "text/plain" ? [[JSON.stringify({ ...fields, x: "" }).slice(0, -2), '"}']] : Object.entries(fields);
      for (const [name, value] of entries) form.append(Object.assign(document.createElement("input"), { name, value }));
      document.body.append(form);
      const answered = new Promise((resolve) => { frame.addEventListener("load", resolve, { once: true }); });
      form.submit();
      await answered;
      form.remove();
    }
  }
}

const server = createServer((_, response) => {
  response.writeHead(200, { "content-type": "text/html" });
  response.end("<!doctype html><title>a page of somebody else</title><body></body>");
}).listen(0, "127.0.0.1");
await once(server, "listening");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const ann = await victim();
  const document = await call("GET", "/api/openapi.json");
  const routes = Object.entries(document.paths).flatMap(([path, item]) => Object.keys(item).map((method) => [method.toUpperCase(), ann.pathOf(path)]));
  const writes = routes.filter(([method]) => method !== "GET");
  const posts = writes.filter(([method]) => method === "POST").map(([, path]) => path);
  const gets = routes.filter(([method]) => method === "GET").map(([, path]) => path);
  const reads = ["/", "/pro", "/web/inbox.js", ...gets];
  assert.ok(posts.length > 10 && gets.length > 20);
  const before = await stateOf(ann);
  // What any page can have a browser ask for, an image's address, changes nothing even for those who may ask.
  const statuses = await readAll(gets, [ann.mailbox.token, ann.pro.token]);
  assert.ok(statuses.filter((status) => status < 300).length > gets.length * 0.8, String(statuses));
  assert.deepEqual(await stateOf(ann), before, "asking did something");

  const context = await browser.newContext();
  // Ann is signed in to both pages.
  const own = await context.newPage();
  await own.goto(base);
  await own.evaluate(([mailbox, pro]) => {
    localStorage.setItem("mayfly.mailboxes", JSON.stringify([{ ...mailbox, password: null }]));
    localStorage.setItem("mayfly.pro", JSON.stringify({ email: pro.email, token: pro.token }));
  }, [ann.mailbox, ann.pro]);
  await own.reload();
  await own.locator(".state[data-state=live]").waitFor();
  assert.deepEqual(await context.cookies(), [], "nothing goes along by itself");

  // Another site: by name, since ports are no part of one.
  const page = await context.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const site = page.mainFrame();
  /** What the server answered this page, which the page need not have been told. */
  const answers = [];
  page.on("response", (response) => {
    if (response.url().startsWith(base)) answers.push([response.request().method(), response.url(), response.status()]);
  });
  await page.evaluate(() => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts allow-forms";
    frame.srcdoc = "<!doctype html><body></body>";
    return new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });
  });
  const sandboxed = site.childFrames()[0];
  assert.equal(await sandboxed.evaluate(() => self.origin), "null");
  for (const [who, frame] of [["eve", site], ["null", sandboxed]]) {
    const fields = { address: `${who}-form@mayfly.test`, email: `${who}-form@example.com`, password: "battery staple", name: who, domain: `${who}.example.com`,
      url: "https://eve.example.com/", for: "events" };
    await frame.evaluate(forms, { base, paths: posts, fields });
    const { told, open } = await frame.evaluate(attack, { base, writes, reads, address: `${who}-fetch@mayfly.test` });
    assert.deepEqual(told, [], `${who} could read these`);
    assert.equal(open, "mayfly.test", `${who} can ask at all`);
    for (const way of ["form", "fetch"]) {
      const signIn = await call("POST", "/api/token", null, { address: `${who}-${way}@mayfly.test`, password: "battery staple" });
      assert.equal(signIn.error, "invalid_credentials", `${who} made a mailbox by ${way}`);
      const login = await call("POST", "/pro/api/login", null, { email: `${who}-${way}@example.com`, password: "battery staple" });
      assert.equal(login.error, "invalid_credentials", `${who} made a user by ${way}`);
    }
  }
  const took = answers.filter(([method, , status]) => !["GET", "OPTIONS"].includes(method) && status < 400);
  assert.deepEqual(took, [], "these took effect");
  assert.ok(answers.filter(([method]) => method === "POST").length >= 2 * 3 * posts.length, "forms and fetches reach the server");
  assert.deepEqual(await stateOf(ann), before);

  // The pages are in no frame, and a window that opens one has no hold of it.
  await page.evaluate((url) => new Promise((resolve) => {
    document.body.append(Object.assign(document.createElement("iframe"), { onload: resolve, src: url }));
  }), `${base}/`);
  const shown = await Promise.all(page.frames().map((frame) => frame.evaluate(() => document.querySelector("mayfly-inbox") !== null)));
  assert.deepEqual(shown, shown.map(() => false), "the page is in a frame");
  const [opened] = await Promise.all([context.waitForEvent("page"), page.evaluate((url) => { globalThis.held = open(url); }, base)]);
  await opened.locator(".state[data-state=live]").waitFor();
  assert.equal(await page.evaluate(() => globalThis.held.closed), true, "a window is held");
  console.log(`${answers.length} answers to a page of somebody else, none that it could read and none that did anything`);
} finally {
  await browser.close();
  server.close();
}
