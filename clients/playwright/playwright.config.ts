import { defineConfig } from "@playwright/test";

/** The tests of this package need no browser. `clients/test` names a directory for what failed tests leave. */
export default defineConfig({
  testDir: "test",
  testIgnore: "inner/**",
  // The tests in `inner` run in the time of the first one. `make test` ends what hangs.
  timeout: 0,
  workers: 1,
  outputDir: process.env.PLAYWRIGHT_OUTPUT,
});
