/**
 * The parts of OpenAPI 3.1 that the documents of the server use.
 * @typedef {object} Schema
 * @property {string} [$ref]
 * @property {string | string[]} [type]
 * @property {string} [format]
 * @property {string} [description]
 * @property {Record<string, Schema>} [properties]
 * @property {string[]} [required]
 * @property {Schema} [items]
 * @property {Schema[]} [oneOf]
 * @property {Schema[]} [anyOf]
 * @property {Schema[]} [allOf]
 * @property {unknown[]} [enum]
 * @property {unknown} [default]
 * @property {unknown} [example]
 * @property {string} [pattern]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [minLength]
 * @property {number} [maxLength]
 */
/** @typedef {{name: string, in: "path" | "query" | "header", required?: boolean, description?: string, schema?: Schema, example?: unknown}} Parameter */
/** @typedef {Record<string, {schema?: Schema}>} Content */
/** @typedef {{description?: string, content?: Content, headers?: Record<string, {description?: string, schema?: Schema}>}} Response */
/** @typedef {{type: string, scheme?: string, in?: string, name?: string, description?: string}} SecurityScheme */
/**
 * @typedef {object} Operation
 * @property {string} [operationId]
 * @property {string[]} [tags]
 * @property {string} [summary]
 * @property {string} [description]
 * @property {Parameter[]} [parameters]
 * @property {{required?: boolean, content?: Content}} [requestBody]
 * @property {Record<string, Response>} responses
 * @property {Record<string, string[]>[]} [security]
 */
/**
 * @typedef {object} Document
 * @property {{title: string, version: string, description?: string}} info
 * @property {{url: string}[]} [servers]
 * @property {Record<string, Record<string, Operation>>} paths
 * @property {{schemas?: Record<string, Schema>, securitySchemes?: Record<string, SecurityScheme>}} [components]
 */
/** An operation with its place in the document. @typedef {{id: string, method: string, path: string, tag: string, operation: Operation}} Located */

/** The operations of a document, in its order. @param {Document} document @returns {Located[]} */
export function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({
    id: operation.operationId ?? `${method} ${path}`, method: method.toUpperCase(), path, tag: operation.tags?.[0] ?? "", operation,
  })));
}

/** The name of a schema that a reference names. @param {Schema} schema */
export const nameOf = (schema) => schema.$ref?.split("/").pop();

/** Follows references, and merges what a schema is composed of. @param {Document} document @param {Schema} schema @returns {Schema} */
export function resolve(document, schema) {
  const name = nameOf(schema);
  if (name) return resolve(document, document.components?.schemas?.[name] ?? {});
  if (!schema.allOf) return schema;
  return schema.allOf.map((part) => resolve(document, part)).reduce((whole, part) => ({
    ...whole, ...part,
    properties: { ...whole.properties, ...part.properties },
    required: [...whole.required ?? [], ...part.required ?? []],
  }), { ...schema, allOf: undefined });
}

/** The alternatives of a schema. @param {Schema} schema */
export const alternativesOf = (schema) => schema.oneOf ?? schema.anyOf ?? [];

/** The types of a schema, "null" included. @param {Schema} schema */
export const typesOf = (schema) => [schema.type ?? []].flat();

/** How a token is sent: as a header, with what stands before it. @typedef {{header: string, prefix: string}} TokenHeader */

/**
 * The security schemes that an operation takes, by name, and whether it takes requests without any.
 * @param {Document} document @param {Operation} operation
 */
export function securityOf(document, operation) {
  const required = operation.security ?? [];
  const names = [...new Set(required.flatMap((one) => Object.keys(one)))];
  const schemes = names.map((name) => ({ name, scheme: document.components?.securitySchemes?.[name] }));
  return { schemes, isOptional: required.some((one) => !Object.keys(one).length) };
}

/** The header that carries the token of an operation; null if it needs none. @param {Document} document @param {Operation} operation @returns {TokenHeader | null} */
export function tokenHeader(document, operation) {
  const { schemes } = securityOf(document, operation);
  for (const { scheme } of schemes) {
    if (scheme?.type === "http") return { header: "Authorization", prefix: "Bearer " };
    if (scheme?.type === "apiKey" && scheme.in === "header") return { header: scheme.name ?? "", prefix: "" };
  }
  return null;
}
