// Mail for the cases.
import assert from "node:assert/strict";
import net from "node:net";
import { smtpPort } from "./cases.js";

/**
 * Sends a mail by SMTP; returns once it is accepted.
 * @param {string} to @param {string[]} lines @param {{username: string, password: string}} [login] of a sandbox
 */
export async function sendMail(to, lines, login) {
  /** @type {[string, number][]} */
  const authentication = login ? [[`AUTH PLAIN ${base64(`\0${login.username}\0${login.password}`)}`, 235]] : [];
  const socket = net.connect(smtpPort, "127.0.0.1");
  const replies = socket.setEncoding("utf8")[Symbol.asyncIterator]();
  let text = "";
  const expect = async (/** @type {number} */ code) => {
    while (!/^\d{3} .*\r\n/m.test(text)) text += (await replies.next()).value;
    assert.match(text, new RegExp(`^${code}`), text);
    text = "";
  };
  try {
    await expect(220);
    for (const [command, code] of /** @type {[string, number][]} */ ([["EHLO test", 250], ...authentication, ["MAIL FROM:<bounce@shop.example>", 250],
      [`RCPT TO:<${to}>`, 250], ["DATA", 354], [`${lines.join("\r\n")}\r\n.`, 250], ["QUIT", 221]])) {
      socket.write(`${command}\r\n`);
      await expect(code);
    }
  } finally {
    socket.destroy();
  }
}

/** Sends a plain mail. @param {string} to @param {string} subject @param {string} [text] @param {string} [from] */
export function sendText(to, subject, text = "Hello", from = "shop@shop.example") {
  return sendMail(to, [`From: ${from}`, `Subject: ${subject}`, "", text]);
}

export const HOSTILE = "<img src=x onerror=alert(1)>";
export const CODE = "481516";
export const CONFIRM_URL = "https://shop.example/confirm?t=abc";
export const TRACKER_URL = "https://tracker.example/pixel.png";

/** A mail with text, HTML, a code, a link, a remote image and an attachment. @param {string} subject @param {string} [from] */
export const shopMail = (subject, from = "Corner Shop") => [
  `From: "${from}" <hello@shop.example>`, `Subject: ${subject}`, "MIME-Version: 1.0",
  "Content-Type: multipart/mixed; boundary=outer", "", "--outer", "Content-Type: multipart/alternative; boundary=inner", "",
  "--inner", "Content-Type: text/plain; charset=utf-8", "", `Your verification code is ${CODE}.`,
  `Confirm here: ${CONFIRM_URL}`, HOSTILE,
  "--inner", "Content-Type: text/html; charset=utf-8", "",
  `<h1>Welcome</h1><p>Your verification code is <b>${CODE}</b>.</p><img src='${TRACKER_URL}'>`, "--inner--",
  "--outer", "Content-Type: application/pdf", "Content-Disposition: attachment; filename=bill.pdf", "", "the bill", "--outer--",
];

const base64 = (/** @type {string} */ text) => Buffer.from(text).toString("base64");
/** Encodes a text as words of a header field (RFC 2047). @param {string} text */
const encodedWords = (text) => (text.match(/.{1,40}/gsu) ?? []).map((part) => `=?utf-8?B?${base64(part)}?=`).join("\r\n ");

/** A mail with the same name in sender, subject and file name, with a text and HTML. @param {string} name @param {string} text @param {string} html */
export function mailOf(name, text, html) {
  const part = (/** @type {string} */ type, /** @type {string} */ body, /** @type {string[]} */ ...fields) =>
    [`Content-Type: ${type}; charset=utf-8`, "Content-Transfer-Encoding: base64", ...fields, "", ...(base64(body).match(/.{1,76}/g) ?? [])];
  const file = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return [
    `From: ${encodedWords(name)} <hello@shop.example>`, `Subject: ${encodedWords(name)}`, "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=outer", "", "--outer", "Content-Type: multipart/alternative; boundary=inner", "",
    "--inner", ...part("text/plain", text), "--inner", ...part("text/html", html), "--inner--",
    "--outer", ...part("application/pdf", "the bill", `Content-Disposition: attachment;\r\n filename*=utf-8''${file}`), "--outer--",
  ];
}
