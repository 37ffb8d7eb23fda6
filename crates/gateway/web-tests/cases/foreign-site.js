// Attacks by another site in the browser of a signed-in user: no request takes effect, no response is readable (CSRF, CORS,
// framing, window handles).
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { call, createMailbox, registerUser } from "../support/api.js";
import { base, browserCases, unique } from "../support/cases.js";
import { waitUntilLive } from "../support/inbox.js";
import { sendMail, sendText, shopMail } from "../support/mail.js";
import { sendForms, sendRequests } from "../support/foreign-page.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Frame} Frame */
/** @typedef {Awaited<ReturnType<typeof createVictim>>} Victim */

const PASSWORD = "battery staple";

/** A page of another site. The host name differs, because a site does not include the port. */
const server = createServer((_, response) => {
  response.writeHead(200, { "content-type": "text/html" });
  response.end("<!doctype html><title>Another site</title><body></body>");
});
before(async () => { await once(server.listen(0, "127.0.0.1"), "listening"); });
after(() => server.close());
const foreignUrl = () => `http://localhost:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}/`;

/** A mailbox with a message, and a Pro user with one object of each kind. */
async function createVictim() {
  const mailbox = await createMailbox("ann");
  await sendText(mailbox.address, "secret");
  const [message] = (await call("GET", "/api/messages", mailbox.token)).messages;
  const user = await registerUser();
  const owned = await createMailbox("owned", user.token);
  await sendMail(owned.address, shopMail("owned secret"));
  const [ownedMessage] = (await call("GET", `/pro/api/accounts/${owned.id}/messages`, user.token)).messages;
  const token = await call("POST", "/pro/api/tokens", user.token, { name: "ci" });
  const domain = await call("POST", "/pro/api/domains", user.token, { domain: `${unique("ann")}.example.com` });
  const webhook = await call("POST", "/pro/api/webhooks", user.token, { url: "https://127.0.0.1:1024/" });
  const idOf = (/** @type {string} */ path) => {
    if (path.startsWith("/api/messages/")) return message.id;
    /** @type {Record<string, string>} */
    const ids = { tokens: token.id, domains: domain.id, webhooks: webhook.id };
    return ids[path.split("/")[3]] ?? owned.id;
  };
  return { mailbox, user, pathOf: (/** @type {string} */ path) => path.replace("{id}", idOf(path)).replace("{message_id}", ownedMessage.id).replace(/\{\w+\}/g, "0") };
}

/** Everything that the victim owns, as the API shows it. @param {Victim} victim */
function stateOf({ mailbox, user }) {
  return Promise.all([...["/api/me", "/api/messages"].map((path) => call("GET", path, mailbox.token)),
    ...["me", "accounts", "tokens", "domains", "webhooks"].map((path) => call("GET", `/pro/api/${path}`, user.token))]);
}

/** The routes of the OpenAPI document, with the ids of the victim. @param {Victim} victim */
async function routesOf(victim) {
  const { paths } = await call("GET", "/api/openapi.json");
  const routes = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => /** @type {[string, string]} */ ([method.toUpperCase(), victim.pathOf(path)])));
  const pathsOf = (/** @type {string} */ wanted) => routes.filter(([method]) => method === wanted).map(([, path]) => path);
  const [posts, gets] = [pathsOf("POST"), pathsOf("GET")];
  assert.ok(posts.length > 10 && gets.length > 20);
  return { writes: routes.filter(([method]) => method !== "GET"), posts, gets };
}

/** Signs the victim in to both pages of the browser. @param {Page} page @param {Victim} victim */
async function signIn(page, { mailbox, user }) {
  await page.goto(base);
  await page.evaluate(([mailbox, user]) => {
    localStorage.setItem("mayfly.mailboxes", JSON.stringify([mailbox]));
    localStorage.setItem("mayfly.pro", JSON.stringify(user));
  }, [{ ...mailbox, password: null }, user]);
  await page.reload();
  await waitUntilLive(page);
}

/** Opens a page of another site in the browser of a signed-in victim. @param {Page} page */
async function openForeignPage(page) {
  const victim = await createVictim();
  const own = await page.context().newPage();
  await signIn(own, victim);
  await page.goto(foreignUrl());
  return victim;
}

/** Sends forms and requests from a foreign frame to all routes. Fails if one takes effect or is readable. @param {Page} page @param {Frame} frame @param {Victim} victim */
async function attack(page, frame, victim) {
  const before = await stateOf(victim);
  const { writes, posts, gets } = await routesOf(victim);
  /** All responses of Mayfly, including those that the browser hides from the page. @type {[string, string, number][]} */
  const responses = [];
  page.on("response", (response) => {
    if (response.url().startsWith(base)) responses.push([response.request().method(), response.url(), response.status()]);
  });
  const name = unique("eve");
  const bodyFor = (/** @type {string} */ way) => ({
    address: `${name}-${way}@mayfly.test`, email: `${name}-${way}@example.com`, password: PASSWORD, name, domain: `${name}.example.com`,
    url: "https://eve.example.com/", for: "events",
  });
  await frame.evaluate(sendForms, { base, paths: posts, fields: bodyFor("form") });
  const reads = ["/", "/pro", "/web/inbox.js", ...gets];
  const { readable, publicDomain } = await frame.evaluate(sendRequests, { base, writes, reads, body: { ...bodyFor("fetch"), catch_all: null } });
  assert.deepEqual(readable, [], "these responses were readable");
  assert.equal(publicDomain, "mayfly.test", "the public route is readable");
  for (const way of ["form", "fetch"]) {
    const { address, email } = bodyFor(way);
    const token = await call("POST", "/api/token", null, { address, password: PASSWORD });
    assert.equal(token.error, "invalid_credentials", `a mailbox was created by ${way}`);
    const login = await call("POST", "/pro/api/login", null, { email, password: PASSWORD });
    assert.equal(login.error, "invalid_credentials", `a user was created by ${way}`);
  }
  const effective = responses.filter(([method, , status]) => !["GET", "OPTIONS"].includes(method) && status < 400);
  assert.deepEqual(effective, [], "these requests took effect");
  assert.ok(responses.filter(([method]) => method === "POST").length >= 3 * posts.length, "the forms and requests reach the server");
  assert.deepEqual(await stateOf(victim), before, "the state of the victim changed");
}

browserCases({
  /** A browser sends GET requests for any page, for example for images. */
  async foreign_get_with_valid_credentials_changes_nothing() {
    const victim = await createVictim();
    const { gets } = await routesOf(victim);
    const before = await stateOf(victim);
    const requests = gets.flatMap((path) => [victim.mailbox.token, victim.user.token].map((token) => ({ path, token })));
    const statuses = await Promise.all(requests.map(async ({ path, token }) => {
      const url = base + path + (path.endsWith("/wait") ? "?timeout=0" : "");
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      await response.body?.cancel();
      return response.status;
    }));
    // Each route is of a mailbox or of a user; a few need more, such as an API token.
    assert.ok(statuses.filter((status) => status < 300).length > gets.length * 0.75, String(statuses));
    assert.deepEqual(await stateOf(victim), before);
  },

  async foreign_site_finds_no_cookie_of_signed_in_user(page) {
    await signIn(page, await createVictim());
    assert.deepEqual(await page.context().cookies(), []);
  },

  async foreign_site_requests_take_no_effect(page) {
    const victim = await openForeignPage(page);
    await attack(page, page.mainFrame(), victim);
  },

  async foreign_opaque_origin_requests_take_no_effect(page) {
    const victim = await openForeignPage(page);
    await page.evaluate(() => {
      const frame = document.createElement("iframe");
      frame.sandbox.add("allow-scripts", "allow-forms");
      frame.srcdoc = "<!doctype html><body></body>";
      return new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });
    });
    const sandboxed = page.mainFrame().childFrames()[0];
    assert.equal(await sandboxed.evaluate(() => self.origin), "null");
    await attack(page, sandboxed, victim);
  },

  async foreign_site_cannot_frame_the_page(page) {
    await openForeignPage(page);
    await page.evaluate((url) => new Promise((resolve) => {
      document.body.append(Object.assign(document.createElement("iframe"), { onload: resolve, src: url }));
    }), `${base}/`);
    const isShown = await Promise.all(page.frames().map((frame) => frame.evaluate(() => document.querySelector("mayfly-inbox") !== null)));
    assert.deepEqual(isShown, [false, false]);
  },

  async foreign_site_gets_no_handle_of_opened_window(page) {
    await openForeignPage(page);
    const [opened] = await Promise.all([page.context().waitForEvent("page"), page.evaluate((url) => { globalThis.openedWindow = open(url); }, base)]);
    await waitUntilLive(opened);
    assert.equal(await page.evaluate(() => globalThis.openedWindow?.closed), true);
  },
});
