//! Gets a code with the TypeScript SDK: over HTTP with a token, and over stdio without one.

import assert from "node:assert/strict";
import { connect } from "node:net";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { MAYFLY_SERVER, MAYFLY_TOKEN, MAYFLY_BINARY, MAYFLY_SMTP } = process.env;

/** Delivers a mail with a code. */
async function send(address) {
  const [host, port] = MAYFLY_SMTP.split(":");
  const mail = "Subject: Your code\r\n\r\nYour code is 482913.\r\n.\r\n";
  const lines = ["EHLO b.test", "MAIL FROM:<shop@b.test>", `RCPT TO:<${address}>`, "DATA", mail.trimEnd(), "QUIT"];
  const socket = connect(Number(port), host);
  let replies = "";
  for await (const chunk of socket.setEncoding("utf8")) {
    replies += chunk;
    // The last line of a reply has no hyphen.
    if (/^\d{3} .*\r\n$/m.test(chunk) && lines.length > 0) {
      socket.write(`${lines.shift()}\r\n`);
    }
  }
  assert.match(replies, /354[^]*250 /);
}

async function getCode(transport) {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  const { tools } = await client.listTools();
  assert(tools.some(({ name }) => name === "get_code"));
  const call = (name, args) => client.callTool({ name, arguments: args });
  const created = (await call("create_mailbox", { prefix: "typescript-" })).structuredContent;
  await send(created.address);
  const found = await call("get_code", { mailbox_id: created.mailbox_id, timeout_s: 20 });
  assert.equal(found.structuredContent.untrusted.code, "482913");
  const refused = await call("read_mail", { message_id: "x" });
  assert(refused.isError && refused.content[0].text.startsWith("not_found"));
  await client.close();
}

const headers = { Authorization: `Bearer ${MAYFLY_TOKEN}` };
await getCode(new StreamableHTTPClientTransport(new URL(`${MAYFLY_SERVER}/mcp`), { requestInit: { headers } }));
await getCode(new StdioClientTransport({ command: MAYFLY_BINARY, args: ["mcp"], env: { MAYFLY_SERVER } }));
