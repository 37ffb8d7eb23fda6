import { ADMIN, timeOf } from "./admin-actions.js";
import { adminTexts } from "./admin-texts.js";
import { explain } from "./api.js";
import { button, fill, h, size, table, toast } from "./dom.js";
import { number } from "./language.js";

/** @typedef {{at: number, operator: string, action: string, subject: string, detail: string}} Entry */

/** Entries that are shown at first, and at most. */
const FIRST_ENTRIES = 100;
const MAX_ENTRIES = 1000;

/** @type {import("./admin.js").Show} */
export async function showStatistics(into, ask) {
  /** @type {Record<string, number>} */
  const counts = await ask("GET", `${ADMIN}/statistics`);
  const figures = Object.entries(adminTexts.counts).map(([name, title]) => {
    const count = counts[name] ?? 0;
    return h("div", {}, h("dt", {}, title), h("dd", {}, name === "message_bytes" ? size(count) : number(count)));
  });
  fill(into, h("h2", {}, adminTexts.statistics), h("dl", { class: "figures" }, ...figures));
}

/** @type {import("./admin.js").Show} */
export async function showAudit(into, ask) {
  const rows = h("div");
  const read = async (/** @type {number} */ limit) => {
    /** @type {{entries: Entry[]}} */
    const { entries } = await ask("GET", `${ADMIN}/audit?limit=${limit}`);
    const more = () => read(MAX_ENTRIES).catch((error) => toast(explain(error), "bad"));
    fill(rows, entries.length ? entryTable(entries) : h("p", { class: "empty" }, adminTexts.noEntries),
      entries.length === limit && limit < MAX_ENTRIES ? button(adminTexts.showMore(MAX_ENTRIES), more) : null);
  };
  await read(FIRST_ENTRIES);
  fill(into, h("h2", {}, adminTexts.audit), rows);
}

/** @param {Entry[]} entries */
function entryTable(entries) {
  const cell = (/** @type {string} */ text) => h("code", {}, text);
  return table([adminTexts.time, adminTexts.operator, adminTexts.action, adminTexts.subject, adminTexts.detail], entries.map((entry) => [
    timeOf(entry.at), cell(entry.operator), cell(entry.action), cell(entry.subject), entry.detail,
  ]), adminTexts.audit);
}
