import { defineConfig } from "@playwright/test";

export default defineConfig({ timeout: 0, workers: 1, outputDir: `${process.env.PLAYWRIGHT_OUTPUT}/inner` });
