import { expect, test } from "@mayfly/playwright";

test("sign-up asks for the code of the mail", async ({ page, mailbox }) => {
  await page.goto("/");
  await page.getByLabel("E-mail").fill(mailbox.address);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByLabel("Code").fill(await mailbox.code({ from: "shop.example" }));
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("heading")).toHaveText("Welcome");
});
