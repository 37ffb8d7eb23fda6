import { explain } from "./api.js";
import { button, confirmed, copyable, field, fill, form, h, table, toast } from "./dom.js";
import { texts } from "./texts.js";

/** @typedef {import("./api.js").DnsRecord} DnsRecord */
/** @typedef {{id: string, domain: string, verify_status: string, verify_token: string, mx_configured: boolean, verified_at: string | null, catch_all: string | null, dns_records: DnsRecord[]}} Domain */
/** @typedef {{id: string, address: string}} Account */

/** @param {HTMLElement} into @param {import("./pro.js").Ask} ask */
export async function showDomains(into, ask) {
  const list = h("div", { class: "panel" });
  /** The records with their state, of domains that were verified on this page. @type {Map<string, DnsRecord[]>} */
  const records = new Map();
  /** The message of the last verification, by domain. @type {Map<string, string>} */
  const results = new Map();
  /** @type {Account[]} */
  let accounts = [];
  const read = async () => {
    /** @type {[{domains: Domain[]}, {accounts: Account[]}]} */
    const [{ domains }, owned] = await Promise.all([ask("GET", "/pro/api/domains"), ask("GET", "/pro/api/accounts")]);
    accounts = owned.accounts;
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
    results.set(domain.id, answer.message);
  });
  const remove = async (/** @type {Domain} */ domain) => {
    if (!await confirmed(texts.deleteAsk(domain.domain), texts.remove)) return;
    await act(() => ask("DELETE", `/pro/api/domains/${domain.id}`));
  };
  const setCatchAll = (/** @type {Domain} */ domain, /** @type {string} */ id) => act(async () => {
    await ask("PUT", `/pro/api/domains/${domain.id}`, { catch_all: id || null });
    toast(id ? texts.catchAllSet : texts.catchAllRemoved);
  });
  /** The choice of the catch-all mailbox; a hint if the domain has no mailbox. @param {Domain} domain */
  const catchAll = (domain) => {
    const candidates = accounts.filter((account) => account.address.endsWith(`@${domain.domain}`));
    if (!candidates.length) return h("p", { class: "hint" }, texts.catchAllNeeds(domain.domain));
    const option = (/** @type {string} */ value, /** @type {string} */ label) =>
      h("option", { value, selected: value === (domain.catch_all ?? "") }, label);
    return field(texts.catchAll, h("select", {
      onchange: (/** @type {Event} */ event) => setCatchAll(domain, /** @type {HTMLSelectElement} */ (event.target).value),
    }, option("", texts.catchAllNone), ...candidates.map((account) => option(account.id, account.address))));
  };
  const card = (/** @type {Domain} */ domain) => {
    const isVerified = domain.verify_status === "verified";
    return h("article", { class: "card", "aria-label": domain.domain },
      h("div", { class: "row" }, h("h2", {}, domain.domain), h("span", { class: "tag" }, isVerified ? texts.verified : texts.pending)),
      h("h3", {}, texts.dnsRecords), dnsTable(records.get(domain.id) ?? domain.dns_records),
      results.has(domain.id) ? h("p", { class: isVerified ? "hint" : "problem", role: "status" }, results.get(domain.id)) : null,
      isVerified ? catchAll(domain) : null,
      h("div", { class: "row" }, button(texts.verify, () => verify(domain), "primary"), button(texts.remove, () => remove(domain), "danger")));
  };
  await read();
  fill(into, h("h1", {}, texts.domains), h("p", { class: "hint" }, texts.domainsIntro),
    form([field(texts.domain, h("input", { name: "domain", required: true, autocomplete: "off", autocapitalize: "none" }))], texts.addDomain, async (data) => {
      await ask("POST", "/pro/api/domains", { domain: data.get("domain") });
      await read();
    }, explain), list);
}

/** @param {DnsRecord[]} records */
function dnsTable(records) {
  const state = (/** @type {DnsRecord} */ record) => (record.ok === undefined ? "" : record.ok ? texts.found : texts.missing);
  return table([texts.recordType, texts.recordHost, texts.recordValue, texts.recordState], records.map((record) => [
    record.priority === undefined ? record.type : `${record.type} ${record.priority}`,
    copyable(record.host, texts.recordHost), copyable(record.value, record.type), state(record),
  ]), texts.dnsRecords);
}
