import { docsTexts } from "./docs-texts.js";
import { h } from "./dom.js";
import { randomName } from "./names.js";
import { alternativesOf, nameOf, resolve, typesOf } from "./openapi.js";

/** @typedef {import("./openapi.js").Document} Document */
/** @typedef {import("./openapi.js").Schema} Schema */

/** Nested fields beyond this depth are not listed. */
const MAX_DEPTH = 6;
const PASSWORD = "correct horse battery";

/** A description: text between backticks is code. @param {string | undefined} text */
export function prose(text = "") {
  return text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

/** The type of a value in words. @param {Document} document @param {Schema} schema @returns {string} */
export function typeText(document, schema) {
  const alternatives = alternativesOf(schema);
  if (alternatives.length) return [...new Set(alternatives.map((one) => typeText(document, one)))].join(docsTexts.or);
  const name = nameOf(schema);
  const resolved = resolve(document, schema);
  const types = typesOf(resolved).map((type) => {
    if (type === "array") return docsTexts.arrayOf(typeText(document, resolved.items ?? {}));
    return type === "object" && name ? name : type;
  });
  const format = resolved.format && !resolved.format.startsWith("int") ? ` (${resolved.format})` : "";
  return (types.join(docsTexts.or) || name || docsTexts.any) + format;
}

/** What a value must fulfil beside its type. @param {Schema} schema */
export function constraintText(schema) {
  const range = (/** @type {number | undefined} */ low, /** @type {number | undefined} */ high, /** @type {string} */ unit) =>
    (low === undefined && high === undefined ? null : docsTexts.range(low, high, unit));
  return [
    schema.enum ? docsTexts.oneOf(schema.enum.map((value) => JSON.stringify(value)).join(", ")) : null,
    range(schema.minimum, schema.maximum, ""),
    range(schema.minLength, schema.maxLength, docsTexts.characters),
    schema.pattern ? docsTexts.pattern(schema.pattern) : null,
    schema.default === undefined || schema.default === null ? null : docsTexts.defaultIs(JSON.stringify(schema.default)),
  ].filter(Boolean).join("; ");
}

/** The schema whose fields a value has: its own, that of its items, or the one alternative that is an object. @param {Document} document @param {Schema} schema @returns {Schema[]} */
function objectsIn(document, schema) {
  const resolved = resolve(document, schema);
  if (resolved.properties) return [schema];
  if (resolved.items) return objectsIn(document, resolved.items);
  return alternativesOf(resolved).flatMap((one) => objectsIn(document, one));
}

/**
 * The fields of a value as nested lists; null if it has none.
 * @param {Document} document @param {Schema} schema @param {string[]} [seen] names of the schemas around it
 * @returns {HTMLElement | null}
 */
export function fieldList(document, schema, seen = []) {
  const lists = objectsIn(document, schema).map((object) => {
    const name = nameOf(object);
    if ((name && seen.includes(name)) || seen.length >= MAX_DEPTH) return null;
    const { properties = {}, required = [] } = resolve(document, object);
    return h("ul", { class: "fields" }, ...Object.entries(properties).map(([field, value]) => {
      const resolved = resolve(document, value);
      const constraints = constraintText(resolved);
      return h("li", {},
        h("code", {}, field), " ", h("span", { class: "hint" }, typeText(document, value), required.includes(field) ? docsTexts.requiredMark : ""),
        value.description || resolved.description ? h("p", {}, ...prose(value.description ?? resolved.description)) : null,
        constraints ? h("p", { class: "hint" }, constraints) : null,
        fieldList(document, value, [...seen, name ?? ""]));
    }));
  }).filter((list) => list !== null);
  if (lists.length < 2) return lists[0] ?? null;
  return h("div", {}, ...lists.flatMap((list, index) => (index ? [h("p", { class: "hint" }, docsTexts.or), list] : [list])));
}

/**
 * The values of fields that a server takes only in a certain form, so that an example works as it is.
 * @param {string} domain one that new mailboxes can be on @returns {Record<string, unknown>}
 */
export function knownSamples(domain) {
  const name = randomName();
  return {
    address: `${name}@${domain}`, email: `${name}@example.com`, password: PASSWORD, current_password: PASSWORD, domain: `${name}.example.com`,
    url: "https://example.com/mail", name: "example", retention: "7d", for: "events",
  };
}

/** An example of a value: the fields that are required, or all if none is. @param {Document} document @param {Schema} schema @param {Record<string, unknown>} known @param {string} [field] @returns {unknown} */
export function sample(document, schema, known, field = "") {
  const resolved = resolve(document, schema);
  if (resolved.example !== undefined) return resolved.example;
  if (Object.hasOwn(known, field)) return known[field];
  if (resolved.enum) return resolved.enum[0];
  const alternative = alternativesOf(resolved).find((one) => !typesOf(resolve(document, one)).includes("null"));
  if (alternative) return sample(document, alternative, known, field);
  const type = typesOf(resolved).find((one) => one !== "null");
  if (type === "array") return [sample(document, resolved.items ?? {}, known)];
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return resolved.minimum ?? 1;
  if (type === "string") return sampleText(resolved);
  const { properties = {}, required = [] } = resolved;
  // mail.td takes a password or a key, so its schema requires neither.
  const shown = Object.entries(properties).filter(([name]) => !required.length || required.includes(name) || name === "password");
  return Object.fromEntries(shown.map(([name, value]) => [name, sample(document, value, known, name)]));
}

/** @param {Schema} schema */
function sampleText(schema) {
  if (schema.format === "uuid") return "01a20f14-c5d0-75e4-aa11-c633d343d4ed";
  return schema.format === "date-time" ? "2026-01-01T00:00:00Z" : "text";
}
