import { test } from "@mayfly/playwright";

test.use({ mayflyServer: "http://127.0.0.1:1" });

test("server is down", async ({ mailbox }) => {
  await mailbox.wait();
});
