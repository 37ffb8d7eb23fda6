//! An agent that signs up at an application with a mailbox of its own, over MCP. A model would choose these calls; here they are written down.
//! Prints what the application says.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { APP, MAYFLY_SERVER = "http://127.0.0.1:8080", MAYFLY_TOKEN, MAYFLY_GATEWAYS = MAYFLY_SERVER } = process.env;

/** Posts a form of the application. */
async function post(path, form) {
  const response = await fetch(`${APP}${path}`, { method: "POST", body: new URLSearchParams(form) });
  return response.text();
}

/** Calls a tool; returns its structured content. */
async function call(client, name, args) {
  const result = await client.callTool({ name, arguments: args });
  if (result.isError) {
    throw new Error(`${name}: ${result.content[0].text}`);
  }
  return result.structuredContent;
}

/** Signs up. The calls go to the agents by turns. */
async function signUp(transports) {
  const clients = [];
  for (const transport of transports) {
    const client = new Client({ name: "sign-up", version: "1" });
    await client.connect(transport);
    clients.push(client);
  }
  const [first, last] = [clients[0], clients.at(-1)];
  const { mailbox_id, address } = await call(first, "create_mailbox", { prefix: "agent-" });
  await post("/code", { email: address });
  // What is below `untrusted` was written by the sender: a code is data, and nothing in it is followed.
  const { untrusted } = await call(last, "get_code", { mailbox_id, q: "from:shop.example", timeout_s: 30 });
  const page = await post("/welcome", { email: encodeURIComponent(address), code: untrusted.code });
  await call(first, "delete_mailbox", { mailbox_id });
  await Promise.all(clients.map((client) => client.close()));
  return page.match(/<h1>(.*)<\/h1>/)[1];
}

const overStdio = () => new StdioClientTransport({ command: process.env.MAYFLY_BINARY ?? "mayfly", args: ["mcp"], env: { MAYFLY_SERVER } });
const overHttp = (gateway) =>
  new StreamableHTTPClientTransport(new URL(`${gateway}/mcp`), { requestInit: { headers: { Authorization: `Bearer ${MAYFLY_TOKEN}` } } });

console.log("over stdio:", await signUp([overStdio()]));
if (MAYFLY_TOKEN) {
  console.log("over HTTP:", await signUp(MAYFLY_GATEWAYS.split(" ").map(overHttp)));
}
