//! A server that answers as a test says, and one that is real.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

import type { SandboxWithPassword } from "@mayfly/client";
import { createTransport } from "nodemailer";

/** Returns an environment variable that `clients/test` sets. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: run clients/test`);
  }
  return value;
}

/** Sends a mail to an address of the real server. */
export async function send(to: string, subject: string, text: string): Promise<void> {
  const [host, port] = setting("MAYFLY_SMTP").split(":");
  const transport = createTransport({ host, port: Number(port), ignoreTLS: true });
  await transport.sendMail({ from: "A Shop <shop@example.com>", to, subject, text });
}

/** Sends a mail to any address with the login of a sandbox. */
export async function sendFromSandbox(sandbox: SandboxWithPassword, to: string, subject: string): Promise<void> {
  // The name of the server is that of its configuration.
  const url = new URL(sandbox.env().SMTP_URL!);
  url.host = setting("MAYFLY_SMTP");
  const transport = createTransport({ url: url.href, ignoreTLS: true } as object);
  await transport.sendMail({ from: "app@shop.example", to, subject, text: "x" });
}

type Handler = (request: IncomingMessage, response: ServerResponse, number: number) => void;

/** Starts a server that handles the requests; returns its URL and what it was asked. */
export async function fakeServer(context: TestContext, handler: Handler): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    handler(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Answers with JSON. */
export function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
