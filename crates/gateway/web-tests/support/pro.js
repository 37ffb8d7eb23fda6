// Steps of the Pro dashboard.
import { registerUser } from "./api.js";
import { base } from "./cases.js";

/** Opens a section of the dashboard with a new user signed in; returns the token. @param {import("playwright-core").Page} page @param {string} section */
export async function openDashboard(page, section) {
  const user = await registerUser();
  await page.goto(`${base}/pro`);
  await page.evaluate((user) => localStorage.setItem("mayfly.pro", JSON.stringify(user)), user);
  await page.goto(`${base}/pro#${section}`);
  await page.reload();
  return user.token;
}
