// A receiver of webhooks on a free port of this machine.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

/** @typedef {{headers: import("node:http").IncomingHttpHeaders, body: string, event: any}} Delivery */

/** Starts a receiver that accepts all deliveries. */
export async function startReceiver() {
  /** @type {((delivery: Delivery) => void)[]} */
  const waiting = [];
  /** @type {Delivery[]} */
  const received = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    response.end();
    const delivery = { headers: request.headers, body, event: JSON.parse(body) };
    const next = waiting.shift();
    if (next) next(delivery);
    else received.push(delivery);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/hook`,
    /** The next delivery that was not returned yet. @returns {Promise<Delivery>} */
    next: () => {
      const delivery = received.shift();
      return delivery ? Promise.resolve(delivery) : new Promise((resolve) => { waiting.push(resolve); });
    },
    close: () => server.close(),
  };
}

/** Fails unless the delivery is signed with the secret. @param {Delivery} delivery @param {string} secret */
export function assertSigned({ headers, body }, secret) {
  const expected = createHmac("sha256", secret).update(`${headers["x-webhook-timestamp"]}.${body}`).digest("hex");
  assert.equal(headers["x-webhook-signature"], `sha256=${expected}`);
}
