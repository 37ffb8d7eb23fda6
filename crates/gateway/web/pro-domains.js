import { explain } from "./api.js";
import { button, confirmed, copyable, field, fill, form, h, toast } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").DnsRecord} DnsRecord */
/** @typedef {{id: string, domain: string, verify_status: string, verify_token: string, mx_configured: boolean, verified_at: string | null}} Domain */

/** @param {HTMLElement} into @param {import("./pro.js").Ask} ask */
export async function showDomains(into, ask) {
  const list = h("div", { class: "panel" });
  /** Records are told when a domain is added or verified, not in the list. @type {Map<string, DnsRecord[]>} */
  const records = new Map();
  /** What the last verification said. @type {Map<string, string>} */
  const said = new Map();
  const read = async () => {
    /** @type {{domains: Domain[]}} */
    const { domains } = await ask("GET", "/pro/api/domains");
    fill(list, ...(domains.length ? domains.map(card) : [h("p", { class: "empty" }, texts.noDomains)]));
  };
  const act = async (/** @type {() => Promise<unknown>} */ change) => {
    try {
      await change();
      await read();
    } catch (error) {
      toast(explain(error), "bad");
    }
  };
  const verify = (/** @type {Domain} */ domain) => act(async () => {
    const answer = await ask("POST", `/pro/api/domains/${domain.id}/verify`);
    records.set(domain.id, answer.dns_records);
    said.set(domain.id, answer.message);
  });
  const remove = async (/** @type {Domain} */ domain) => {
    if (!await confirmed(texts.deleteAsk(domain.domain), texts.remove)) return;
    await act(() => ask("DELETE", `/pro/api/domains/${domain.id}`));
  };
  const card = (/** @type {Domain} */ domain) => {
    const isVerified = domain.verify_status === "verified";
    const known = records.get(domain.id) ?? [{ type: "TXT", host: domain.domain, value: domain.verify_token }];
    return h("article", { class: "card", "aria-label": domain.domain },
      h("div", { class: "row" }, h("h2", {}, domain.domain), h("span", { class: "tag" }, isVerified ? texts.verified : texts.pending)),
      h("h3", {}, texts.dnsRecords), dnsTable(known),
      said.has(domain.id) ? h("p", { class: isVerified ? "hint" : "problem", role: "status" }, said.get(domain.id)) : null,
      h("div", { class: "row" }, button(texts.verify, () => verify(domain), "primary"), button(texts.remove, () => remove(domain), "danger")));
  };
  await read();
  fill(into, h("h1", {}, texts.domains), h("p", { class: "hint" }, texts.domainsIntro),
    form([field(texts.domain, h("input", { name: "domain", required: true, autocomplete: "off", autocapitalize: "none" }))], texts.addDomain, async (data) => {
      const made = await ask("POST", "/pro/api/domains", { domain: data.get("domain") });
      records.set(made.id, made.dns_records);
      await read();
    }, explain), list);
}

/** @param {DnsRecord[]} records */
function dnsTable(records) {
  const state = (/** @type {DnsRecord} */ record) => (record.ok === undefined ? "" : record.ok ? texts.found : texts.missing);
  return h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, ...[texts.recordType, texts.recordHost, texts.recordValue, texts.recordState].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, ...records.map((record) => h("tr", {},
      h("td", {}, record.priority === undefined ? record.type : `${record.type} ${record.priority}`),
      h("td", {}, copyable(record.host, texts.recordHost)), h("td", {}, copyable(record.value, record.type)), h("td", {}, state(record)))))));
}
