import { defineConfig } from "@playwright/test";

const port = Number(process.env.PORT ?? 3000);

export default defineConfig({
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    // Without it, the browser that `npx playwright install chromium` downloads.
    launchOptions: { executablePath: process.env.CHROMIUM },
  },
  // Mayfly runs already. To let Playwright start it, make this a list and add
  // { command: "mayfly", url: "http://127.0.0.1:8080/api/domains", reuseExistingServer: true }.
  webServer: {
    command: "node app.mjs",
    url: `http://127.0.0.1:${port}`,
    env: { PORT: String(port), SMTP_URL: process.env.SMTP_URL ?? "smtp://127.0.0.1:2525" },
  },
});
