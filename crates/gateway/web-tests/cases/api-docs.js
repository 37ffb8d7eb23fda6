// The API documentation at `/api/docs`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createMailbox } from "../support/api.js";
import { base, pageCases, unique } from "../support/cases.js";
import { checkAccessibility, checkView } from "../support/checks.js";
import { sendText } from "../support/mail.js";

/** @typedef {import("playwright-core").Page} Page */

const run = promisify(execFile);
const WIDTHS = [1440, 768, 375];
/** The programs that run an example as it is printed. @type {Record<string, (code: string) => [string, string[]]>} */
const PROGRAMS = {
  curl: (code) => ["sh", ["-c", code]],
  Python: (code) => ["python3", ["-c", code]],
  JavaScript: (code) => [process.execPath, ["--input-type=module", "-e", code]],
};

/** Opens an operation by its URL; returns its element. @param {Page} page @param {string} operation @param {string} [document] */
async function openOperation(page, operation, document = "mailcx") {
  await page.goto("about:blank");
  await page.goto(`${base}/api/docs#${document}/${operation}`);
  const element = page.locator(`details#${operation}`);
  await element.getByRole("heading", { name: "Responses" }).waitFor();
  return element;
}

/** Runs the example of an operation in a language; returns its output. @param {import("playwright-core").Locator} operation @param {string} language @param {string} [token] */
async function runExample(operation, language, token = "") {
  await operation.getByRole("button", { name: language, exact: true }).click();
  const code = await operation.locator("pre").first().textContent() ?? "";
  const [program, parameters] = PROGRAMS[language](code);
  const { stdout } = await run(program, parameters, { env: { ...process.env, TOKEN: token } });
  return stdout;
}

pageCases({
  async api_docs_is_accessible_at_three_widths({ page }) {
    await openOperation(page, "create_account");
    for (const id of ["search_messages", "follow_messages", "add_domain"]) {
      await page.locator(`details#${id} > summary`).click();
      await page.locator(`details#${id}`).getByRole("heading", { name: "Responses" }).waitFor();
    }
    for (const response of await page.locator("details.response > summary").all()) await response.click();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await checkAccessibility(page, `the API documentation at ${width} pixels`);
    }
    await page.goto(`${base}/api/docs`);
    await page.getByText("Mayfly 0").waitFor();
    await checkView(page, "api-docs");
  },

  async api_docs_examples_run_as_printed({ page }) {
    for (const language of Object.keys(PROGRAMS)) {
      const creation = await runExample(await openOperation(page, "create_account"), language);
      const { address, token } = JSON.parse(creation.slice(creation.indexOf("{")));
      assert.match(address, /@mayfly\.test$/);
      const me = await runExample(await openOperation(page, "get_me"), language, token);
      assert.equal(JSON.parse(me.slice(me.indexOf("{"))).address, address);
      const found = await runExample(await openOperation(page, "search_messages"), language, token);
      assert.deepEqual(JSON.parse(found.slice(found.indexOf("{"))).messages, []);
    }
  },

  async api_docs_examples_quote_what_is_entered({ page }) {
    const { address, token } = await createMailbox("quoted");
    await sendText(address, "it's $HOME");
    const operation = await openOperation(page, "wait_for_messages");
    await operation.getByLabel("since", { exact: false }).first().fill("00000000-0000-7000-8000-000000000000");
    await operation.getByLabel("subject", { exact: false }).first().fill("it's $HOME");
    for (const language of Object.keys(PROGRAMS)) {
      const output = await runExample(operation, language, token);
      assert.equal(JSON.parse(output.slice(output.indexOf("{"))).messages.length, 1, output);
    }
  },

  async api_docs_run_shows_the_response({ page }) {
    const { address, token } = await createMailbox("run");
    const operation = await openOperation(page, "get_me");
    const output = operation.locator(".run");
    await output.getByRole("button", { name: "Run" }).click();
    await output.getByText("invalid_token").waitFor();
    await page.getByLabel("Token for “Run”").fill(token);
    await output.getByRole("button", { name: "Run" }).click();
    await output.getByText(`"address": "${address}"`).waitFor();
    assert.ok(!(await page.locator("main pre").allTextContents()).join().includes(token), "no example has the token");
    // A response without an end is shown as it arrives, until it is stopped.
    await page.locator("details#follow_messages > summary").click();
    const stream = page.locator("details#follow_messages .run");
    await stream.getByRole("button", { name: "Run" }).click();
    await stream.getByText("200 OK").waitFor();
    await sendText(address, "streamed");
    await stream.getByText("streamed").waitFor();
    await stream.getByRole("button", { name: "Stop" }).click();
    await stream.getByRole("button", { name: "Run" }).waitFor();
  },

  async api_docs_filter_and_documents_work_by_keyboard({ page }) {
    await page.goto(`${base}/api/docs/`);
    await page.getByText("Mayfly 0").waitFor();
    const shown = () => page.locator("details.card:visible").count();
    const all = await shown();
    assert.ok(all > 50, String(all));
    await page.getByLabel("Filter").fill(`rotate webhook`);
    assert.equal(await shown(), 1);
    await page.getByText("1 operation", { exact: true }).waitFor();
    await page.getByLabel("Filter").fill(unique("nothing"));
    assert.equal(await shown(), 0);
    await page.getByLabel("Filter").fill("");
    for (const [name, title] of [["mail.tm", "Mayfly for clients of mail.tm"], ["mail.td", "Mayfly for clients of mail.td"]]) {
      await page.getByRole("link", { name, exact: true }).press("Enter");
      await page.getByText(title).waitFor();
      assert.ok(await shown() > 5);
    }
    const summary = page.locator("details.card > summary").first();
    await summary.press("Enter");
    await page.getByRole("heading", { name: "Responses" }).first().waitFor();
    assert.match(new URL(page.url()).hash, /^#mailtd\/./);
    await page.goBack();
    await page.getByText("Mayfly for clients of mail.tm").waitFor();
  },

  async api_docs_retries_after_a_failure({ page }) {
    await page.route("**/api/openapi.json", (route) => route.fulfill({ status: 500, json: { error: "internal_error", message: "" } }));
    await page.goto(`${base}/api/docs`);
    await page.getByRole("alert").waitFor();
    await page.unroute("**/api/openapi.json");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Mayfly 0").waitFor();
  },
});
