import { mayflyPlugin } from "cypress-mayfly/plugin";
import { defineConfig } from "cypress";

export default defineConfig({
  e2e: {
    baseUrl: "http://127.0.0.1:3000",
    specPattern: "*.cy.ts",
    supportFile: false,
    setupNodeEvents: (on) => mayflyPlugin(on),
  },
});
