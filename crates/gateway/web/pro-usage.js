import { explain } from "./api.js";
import { field, fill, h, size, table, toast } from "./dom.js";
import { number } from "./language.js";
import { texts } from "./texts.js";
import { UsageChart, dayOf } from "./usage-chart.js";

/** @typedef {import("./usage-chart.js").Day} Day */

const PERIODS = [7, 14, 30, 90];
const FIRST_PERIOD = 14;

/** @param {HTMLElement} into @param {import("./pro.js").Ask} ask */
export async function showUsage(into, ask) {
  const shown = h("div", { class: "panel" });
  const chart = new UsageChart();
  const read = async (/** @type {number} */ period) => {
    /** @type {{days: Day[], account_count: number, used: number}} */
    const usage = await ask("GET", `/pro/api/usage?days=${period}`);
    const sum = (/** @type {"messages" | "bytes"} */ key) => usage.days.reduce((total, day) => total + day[key], 0);
    chart.show(usage.days);
    fill(shown,
      h("dl", { class: "figures" },
        figure(texts.inPeriod, number(sum("messages")), size(sum("bytes"))),
        figure(texts.stored, size(usage.used), texts.inMailboxes(usage.account_count))),
      h("div", { class: "card" }, chart,
        h("details", {}, h("summary", {}, texts.asTable), table([texts.day, texts.messagesTitle, texts.sizeTitle],
          usage.days.toReversed().map((day) => [dayOf(day), number(day.messages), size(day.bytes)]), texts.chart))));
  };
  const choose = (/** @type {Event} */ event) => read(Number(/** @type {HTMLSelectElement} */ (event.target).value))
    .catch((error) => toast(explain(error), "bad"));
  await read(FIRST_PERIOD);
  fill(into, h("h1", {}, texts.usage), h("p", { class: "hint" }, texts.usageIntro),
    field(texts.period, h("select", { class: "period", onchange: choose },
      ...PERIODS.map((days) => h("option", { value: days, selected: days === FIRST_PERIOD }, texts.lastDays(days))))), shown);
}

/** @param {string} title @param {string} value @param {string} more */
function figure(title, value, more) {
  return h("div", {}, h("dt", {}, title), h("dd", {}, value), h("dd", { class: "hint" }, more));
}
