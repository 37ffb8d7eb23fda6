import { fullTime, h, size } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").Message} Message */
/** @typedef {import("./api.js").NamedAddress} NamedAddress */

/** More addresses of a field are folded. */
const MAX_ADDRESSES = 5;

/** What the header and the envelope of a message say. @param {Message} message */
export function facts(message) {
  const from = addressIn(message.from) ?? "";
  const isForeignSender = message.sender.toLowerCase() !== from.toLowerCase();
  return h("dl", { class: "facts" },
    fact(texts.from, message.from ?? texts.noSender),
    isForeignSender ? fact(texts.sender, message.sender || texts.noSender) : null,
    addresses(texts.to, message.to ?? []), addresses(texts.cc, message.cc ?? []), addresses(texts.replyTo, message.reply_to ?? []),
    addresses(texts.bcc, (message.bcc ?? []).map((address) => ({ name: null, address }))),
    h("div", {}, h("dt", {}, texts.date),
      h("dd", {}, fullTime(message.date ?? message.created_at), ` · ${size(message.size)}`)),
    isLate(message) ? h("div", {}, h("dt", {}, texts.receivedTitle), h("dd", {}, fullTime(message.created_at))) : null);
}

/** Whether the time of arrival says something that the date does not. @param {Message} message */
function isLate(message) {
  return message.date && Math.abs(Date.parse(message.created_at) - Date.parse(message.date)) > 60_000;
}

/** @param {string | null} from */
function addressIn(from) {
  return /<([^<>]*)>\s*$/.exec(from ?? "")?.[1] ?? from;
}

/** @param {string} name @param {string} value */
function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", { dir: "auto" }, value));
}

/** @param {string} name @param {NamedAddress[]} all */
function addresses(name, all) {
  if (!all.length) return null;
  const text = (/** @type {NamedAddress} */ one) => (one.name && one.address ? `${one.name} <${one.address}>` : one.name || one.address);
  const shown = (/** @type {NamedAddress} */ one) => h("bdi", {}, text(one));
  const joined = (/** @type {NamedAddress[]} */ some) => some.flatMap((one, index) => (index ? [", ", shown(one)] : [shown(one)]));
  const rest = all.slice(MAX_ADDRESSES);
  return h("div", {}, h("dt", {}, name), h("dd", {}, ...joined(all.slice(0, MAX_ADDRESSES)),
    rest.length ? h("details", {}, h("summary", {}, texts.moreAddresses(rest.length)), ...joined(rest)) : null));
}

/** A file name for the source of a message, after its subject. @param {Message} message */
export function sourceName(message) {
  const subject = (message.subject ?? "").normalize("NFC").replace(/[\p{C}\\/:*?"<>|]+/gu, " ").replace(/\s+/g, " ");
  return `${[...subject].slice(0, 80).join("").trim().replace(/^\.+|\.+$/g, "") || "message"}.eml`;
}
