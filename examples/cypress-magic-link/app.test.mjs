//! The steps of sign-in.cy.ts without a browser: shows that the application sends the link that the example waits for.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { Mayfly } from "@mayfly/client";

const base = `http://127.0.0.1:${process.env.PORT ?? 3000}`;
let app;

before(async () => {
  const env = { SMTP_URL: "smtp://127.0.0.1:2525", ...process.env };
  app = spawn(process.execPath, ["app.mjs"], { env, stdio: ["ignore", "pipe", "inherit"] });
  await once(app.stdout, "data");
});
after(() => app.kill());

test("link of the mail signs in, once", async () => {
  const mailbox = await new Mayfly().createMailbox();
  await fetch(base, { method: "POST", body: new URLSearchParams({ email: mailbox.address }) });
  const url = await mailbox.link("verify", { from: "shop.example" });
  assert.match(await (await fetch(url)).text(), /Welcome/);
  assert.match(await (await fetch(url)).text(), /not valid/);
});
