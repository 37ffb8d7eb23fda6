// Steps of the Pro dashboard.
import { registerUser } from "./api.js";
import { base } from "./cases.js";

/** @typedef {import("playwright-core").Page} Page */

/** Opens a section of the dashboard with a new user signed in; returns the token. @param {Page} page @param {string} section */
export async function openDashboard(page, section) {
  const user = await registerUser();
  await openDashboardAs(page, user, section);
  return user.token;
}

/** Opens a section of the dashboard with a user signed in. @param {Page} page @param {{email: string, token: string}} user @param {string} section */
export async function openDashboardAs(page, { email, token }, section) {
  await page.goto(`${base}/pro`);
  await page.evaluate((user) => localStorage.setItem("mayfly.pro", JSON.stringify(user)), { email, token });
  await page.goto(`${base}/pro#${section}`);
  await page.reload();
}
