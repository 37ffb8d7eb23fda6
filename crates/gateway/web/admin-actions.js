import { adminTexts } from "./admin-texts.js";
import { explain } from "./api.js";
import { dialog, field, fill, form, h, toast, when } from "./dom.js";

/** Where the API of operators is. */
export const ADMIN = "/pro/api/admin";

/** The longest reason that the server takes, in bytes. */
const MAX_REASON_BYTES = 500;

/** A time that the API of operators gives in seconds. @param {number} secs */
export const timeOf = (secs) => when(new Date(secs * 1000).toISOString());

/** Makes a change, shows that it is done, and reads again. @param {() => Promise<unknown>} change @param {() => Promise<unknown>} read */
export async function act(change, read) {
  try {
    await change();
    toast(adminTexts.done);
    await read();
  } catch (error) {
    toast(explain(error), "bad");
  }
}

/**
 * A form that searches, and keeps what was searched for in its field.
 * @param {string} label @param {string} submit @param {string} value
 * @param {(what: string) => Promise<unknown>} search
 * @param {boolean} [isRequired]
 */
export function searchForm(label, submit, value, search, isRequired = true) {
  const input = h("input", { name: "what", type: "search", required: isRequired, value, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  return form([field(label, input)], submit, async () => {
    input.defaultValue = input.value.trim();
    await search(input.defaultValue);
  }, explain);
}

/** Shows an error in place of what was to be read. @param {HTMLElement} into @param {() => Promise<unknown>} read */
export async function readInto(into, read) {
  try {
    await read();
  } catch (error) {
    fill(into, h("p", { role: "alert" }, explain(error)));
  }
}

/** A field for a reason. @param {string} label */
export const reasonField = (label) => field(label, h("input", { name: "reason", maxlength: MAX_REASON_BYTES }));

/**
 * Asks for a reason before an action.
 * @param {string} title of the action and its button
 * @param {string} question
 * @param {(reason: string) => Promise<unknown>} change
 */
export function withReason(title, question, change) {
  const box = dialog(title, h("p", {}, question), form([reasonField(adminTexts.reason)], title, async (data) => {
    await change(String(data.get("reason")));
    box.close();
  }, explain, "danger"));
}
