// Mail for the tests of the page.
import assert from "node:assert/strict";
import net from "node:net";

/** Sends a mail by SMTP to a port of this machine; it is accepted when this returns. */
export async function sendMailTo(port, to, lines) {
  const socket = net.connect(Number(port), "127.0.0.1");
  const replies = socket.setEncoding("utf8")[Symbol.asyncIterator]();
  let text = "";
  const expect = async (code) => {
    while (!/^\d{3} .*\r\n/m.test(text)) text += (await replies.next()).value;
    assert.match(text, new RegExp(`^${code}`), text);
    text = "";
  };
  try {
    await expect(220);
    for (const [command, code] of [["EHLO test", 250], ["MAIL FROM:<bounce@shop.example>", 250], [`RCPT TO:<${to}>`, 250],
      ["DATA", 354], [`${lines.join("\r\n")}\r\n.`, 250], ["QUIT", 221]]) {
      socket.write(`${command}\r\n`);
      await expect(code);
    }
  } finally {
    socket.destroy();
  }
}

const base64 = (text) => Buffer.from(text).toString("base64");
/** A text as it may stand in a header, whatever is in it. */
const encoded = (text) => text.match(/.{1,40}/gsu).map((part) => `=?utf-8?B?${base64(part)}?=`).join("\r\n ");

/** A mail that has a text in each place where a mail may have one, and HTML. */
export function mailOf(name, text, html) {
  const part = (type, body, ...more) =>
    [`Content-Type: ${type}; charset=utf-8`, "Content-Transfer-Encoding: base64", ...more, "", ...base64(body).match(/.{1,76}/g)];
  const file = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return [
    `From: ${encoded(name)} <hello@shop.example>`, `Subject: ${encoded(name)}`, "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=outer", "", "--outer", "Content-Type: multipart/alternative; boundary=inner", "",
    "--inner", ...part("text/plain", text), "--inner", ...part("text/html", html), "--inner--",
    "--outer", ...part("application/pdf", "the bill", `Content-Disposition: attachment;\r\n filename*=utf-8''${file}`), "--outer--",
  ];
}
