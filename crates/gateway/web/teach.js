import { call, explain, under } from "./api.js";
import { button, copy, h, toast } from "./dom.js";
import { serverFact } from "./session.js";
import { texts } from "./texts.js";

/**
 * How a mailbox without messages gets its first one.
 * @param {string} address @param {string} [token] of the mailbox, with which the server delivers a test message @returns {Node[]}
 */
export function teach(address, token) {
  return [...token ? [testButton(token)] : [], ...commands(address)];
}

/** @param {string} token */
function testButton(token) {
  const send = button(texts.sendTestMessage, async () => {
    send.disabled = true;
    try {
      await call("POST", "/api/test-message", token);
    } catch (error) {
      send.disabled = false;
      toast(explain(error), "bad");
    }
  }, "primary");
  return send;
}

/** Commands that send a mail from a terminal. @param {string} address @returns {Node[]} */
function commands(address) {
  const smtp = serverFact("smtp");
  const docs = h("p", {}, h("a", { href: under("/api/docs") }, texts.apiDocs));
  if (!smtp) return [docs];
  const lines = [
    `swaks --server ${smtp} --to ${address} --header "Subject: Hello" --body "Your code is 481516"`,
    `printf 'Subject: Hello\\r\\n\\r\\nYour code is 481516\\r\\n' | curl smtp://${smtp} --mail-from me@example.com --mail-rcpt ${address} -T -`,
  ];
  const label = (/** @type {string} */ line) => `${texts.copy}: ${line.split(" ", 1)[0]}`;
  return [h("p", {}, `${texts.smtpServer}: `, h("code", {}, smtp)), h("h3", {}, texts.tryIt),
    ...lines.map((line) => h("div", { class: "command" }, h("code", {}, line),
      h("button", { type: "button", class: "small", "aria-label": label(line), onclick: () => copy(line) }, texts.copy))), docs];
}
