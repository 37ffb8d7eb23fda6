import { call, explain, under } from "./api.js";
import { button, copy, fill, h, toast } from "./dom.js";
import { keptText, retentionSecs } from "./server-facts.js";
import { serverFact } from "./session.js";
import { testMessagePath } from "./source.js";
import { texts } from "./texts.js";

/**
 * How a list without messages gets its first one, and how long it keeps it.
 * @param {import("./source.js").Source} source
 * @param {string | null} address that mail can be sent to; a sandbox has none
 * @param {Promise<number | null>} retention in seconds, of this list
 * @returns {Node[]}
 */
export function teach(source, address, retention = retentionSecs()) {
  const kept = h("p", { class: "hint" });
  void retention.then((secs) => fill(kept, keptText(secs)));
  return [kept, testButton(source), ...commands(address)];
}

/** The server delivers a test message in process. @param {import("./source.js").Source} source */
function testButton(source) {
  const send = button(texts.sendTestMessage, async () => {
    send.disabled = true;
    try {
      await call("POST", testMessagePath(source), source.token);
    } catch (error) {
      send.disabled = false;
      toast(explain(error), "bad");
    }
  }, "primary");
  return send;
}

/** Longer words of a command break where the line ends. */
const MAX_UNBROKEN = 16;

/** A command whose options stay whole: a browser breaks lines behind hyphens. @param {string} line */
function words(line) {
  return line.split(" ").flatMap((word, index) => [index ? " " : "", word.length > MAX_UNBROKEN ? word : h("span", {}, word)]);
}

/** Commands that send a mail from a terminal. @param {string | null} address @returns {Node[]} */
function commands(address) {
  const smtp = serverFact("smtp");
  const docs = h("p", {}, h("a", { href: under("/api/docs") }, texts.apiDocs));
  if (!smtp || !address) return [docs];
  const lines = [
    `swaks --server ${smtp} --to ${address} --header "Subject: Hello" --body "Your code is 481516"`,
    `printf 'Subject: Hello\\r\\n\\r\\nYour code is 481516\\r\\n' | curl smtp://${smtp} --mail-from me@example.com --mail-rcpt ${address} -T -`,
  ];
  const label = (/** @type {string} */ line) => `${texts.copy}: ${line.split(" ", 1)[0]}`;
  return [h("p", {}, `${texts.smtpServer}: `, h("code", {}, smtp)), h("h3", {}, texts.tryIt),
    ...lines.map((line) => h("div", { class: "command" }, h("code", {}, ...words(line)),
      h("button", { type: "button", class: "small", "aria-label": label(line), onclick: () => copy(line) }, texts.copy))), docs];
}
