//! A server that is down, slow, limited, unavailable, or none of Mayfly's.

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";

import {
  ApiError,
  ConnectionError,
  InvalidResponseError,
  type Mailbox,
  Mayfly,
  MayflyError,
  RateLimitedError,
  RequestTimeoutError,
  UnavailableError,
  WaitTimeoutError,
} from "@mayfly/client";

import { answer, fakeServer } from "./support.ts";

const ME = { id: "01", address: "ann@mayfly.test" };
const LIMITED = { error: "rate_limited", message: "too many requests" };
const DOWN = { error: "unavailable", message: "a dependency is down" };

function open(server: string, options = {}): Promise<Mailbox> {
  return new Mayfly({ server, ...options }).openMailbox("token");
}

test("server that is down is a connection error", async () => {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  // The scheme is completed.
  await assert.rejects(open(`127.0.0.1:${port}`), (error) => {
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, new RegExp(`^http://127.0.0.1:${port}: ECONNREFUSED .*Start it with`));
    return true;
  });
});

test("connection that breaks is a connection error", async (context) => {
  const { url } = await fakeServer(context, (_, response) => {
    response.writeHead(200, { "Content-Length": "100" });
    response.write("{");
    setImmediate(() => response.destroy());
  });
  await assert.rejects(open(url), ConnectionError);
});

test("slow server is a time-out", async (context) => {
  const silent = await fakeServer(context, () => {});
  await assert.rejects(open(silent.url, { requestTimeoutMs: 50 }), (error) => {
    assert.ok(error instanceof RequestTimeoutError);
    assert.match(error.message, /no answer to GET \/api\/me within 0.1 s/);
    return true;
  });
  // Also one that sends a byte now and then.
  const slow = await fakeServer(context, (_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(" "), 5);
    response.on("close", () => clearInterval(timer));
  });
  await assert.rejects(open(slow.url, { requestTimeoutMs: 100 }), RequestTimeoutError);
});

test("time-out can be endless", async (context) => {
  const { url } = await fakeServer(context, (_, response) => answer(response, 200, ME));
  assert.equal((await open(url, { requestTimeoutMs: Infinity })).address, ME.address);
});

test("rate limit is honoured", async (context) => {
  const times: number[] = [];
  const { url } = await fakeServer(context, (_, response, number) => {
    times.push(performance.now());
    number === 1 ? answer(response, 429, LIMITED, { "Retry-After": "1" }) : answer(response, 200, ME);
  });
  assert.equal((await open(url)).address, ME.address);
  const [first, second] = times;
  // A timer can be early by a millisecond.
  assert.ok(second! - first! >= 990, `${second! - first!} ms`);
});

test("rate limit beyond the time-out is an error", async (context) => {
  const { url, requests } = await fakeServer(context, (_, response) => {
    answer(response, 429, LIMITED, { "Retry-After": "60" });
  });
  await assert.rejects(open(url), (error) => {
    assert.ok(error instanceof RateLimitedError && error instanceof ApiError && error instanceof MayflyError);
    assert.deepEqual([error.status, error.code, error.retryAfterMs], [429, "rate_limited", 60_000]);
    assert.match(error.message, /429 rate_limited: too many requests \(retry after 60 s\)/);
    return true;
  });
  assert.equal(requests.length, 1);
});

test("rate limit that names no seconds is one of a second", async (context) => {
  for (const header of [{}, { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT" }, { "Retry-After": "-5" }]) {
    const { url } = await fakeServer(context, (request, response) => {
      request.url === "/api/me" ? answer(response, 200, ME) : answer(response, 429, LIMITED, header);
    });
    await assert.rejects((await open(url)).wait({ timeoutMs: 0 }), (error) => {
      assert.ok(error instanceof RateLimitedError);
      assert.equal(error.retryAfterMs, 1000);
      return true;
    });
  }
});

test("unavailable server is not asked again before the time that it names", async (context) => {
  const { url, requests } = await fakeServer(context, (_, response) => answer(response, 503, DOWN, { "Retry-After": "60" }));
  await assert.rejects(open(url), UnavailableError);
  assert.equal(requests.length, 1);
});

test("unavailable server is asked four times, if a repetition is harmless", async (context) => {
  const { url, requests } = await fakeServer(context, (request, response) => {
    request.url === "/api/me" && request.method === "GET" && requests.length === 1
      ? answer(response, 200, ME)
      : answer(response, 503, DOWN, { "Retry-After": "0" });
  });
  const mailbox = await open(url);
  await assert.rejects(mailbox.messages(), UnavailableError);
  assert.deepEqual(requests.slice(1), Array(4).fill("GET /api/messages?page=1"));
  // Each call delivers a message.
  await assert.rejects(mailbox.sendTestMessage(), UnavailableError);
  assert.deepEqual(requests.slice(5), ["POST /api/test-message"]);
});

test("token is created once, although the call is repeated", async (context) => {
  const keys: unknown[] = [];
  const { url } = await fakeServer(context, (request, response, number) => {
    keys.push(request.headers["idempotency-key"]);
    number === 1 ? answer(response, 503, DOWN) : answer(response, 201, { id: "01", token: "tm_pro_1" });
  });
  const user = new Mayfly({ server: url, token: "jwt" });
  assert.equal((await user.tokens.create("ci")).token, "tm_pro_1");
  await user.tokens.create("ci");
  assert.equal(keys[0], keys[1]);
  assert.match(String(keys[0]), /^[0-9a-f-]{36}$/);
  assert.notEqual(keys[1], keys[2]);
});

test("deletion by a query goes on until nothing is left", async (context) => {
  const { url, requests } = await fakeServer(context, (request, response, number) => {
    if (number === 1) {
      answer(response, 200, ME);
    } else {
      answer(response, 200, number === 2 ? { deleted: 1000, more: true, next: "07" } : { deleted: 5, more: false, next: null });
    }
  });
  assert.equal(await (await open(url)).deleteMatching("*"), 1005);
  assert.deepEqual(requests.slice(1), ["DELETE /api/messages?q=*", "DELETE /api/messages?q=*&cursor=07"]);
});

test("mailbox that an unanswered call created is signed in to", async (context) => {
  const bodies: string[] = [];
  const { url, requests } = await fakeServer(context, async (request, response) => {
    if (request.method === "GET") {
      return answer(response, 200, { domains: [{ domain: "mayfly.test", default: true }] });
    }
    let body = "";
    for await (const part of request) {
      body += part;
    }
    bodies.push(body);
    switch (bodies.length) {
      case 1:
        return answer(response, 503, DOWN);
      case 2:
        return answer(response, 409, { error: "address_taken", message: "taken" });
      default:
        return answer(response, 200, { ...ME, token: "t" });
    }
  });
  const mailbox = await new Mayfly({ server: url }).createMailbox();
  assert.equal(mailbox.token, "t");
  assert.deepEqual(requests, ["GET /api/domains", "POST /api/accounts", "POST /api/accounts", "POST /api/token"]);
  assert.equal(new Set(bodies).size, 1, "the address and the password stay the same");
});

test("answer that is none of Mayfly's is an error", async (context) => {
  const cases: [number, string, Record<string, string>, new (...args: never[]) => Error, RegExp][] = [
    [200, "{\"id\":", {}, InvalidResponseError, /the answer is not JSON: "\{\\"id\\":"/],
    [200, "", {}, InvalidResponseError, /the answer is not JSON: an empty body/],
    [200, "<html>", {}, InvalidResponseError, /the answer is not JSON: "<html>"/],
    [200, "null", {}, InvalidResponseError, /no "id"/],
    [200, "[]", {}, InvalidResponseError, /no "id"/],
    [200, "{\"id\":\"1\"}", {}, InvalidResponseError, /no "address"/],
    [302, "", { Location: "https://sign-in.example/" }, InvalidResponseError, /redirects to https:\/\/sign-in.example\//],
    [502, "<html>Bad Gateway", {}, ApiError, /GET \/api\/me: 502 "<html>Bad Gateway"/],
    [500, "null", {}, ApiError, /500 "null"/],
    [401, "{\"error\":\"invalid_token\",\"message\":\"expired\"}", {}, ApiError, /401 invalid_token: expired/],
  ];
  for (const [status, body, headers, type, text] of cases) {
    const { url } = await fakeServer(context, (_, response) => answer(response, status, body, headers));
    await assert.rejects(open(url), (error) => {
      assert.ok(error instanceof type && text.test(error.message), `${body}: ${error}`);
      return true;
    });
  }
});

test("wait goes on when the server is restarted", async (context) => {
  const message = { id: "07", codes: [{ value: "482913" }], links: [] };
  const { url, requests } = await fakeServer(context, (request, response, number) => {
    if (request.url === "/api/me") {
      answer(response, 200, ME);
    } else if (request.method === "PUT") {
      answer(response, 204, "", { "X-Mayfly-Changed": "true" });
    } else if (number === 2) {
      response.destroy();
    } else if (number === 3) {
      answer(response, 503, DOWN);
    } else {
      answer(response, 200, { messages: [message], since: "07" });
    }
  });
  const mailbox = await open(url);
  assert.equal(await mailbox.code({ timeoutMs: 20_000 }), "482913");
  assert.equal(requests.at(-1), "PUT /api/messages/07/read");
  assert.equal(requests.length, 5);
});

test("message that another wait took is left", async (context) => {
  const { url } = await fakeServer(context, (request, response, number) => {
    const message = (id: string, value: string) => ({ messages: [{ id, codes: [{ value }], links: [] }], since: id });
    if (request.url === "/api/me") {
      answer(response, 200, ME);
    } else if (request.method === "PUT") {
      answer(response, 204, "", { "X-Mayfly-Changed": String(number > 3) });
    } else {
      answer(response, 200, number === 2 ? message("01", "111111") : message("02", "222222"));
    }
  });
  assert.equal(await (await open(url)).code(), "222222");
});

test("time-out whose report fails is still a time-out", async (context) => {
  const { url } = await fakeServer(context, (request, response) => {
    if (request.url === "/api/me") {
      answer(response, 200, ME);
    } else if (request.url!.startsWith("/api/messages/wait")) {
      answer(response, 204, "", { "X-Mayfly-Since": "0" });
    } else {
      answer(response, 500, "");
    }
  });
  const mailbox = await open(url);
  await assert.rejects(mailbox.wait({ timeoutMs: 0 }), (error) => {
    assert.ok(error instanceof WaitTimeoutError && error.cause instanceof ApiError);
    assert.match(error.message, /cannot be listed/);
    return true;
  });
});

test("time-out shows no control characters of a mail", async (context) => {
  const item = { id: "01", sender: "", from: "Shop\u202e", subject: "\u001b[2J\u009b2J\nLunch", is_read: false };
  const { url } = await fakeServer(context, (request, response) => {
    if (request.url === "/api/me") {
      answer(response, 200, ME);
    } else if (request.url!.startsWith("/api/messages/wait")) {
      answer(response, 204, "", { "X-Mayfly-Since": "0" });
    } else {
      answer(response, 200, { messages: [item], page: 1 });
    }
  });
  const mailbox = await open(url);
  await assert.rejects(mailbox.wait({ timeoutMs: 0 }), (error) => {
    const line = (error as Error).message.split("\n")[1];
    assert.equal(line, String.raw`  "\u001b[2J\u009b2J\nLunch" from "Shop\u202e"`);
    return true;
  });
});

test("list that is none of Mayfly's is an error", async (context) => {
  for (const body of ["{\"domains\":", "{\"domains\":null}", "{\"domains\":{}}", "{\"domains\":[null]}", "[]"]) {
    const { url } = await fakeServer(context, (_, response) => answer(response, 200, body));
    await assert.rejects(new Mayfly({ server: url }).createMailbox(), InvalidResponseError, body);
  }
});

test("wait whose answer is none of Mayfly's is an error", async (context) => {
  const bodies = [
    "{\"messages\":",
    "[]",
    "{\"messages\":[],\"since\":\"0\"}",
    "{\"messages\":{},\"since\":\"0\"}",
    "{\"messages\":[null],\"since\":\"1\"}",
    "{\"messages\":[{\"id\":\"1\"}],\"since\":\"1\"}",
  ];
  for (const body of bodies) {
    const { url, requests } = await fakeServer(context, (request, response) => {
      answer(response, 200, request.url === "/api/me" ? ME : body);
    });
    await assert.rejects((await open(url)).code(), InvalidResponseError, body);
    assert.equal(requests.length, 2);
  }
});

test("wait on a server that is silent is a time-out", async (context) => {
  const { url } = await fakeServer(context, (request, response) => {
    if (request.url === "/api/me") {
      answer(response, 200, ME);
    }
  });
  const mailbox = await open(url, { requestTimeoutMs: 2000 });
  await assert.rejects(mailbox.wait({ timeoutMs: 500 }), (error) => {
    assert.ok(error instanceof RequestTimeoutError);
    assert.match(error.message, /no answer to GET \/api\/messages\/wait within 2.5 s/);
    return true;
  });
});

test("wait on a server that stays down or unavailable ends", async (context) => {
  const broken = (response: ServerResponse) => response.destroy();
  const unavailable = (response: ServerResponse) => answer(response, 503, DOWN);
  const limited = (response: ServerResponse) => answer(response, 429, LIMITED, { "Retry-After": "60" });
  for (const [fault, type] of [[broken, ConnectionError], [unavailable, UnavailableError], [limited, RateLimitedError]] as const) {
    const { url } = await fakeServer(context, (request, response) => {
      request.url === "/api/me" ? answer(response, 200, ME) : fault(response);
    });
    const mailbox = await open(url);
    await assert.rejects(mailbox.wait({ timeoutMs: 1500 }), type);
  }
});

test("server that asks for a proof of work is named", async (context) => {
  const { url } = await fakeServer(context, (_, response) => {
    answer(response, 200, { status: "retry", required_difficulty: 18, token: "" });
  });
  const mayfly = new Mayfly({ server: url });
  await assert.rejects(mayfly.createMailbox({ address: "ann@mayfly.test" }), /asks for a proof of work/);
});

test("unusable settings are named", async () => {
  for (const server of ["ftp://mayfly.test", "http://", "a b"]) {
    assert.throws(() => new Mayfly({ server }), (error) => error instanceof MayflyError && error.message.includes(server));
  }
  await assert.rejects(new Mayfly({ server: "127.0.0.1" }).createSandbox("api"), /set token, or MAYFLY_TOKEN/);
});
