// What a foreign page sends. The functions run in that page, so they use no imports.

/**
 * Sends requests to all routes, in every way that a page can; returns which responses it could read.
 * @param {{base: string, writes: [string, string][], reads: string[], body: Record<string, string | null>}} attack
 */
export async function sendRequests({ base, writes, reads, body }) {
  /** @type {string[]} */
  const readable = [];
  const json = JSON.stringify(body);
  const attempt = async (/** @type {string} */ what, /** @type {string} */ path, /** @type {RequestInit} */ init) => {
    try {
      const response = await fetch(base + path, init);
      // A response that is not readable has the type `opaque` and the status 0.
      if (response.type !== "opaque") readable.push(`${what} ${path}: ${response.status}`);
    } catch {
      // The browser blocked the response.
    }
  };
  for (const [method, path] of writes) {
    const headers = { "content-type": "application/json" };
    // Simple requests, which a browser sends without a preflight.
    if (method === "POST") {
      const simple = { text: json, form: new URLSearchParams(/** @type {Record<string, string>} */ (body)), beacon: new Blob([json]) };
      for (const [what, content] of Object.entries(simple)) {
        await attempt(`${what} with credentials`, path, { method, mode: "no-cors", credentials: "include", body: content });
        await attempt(`${what} with credentials to read`, path, { method, credentials: "include", body: content });
      }
    }
    await attempt("JSON with credentials", path, { method, credentials: "include", body: json, headers });
    if (path.startsWith("/pro/")) await attempt("JSON", path, { method, body: json, headers });
  }
  for (const path of reads) {
    await attempt("GET with credentials", path, { credentials: "include" });
    await attempt("GET with a header and credentials", path, { credentials: "include", headers: { authorization: "Bearer x" } });
    if (path.startsWith("/pro/") || !path.startsWith("/api/")) await attempt("GET", path, {});
  }
  // CORS allows the public routes.
  const domains = await fetch(`${base}/api/domains`).then((response) => response.json(), () => null);
  return { readable, publicDomain: domains?.domains?.[0].domain };
}

/**
 * Submits forms to all paths, with every encoding. Each response replaces the content of a frame.
 * @param {{base: string, paths: string[], fields: Record<string, string>}} attack
 */
export async function sendForms({ base, paths, fields }) {
  const frame = document.body.appendChild(Object.assign(document.createElement("iframe"), { name: "responses" }));
  for (const path of paths) {
    for (const enctype of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]) {
      const form = Object.assign(document.createElement("form"), { action: base + path, method: "post", enctype, target: "responses" });
      // As plain text, one field makes up a complete JSON document.
      const entries = enctype === "text/plain" ? [[JSON.stringify({ ...fields, x: "" }).slice(0, -2), '"}']] : Object.entries(fields);
      for (const [name, value] of entries) form.append(Object.assign(document.createElement("input"), { name, value }));
      document.body.append(form);
      const loaded = new Promise((resolve) => { frame.addEventListener("load", resolve, { once: true }); });
      form.submit();
      await loaded;
      form.remove();
    }
  }
}
