import { under } from "./api.js";
import { button, copy, h } from "./dom.js";
import { LANGUAGES } from "./docs-examples.js";
import { runner } from "./docs-run.js";
import { constraintText, fieldList, prose, sample, typeText } from "./docs-schema.js";
import { docsTexts } from "./docs-texts.js";
import { resolve, securityOf, tokenHeader } from "./openapi.js";
import { texts } from "./texts.js";

/** @typedef {import("./openapi.js").Document} Document */
/** @typedef {import("./openapi.js").Located} Located */
/** @typedef {import("./openapi.js").Parameter} Parameter */
/** @typedef {{token: () => string, known: Record<string, unknown>}} Page what all operations of the page share */

const JSON_TYPE = "application/json";
const STREAM_TYPE = "text/event-stream";

/** The language that the reader chose last. */
let chosenLanguage = LANGUAGES[0];

/** The whole description of an operation. @param {Document} document @param {Located} located @param {Page} page @returns {HTMLElement[]} */
export function operationDetails(document, located, page) {
  const { operation } = located;
  /** Values of the parameters that the reader entered. @type {Map<Parameter, string>} */
  const values = new Map();
  const request = () => requestOf(document, located, values, page.known);
  const example = exampleOf(request);
  const parameters = (operation.parameters ?? []).map((parameter) => parameterField(document, parameter, (value) => {
    values.set(parameter, value);
    example.update();
  }));
  return [
    operation.description ? h("p", {}, ...prose(operation.description)) : null,
    h("p", { class: "hint" }, ...credentialText(document, located)),
    parameters.length ? section(docsTexts.parameters, ...parameters) : null,
    bodySection(document, located),
    section(docsTexts.example, example.element,
      located.method === "GET" ? runner(() => sendable(request(), page.token())) : h("p", { class: "hint" }, docsTexts.runHint)),
    section(docsTexts.responses, ...responses(document, operation)),
  ].filter((element) => element !== null);
}

/** @param {string} title @param {...Node} content */
function section(title, ...content) {
  return h("section", {}, h("h4", {}, title), ...content);
}

/** What an operation takes as a credential. @param {Document} document @param {Located} located */
function credentialText(document, { operation }) {
  const { schemes, isOptional } = securityOf(document, operation);
  if (!schemes.length) return [docsTexts.noToken];
  const alternatives = schemes.flatMap(({ name, scheme }, index) => [index ? docsTexts.or : "", ...prose(scheme?.description ?? name)]);
  return [`${isOptional ? docsTexts.tokenOptional : docsTexts.token}: `, ...alternatives];
}

/** @param {Document} document @param {Parameter} parameter @param {(value: string) => void} changed */
function parameterField(document, parameter, changed) {
  const schema = resolve(document, parameter.schema ?? {});
  const details = [docsTexts.places[parameter.in], typeText(document, parameter.schema ?? {}), parameter.required ? docsTexts.required : null];
  const constraints = constraintText(schema);
  return h("div", { class: "parameter" },
    h("label", {}, h("code", {}, parameter.name), " ", h("span", { class: "hint" }, details.filter(Boolean).join(", ")),
      h("input", {
        autocomplete: "off", autocapitalize: "none", spellcheck: "false",
        oninput: (/** @type {Event} */ event) => changed(/** @type {HTMLInputElement} */ (event.target).value),
      })),
    parameter.description ? h("p", {}, ...prose(parameter.description)) : null,
    constraints ? h("p", { class: "hint" }, constraints) : null);
}

/** @param {Document} document @param {Located} located */
function bodySection(document, { operation }) {
  const content = Object.entries(operation.requestBody?.content ?? {});
  if (!content.length) return null;
  return section(docsTexts.body, ...content.flatMap(([type, { schema = {} }]) => [
    h("p", { class: "hint" }, `${type}: ${typeText(document, schema)}${operation.requestBody?.required ? docsTexts.requiredMark : ""}`),
    fieldList(document, schema) ?? "",
  ]).filter((node) => node instanceof Node));
}

/** The responses. All errors of a document have the same body, which is described once. @param {Document} document @param {import("./openapi.js").Operation} operation */
function responses(document, operation) {
  const all = Object.entries(operation.responses);
  const isError = (/** @type {string} */ status) => Number(status) >= 400;
  const errors = all.filter(([status]) => isError(status));
  const [body] = errors.flatMap(([, response]) => Object.values(response.content ?? {}));
  return [
    ...all.filter(([status]) => !isError(status)).map(([status, response]) => responseDetails(document, status, response)),
    ...errors.map(([status, { description }]) => responseDetails(document, status, { description })),
    body ? h("details", { class: "response" }, h("summary", {}, docsTexts.errorBody), fieldList(document, body.schema ?? {})) : null,
  ].filter((element) => element !== null);
}

/** @param {Document} document @param {string} status @param {import("./openapi.js").Response} response */
function responseDetails(document, status, response) {
  const content = Object.entries(response.content ?? {});
  const headers = Object.entries(response.headers ?? {});
  const title = [h("code", {}, status), " ", ...prose(response.description)];
  const parts = [
    ...content.flatMap(([type, { schema = {} }]) => [h("p", { class: "hint" }, `${type}: ${typeText(document, schema)}`), fieldList(document, schema)]),
    headers.length ? h("ul", { class: "fields" }, ...headers.map(([name, header]) =>
      h("li", {}, h("code", {}, name), " ", h("span", { class: "hint" }, docsTexts.header), " ", ...prose(header.description)))) : null,
  ];
  return parts.some(Boolean) ? h("details", { class: "response" }, h("summary", {}, ...title), ...parts) : h("p", { class: "response" }, ...title);
}

/** An example in the language that the reader chooses. @param {() => import("./docs-examples.js").ExampleRequest} request */
function exampleOf(request) {
  const code = h("pre", { class: "source", tabindex: 0, role: "group", "aria-label": docsTexts.example });
  const choices = LANGUAGES.map((language) => button(language.name, () => {
    chosenLanguage = language;
    update();
  }));
  const update = () => {
    code.textContent = chosenLanguage.code(request());
    choices.forEach((choice, index) => choice.setAttribute("aria-pressed", String(LANGUAGES[index] === chosenLanguage)));
  };
  update();
  const element = h("div", {},
    h("div", { class: "tabs", role: "group", "aria-label": docsTexts.language }, ...choices), code,
    h("p", { class: "row" }, button(texts.copy, () => copy(code.textContent ?? ""), "small")));
  return { element, update };
}

/**
 * The request of an operation with the values that the reader entered. What is required and has no value stands in capitals.
 * @param {Document} document @param {Located} located @param {Map<Parameter, string>} values @param {Record<string, unknown>} known
 * @returns {import("./docs-examples.js").ExampleRequest}
 */
function requestOf(document, { method, path, operation }, values, known) {
  const query = new URLSearchParams();
  const headers = [];
  let filled = path;
  for (const parameter of operation.parameters ?? []) {
    const example = parameter.required ? parameter.example ?? resolve(document, parameter.schema ?? {}).example : undefined;
    const value = values.get(parameter) || (example === undefined ? null : String(example));
    const sent = value ?? (parameter.required ? parameter.name.toUpperCase() : null);
    if (sent === null) continue;
    if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(sent));
    else if (parameter.in === "query") query.append(parameter.name, sent);
    else headers.push({ name: parameter.name, value: sent, isToken: false });
  }
  const token = securityOf(document, operation).isOptional ? null : tokenHeader(document, operation);
  if (token) headers.unshift({ name: token.header, value: token.prefix, isToken: true });
  const schema = operation.requestBody?.content?.[JSON_TYPE]?.schema;
  if (schema) headers.push({ name: "Content-Type", value: JSON_TYPE, isToken: false });
  return {
    method, headers,
    url: location.origin + under(filled) + (query.size ? `?${query}` : ""),
    body: schema ? sample(document, schema, known) : undefined,
    isStream: Object.values(operation.responses).some((response) => STREAM_TYPE in (response.content ?? {})),
  };
}

/** A request as this page sends it. @param {import("./docs-examples.js").ExampleRequest} request @param {string} token */
function sendable({ url, headers }, token) {
  const sent = headers.filter((one) => !one.isToken || token);
  return { url, headers: Object.fromEntries(sent.map((one) => [one.name, one.value + (one.isToken ? token : "")])) };
}
