import { showBlocks } from "./admin-blocks.js";
import { showDomains } from "./admin-domains.js";
import { showMailboxes } from "./admin-mailboxes.js";
import { showAudit, showStatistics } from "./admin-reports.js";
import { adminTexts } from "./admin-texts.js";
import { showUsers } from "./admin-users.js";
import { showWebhooks } from "./admin-webhooks.js";
import { fill, h } from "./dom.js";
import { fragment, segments } from "./route.js";
import { texts } from "./texts.js";

/** @typedef {(into: HTMLElement, ask: import("./pro.js").Ask, what: string) => Promise<void>} Show shows an area, at what the URL names */

/** The areas, by their segment of the URL. @type {Record<string, {title: string, show: Show}>} */
const AREAS = {
  users: { title: adminTexts.users, show: showUsers },
  mailboxes: { title: texts.mailboxes, show: showMailboxes },
  domains: { title: texts.domains, show: showDomains },
  blocks: { title: adminTexts.blocks, show: showBlocks },
  webhooks: { title: texts.webhooks, show: showWebhooks },
  statistics: { title: adminTexts.statistics, show: showStatistics },
  audit: { title: adminTexts.audit, show: showAudit },
};

/** Shows what operators do: the area that the URL names. @param {HTMLElement} into @param {import("./pro.js").Ask} ask */
export async function showAdministration(into, ask) {
  const [, chosen = "", what = ""] = segments();
  const name = Object.hasOwn(AREAS, chosen) ? chosen : "users";
  const area = h("section", { class: "panel", "aria-label": AREAS[name].title });
  await AREAS[name].show(area, ask, what);
  fill(into, h("h1", {}, texts.administration),
    h("nav", { class: "sections", "aria-label": texts.administration }, ...Object.entries(AREAS).map(([key, { title }]) =>
      h("a", { href: fragment("admin", key), "aria-current": key === name ? "page" : null }, title))),
    area);
}
