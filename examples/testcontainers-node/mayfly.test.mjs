import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Mayfly } from "@mayfly/client";
import { createTransport } from "nodemailer";

import { startMayfly } from "./mayfly.mjs";

let container;

before(async () => {
  container = await startMayfly();
});
after(() => container.stop());

test("code of a mail is found", async () => {
  const mailbox = await new Mayfly({ server: container.server }).createMailbox();
  const mail = { from: "shop@shop.example", to: mailbox.address, subject: "482913 is your code", text: "x" };
  await createTransport(container.smtpUrl).sendMail(mail);
  assert.equal(await mailbox.code(), "482913");
});
