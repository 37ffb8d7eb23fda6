/**
 * A request that an example sends. The value of a header with `isToken` is followed by the token, which the examples take
 * from the environment, so that no secret is shown or copied.
 * @typedef {{name: string, value: string, isToken: boolean}} Header
 * @typedef {{method: string, url: string, headers: Header[], body: unknown, isStream: boolean}} ExampleRequest
 */

/** A word of a POSIX shell. @param {string} text */
const shellWord = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A literal of Python. @param {unknown} value @param {string} [indent] @returns {string} */
function python(value, indent = "") {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const deeper = `${indent}    `;
  const entries = Array.isArray(value)
    ? value.map((one) => python(one, deeper))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${python(one, deeper)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return entries.length ? `${open}\n${entries.map((one) => `${deeper}${one},\n`).join("")}${indent}${close}` : open + close;
}

/** @param {ExampleRequest} request */
function curl({ method, url, headers, body, isStream }) {
  const header = (/** @type {Header} */ one) => (one.isToken ? `"${one.name}: ${one.value}$TOKEN"` : shellWord(`${one.name}: ${one.value}`));
  const options = [...headers.map((one) => `-H ${header(one)}`), ...body === undefined ? [] : [`-d ${shellWord(JSON.stringify(body))}`]];
  const command = ["curl -sS", isStream ? "-N" : "", method === "GET" ? "" : `-X ${method}`, shellWord(url)].filter(Boolean).join(" ");
  return [command, ...options].join(" \\\n  ");
}

/** @param {ExampleRequest} request */
function pythonScript({ method, url, headers, body }) {
  const imports = [body === undefined ? "" : "import json\n", headers.some((one) => one.isToken) ? "import os\n" : "", "import urllib.request\n"];
  const header = (/** @type {Header} */ one) =>
    `    ${JSON.stringify(one.name)}: ${JSON.stringify(one.value)}${one.isToken ? ' + os.environ["TOKEN"]' : ""},\n`;
  const sentHeaders = headers.length ? `headers={\n${headers.map(header).join("")}}` : "";
  const data = body === undefined ? "" : `data=json.dumps(${python(body)}).encode()`;
  const request = [JSON.stringify(url), `method="${method}"`, sentHeaders, data].filter(Boolean).join(", ");
  return `${imports.join("")}
request = urllib.request.Request(${request})
with urllib.request.urlopen(request) as response:
    print(response.status)
    for line in response:
        print(line.decode(errors="replace"), end="")`;
}

/** @param {ExampleRequest} request */
function javaScript({ method, url, headers, body, isStream }) {
  const header = (/** @type {Header} */ one) =>
    `    ${JSON.stringify(one.name)}: ${JSON.stringify(one.value)}${one.isToken ? " + process.env.TOKEN" : ""},\n`;
  const options = [
    method === "GET" ? "" : `  method: "${method}",\n`,
    headers.length ? `  headers: {\n${headers.map(header).join("")}  },\n` : "",
    body === undefined ? "" : `  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll("\n", "\n  ")}),\n`,
  ].join("");
  const read = isStream
    ? "for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) console.log(chunk);"
    : "console.log(await response.text());";
  return `const response = await fetch(${JSON.stringify(url)}${options ? `, {\n${options}}` : ""});
console.log(response.status);
${read}`;
}

/** The languages of examples. @type {{name: string, code: (request: ExampleRequest) => string}[]} */
export const LANGUAGES = [
  { name: "curl", code: curl },
  { name: "Python", code: pythonScript },
  { name: "JavaScript", code: javaScript },
];
