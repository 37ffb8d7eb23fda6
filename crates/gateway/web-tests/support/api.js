// Calls of the API from Node, as a program makes them.
import assert from "node:assert/strict";
import { adminToken, adminUrl, base, unique } from "./cases.js";

export const PASSWORD = "correct horse";

/**
 * Calls the API; returns the parsed body, null without one.
 * @param {string} method @param {string} path @param {string | null} [token] @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, token = null, body = undefined) {
  const response = await fetch(base + path, {
    method,
    body: body === undefined ? null : JSON.stringify(body),
    headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body !== undefined && { "content-type": "application/json" }) },
  });
  return response.status === 204 ? null : response.json();
}

/** Creates a mailbox with a unique name. @param {string} prefix @param {string | null} [owner] the token of a Pro user */
export async function createMailbox(prefix, owner = null) {
  /** @type {{id: string, address: string, token: string}} */
  const mailbox = await call("POST", "/api/accounts", owner, { address: `${unique(prefix)}@mayfly.test`, password: PASSWORD });
  return mailbox;
}

/** Registers a Pro user with a unique address. */
export async function registerUser() {
  const email = `${unique("ann")}@example.com`;
  /** @type {{token: string}} */
  const { token } = await call("POST", "/pro/api/register", null, { email, password: PASSWORD });
  return { email, token };
}

/** Registers a Pro user with the role admin. */
export async function registerOperator() {
  const user = await registerUser();
  const { id } = await call("GET", "/pro/api/me", user.token);
  const response = await fetch(`${adminUrl}/admin/api/users/${id}/role`, {
    method: "PUT", headers: { authorization: `Bearer ${adminToken}` }, body: JSON.stringify({ role: "admin" }),
  });
  assert.equal(response.status, 204);
  return { ...user, id };
}
